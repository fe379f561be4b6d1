package epub

import (
	"maps"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// book makes a book of two chapters, with changes to its parts; an empty one takes the part away.
func book(changes map[string]string) []byte {
	parts := map[string]string{
		"mimetype":               "application/epub+zip",
		"META-INF/container.xml": `<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>`,
		"OEBPS/book.opf": `<package><manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>` +
			`<item id="b" href="text/two.xhtml" media-type="application/xhtml+xml"/><item id="a" href="text/chapter%20one.xhtml" media-type="application/xhtml+xml"/>` +
			`<item id="p" href="p.png" media-type="image/png"/></manifest>` +
			`<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="p"/><itemref idref="b"/><itemref idref="gone"/></spine></package>`,
		"OEBPS/nav.xhtml":              `<html><body><nav><ol><li>Contents</li></ol></nav></body></html>`,
		"OEBPS/text/chapter one.xhtml": `<?xml version="1.0"?><html><body><h1>The lock</h1><p>The gates of the lock were closed at noon.</p></body></html>`,
		"OEBPS/text/two.xhtml":         `<html><body><h1>The river</h1></body></html>`,
	}
	maps.Copy(parts, changes)
	maps.DeleteFunc(parts, func(_, v string) bool { return v == "" })
	return formattest.Zip(parts)
}

func TestParse(t *testing.T) {
	formattest.Want(t, Parse, "a.epub", book(nil), format.Options{}, "Title: The lock", "NarrativeText: The gates of the lock were closed at noon.", "Title: The river")
	formattest.Want(t, Parse, "a.epub", book(map[string]string{"OEBPS/text/chapter one.xhtml": ""}), format.Options{}, "Title: The river")
}

// TestCover: the picture on the cover comes first, whichever version of the format says which it is.
func TestCover(t *testing.T) {
	const manifest = `<manifest><item id="a" href="text/two.xhtml" media-type="application/xhtml+xml"/><item id="p" href="p%20q.png" media-type="image/png"PROPERTIES/></manifest><spine><itemref idref="a"/></spine>`
	for name, list := range map[string]string{
		"second": `<package><metadata><meta name="cover" content="p"/></metadata>` + strings.Replace(manifest, "PROPERTIES", "", 1) + `</package>`,
		"third":  `<package><metadata/>` + strings.Replace(manifest, "PROPERTIES", ` properties="svg cover-image"`, 1) + `</package>`,
	} {
		got := formattest.Want(t, Parse, name, book(map[string]string{"OEBPS/book.opf": list}), format.Options{}, "Image: ", "Title: The river")
		if got[0].Metadata.ImageURL != "p%20q.png" {
			t.Errorf("%s: %q", name, got[0].Metadata.ImageURL)
		}
	}
	list := `<package><metadata><meta name="cover" content="a"/></metadata>` + strings.Replace(manifest, "PROPERTIES", "", 1) + `</package>` // a page, no picture
	formattest.Want(t, Parse, "page", book(map[string]string{"OEBPS/book.opf": list}), format.Options{}, "Title: The river")
}

// TestChapters: notes stand behind the book, title pages are left out, pictures are named from the list of contents, and pages
// that are beside the reading order come last.
func TestChapters(t *testing.T) {
	got := formattest.Want(t, Parse, "a.epub", book(map[string]string{
		"OEBPS/book.opf": `<package><manifest><item id="a" href="text/two.xhtml" media-type="application/xhtml+xml"/><item id="b" href="text/chapter%20one.xhtml" media-type="application/xhtml+xml"/></manifest>` +
			`<spine><itemref idref="b" linear="no"/><itemref idref="a"/></spine></package>`,
		"OEBPS/text/two.xhtml": `<html><body><section epub:type="titlepage"><section>x</section><h1>Title</h1></section><p>The gates were closed<a epub:type="noteref" href="#n1"><sup>5</sup></a> at noon` +
			`<a epub:type="noteref" href="#gone">x</a>.</p><img src="../p.png" alt="gate"/><img src="https://a.example/q.png"/>` +
			`<aside epub:type="footnote" id="n1"><aside>By <b>hand</b>, he said.</aside></aside><aside epub:type="footnote" id="n2"><p>Nobody asked for this.</p></aside><nav epub:type="toc">Contents</nav></body></html>`,
	}), format.Options{}, "NarrativeText: The gates were closed1 at noonx.", "Image: gate", "Image: ", "NarrativeText: Nobody asked for this.",
		"NarrativeText: By hand, he said.", "UncategorizedText: \u21a9\ufe0e", "Title: The lock", "NarrativeText: The gates of the lock were closed at noon.")
	if got[0].Metadata.LinkURLs[0] != "#fn1" || got[1].Metadata.ImageURL != "p.png" || got[2].Metadata.ImageURL != "https://a.example/q.png" {
		t.Errorf("%+v %+v", got[0].Metadata, got[1].Metadata)
	}
}

// TestOpen: what has no end tag is text like any other.
func TestOpen(t *testing.T) {
	for name, page := range map[string]string{
		"mark":  `<body><p>The gates were closed<a epub:type="noteref" href="#n">1 at noon.</p><aside epub:type="footnote" id="n"><p>By hand.</p></aside></body>`,
		"page":  `<body><section epub:type="titlepage"><p>The gates were closed.</p></body>`,
		"marks": strings.Repeat(`<section epub:type="titlepage">`, 20_000),
	} {
		got, err := formattest.Parse(t, Parse, name, book(map[string]string{"OEBPS/text/two.xhtml": page}), format.Options{})
		if err != nil || name != "marks" && !strings.Contains(got[2].Text, "The gates were closed") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestBad(t *testing.T) {
	for name, changes := range map[string]map[string]string{
		"no container": {"META-INF/container.xml": ""}, "no contents": {"OEBPS/book.opf": ""}, "no chapters": {"OEBPS/book.opf": "<package/>"},
		"no path": {"META-INF/container.xml": "<container/>"}, "outside": {"META-INF/container.xml": `<container><rootfiles><rootfile full-path="../../etc/passwd"/></rootfiles></container>`},
	} {
		formattest.WantOutcome(t, Parse, name, book(changes), budget.Corrupt)
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a.epub", format.Options{}, book(nil), book(map[string]string{"OEBPS/nav.xhtml": ""}))
}
