package search

import "testing"

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
