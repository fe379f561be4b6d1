package secret

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestProof(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	load := func(name string) *Sealer {
		s, err := Load(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	proof, err := load("a.json").Proof()
	if err != nil {
		t.Fatal(err)
	}
	if err := load("a.json").Check(proof); err != nil {
		t.Errorf("the same keyset, loaded again: %v", err)
	}
	if err := load("b.json").Check(proof); !errors.Is(err, ErrOtherKeyset) {
		t.Errorf("another keyset: %v", err)
	}
	for _, odd := range []string{"", "no base64 %", "c2x1aWNl"} {
		if err := load("a.json").Check(odd); !errors.Is(err, ErrOtherKeyset) {
			t.Errorf("%q: %v", odd, err)
		}
	}
}
