package search

import (
	"math"
	"testing"
)

func TestFloats(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"[0,0.5,-1,1e-7,12]": "[0.0,0.5,-1.0,1e-7,12.0]", "[[1.5,2],[10,20]]": "[[1.5,2.0],[10.0,20.0]]", "1": "1.0", "0.25": "0.25",
		"[]": "[]", "null": "null", "[-0.5,100]": "[-0.5,100.0]", "1e+20": "1e+20",
	} {
		if got := string(appendFloats(nil, []byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestVector(t *testing.T) {
	t.Parallel()
	got := string(appendVector(nil, []float32{0, 0.5, -1, 1e-7, 12, 3e10, 0.1, float32(math.NaN())}))
	if want := "[0.0,0.5,-1.0,1e-07,12.0,3e+10,0.1,0.0]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
