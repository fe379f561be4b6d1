package element

import (
	"bytes"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "write the golden files anew")

func each(elements ...Element) iter.Seq2[Element, error] {
	return func(yield func(Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, name := range FormatNames() {
		source, err := os.ReadFile(filepath.Join("testdata", "document.json"))
		if err != nil {
			t.Fatal(err)
		}
		format, ok := ParseFormat(name)
		if !ok {
			t.Fatal(name)
		}
		var b bytes.Buffer
		if err := format.Write(&b, Decode(bytes.NewReader(source))); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "golden"+format.Extension())
		if *update {
			if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s differs from %s; after a look at the difference, go test -run Golden -update ./element", name, path)
		}
	}
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Format{"JSON": JSON, " ndjson ": NDJSON, "md": Markdown, "text/html": HTML, "txt": Text, "application/json": JSON, "xml": "", "": ""} {
		if got, ok := ParseFormat(name); got != want || ok != (want != "") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if err := Format("xml").Write(&bytes.Buffer{}, each()); err == nil {
		t.Error("xml was written")
	}
	if got := NDJSON.MediaType() + Format("x").MediaType() + Format("x").Extension(); got != "application/x-ndjsonapplication/octet-stream" {
		t.Error(got)
	}
}

func TestErrorsEndTheStream(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, name := range FormatNames() {
		format, _ := ParseFormat(name)
		var b bytes.Buffer
		err := format.Write(&b, func(yield func(Element, error) bool) {
			if yield(Element{Type: Title, Text: "One"}, nil) {
				yield(Element{}, broken)
			}
		})
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hostile puts a text into every place of an element.
func hostile(s string, kind Type, depth int) Element {
	e := Element{Type: kind, ID: s, Text: "a " + s + "\n" + s + " b"}
	m := &e.Metadata
	m.Filename, m.TextAsHTML, m.ImageURL, m.ImageBase64, m.ImageMimeType, m.CategoryDepth = s, "<table><tr><td>"+s+"</td></tr></table>"+s, s, s, "image/png", &depth
	m.LinkTexts, m.LinkURLs = []string{s, "b"}, []string{s, "javascript:" + s}
	return e
}

var attacks = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</table></div></body><script>`, `</a></p><iframe src=x>`,
	"javascript:alert(1)", "javascript&colon;alert(1)", "java&Tab;script&#58;alert(1)", "JaVaScRiPt:alert(1)", " java\nscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "//evil.example/x", `\\evil\x`,
	"<!--", "]]>", "<![CDATA[", "</title><script>", "</style>", "<svg onload=alert(1)>", "<td><table><tr><td><script>x</script>", "<textarea>", "<plaintext>", "<xmp>",
	"\x00<\x00script>", "\xff\xfe<b>", "&lt;script&gt;", "`<b>`", "```\n<script>alert(1)</script>\n```", "[x](javascript:alert(1))", "![x](javascript:y)", "<https://x.example>",
	"\n\n<div>\n\n# x", "    <script>x</script>", "&#60;script>", "<a href='javascript:x'>", "\u2028<b>", "<table><td rowspan=99999999999 colspan=-1><td onclick=x>",
}

var kinds = []Type{Title, NarrativeText, ListItem, Table, CodeSnippet, Image, Header, Footer, Address, CheckBox, FigureCaption, CompositeElement, PageBreak, "<b>"}

// TestHostileHTML reads what was written as a browser would: there is nothing in it but what the writer itself makes.
func TestHostileHTML(t *testing.T) {
	t.Parallel()
	for _, s := range attacks {
		for i, kind := range kinds {
			checkHTML(t, hostile(s, kind, i))
		}
	}
}

func checkHTML(t *testing.T, elements ...Element) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, each(elements...)); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	tags := strings.Fields("html head meta title body a p h1 h2 h3 h4 h5 h6 ul li div table tbody tr td th pre code figure img hr header footer address br")
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.CommentNode || n.Type == html.ElementNode && !slices.Contains(tags, n.Data) {
			t.Fatalf("%q in\n%s", n.Data, b.String())
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "id", "alt", "charset", "http-equiv", "content", "colspan", "rowspan":
			case "href", "src":
				if v := strings.ToLower(a.Val); strings.Contains(strings.SplitN(v, "/", 2)[0], "script:") || strings.HasPrefix(v, "data:") && !strings.HasPrefix(v, "data:image/") || strings.HasPrefix(v, "//") {
					t.Fatalf("%s=%q in\n%s", a.Key, a.Val, b.String())
				}
			default:
				t.Fatalf("%s=%q in\n%s", a.Key, a.Val, b.String())
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	if body := root.LastChild.LastChild; body == nil || body.Data != "body" {
		t.Fatalf("no body in\n%s", b.String())
	}
}

// written are the tags that the writer of Markdown itself makes.
var written = regexp.MustCompile(`<a id="[^"<>]*"></a>|<br>|</?(?:table|tr|td|th)(?: (?:colspan|rowspan)="\d+")*>`)

// TestHostileMarkdown: outside code there is no tag but the writer's own, and no link to anything but the web.
func TestHostileMarkdown(t *testing.T) {
	t.Parallel()
	for _, s := range attacks {
		for i, kind := range kinds {
			if kind == CodeSnippet {
				continue
			}
			var b bytes.Buffer
			if err := WriteMarkdown(&b, each(hostile(s, kind, i))); err != nil {
				t.Fatal(err)
			}
			rest := written.ReplaceAllString(b.String(), "")
			if strings.ContainsAny(rest, "<\x00") {
				t.Errorf("%s as %s: %q", s, kind, b.String())
			}
			for _, link := range regexp.MustCompile(`[^\\]\]\(([^)]*)\)`).FindAllStringSubmatch(rest, -1) {
				if _, ok := safeAddress(html.UnescapeString(link[1])); !ok || strings.Contains(strings.ToLower(html.UnescapeString(link[1])), "script:") && !strings.HasSuffix(link[0][:1], `\`) {
					t.Errorf("%s as %s: %q", s, kind, b.String())
				}
			}
		}
	}
}

func TestFences(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteMarkdown(&b, each(Element{Type: CodeSnippet, Text: "a\n```\n````\nb"})); err != nil {
		t.Fatal(err)
	}
	if want := "\n\n`````\na\n```\n````\nb\n`````\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	item := func(text string, depth int) Element {
		return Element{Type: ListItem, Text: text, Metadata: Metadata{CategoryDepth: &depth}}
	}
	var b bytes.Buffer
	if err := WriteMarkdown(&b, each(item("a", 3), item("b", 900), item("c", 4), item("d", 0), Element{Type: NarrativeText, Text: "x"}, item("e", 1))); err != nil {
		t.Fatal(err)
	}
	if want := "- a\n  - b\n  - c\n- d\n\nx\n\n- e\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func FuzzHTML(f *testing.F) {
	for i, s := range attacks {
		f.Add(s, i)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		checkHTML(t, hostile(s, kinds[(n%len(kinds)+len(kinds))%len(kinds)], n), hostile(s, ListItem, n+1))
		if err := WriteMarkdown(&bytes.Buffer{}, each(hostile(s, kinds[(n%len(kinds)+len(kinds))%len(kinds)], n))); err != nil {
			t.Fatal(err)
		}
	})
}
