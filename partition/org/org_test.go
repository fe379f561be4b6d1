package org

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// summary writes elements as "Type[depth]: text" lines.
func summary(t testing.TB, source string) string {
	t.Helper()
	elements, err := formattest.Parse(t, Parse, "a.org", []byte(source), format.Options{})
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
		"headlines": {
			"#+TITLE: Not shown\n* Locks\n** TODO Weirs :work:old:\n**** Deep\n*no headline*",
			"Title[0]: Locks\nTitle[1]: TODO Weirs work old\nTitle[3]: Deep\nUncategorizedText: no headline\n"},
		"what is not shown": {
			"# comment\n* Shown\nSCHEDULED: <2026-01-01 Thu>\n:PROPERTIES:\n:ID: 7\n:END:\n:LOGBOOK:\n- note\n:END:\n* COMMENT Hidden\nwords\n** Below\nwords\n* Gone :noexport:\nwords\n* Back\n#+begin_comment\nno\n#+end_comment\n#+begin_src sh :exports none\nno\n#+end_src\n#+begin_export latex\nno\n#+end_export",
			"Title[0]: Shown\nTitle[0]: Back\n"},
		"lists": {
			"- Rope\n- Hook\n  of iron\n  - Ring\n+ Vest\n1. One\n2) [X] Two\n",
			"ListItem[1]: Rope\nListItem[1]: Hook of iron\nListItem[2]: Ring\nListItem[1]: Vest\nListItem[1]: One\nListItem[1]: Two\n"},
		"a list with blank lines is of paragraphs": {
			"- Rope\n\n- Hook\n", "UncategorizedText: Rope\nUncategorizedText: Hook\n"},
		"two blank lines end a list": {
			"- Rope\n\n\n- Hook\n", "ListItem[1]: Rope\nListItem[1]: Hook\n"},
		"a list ends a paragraph": {
			"These are here:\n- Rope\nBack", "NarrativeText: These are here:\nListItem[1]: Rope\nUncategorizedText: Back\n"},
		"code": {
			"#+BEGIN_SRC sh\n   lock --open\n     wait\n   ,* star\n#+END_SRC\n#+begin_example\n* no headline\n#+end_example\n: fixed\n:  width\n",
			"CodeSnippet: lock --open\n  wait\n* star\nCodeSnippet: * no headline\nCodeSnippet: fixed\n width\n"},
		"code with a caption": {
			"#+CAPTION: How to\n#+CAPTION: open it\n#+begin_src sh\nlock\n#+end_src", "NarrativeText: How to open it\nCodeSnippet: lock\n"},
		"code that nothing ends": {
			"#+BEGIN_SRC sh\nThe lock is open.\n* Next", "NarrativeText: The lock is open.\nTitle[0]: Next\n"},
		"other blocks": {
			"#+begin_quote\nRope and hook\n#+end_quote\n#+begin_verse\none\n two\n#+end_verse\n#+begin_note\n- Vest\n#+end_note\n#+begin_export html\n<h3>Ring</h3>\n#+end_export\n-----\n",
			"UncategorizedText: Rope and hook\nUncategorizedText: one two\nUncategorizedText: Note\nListItem[1]: Vest\nTitle[2]: Ring\n"},
		"tables": {
			"#+CAPTION: No\n| Lock | Depth |\n|------+-------|\n| <l> | <r> |\n| Alder | *3.2* |\n| | |\n#+TBLFM: $2=1\n",
			"Table: Lock Depth Alder 3.2\n"},
		"stars in a list, numbers that items set": {
			"+ Rope\n  + Hook\n    * Ring\n1. [@7] Seven\n", "ListItem[1]: Rope\nListItem[2]: Hook\nListItem[3]: Ring\nListItem[1]: Seven\n"},
		"what code printed": {
			"#+begin_src sh\nls\n#+end_src\n\n#+RESULTS:\n: 4\nRope\n\n#+begin_src sh :exports both\nls\n#+end_src\n\n#+RESULTS:\n: 5\n\n#+begin_src sh\nls\n#+end_src\n\n#+RESULTS: x\n#+begin_example\n6\n#+end_example\nHook\n",
			"CodeSnippet: ls\nCodeSnippet: ls\nCodeSnippet: 5\nCodeSnippet: ls\nUncategorizedText: Hook\n"},
		"a formula, HTML of a line": {
			"\\begin{align}\nx = 1\n\\end{align}\nRope\n#+HTML: <b>Hook</b>\nRing\n-----\n", "UncategorizedText: \\begin{align} x = 1 \\end{align}\nUncategorizedText: Rope\nUncategorizedText: Hook\nUncategorizedText: Ring\n"},
		"include names nothing": {
			"#+INCLUDE: \"/etc/passwd\"\n#+INCLUDE: \"org_test.go\" src go\n#+SETUPFILE: /etc/passwd\nRope and hook", "UncategorizedText: Rope and hook\n"},
		"notes": {
			"The keeper saw it[fn:1] and[fn:: He was inside *it* then.] closed the gate[fn:x: It was named after him.]. Again[fn:1] and [fn:none].\n\n[fn:1] The first is\nlong.\n\n* After",
			"NarrativeText: The keeper saw it1 and2 closed the gate3. Again1 and [fn:none].\nTitle[0]: After\nNarrativeText: The first is long.\u21a9\ufe0e\nNarrativeText: He was inside it then.\u21a9\ufe0e\nNarrativeText: It was named after him.\u21a9\ufe0e\n"},
		"pictures": {
			"[[file:lock.png]]\n\n#+CAPTION: A figure\n[[./weir.jpg]]\n\nRope", "Image: \nUncategorizedText: Rope\n"},
		"tabs and Windows line ends": {
			"- Rope\r\n\t- Hook\r\n", "ListItem[1]: Rope\nListItem[2]: Hook\n"},
		"empty": {"", ""}, "blank": {" \n\t\n", ""},
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
		"a *b* /c/ _d_ =e*= ~f_~ +g+":                                        "a <strong>b</strong> <em>c</em> <u>d</u> <code>e*</code> <code>f_</code> <del>g</del>",
		"*a /b/ c* (*d*), e*f* 2 * 3 * 4":                                    "<strong>a <em>b</em> c</strong> (<strong>d</strong>), e*f* 2 * 3 * 4",
		"[[https://a.b/c][d *e*]] [[https://f.g]]":                           `<a href="https://a.b/c">d <strong>e</strong></a> <a href="https://f.g">https://f.g</a>`,
		"[[#h][i]] [[j k]] [[file:l.txt][m]]":                                `<a href="#h">i</a> <span><em>j k</em></span> <a href="l.txt">m</a>`,
		"https://n.o/p, <https://q.r> xhttp://s":                             `<a href="https://n.o/p">https://n.o/p</a>, <a href="https://q.r">https://q.r</a> xhttp://s`,
		"[[id:7][k]] [[mailto:a@b.c]] [[Two words: x][m]]":                   `<a href="id:7">k</a> <a href="mailto:a@b.c">mailto:a@b.c</a> <span><em>m</em></span>`,
		`\[ z \] @@html:<b>@@x@@latex:y@@ src_py{1 + 1} src_sh[:x]{ls} src_`: "<span>z</span> <b>x <code>1 + 1</code> <code>ls</code> src_",
		"H_2O x^{long} a_b _u":                                               "H<sub>2O</sub> x<sup>long</sup> a<sub>b</sub> _u",
		`\alpha{} \to \nosuch a\\`:                                           `α → \nosuch a<br/>`,
		"a -- b --- c...":                                                    "a \u2013 b \u2014 c\u2026",
		`$x^2$ \(y\) $5 and $6`:                                              "<span>x^2</span> <span>y</span> $5 and $6",
		`<2026-01-01 Thu> <script> "&" <<place>>it`:                          `&lt;2026-01-01 Thu&gt; &lt;script&gt; &quot;&amp;&quot; it`,
		`[[x"><script>][y]] [[https://a"b][<c>]]`:                            `<span><em>y</em></span> <a href="https://a&quot;b">&lt;c&gt;</a>`,
		"[[a [[b": "[[a [[b",
	} {
		p := &parser{ctx: t.Context(), budget: budget.New(budget.Default), numbers: map[string]int{}}
		if got := p.inline(source); got != want || p.err != nil {
			t.Errorf("%s: %s, want %s (%v)", source, got, want, p.err)
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	got, err := formattest.Parse(t, Parse, "a.org", []byte("The *old* lock has a [[https://lock.example][site]] now."), format.Options{})
	if err != nil || len(got) != 1 {
		t.Fatal(len(got), err)
	}
	if m := got[0].Metadata; !slices.Equal(m.EmphasizedTextContents, []string{"old"}) || !slices.Equal(m.LinkURLs, []string{"https://lock.example"}) {
		t.Errorf("%+v", m)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	var nested strings.Builder
	for i := range 700 {
		nested.WriteString(strings.Repeat("  ", i) + "- x\n")
	}
	formattest.WantOutcome(t, Parse, "nested lists", []byte(nested.String()), budget.TooLarge)
	formattest.WantOutcome(t, Parse, "nested blocks", []byte(deep("#+begin_%c%c\n", "#+end_%c%c\n")), budget.TooLarge)
	for name, source := range map[string]string{
		"zeros":       strings.Repeat("\x00", 4096),
		"open":        strings.Repeat("[[", 40_000),
		"notes":       strings.Repeat("[fn:", 40_000),
		"emphasis":    strings.Repeat("*a ", 40_000),
		"blocks":      strings.Repeat("#+begin_src\n", 20_000),
		"drawers":     strings.Repeat(":a:\n", 20_000),
		"recursion":   "a[fn:1]\n\n[fn:1] b[fn:1] c[fn:2]\n\n[fn:2] d[fn:1]\n",
		"scripts":     strings.Repeat("a^{", 40_000),
		"signs":       strings.Repeat(`\\alpha`, 40_000),
		"stars":       strings.Repeat("*", 1_000_000) + " x",
		"bars":        strings.Repeat("|", 1_000_000),
		"html":        "#+html: <script>alert(1)</script><b",
		"headlines":   strings.Repeat("* a\n", 20_000),
		"formulas":    strings.Repeat("$a ", 40_000),
		"quick brown": strings.Repeat("<", 40_000),
	} {
		if _, err := formattest.Parse(t, Parse, "a.org", []byte(source), format.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := "* Locks\n- Rope\n  - Hook\n| a | b |\n#+begin_src\ncode\n#+end_src\nText[fn:1] *bold*\n\n[fn:1] Note."
	for i := range 20 { // a text that is cut off is a text
		if _, err := formattest.Parse(t, Parse, "a.org", []byte(whole[:len(whole)*i/20]), format.Options{}); err != nil {
			t.Errorf("cut at %d of 20: %v", i, err)
		}
	}
}

// deep nests 600 blocks, each with a name of its own.
func deep(begin, end string) string {
	var b strings.Builder
	for i := range 600 {
		fmt.Fprintf(&b, begin, 'a'+i/26, 'a'+i%26)
	}
	for i := 599; i >= 0; i-- {
		fmt.Fprintf(&b, end, 'a'+i/26, 'a'+i%26)
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a.org", format.Options{},
		[]byte("* TODO Locks :a:\n:PROPERTIES:\n:END:\n- Rope\n  1. [X] Hook\n- a :: b\n\n| a | b |\n|---+---|\n#+begin_src\ncode\n#+end_src\n"),
		[]byte("Text[fn:1] *bold* /it [[https://a.b][c]] a_{b} \\alpha $x$ <https://d.e> --- ...\\\\\n\n[fn:1] Note[fn:: x].\n#+begin_quote\n: y\n#+end_quote\n-----\n"))
}
