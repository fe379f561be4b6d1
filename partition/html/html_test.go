package html

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func elements(t testing.TB, page string) []element.Element {
	t.Helper()
	got, err := parsePage([]byte(page), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func parsePage(page []byte, o format.Options) ([]element.Element, error) {
	return Parse(context.Background(), document.NewFile("page.html", "", int64(len(page)), bytes.NewReader(page)), o, budget.New(budget.Default))
}

// summary writes elements as "Type[depth]: text" lines.
func summary(elements []element.Element) string {
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

func TestSkipMargins(t *testing.T) {
	t.Parallel()
	page := []byte("<body><header><h1>Top</h1></header><p>Rope and<span><header>more</header></span> hook</p><footer>Bottom</footer>Ring of iron</body>")
	for skip, want := range map[bool]string{false: "Top|Rope and|more|hook|Bottom|Ring of iron", true: "Rope and|hook|Ring of iron"} {
		got, err := parsePage(page, format.Options{SkipMargins: skip})
		var texts []string
		for _, e := range got {
			texts = append(texts, e.Text)
		}
		if err != nil || strings.Join(texts, "|") != want {
			t.Errorf("%q, %v; want %s", texts, err, want)
		}
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ page, want string }{
		"headings have their level": {
			"<h1>Weirs</h1><h3>Gates</h3><h6>x</h6>",
			"Title[0]: Weirs\nTitle[2]: Gates\nTitle[5]: x\n"},
		"paragraphs are never titles": {
			"<p>Opening Times</p><p>The gates open at six.</p>",
			"UncategorizedText: Opening Times\nNarrativeText: The gates open at six.\n"},
		"lists nest": {
			"<ul><li>Rope<ol><li>Hook</ol><li>Vest</ul><li>Stray",
			"ListItem[1]: Rope\nListItem[2]: Hook\nListItem[1]: Vest\nListItem[0]: Stray\n"},
		"only the first text of an item is the item": {
			"<ul><li>Rope<p>Twelve metres.</p>and a hook<li><p>Life vests</ul>",
			"ListItem[1]: Rope\nUncategorizedText: Twelve metres.\nUncategorizedText: and a hook\nUncategorizedText: Life vests\n"},
		"bullets in text": {
			"<p>• Rope<p>-<p>--",
			"ListItem[0]: Rope\nUncategorizedText: --\n"},
		"phrases join, blocks divide": {
			"<div>One <span>two</span><div>three four</div>five <b>six</b></div>",
			"UncategorizedText: One two\nUncategorizedText: three four\nUncategorizedText: five six\n"},
		"unknown tags are as if they were not there": {
			"<p>The <font color=red>pump</font> was <ins>replaced</ins>.<fieldset><legend>Gates</legend></fieldset><x-card><p>North gate</p> south gate</x-card>",
			"NarrativeText: The pump was replaced.\nUncategorizedText: Gates\nUncategorizedText: North gate\nUncategorizedText: south gate\n"},
		"what pages do not show is left out": {
			"<p>One <svg><title>lost</title></svg><select><option>lost</option></select><object>lost</object><video>lost</video>gate",
			"UncategorizedText: One gate\n"},
		"terms and their meanings": {
			"<dl><dt>Sluice</dt><dd>A gate for water<dt>Quay</dt><dd>A wall for boats</dl>",
			"UncategorizedText: Sluice\nListItem[1]: A gate for water\nUncategorizedText: Quay\nListItem[1]: A wall for boats\n"},
		"formulas": {
			"<p>Flow <math><semantics><mi>q</mi><annotation encoding='application/x-tex'>q = v a</annotation></semantics></math> and <math alttext='h^2'><mi>h</mi></math> or <math><mi>k</mi></math>",
			"NarrativeText: Flow q = v a and h^2 or k\n"},
		"removed blocks divide": {
			"Upper part<nav>menu</nav>Lower part",
			"UncategorizedText: Upper part\nUncategorizedText: Lower part\n"},
		"scripts, styles, deletions and comments do not divide a word": {
			"<p>wa<script>var a = '</p>';</script>t<style>p>a{}</style>e<del>no</del>r<!-- p --> gate",
			"UncategorizedText: water gate\n"},
		"line breaks are spaces": {
			"<p>Stone Quay<br>Lock<br/>House",
			"UncategorizedText: Stone Quay Lock House\n"},
		"code is kept as it is": {
			"<pre>\n  gate --open\n\n  wait<br>gate --close\n</pre>",
			"CodeSnippet:   gate --open\n\n  wait\ngate --close\n"},
		"addresses": {
			"<p>Doylestown, PA 18901<p>crew@example.org",
			"Address: Doylestown, PA 18901\nEmailAddress: crew@example.org\n"},
		"main is read alone": {
			"<body>Header line<main><p>The pump was replaced because it leaked.</main>Footer line",
			"NarrativeText: The pump was replaced because it leaked.\n"},
		"text before the body belongs to it": {
			"<title>No</title>Before the tag<body><p>After the tag",
			"UncategorizedText: Before the tag\nUncategorizedText: After the tag\n"},
		"tags that close themselves are empty": {
			`<a name="top"/><i class="icon"/><p>Plain words<script src="a.js"/> go on</p>`,
			"NarrativeText: Plain words go on\n"},
		"character references": {
			"<p>Mills &amp; weirs &#8211; 5 &lt; 6 &hellip; a<b c AT&T",
			"NarrativeText: Mills & weirs – 5 < 6 … a\n"},
		"a lone angle is text": {
			"<p>depth < 4 and > 2",
			"NarrativeText: depth < 4 and > 2\n"},
		"nothing moves out of a table": {
			"<table><p>astray</p><tr><td>Lock<td>Time<tr><td>Alder <b>Mill</b><td></table>",
			"Table: Lock Time Alder Mill\n"},
		"rows without text are one more space": {
			"<table><tr><td>a1<td>b1<tr><td> <td><tr><td>a3</table>",
			"Table: a1 b1  a3\n"},
		"tables without text are left out": {
			"<table><tr><td> </td></tr></table><table></table>", ""},
		"end tags do not reach out of a cell": {
			"<div><table><tr><td>in</div> cell</table>tail here",
			"Table: in cell\nUncategorizedText: tail here\n"},
		"pictures": {
			`<p>Before it <img src="gate.png" alt=" The gate "> after it<img alt="none">`,
			"UncategorizedText: Before it\nImage: The gate\nUncategorizedText: after it\n"},
		"empty": {"", ""},
		"blank": {" \n<html><body> </body></html>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := summary(elements(t, c.page)); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestLinksAndEmphasis(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`<p>See <a href="/a?b=1&amp;c=2&copy=3">the <b>gate</b> log</a> and <a href="">none</a>`: `links [the gate log] [/a?b=1&c=2&copy=3] emphasis [gate] [b]`,
		`<p><b>Never <i>ever</i> open</b>`:                           `links [] [] emphasis [Never ever open] [b bi b]`,
		`<a href="x"><img src="pdf.png">Download it</a>`:             `links [] [] emphasis [] []`,
		`<a href="x"><img src="pdf.png" alt="Plan"></a>`:             `links [Plan] [x] emphasis [] []`,
		`<p><a href="x"> </a><a href="y">why</a><a href="z">zed</a>`: `links [why zed] [y z] emphasis [] []`,
		`<p><strong>a<script>1</script>b</strong><em>c<br>d</em>`:    `links [] [] emphasis [ab c d] [b i i]`,
		`<a href="x"><div> </div><p>First one</p></a>`:               `links [First one] [x] emphasis [] []`,
	} {
		var texts, urls, contents, tags []string
		for _, e := range elements(t, page) {
			m := e.Metadata
			texts, urls = append(texts, m.LinkTexts...), append(urls, m.LinkURLs...)
			contents, tags = append(contents, m.EmphasizedTextContents...), append(tags, m.EmphasizedTextTags...)
		}
		if got := fmt.Sprintf("links %v %v emphasis %v %v", texts, urls, contents, tags); got != want {
			t.Errorf("%s\n got %s\nwant %s", page, got, want)
		}
	}
}

func TestPageNumbers(t *testing.T) {
	t.Parallel()
	got := elements(t, `<div data-page-number="2"><p>Two here</p><div data-page-number=" 3 ">Three here<img src=a alt=b></div>Two again</div>None here`)
	var pages []string
	for _, e := range got {
		if e.Metadata.PageNumber == nil {
			pages = append(pages, "-")
			continue
		}
		pages = append(pages, fmt.Sprint(*e.Metadata.PageNumber))
	}
	if s := strings.Join(pages, " "); s != "2 3 3 2 -" {
		t.Errorf("page numbers are %s", s)
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	page := []byte(`<img data-src="lazy.png" src="blank.gif"><img src="data:image/PNG;base64,aGVsbG8="><img src="data:image/svg+xml,%3Csvg/%3E">`)
	without, err := parsePage(page, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	with, err := parsePage(page, format.Options{ImagePayloads: true})
	if err != nil || len(without) != 3 || len(with) != 3 {
		t.Fatalf("%d and %d elements, %v", len(without), len(with), err)
	}
	if u := without[0].Metadata.ImageURL; u != "lazy.png" {
		t.Errorf("address is %q", u)
	}
	if m := without[1].Metadata; m.ImageURL != "" || m.ImageBase64 != "" || m.ImageMimeType != "" {
		t.Errorf("a picture in the page is kept unasked: %+v", m)
	}
	if m := with[1].Metadata; m.ImageBase64 != "aGVsbG8=" || m.ImageMimeType != "image/png" {
		t.Errorf("picture is %q of type %q", m.ImageBase64, m.ImageMimeType)
	}
	if u := without[2].Metadata.ImageURL; u != "data:image/svg+xml,%3Csvg/%3E" {
		t.Errorf("address of a picture that is not Base64 is %q", u)
	}
}

func TestTableHTML(t *testing.T) {
	t.Parallel()
	page := "<table><thead><tr><th colspan=2>Lock &amp; weir</th></tr></thead><tr></tr><tr><td>a \n b<br>c</td><td> </td></tr></table>"
	want := "<table><tr><td>Lock &amp; weir</td></tr><tr><td>a <br/> b c</td><td/></tr></table>"
	if got := elements(t, page)[0].Metadata.TextAsHTML; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	without, err := parsePage([]byte(page), format.Options{NoTableHTML: true})
	if err != nil || without[0].Metadata.TextAsHTML != "" {
		t.Errorf("text_as_html is %q, %v", without[0].Metadata.TextAsHTML, err)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	utf16 := []byte{0xff, 0xfe}
	for _, r := range "<p>Wehr in Grünau" {
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	for name, c := range map[string]struct {
		page    string
		ordered string
		want    string
	}{
		"UTF-8 with a mark":        {"\xef\xbb\xbf<p>Grünau", "", "Grünau"},
		"UTF-16":                   {string(utf16), "", "Wehr in Grünau"},
		"declared in meta":         {"<meta charset='windows-1251'><p>\xd8\xeb\xfe\xe7", "", "Шлюз"},
		"declared the old way":     {`<META http-equiv=Content-Type content="text/html; charset=Shift_JIS"><p>` + "\x90\x85\x96\xe5", "", "水門"},
		"declared in XML":          {`<?xml version="1.0" encoding="ISO-8859-2"?><p>` + "\xb6luza", "", "śluza"},
		"Latin-1 means cp1252":     {"<meta charset=iso-8859-1><p>Lock \x96 weir", "", "Lock – weir"},
		"a false declaration":      {"<meta charset=windows-1251><p>Grünau", "", "Grünau"},
		"declared UTF-8, and not":  {"<meta charset=utf-8><p>Gr\xfcnau liegt am Fluss, und die Schleuse wird dort im Fr\xfchjahr ge\xf6ffnet", "", "Grünau liegt am Fluss, und die Schleuse wird dort im Frühjahr geöffnet"},
		"ordered":                  {"<meta charset=utf-8><p>\xd8\xeb\xfe\xe7", "windows-1251", "Шлюз"},
		"zero bytes are left out":  {"<p>Lo\x00ck gate", "", "Lock gate"},
		"references to code pages": {"<p>Lock &#150; weir", "", "Lock – weir"},
	} {
		got, err := parsePage([]byte(c.page), format.Options{Encoding: c.ordered})
		if err != nil || len(got) != 1 || got[0].Text != c.want {
			t.Errorf("%s: %q, %v, want %q", name, summary(got), err, c.want)
		}
	}
	if _, err := parsePage([]byte("<p>x"), format.Options{Encoding: "klingon"}); err == nil || !strings.Contains(err.Error(), "klingon") {
		t.Errorf("unknown encoding: %v", err)
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares whole elements of our own pages with what is written beside them.
func TestGolden(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("testdata/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.MarshalIndent(elements(t, string(content)), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		golden := strings.TrimSuffix(page, ".html") + ".json"
		if *update {
			if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.TrimSpace(want), got) {
			t.Errorf("%s gives other elements than %s; look at them, then -update", page, golden)
		}
	}
}

// TestTruncated cuts a page at 20 places: what is left is read, and no text comes that was not there.
func TestTruncated(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/locks.html")
	if err != nil {
		t.Fatal(err)
	}
	whole := len(summary(elements(t, string(content))))
	last := 0
	for i := 1; i <= 20; i++ {
		n := len(summary(elements(t, string(content[:len(content)*i/20]))))
		if n > whole+len("UncategorizedText") || n+len(content)/10 < last {
			t.Errorf("%d of 20 parts give %d bytes, the part before gave %d, the whole %d", i, n, last, whole)
		}
		last = n
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	b := budget.New(budget.Limits{Elements: 100})
	_, err := Elements(t.Context(), strings.Repeat("<p>x y", 200), format.Options{}, b)
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.TooLarge {
		t.Errorf("a page of too many tags ends with %v", err)
	}
}
