package symbol

import "testing"

func TestRune(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		font string
		code rune
		want rune
	}{
		{"Symbol", 0xb7, '•'}, {"symbol", 0xf061, 'α'}, {"Symbol", 0x57, 'Ω'}, {"Symbol", 0xe5, '∑'}, {"Symbol", 0xd2, '®'},
		{"Symbol", 0xa3, '≤'}, {"Symbol", 0xf2, '∫'}, {"Wingdings", 0xf0fc, '✓'}, {"Wingdings", 0xa7, '▪'}, {"Wingdings 2", 0x50, '✓'},
		{"Symbol", 0x90, 0}, {"Symbol", 0xff, 0}, {"Symbol", 0x1f, 0}, {"Wingdings", 0x01, 0}, {"Arial", 0x61, 0}, {"Symbol", 0x20ac, 0},
	} {
		if got, ok := Rune(c.font, c.code); got != c.want || ok != (c.want != 0) {
			t.Errorf("%s %x: %q, want %q", c.font, c.code, got, c.want)
		}
	}
}
