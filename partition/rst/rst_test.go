package rst

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
	elements, err := formattest.Parse(t, Parse, "a.rst", []byte(source), format.Options{})
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
		"sections": {
			"=====\nLocks\n=====\n\nWeirs\n=====\n\nGates\n-----\n\nDams\n=====\n\nlong title\n---\n",
			"Title[0]: Locks\nTitle[1]: Weirs\nTitle[2]: Gates\nTitle[1]: Dams\nUncategorizedText: long title ---\n"},
		"lists": {
			"- Rope\n- Hook\n  of iron\n\n  * Ring\n\n1. One\n#. Two\n\na) Alpha\n(i) Roman\n",
			"ListItem[1]: Rope\nListItem[1]: Hook of iron\nListItem[2]: Ring\nListItem[1]: One\nListItem[1]: Two\nListItem[1]: Alpha\nListItem[1]: Roman\n"},
		"a list with a longer item is of paragraphs": {
			"- Rope\n\n  twelve metres\n- Hook\n", "UncategorizedText: Rope\nUncategorizedText: twelve metres\nUncategorizedText: Hook\n"},
		"a list needs a blank line before it": {
			"Rope and hook\n- Ring", "UncategorizedText: Rope and hook - Ring\n"},
		"a number that begins a text": {
			"1. The lock is old and\nthe weir is new.\n\n1. Rope\n2. Hook", "NarrativeText: 1. The lock is old and the weir is new.\nListItem[1]: Rope\nListItem[1]: Hook\n"},
		"centred lines": {
			"       Rope\n   and hook\n\n   Ring\n", "UncategorizedText: Rope and hook\nUncategorizedText: Ring\n"},
		"an item on the lines below its mark": {
			"-\n Rope\n", "ListItem[1]: Rope\n"},
		"literal blocks": {
			"The lock::\n\n  open\n\n    wait\n\nThe end ::\n\n x\n\n::\n\n  alone\n\n.. code-block:: sh\n   :linenos:\n\n   lock *x*\n\n>>> no\n",
			"UncategorizedText: The lock:\nCodeSnippet: open\n\n  wait\nUncategorizedText: The end :\nCodeSnippet: x\nCodeSnippet: alone\nCodeSnippet: lock *x*\nUncategorizedText: >>> no\n"},
		"quotes, lines, rules": {
			"Rope\n\n  Hook here\n\n| Ring\n| Vest\n  red\n\n----\n\nEnd",
			"UncategorizedText: Rope\nUncategorizedText: Hook here\nUncategorizedText: Ring Vest red\nUncategorizedText: End\n"},
		"directives": {
			".. note:: Tie the rope\n\n   at night\n\n.. topic:: Weirs\n\n   Of wood\n\n.. image:: a.png\n   :alt: Lock\n\n.. figure:: b.png\n\n   Not shown\n\n   Legend here\n\n.. raw:: html\n\n   <h3>Ring</h3>\n\n.. raw:: latex\n\n   no\n\n.. nosuch:: Argument\n\n   Content here\n\n.. rubric:: Small\n\n.. contents::\n",
			"UncategorizedText: Note\nUncategorizedText: Tie the rope\nUncategorizedText: at night\nUncategorizedText: Weirs\nUncategorizedText: Of wood\nImage: Lock\nUncategorizedText: Legend here\nTitle[2]: Ring\nUncategorizedText: Argument\nUncategorizedText: Content here\nUncategorizedText: Small\n"},
		"substitutions with options, words that are cut": {
			"|A B| is the four-\nfold |lock|.\n\n.. note ::\n\n   Rope\n\n.. |a b| image:: x.png\n   :alt: The lock\n.. |lock| replace:: lock\n   of iron\n",
			"Image: The lock\nNarrativeText: is the four-fold lock of iron.\nUncategorizedText: Note\nUncategorizedText: Rope\n"},
		"characters by number, a list of contents": {
			".. unicode:: 0x41 U+42 .. two\n\n.. contents:: Contents\n   :depth: 2\n", "UncategorizedText: AB\nUncategorizedText: Contents\n"},
		"comments and targets are no text": {
			".. a comment\n   on two lines\n\n..\n   more\n\n.. _place:\n\n.. _a: http://x.example\n\n__ http://y.example\n\n..foo\n  bar\n\nRope", "UncategorizedText: ..foo\nUncategorizedText: bar\nUncategorizedText: Rope\n"},
		"no file is read": {
			".. include:: rst_test.go\n\n.. include:: /etc/passwd\n   :literal:\n\n.. csv-table:: A\n   :file: /etc/passwd\n\n.. raw:: html\n   :file: /etc/passwd\n\nRope and hook",
			"UncategorizedText: Rope and hook\n"},
		"notes": {
			"Rope [1]_ and [#]_ hook [#x]_ [*]_ [Cit]_, [9]_ again [1]_.\n\n.. [1] The first is\n   long.\n.. [#] Second.\n.. [#x] Third with |it|.\n.. [*] Fourth.\n.. [Cit] A book of it.\n.. |it| replace:: a *word*\n",
			"UncategorizedText: Rope1 and2 hook34 [Cit], [9]_ again1.\nUncategorizedText: Cit\nUncategorizedText: A book of it.\nNarrativeText: The first is long.\u21a9\ufe0e\nUncategorizedText: Second.\u21a9\ufe0e\nUncategorizedText: Third with a word.\u21a9\ufe0e\nUncategorizedText: Fourth.\u21a9\ufe0e\n"},
		"tabs and Windows line ends": {
			"- Rope\r\n\r\n  - Hook\r\n", "ListItem[1]: Rope\nListItem[2]: Hook\n"},
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

func TestTables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, want string }{
		"grid": {
			"+------+-----------+\n| Lock | Depth     |\n+======+===========+\n| Old  | - 3.2 m   |\n|      | - *deep*  |\n+------+-----------+\n",
			"<tr><td>Lock</td><td>Depth</td></tr><tr><td>Old</td><td>3.2 m deep</td></tr>"},
		"grid with cells that cover others": {
			"+------+------+------+\n| a wide cell | b    |\n+------+------+------+\n| tall | c    | d    |\n|      +------+------+\n| cell | e and f     |\n+------+-------------+\n",
			"<tr><td>a wide cell</td><td>b</td></tr><tr><td>tall cell</td><td>c</td><td>d</td></tr><tr><td>e and f</td></tr>"},
		"grid of other letters": {
			"+----+----+\n| ää | öö |\n+----+----+\n", "<tr><td>ää</td><td>öö</td></tr>"},
		"simple": {
			"====  =====\nLock  Depth\n====  =====\nOld   3.2 m\n      deep\n\nNew   4.1\n====  =====\n",
			"<tr><td>Lock</td><td>Depth</td></tr><tr><td>Old</td><td>3.2 m deep</td></tr><tr><td>New</td><td>4.1</td></tr>"},
		"simple without a head, with a cell over two": {
			"===  ===  ===\nin        out\n--------  ---\na    b    c\n===  ===  ===\n", "<tr><td>in</td><td>out</td></tr><tr><td>a</td><td>b</td><td>c</td></tr>"},
		"lists": {
			".. list-table:: T\n   :header-rows: 1\n\n   * - a\n     - b\n   * - c\n     - d *e*\n", "<tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d e</td></tr>"},
		"values": {
			".. csv-table::\n   :header: x, \"y, z\"\n\n   1, 2\n   3\n", "<tr><td>x</td><td>y, z</td></tr><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr>"},
	} {
		got, err := formattest.Parse(t, Parse, "a.rst", []byte(c.source), format.Options{})
		if err != nil || len(got) != 1 || got[0].Metadata.TextAsHTML != "<table>"+c.want+"</table>" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestInline(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"a *b* **c** ``d *e``  `f`":             "a <em>b</em> <strong>c</strong> <code>d *e</code>  <span>f</span>",
		"a*b* 2 * 3 * 4 (*c*) *d e":             "a*b* 2 * 3 * 4 (<em>c</em>) *d e",
		`\*a\* b\ c \\`:                         `*a* bc \`,
		"`a b <https://c.d>`_ `a b`_ `x`__ y__": `<a href="https://c.d">a b</a> <a href="https://c.d">a b</a> <a href="u1">x</a> <a href="u2">y</a>`,
		"named_ Other_. snake_case_name a_b":    `<a href="https://n.o">named</a> <a href="https://n.o">Other</a>. snake_case_name a_b`,
		"https://p.q/r_s, t@u.example":          `<a href="https://p.q/r_s">https://p.q/r_s</a>, <a href="mailto:t@u.example">t@u.example</a>`,
		":sub:`a` :code:`b` :py:func:`c` :x:":   "<sub>a</sub> <code>b</code> <code>c</code> :x:",
		"|sub| |pic| |uni| |none| |x":           `<strong>put</strong> <img src="p.png" alt="pic"/> ` + "\u2014" + `  |x`,
		`<script> "&" |bad|`:                    `&lt;script&gt; &quot;&amp;&quot; <img src="&quot;&gt;&lt;b&gt;" alt="bad"/>`,
		"_`place` a [b]_":                       `<span>place</span> a <a href="#b">[b]</a>`,
	} {
		p := &parser{ctx: t.Context(), budget: budget.New(budget.Default), anonymous: []string{"u1", "u2"}, numbers: map[string]int{},
			targets: map[string]string{"named": "https://n.o", "other": "named_"},
			substitutions: map[string]directive{"sub": {name: "replace", argument: "**put**"}, "pic": {name: "image", argument: "p.png", options: map[string]string{}},
				"uni": {name: "unicode", argument: "0x2014"}, "bad": {name: "image", argument: "\"><b>", options: map[string]string{}}}}
		if got := p.inline(source); got != want || p.err != nil {
			t.Errorf("%s: %s, want %s (%v)", source, got, want, p.err)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	got, err := toHTML(t.Context(), "-a, --all  Every *gate*\n-o FILE\n    Where to\n/S           It\n\n--none\n", budget.New(budget.Default))
	const want = "<dl><dt><code>-a, --all</code></dt><dd><p>Every <em>gate</em></p>\n</dd><dt><code>-o FILE</code></dt><dd><p>Where to</p>\n</dd>" +
		"<dt><code>/S</code></dt><dd><p>It</p>\n</dd></dl>\n<p>--none</p>\n"
	if got != want || err != nil {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
}

func TestCitations(t *testing.T) {
	t.Parallel()
	got, err := toHTML(t.Context(), "As [CIT]_ says.\n\n.. [CIT] A *book*.\n\n.. list-table:: Gates & locks\n\n   * - a\n", budget.New(budget.Default))
	const want = "<p>As <a href=\"#CIT\">[CIT]</a> says.</p>\n<table><caption>Gates &amp; locks</caption><tr><td><p>a</p>\n</td></tr>\n</table>\n" +
		"<dl><dt>CIT</dt><dd><p>A <em>book</em>.</p>\n</dd></dl>\n"
	if got != want || err != nil {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	got, err := formattest.Parse(t, Parse, "a.rst", []byte("Locks\n=====\n\nThe *old* lock has a site_ and is one of the Locks_ now.\n\n.. _site: https://lock.example"), format.Options{})
	if err != nil || len(got) != 2 {
		t.Fatal(len(got), err)
	}
	if m := got[1].Metadata; !slices.Equal(m.EmphasizedTextContents, []string{"old"}) || !slices.Equal(m.LinkURLs, []string{"https://lock.example", "#locks"}) {
		t.Errorf("%+v", m)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	var lists, quotes strings.Builder
	for i := range 600 {
		lists.WriteString(strings.Repeat(" ", 2*i) + "- x\n\n")
		quotes.WriteString(strings.Repeat(" ", i) + "x\n\n")
	}
	formattest.WantOutcome(t, Parse, "nested lists", []byte(lists.String()), budget.TooLarge)
	formattest.WantOutcome(t, Parse, "nested notes", []byte(".. note::\n"+strings.NewReplacer("- x", " .. note::").Replace(lists.String())), budget.TooLarge)
	bomb := "|a|\n\n.. |a| replace:: x\n"
	for c := 'b'; c <= 'z'; c++ {
		bomb = fmt.Sprintf(".. |%c| replace:: %s\n", c, strings.Repeat("|"+string(c-1)+"| ", 10)) + bomb
	}
	for name, source := range map[string]string{
		"quotes":         quotes.String(),
		"zeros":          strings.Repeat("\x00", 4096),
		"substitutions":  "|z|\n\n" + bomb,
		"itself":         "|a| a_ [1]_\n\n.. |a| replace:: |a| |a|\n.. _a: b_\n.. _b: a_\n.. [1] x [1]_ [2]_\n.. [2] y [1]_\n",
		"open quotes":    strings.Repeat("`a ", 20_000),
		"open stars":     strings.Repeat("*a ", 20_000),
		"open literals":  strings.Repeat("``a ", 20_000),
		"marks":          strings.Repeat("a [1]_ ", 20_000) + "\n\n.. [1] b\n",
		"borders":        strings.Repeat("+-", 20_000) + "+\n" + strings.Repeat("|\n", 20_000),
		"simple borders": strings.Repeat("== ==\nx\n", 20_000),
		"targets":        strings.Repeat(".. _a: b\n", 20_000),
		"a long target":  ".. _a:\n" + strings.Repeat("   b\n", 40_000),
		"words":          strings.Repeat("a_", 40_000),
		"dots":           "..foo\n bar\n" + strings.Repeat("..\n", 20_000) + "..x",
		"fields":         strings.Repeat(":a:\n", 20_000),
		"terms":          strings.Repeat("a\n b\n", 20_000),
		"rules":          strings.Repeat("=", 1_000_000),
	} {
		if _, err := formattest.Parse(t, Parse, "a.rst", []byte(source), format.Options{}); err != nil && name != "quotes" {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := "Locks\n=====\n\n- Rope\n\n  - Hook\n\n+---+\n| a |\n+---+\n\n.. note:: Text [1]_ *bold*\n\n   x::\n\n     y\n\n.. [1] Note."
	for i := range 20 { // a text that is cut off is a text
		if _, err := formattest.Parse(t, Parse, "a.rst", []byte(whole[:len(whole)*i/20]), format.Options{}); err != nil {
			t.Errorf("cut at %d of 20: %v", i, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a.rst", format.Options{},
		[]byte("Locks\n=====\n\n- Rope\n\n  1. Hook\n\n+---+---+\n| a | b |\n|   +---+\n| c | d |\n+---+---+\n\n== ==\na  b\n-- --\nc  d\n== ==\n\n:x: y\n\n| z\n\nt\n  d\n"),
		[]byte("Text [1]_ *b* ``c`` `d <e>`_ f_ |g| :h:`i` https://j.k l@m.n \\o::\n\n  p\n\n.. [1] Note\n.. |g| replace:: q\n.. _f: r\n.. list-table::\n\n   * - s\n.. csv-table::\n\n   t,u\n"))
}
