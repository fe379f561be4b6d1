package markup

import (
	"slices"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	t.Parallel()
	if got := Lines("a\tb\r\n\tc\rabcd\te\x00\u00e4\tf"); !slices.Equal(got, []string{"a   b", "    c", "abcd    e\u00e4  f"}) {
		t.Errorf("%q", got)
	}
}

// TestList: one paragraph at the end of the last item leaves a list tight, any other makes all of its texts paragraphs.
func TestList(t *testing.T) {
	t.Parallel()
	text := func(s string, kind Kind) Block { return Block{HTML: s, Text: kind} }
	for want, items := range map[string][][]Block{
		"<ul> <li>a </li> <li>b </li> </ul>":               {{text("a", Plain)}, {text("b", Para)}},
		"<ul> <li><p>a</p> </li> <li><p>b</p> </li> </ul>": {{text("a", Para)}, {text("b", Plain)}},
		"<ul> <li>a <i/> </li> </ul>":                      {{text("a", Plain), text("<i/>", Whole)}},
		"<ul> <li><p>a</p> <p>b</p> </li> </ul>":           {{text("a", Para), text("b", Para)}},
		"<ul> <li></li> </ul>":                             {{}},
	} {
		if got := strings.ReplaceAll(List("ul", items).HTML, "\n", " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	var n Notes
	if n.Section() != "" {
		t.Error(n.Section())
	}
	first, second := n.Reserve(), n.Reserve()
	n.Set(second, "<ul></ul>")
	n.Set(first, "<p>One</p>\n")
	got := Mark(first) + n.Section()
	for _, want := range []string{`<a href="#fn1"><sup>1</sup></a>`, "<li><p>One<a href=\"#fnref1\">\u21a9\ufe0e</a></p></li>", "<li><ul></ul><p><a href=\"#fnref2\">"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	if Escape(`<a b="c">&`) != "&lt;a b=&quot;c&quot;&gt;&amp;" {
		t.Error(Escape(`<a b="c">&`))
	}
}
