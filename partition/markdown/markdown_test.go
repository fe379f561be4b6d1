package markdown

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func parse(source string) ([]element.Element, error) {
	f := document.NewFile("page.md", "", int64(len(source)), strings.NewReader(source))
	return Parse(context.Background(), f, format.Options{}, budget.New(budget.Default))
}

// summary writes elements as "Type[depth]: text" lines.
func summary(t testing.TB, source string) string {
	t.Helper()
	elements, err := parse(source)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range elements {
		depth := ""
		if e.Metadata.CategoryDepth != nil {
			depth = fmt.Sprintf("[%d]", *e.Metadata.CategoryDepth)
		}
		fmt.Fprintf(&b, "%s%s: %s\n", e.Type, depth, e.Text)
	}
	return b.String()
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, want string }{
		"headings": {
			"# Locks #\n##Weirs\n\nUpper Reach\n===\nHarbour\n---\n####### Deep",
			"Title[0]: Locks\nTitle[1]: Weirs\nTitle[0]: Upper Reach\nTitle[1]: Harbour\nTitle[5]: # Deep\n"},
		"a heading in a paragraph": {
			"Rope and hook\n## Gates\nVest",
			"UncategorizedText: Rope and hook\nTitle[1]: Gates\nUncategorizedText: Vest\n"},
		"an escaped mark is text": {
			"# C\\#", "Title[0]: C#\n"},
		"lists": {
			"* Rope\n* Hook\n  of iron\n\n1. One\n2. Two",
			"ListItem[1]: Rope\nUncategorizedText: Hook of iron\nUncategorizedText: One\nListItem[1]: Two\n"},
		"four spaces nest, two do not": {
			"- Rope\n  - Hook\n    - Ring\n\n\n<hr>\n\n- Vest\n    - Strap",
			"ListItem[1]: Rope\nListItem[1]: Hook\nListItem[2]: Ring\nListItem[1]: Vest\nListItem[2]: Strap\n"},
		"a list needs a blank line before it": {
			"Rope and hook\n- Ring\n- Vest",
			"UncategorizedText: Rope and hook - Ring - Vest\n"},
		"items with blank lines between are paragraphs": {
			"- Rope\n\n- Hook",
			"UncategorizedText: Rope\nUncategorizedText: Hook\n"},
		"an item of two paragraphs and code": {
			"1. Rope\n\n    Twelve metres\n\n        cut rope\n",
			"UncategorizedText: Rope\nUncategorizedText: Twelve metres\nCodeSnippet: cut rope\n"},
		"rules": {
			"Rope\n\n* * *\n\nHook\n***\nRing\n\n-----\nVest",
			"UncategorizedText: Rope\nUncategorizedText: Hook\nUncategorizedText: Ring\nUncategorizedText: Vest\n"},
		"quotes": {
			"> Rope and\nhook\n>\n> # Ring\n\n> - Vest",
			"UncategorizedText: Rope and hook\nTitle[0]: Ring\nListItem[1]: Vest\n"},
		"code": {
			"    lock --open\n\n      wait\n\nRope",
			"CodeSnippet: lock --open\n\n  wait\nUncategorizedText: Rope\n"},
		"fences": {
			"Rope\n```sh\n# open\nlock <gate> &amp;\n\n  wait\n```\n~~~~ {.x}\n~~~\n~~~~\nHook",
			"UncategorizedText: Rope\nCodeSnippet: # open\nlock <gate> &amp;\n\n  wait\nCodeSnippet: ~~~\nUncategorizedText: Hook\n"},
		"a fence that nothing ends is code in the line": {
			"```\nRope\n\nHook",
			"UncategorizedText: ``` Rope\nUncategorizedText: Hook\n"},
		"tables": {
			"| Lock | Depth |\n|:-----|------:|\n| Alder | 3.2 |\n| Quay \\| `a|b` |\n",
			"Table: Lock Depth Alder 3.2 Quay | a|b\n"},
		"tables without a frame": {
			"Lock | Depth\n---|---\nAlder | 3.2",
			"Table: Lock Depth Alder 3.2\n"},
		"dashes alone are no table": {
			"Lock and weir\n|---|",
			"UncategorizedText: Lock and weir |---|\n"},
		"raw HTML": {
			"<div align=\"center\">\n\n1 *Rope* <b>and\n</div>\nHook\n\n<!-- no\n\nword -->\n\n<h3>Ring</h3>\n\nVest <del>x</del> <kbd>K</kbd>",
			"UncategorizedText: 1 *Rope* and\nUncategorizedText: Hook\nTitle[2]: Ring\nUncategorizedText: Vest K\n"},
		"tabs and Windows line ends": {
			"- Rope\r\n\t- Hook\r\n\r\n\tcode\r\n",
			"UncategorizedText: Rope\nListItem[2]: Hook\nUncategorizedText: code\n"},
		"definitions of links are no text": {
			"[Rope]: http://a.example 'x'\n[Hook ]: <b>\nRing\n\n[1]: c",
			"UncategorizedText: Ring\n"},
		"empty": {"", ""},
		"blank": {" \n\t\n\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := summary(t, c.source); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestInline(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"a *b* **c** _d_ __e__ f":           "a <em>b</em> <strong>c</strong> <em>d</em> <strong>e</strong> f",
		"***a*** ***b* c**":                 "<strong><em>a</em></strong> <strong><em>b</em> c</strong>",
		"***d** e*":                         "<em><strong>d</strong> e</em>",
		"**f*g***":                          "<strong>f<em>g</em></strong>",
		"snake_case_name and 2 * 3 * 4":     "snake_case_name and 2 * 3 * 4",
		"_a_b_ c":                           "<em>a_b</em> c",
		"**a *b* c**":                       "<strong>a <em>b</em> c</strong>",
		"`` a`b `` and `*c*` `":             "<code>a`b</code> and <code>*c*</code> `",
		"\\*a\\* \\`b` \\q":                 "*a* `b` \\q",
		"a < b & c &amp; &lt; > d":          "a &lt; b &amp; c &amp; &lt; &gt; d",
		"a  \nb\nc":                         "a<br/>\nb\nc",
		"[a *b*](c \"d\") [e]( <f g> )":     `<a href="c">a <em>b</em></a> <a href="f g">e</a>`,
		"[a](b(c)d) [e] [f] (g)":            `<a href="b(c)d">a</a> [e] [f] (g)`,
		"[![a](b)](c) ![d [e]](f 'g')":      `<a href="c"><img alt="a" src="b"/></a> <img alt="d [e]" src="f"/>`,
		"[a][x] [X][] [x] [b] [q][]":        `<a href="y?1&amp;2">a</a> <a href="y?1&amp;2">X</a> <a href="y?1&amp;2">x</a> [b] [q][]`,
		"<http://a.b/c> <d@e.f> http://g.h": `<a href="http://a.b/c">http://a.b/c</a> <a href="mailto:d@e.f">d@e.f</a> http://g.h`,
		"a <b class=\"*c*\">d</b> <e@> <1>": `a <b class="*c*">d</b> &lt;e@&gt; &lt;1&gt;`,
		"**[a](b_c_d)** [e](f\\_g)":         `<strong><a href="b_c_d">a</a></strong> <a href="f_g">e</a>`,
	} {
		got, err := toHTML(t.Context(), source+"\n\n[x]: y?1&2\n", budget.New(budget.Default))
		if err != nil {
			t.Fatal(err)
		}
		if want = "<p>" + want + "</p>\n"; got != want {
			t.Errorf("%s\n got %s\nwant %s", source, got, want)
		}
	}
}

var update = flag.Bool("update", false, "write the golden file anew")

// TestGolden compares whole elements of our own page with what is written beside it.
func TestGolden(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/locks.md")
	if err != nil {
		t.Fatal(err)
	}
	elements, err := parse(string(source))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(elements, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/locks.json", append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/locks.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(want), got) {
		t.Errorf("testdata/locks.md gives other elements than locks.json; look at them, then -update")
	}
	for i := 1; i <= 20; i++ {
		if part, err := parse(string(source[:len(source)*i/20])); err != nil || len(part) > len(elements)+1 {
			t.Errorf("%d of 20 parts give %d elements, %v", i, len(part), err)
		}
	}
}

// traps are texts on which a parser can recurse without end or do work that grows with the square of the length.
func traps(n int) map[string]string {
	return map[string]string{
		"quotes":              strings.Repeat(">", n) + " deep words",
		"nested items":        strings.Repeat("- ", n) + "deep words",
		"indentation":         strings.Repeat(strings.Repeat("    ", 50)+"- x\n", n/100) + "\n\ndeep words",
		"brackets":            strings.Repeat("[", n) + "deep words",
		"brackets and rounds": strings.Repeat("[a](", n) + "deep words",
		"images":              strings.Repeat("![", n) + "deep words",
		"stars":               strings.Repeat("*a ", n) + "deep words",
		"double stars":        strings.Repeat("**a *", n) + "deep words",
		"long run of stars":   "x" + strings.Repeat("*", n) + " deep words",
		"underscores":         strings.Repeat("_a ", n) + "deep words",
		"two underscores":     strings.Repeat("__a _b ", n/2) + "deep words",
		"backticks":           strings.Repeat("`a``", n/2) + "deep words",
		"run of backticks":    strings.Repeat("`", n) + "deep words",
		"angles":              strings.Repeat("<", n) + "deep words",
		"open tags":           strings.Repeat("<a ", n) + "deep words",
		"comments":            strings.Repeat("<!--\n", n) + "deep words",
		"comments in a line":  strings.Repeat("x <!--", n/10) + "deep words",
		"blocks of HTML":      strings.Repeat("<div>\n", n) + "deep words",
		"ends of HTML":        "<div>" + strings.Repeat("</a", n) + " deep words",
		"fences":              strings.Repeat("```\n~~~\n", n/2) + "```\n\ndeep words",
		"headings":            strings.Repeat("# x\n", n) + "deep words",
		"underlined":          strings.Repeat("x\n-\n", n/2) + "deep words",
		"rules":               strings.Repeat("---\n", n) + "deep words",
		"definitions":         strings.Repeat("[a]: b\n", n) + "deep words",
		"tables":              strings.Repeat("a|b\n-|-\nc|d\n\n", n/4) + "deep words",
		"code":                strings.Repeat("    x\n\n", n) + "deep words",
		"list of paragraphs":  strings.Repeat("- x\n\n  y\n\n", n/4) + "deep words",
	}
}

func TestTraps(t *testing.T) {
	t.Parallel()
	for name, source := range traps(30_000) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := toHTML(t.Context(), source, budget.New(budget.Default))
			if err != nil || !strings.Contains(page, "deep words") {
				t.Errorf("%v, the words are lost: %.200q", err, page)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := toHTML(ctx, strings.Repeat("# x\n", 5000), budget.New(budget.Default)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled parse ends with %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, source := range traps(30) {
		f.Add(source)
	}
	f.Add("# a\n\n* b\n    1. c\n\n        d\n\n> e\n> ***f** g*\n\n|h|i|\n|-|-|\n|j|\n\n[k][l] ![m](n \"o\")\n\n[l]: <p> 'q'\n")
	f.Add("<p>\n<img>\n</p>\n```x\ny\n```\n<z@a.b> &amp; \\* `` ` ``  \n\x02" + "0\x03\t~~~")
	f.Fuzz(func(t *testing.T, source string) {
		page, err := toHTML(t.Context(), source, budget.New(budget.Default))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(page, "\x02\x03") {
			t.Errorf("a mark is left in %q", page)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	source := strings.Repeat("## Gate log\n\nThe [gate](/gate) was opened at **six** by the crew of\nthe `upper` reach.\n\n- Rope\n- Hook\n\n"+
		"| Lock | Depth |\n|---|---|\n| Alder | 3.2 |\n\n```sh\nlock open\n```\n\n", 2000)
	b.Run("html", func(b *testing.B) {
		b.SetBytes(int64(len(source)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := toHTML(b.Context(), source, budget.New(budget.Default)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("elements", func(b *testing.B) {
		b.SetBytes(int64(len(source)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parse(source); err != nil {
				b.Fatal(err)
			}
		}
	})
}
