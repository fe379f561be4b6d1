package format

import "testing"

func TestMergedTableHTML(t *testing.T) {
	t.Parallel()
	a, b := Place{"a & b", 1}, Place{"b", 2}
	for name, c := range map[string]struct {
		rows [][]Place
		want string
	}{
		"nothing":         {nil, ""},
		"single cells":    {[][]Place{{{"a", 1}, {"a", 2}}, {{"a", 0}, {"a", 0}}}, "<table><tr><td>a</td><td>a</td></tr><tr><td>a</td><td>a</td></tr></table>"},
		"wide and tall":   {[][]Place{{a, a, b}, {a, a, {"", 0}}}, `<table><tr><td colspan="2" rowspan="2">a &amp; b</td><td>b</td></tr><tr><td/></tr></table>`},
		"a row is left":   {[][]Place{{b}, {b}, {{"c", 0}}}, `<table><tr><td rowspan="2">b</td></tr><tr></tr><tr><td>c</td></tr></table>`},
		"empty":           {[][]Place{{{"", 3}, {"", 3}}}, `<table><tr><td colspan="2"/></tr></table>`},
		"no rectangle":    {[][]Place{{b, b}, {b, {"c", 0}}}, `<table><tr><td colspan="2">b</td></tr><tr><td>b</td><td>c</td></tr></table>`},
		"rows of a place": {[][]Place{{}, {b}}, `<table><tr><td>b</td></tr></table>`},
	} {
		if got := MergedTableHTML(c.rows); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
