package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/spec"
)

const id = "5b0c0c52-2d0a-4f0e-9a54-0d7a3b8f6a11"

var fields = spec.Spec{Open: true, Lenient: true, Fields: []spec.Field{
	{Name: "remote_url", Kind: spec.String},
	{Name: "key", Kind: spec.String, Secret: true, Omit: true},
	{Name: "service_account_key", Kind: spec.String, Secret: true, Omit: true},
	{Name: "port", Kind: spec.Int, Default: int64(1)},
}}

func newSealer(t *testing.T) *Sealer {
	t.Helper()
	s, err := Load(filepath.Join(t.TempDir(), "keyset.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func config() map[string]any {
	return map[string]any{
		"remote_url": "s3://b/<&>", "key": "AKIA-1", "port": int64(9007199254740993),
		"service_account_key": map[string]any{"private_key": "PEM-2", "n": 1.5},
		"extra": map[string]any{"password": "P-3",
			"list": []any{map[string]any{"token": "T-4"}, "plain"}},
		"empty_key": "", "null_key": nil, "use_key": true,
		"ref_key": map[string]any{"id": "r", "type": "rsa"},
	}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	stored, err := s.Seal(id, fields, config())
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"AKIA-1", "PEM-2", "P-3", "T-4"} {
		if bytes.Contains(stored, []byte(word)) {
			t.Errorf("%s is stored in clear", word)
		}
	}
	for _, word := range []string{"s3://b/", "plain", `"rsa"`} {
		if !bytes.Contains(stored, []byte(word)) {
			t.Errorf("%s was sealed", word)
		}
	}
	got, err := s.Open(id, stored)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, config()) {
		t.Errorf("got  %v\nwant %v", got, config())
	}
	again, err := s.Seal(id, fields, config())
	if err != nil || bytes.Equal(again, stored) {
		t.Errorf("two sealings are alike (%v)", err)
	}
}

func TestSealedValuesAreBound(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	stored, err := s.Seal(id, fields, map[string]any{"key": "AKIA-1"})
	if err != nil {
		t.Fatal(err)
	}
	moved := bytes.Replace(stored, []byte(`"key"`), []byte(`"service_account_key"`), 1)
	broken := bytes.Replace(stored, []byte(`sealed":"`), []byte(`sealed":"!`), 1)
	for name, open := range map[string]func() (map[string]any, error){
		"another connector": func() (map[string]any, error) { return s.Open("other", stored) },
		"another field":     func() (map[string]any, error) { return s.Open(id, moved) },
		"another keyset":    func() (map[string]any, error) { return newSealer(t).Open(id, stored) },
		"not base64":        func() (map[string]any, error) { return s.Open(id, broken) },
		"too short":         func() (map[string]any, error) { return s.Open(id, []byte(`{"key":{"$sealed":"AA=="}}`)) },
	} {
		got, err := open()
		if got != nil || !errors.Is(err, ErrUnopened) || strings.Contains(err.Error(), "AKIA") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// What a client writes in the form of a sealed value is a value like any other.
func TestForgedSealedValues(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	other, err := s.Seal("other", fields, map[string]any{"key": "stolen"})
	if err != nil {
		t.Fatal(err)
	}
	var taken map[string]any
	if err := json.Unmarshal(other, &taken); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]map[string]any{
		"secret field":  {"key": taken["key"]},
		"unknown key":   {"odd": taken["key"]},
		"within a list": {"odd": []any{"x", map[string]any{"deep": map[string]any{"$sealed": "x"}}}},
		"with company":  {"odd": map[string]any{"$sealed": "x", "password": "p"}},
		"twice":         {"odd": map[string]any{"$sealed": map[string]any{"$sealed": "x"}}},
		"at the top":    {"$sealed": "x"},
	} {
		stored, err := s.Seal(id, fields, in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := s.Open(id, stored)
		if err != nil || !reflect.DeepEqual(got, in) {
			t.Errorf("%s: stored %s, got %v, %v", name, stored, got, err)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	stored, err := s.Seal(id, fields, config())
	if err != nil {
		t.Fatal(err)
	}
	want := config()
	want["key"], want["service_account_key"] = spec.Mask, spec.Mask
	want["extra"] = map[string]any{"password": spec.Mask, "list": []any{map[string]any{"token": spec.Mask}, "plain"}}
	for name, f := range map[string]spec.Spec{"own spec": fields, "a spec that forgot its secrets": {Open: true}} {
		got, err := Mask(f, stored)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %v\nwant %v (%v)", name, got, want, err)
		}
	}
	if got, err := Mask(fields, nil); err != nil || len(got) != 0 {
		t.Errorf("nothing: %v, %v", got, err)
	}
	if _, err := Mask(fields, []byte(`["x"]`)); err == nil || strings.Contains(err.Error(), "x\"") {
		t.Errorf("a list: %v", err)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	stored, err := s.Seal(id, fields, config())
	if err != nil {
		t.Fatal(err)
	}
	// A client sends back what it was shown, with one secret changed and one field less.
	next, err := Mask(fields, stored)
	if err != nil {
		t.Fatal(err)
	}
	next["key"] = "AKIA-9"
	delete(next, "remote_url")
	got, problems, err := s.Merge(id, fields, stored, next)
	if err != nil || problems != nil {
		t.Fatal(err, problems)
	}
	want := config()
	want["key"] = "AKIA-9"
	delete(want, "remote_url")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}

	for name, c := range map[string][]byte{"stored without it": []byte(`{}`), "nothing stored": nil,
		"null": []byte(`{"key":null}`)} {
		_, problems, err := s.Merge(id, fields, c, map[string]any{"key": spec.Mask})
		if err != nil || len(problems) != 1 || !reflect.DeepEqual(problems[0].Path, []any{"key"}) ||
			problems[0].Type != "value_error" {
			t.Errorf("%s: %v, %v", name, problems, err)
		}
	}
	// A config without masks replaces one that cannot be opened any more.
	if got, _, err := newSealer(t).Merge(id, fields, stored, map[string]any{"key": "new"}); err != nil ||
		got["key"] != "new" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, _, err := newSealer(t).Merge(id, fields, stored, map[string]any{"key": spec.Mask}); !errors.Is(err,
		ErrUnopened) {
		t.Errorf("got %v", err)
	}
	// Asterisks in a field that holds no secret are what they are.
	if got, problems, err := s.Merge(id, fields, nil, map[string]any{"note": spec.Mask}); err != nil ||
		problems != nil || got["note"] != spec.Mask {
		t.Errorf("got %v, %v, %v", got, problems, err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keyset.json")
	var sealers [8]*Sealer
	var start sync.WaitGroup
	for i := range sealers {
		start.Go(func() {
			s, err := Load(path)
			if err != nil {
				t.Error(err)
			}
			sealers[i] = s
		})
	}
	start.Wait()
	if t.Failed() {
		return
	}
	stored, err := sealers[0].Seal(id, fields, map[string]any{"key": "k"})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sealers {
		if got, err := s.Open(id, stored); err != nil || got["key"] != "k" {
			t.Errorf("process %d has another keyset: %v", i, err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keyset.json")
	for _, text := range []string{"", "{}", "not json", `{"primaryKeyId":1,"key":[]}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
			t.Errorf("%q: %v", text, err)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("%q was overwritten", text)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "no", "keyset.json")); err == nil {
		t.Error("a folder that is not there was taken")
	}
}

func TestLoadFromEnvironment(t *testing.T) {
	text, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keyset.json")
	t.Setenv(KeysetEnv, string(text))
	one, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was made beside the environment's keyset")
	}
	two, err := fromJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := one.Seal(id, fields, map[string]any{"key": "k"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := two.Open(id, stored); err != nil || got["key"] != "k" {
		t.Errorf("got %v, %v", got, err)
	}
	t.Setenv(KeysetEnv, "S3CRET")
	if _, err := Load(path); err == nil || strings.Contains(err.Error(), "S3CRET") ||
		!strings.Contains(err.Error(), KeysetEnv) {
		t.Errorf("got %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"key":{"$sealed":"AA=="}}`))
	f.Add([]byte(`{"a":[{"$sealed":"x"}],"b":{"$sealed":1}}`))
	f.Add([]byte(`null`))
	s, err := Load(filepath.Join(f.TempDir(), "keyset.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		if got, err := s.Open(id, stored); err == nil {
			sealed, err := s.Seal(id, fields, got)
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Open(id, sealed)
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Fatalf("%v became %v (%v)", got, again, err)
			}
		}
		_, _ = Mask(fields, stored)
	})
}
