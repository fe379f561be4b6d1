package docx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

const (
	namespaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" ` +
		`xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wp="wp" xmlns:wps="wps" xmlns:a="a" xmlns:v="v"`
	office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
)

// file makes a document of a body and further parts by name.
func file(body string, parts ...string) []byte {
	all := map[string]string{
		"_rels/.rels":       `<Relationships><Relationship Id="rId1" Type="` + office + `officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/document.xml": `<?xml version="1.0"?><w:document ` + namespaces + `><w:body>` + body + `</w:body></w:document>`,
		"word/styles.xml": `<w:styles ` + namespaces + `><w:style w:type="paragraph" w:default="1" w:styleId="N"><w:name w:val="Normal"/></w:style>` +
			style("H1", "heading 1") + style("H3", "heading 3") + style("T", "Title") + style("S", "Subtitle") + style("LB2", "List Bullet 2") +
			style("Q", "Quote") + style("X", "My Own") + `</w:styles>`,
		"word/_rels/document.xml.rels": `<Relationships><Relationship Id="s" Type="` + office + `styles" Target="styles.xml"/>` +
			`<Relationship Id="l1" Type="` + office + `hyperlink" Target="https://northwater.example/a" TargetMode="External"/>` +
			`<Relationship Id="h1" Type="` + office + `header" Target="header1.xml"/><Relationship Id="f1" Type="` + office + `footer" Target="/word/footer1.xml"/>` +
			`<Relationship Id="set" Type="` + office + `settings" Target="settings.xml"/></Relationships>`,
	}
	for i := 0; i+1 < len(parts); i += 2 {
		all[parts[i]] = parts[i+1]
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range all {
		w, _ := z.Create(name)
		_, _ = w.Write([]byte(content))
	}
	_ = z.Close()
	return b.Bytes()
}

func style(id, name string) string {
	return `<w:style w:type="paragraph" w:styleId="` + id + `"><w:name w:val="` + name + `"/></w:style>`
}

// p is a paragraph with a style and what stands in it; plain text becomes a run.
func p(style, content string) string {
	if style != "" {
		style = `<w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>`
	}
	if !strings.HasPrefix(content, "<") {
		content = run("", content)
	}
	return "<w:p>" + style + content + "</w:p>"
}

func run(properties, text string) string {
	if properties != "" {
		properties = "<w:rPr>" + properties + "</w:rPr>"
	}
	return "<w:r>" + properties + `<w:t xml:space="preserve">` + text + "</w:t></w:r>"
}

func parse(t testing.TB, b []byte, o format.Options) ([]element.Element, error) {
	return Parse(t.Context(), document.NewFile("a.docx", "", int64(len(b)), bytes.NewReader(b)), o, budget.New(budget.Default))
}

func lines(elements []element.Element) string {
	var out []string
	for _, e := range elements {
		out = append(out, string(e.Type)+": "+e.Text)
	}
	return strings.Join(out, "\n")
}

func want(t *testing.T, b []byte, o format.Options, expected ...string) []element.Element {
	t.Helper()
	elements, err := parse(t, b, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(elements); got != strings.Join(expected, "\n") {
		t.Fatalf("got\n%s\nwant\n%s", got, strings.Join(expected, "\n"))
	}
	return elements
}

const sentence = "The keeper opened the gate in the morning."

func TestStylesAndDepth(t *testing.T) {
	t.Parallel()
	numbered := `<w:p><w:pPr><w:numPr><w:ilvl w:val="2"/><w:numId w:val="1"/></w:numPr></w:pPr>` + run("", "An item of a list") + "</w:p>"
	elements := want(t, file(p("T", "The title")+p("S", "and what is below it")+p("H1", "First part")+p("H3", "Deep part")+p("", sentence)+
		p("LB2", "An item by style")+numbered+p("", "• A bullet that was typed")+p("Q", "Words of others")+p("X", "Own style")+p("", "x")+p("", "  ")+
		p("", "keeper@northwater.example")), format.Options{},
		"Title: The title", "Title: and what is below it", "Title: First part", "Title: Deep part", "NarrativeText: "+sentence,
		"ListItem: An item by style", "ListItem: An item of a list", "ListItem: A bullet that was typed", "UncategorizedText: Words of others",
		"UncategorizedText: Own style", "UncategorizedText: x", "EmailAddress: keeper@northwater.example")
	for i, depth := range []int{0, 1, 0, 2, 0, 1, 2, 0, 0, 0, 0, 0} {
		if d := elements[i].Metadata.CategoryDepth; d == nil || *d != depth {
			t.Errorf("%s: depth %v, want %d", elements[i].Text, d, depth)
		}
		if elements[i].Metadata.PageNumber != nil {
			t.Errorf("%s: a page number without noted page breaks", elements[i].Text)
		}
	}
	if a, b := elements[2].Metadata.StyleName, elements[4].Metadata.StyleName; a != "Heading 1" || b != "Normal" {
		t.Errorf("styles %q and %q", a, b)
	}
}

func TestRunsLinksAndEmphasis(t *testing.T) {
	t.Parallel()
	e := want(t, file(p("", run("<w:b/>", "Bold")+run("", " and ")+run(`<w:b/><w:i w:val="true"/>`, "both")+run(`<w:b w:val="0"/>`, " not")+
		`<w:r><w:tab/><w:t>tab</w:t><w:br/><w:t>line</w:t><w:noBreakHyphen/><w:t>end</w:t></w:r>`+
		`<w:hyperlink r:id="l1" w:anchor="top">`+run("<w:b/>", " the list of levels")+`</w:hyperlink>`+run("", " is here."))), format.Options{},
		"NarrativeText: Bold and both not\ttab\nline-end the list of levels is here.")[0].Metadata
	if strings.Join(e.EmphasizedTextContents, "|") != "Bold|both|both" || strings.Join(e.EmphasizedTextTags, "") != "bbi" {
		t.Errorf("%v %v", e.EmphasizedTextContents, e.EmphasizedTextTags)
	}
	if len(e.Links) != 1 || e.Links[0].URL != "https://northwater.example/a#top" || e.Links[0].Text != " the list of levels" || e.Links[0].StartIndex != 30 ||
		e.LinkURLs[0] != e.Links[0].URL {
		t.Errorf("%+v", e.Links)
	}
}

func TestFinalText(t *testing.T) {
	t.Parallel()
	want(t, file(p("", run("", "The keeper ")+"<w:del>"+`<w:r><w:delText>closed</w:delText></w:r>`+"</w:del><w:ins>"+run("", "opened")+"</w:ins>"+
		"<w:moveFrom>"+run("", "gone")+"</w:moveFrom>"+`<w:sdt><w:sdtContent>`+run("", " the gate")+`</w:sdtContent></w:sdt>`+
		`<w:smartTag>`+run("", " in")+`</w:smartTag><w:fldSimple w:instr="DATE">`+run("", " May")+"</w:fldSimple>"+run("", "."))+
		`<w:sdt><w:sdtContent>`+p("H1", "In a control")+`</w:sdtContent></w:sdt>`), format.Options{},
		"NarrativeText: The keeper opened the gate in May.", "Title: In a control")
}

func TestTextBoxes(t *testing.T) {
	t.Parallel()
	box := `<wps:txbx><w:txbxContent>` + p("", "Words in a box are read once.") + `</w:txbxContent></wps:txbx>`
	floating := `<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor>` + box + `</wp:anchor></w:drawing></mc:Choice>` +
		`<mc:Fallback><w:pict><v:textbox><w:txbxContent>` + p("", "Words in a box are read once.") + `</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>`
	want(t, file(p("", floating+run("", sentence))), format.Options{}, "NarrativeText: "+sentence, "NarrativeText: Words in a box are read once.")
	inline := `<w:r><w:drawing><wp:inline>` + box + `</wp:inline></w:drawing></w:r>`
	want(t, file(p("", run("", "Before: ")+inline)), format.Options{}, "NarrativeText: Before: Words in a box are read once.")
}

func cell(properties, content string) string {
	return "<w:tc><w:tcPr>" + properties + "</w:tcPr>" + content + "</w:tc>"
}

func TestTables(t *testing.T) {
	t.Parallel()
	table := "<w:tbl><w:tr>" + cell(`<w:gridSpan w:val="2"/>`, p("", "Wide &amp; bold")) + cell(`<w:vMerge w:val="restart"/>`, p("", "Tall")) + "</w:tr>" +
		"<w:tr>" + cell("", p("", "a")+p("", "b")) + cell("", p("", "")) + cell("<w:vMerge/>", p("", "")) + "</w:tr>" +
		`<w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>` + cell("", "<w:tbl><w:tr>"+cell("", p("", "inner"))+"</w:tr></w:tbl>"+p("", "")) + cell("", p("", "\"q\" &lt;x&gt;")) + "</w:tr></w:tbl>"
	e := want(t, file(table), format.Options{}, `Table: Wide & bold Tall a b inner "q" <x>`)[0]
	const html = `<table><tr><td colspan="2">Wide &amp; bold</td><td rowspan="2">Tall</td></tr><tr><td>a b</td><td/></tr>` +
		`<tr><td/><td>inner</td><td>&quot;q&quot; &lt;x&gt;</td></tr></table>`
	if e.Metadata.TextAsHTML != html {
		t.Errorf("got  %s\nwant %s", e.Metadata.TextAsHTML, html)
	}
	if e := want(t, file(table), format.Options{NoTableHTML: true}, `Table: Wide & bold Tall a b inner "q" <x>`)[0]; e.Metadata.TextAsHTML != "" {
		t.Error(e.Metadata.TextAsHTML)
	}
}

func TestHeadersAndFooters(t *testing.T) {
	t.Parallel()
	header := func(text string) string { return `<w:hdr ` + namespaces + `>` + p("", text) + p("", "") + `</w:hdr>` }
	footer := `<w:ftr ` + namespaces + `>` + p("", "Below") + "<w:tbl><w:tr>" + cell("", p("", "one")) + cell("", p("", "two")) + "</w:tr></w:tbl></w:ftr>"
	section := `<w:sectPr><w:headerReference w:type="default" r:id="h1"/><w:headerReference w:type="first" r:id="h1"/><w:footerReference w:type="default" r:id="f1"/></w:sectPr>`
	elements := want(t, file("<w:p><w:pPr>"+section+"</w:pPr>"+run("", sentence)+"</w:p>"+p("", "The second part has no header of its own.")+"<w:sectPr/>",
		"word/header1.xml", header("Above"), "word/footer1.xml", footer), format.Options{},
		"Header: Above", "NarrativeText: "+sentence, "Footer: Below\none two", "NarrativeText: The second part has no header of its own.")
	if m := elements[0].Metadata; m.HeaderFooterType != "primary" || *m.CategoryDepth != 0 {
		t.Errorf("%+v", m)
	}
	both := strings.Replace(section, "<w:sectPr>", "<w:sectPr><w:titlePg/>", 1)
	want(t, file(p("", sentence)+both, "word/header1.xml", header("Above"), "word/footer1.xml", footer), format.Options{},
		"Header: Above", "Header: Above", "NarrativeText: "+sentence, "Footer: Below\none two")
}

func TestPages(t *testing.T) {
	t.Parallel()
	body := p("", "One page says these words.") + p("", `<w:r><w:t>A line that </w:t><w:lastRenderedPageBreak/><w:t>goes on over there.</w:t></w:r>`) +
		p("", `<w:r><w:lastRenderedPageBreak/><w:t>Three is the last of them.</w:t></w:r>`)
	elements := want(t, file(body), format.Options{IncludePageBreaks: true, StartingPageNumber: 4}, "NarrativeText: One page says these words.",
		"UncategorizedText: A line that ", "PageBreak: ", "NarrativeText: goes on over there.", "PageBreak: ", "NarrativeText: Three is the last of them.")
	for i, page := range []int{4, 4, 0, 5, 0, 6} {
		if n := elements[i].Metadata.PageNumber; page == 0 && n != nil || page > 0 && (n == nil || *n != page) {
			t.Errorf("element %d: page %v, want %d", i, n, page)
		}
	}
}

// TestPageEndsInALink: the link stays together where it begins, and what follows it is on the next page.
func TestPageEndsInALink(t *testing.T) {
	t.Parallel()
	link := `<w:hyperlink r:id="l1">` + run("", "the list ") + `<w:r><w:lastRenderedPageBreak/><w:t>of levels</w:t></w:r>` + `</w:hyperlink>`
	elements := want(t, file(p("", run("", "See ")+link+run("", " and then go home."))), format.Options{},
		"NarrativeText: See the list of levels", "NarrativeText:  and then go home.")
	if l := elements[0].Metadata.Links; len(l) != 1 || l[0].Text != "the list of levels" || l[0].StartIndex != 4 {
		t.Errorf("%+v", l)
	}
	if *elements[0].Metadata.PageNumber != 1 || *elements[1].Metadata.PageNumber != 2 {
		t.Error("pages", *elements[0].Metadata.PageNumber, *elements[1].Metadata.PageNumber)
	}
}

// TestPageEndsInATable: the words of a cell stay together, and the table stays one.
func TestPageEndsInATable(t *testing.T) {
	t.Parallel()
	e := want(t, file(p("", "Before")+"<w:tbl><w:tr>"+cell("", p("", `<w:r><w:rPr><w:b/></w:rPr><w:t>ware</w:t><w:lastRenderedPageBreak/><w:t>house</w:t></w:r>`))+"</w:tr></w:tbl>"),
		format.Options{IncludePageBreaks: true}, "UncategorizedText: Before", "Table: warehouse")[1].Metadata
	if e.TextAsHTML != "<table><tr><td>warehouse</td></tr></table>" || strings.Join(e.EmphasizedTextContents, "|") != "warehouse" || *e.PageNumber != 1 {
		t.Errorf("%+v", e)
	}
}

// TestMergedCellsOnTheGrid: a merged cell's text and emphasis stand in every place; a row that goes on with a cell that
// is not there is one empty cell.
func TestMergedCellsOnTheGrid(t *testing.T) {
	t.Parallel()
	row := func(cells ...string) string { return "<w:tr>" + strings.Join(cells, "") + "</w:tr>" }
	tall := cell(`<w:gridSpan w:val="2"/><w:vMerge w:val="restart"/>`, p("", run("<w:i/>", "tall")))
	more := cell(`<w:gridSpan w:val="2"/><w:vMerge w:val="continue"/>`, "<w:p/>")
	e := want(t, file("<w:tbl>"+row(tall, cell("", p("", "a")))+row(more, cell("", p("", "b")))+row(cell("", p("", "c")), more)+row(more)+"</w:tbl>"),
		format.Options{}, "Table: tall a b c")[0].Metadata
	const html = `<table><tr><td colspan="2" rowspan="2">tall</td><td>a</td></tr><tr><td>b</td></tr><tr><td/></tr><tr><td>c</td></tr></table>`
	if e.TextAsHTML != html {
		t.Errorf("got  %s\nwant %s", e.TextAsHTML, html)
	}
	if strings.Join(e.EmphasizedTextContents, " ") != "tall tall tall tall" || strings.Join(e.EmphasizedTextTags, "") != "iiii" {
		t.Errorf("%v %v", e.EmphasizedTextContents, e.EmphasizedTextTags)
	}
}

func TestSectionsOnEvenAndOddPages(t *testing.T) {
	t.Parallel()
	section := func(kind string) string {
		return `<w:p><w:pPr><w:sectPr><w:type w:val="` + kind + `"/></w:sectPr></w:pPr></w:p>`
	}
	broken := `<w:r><w:lastRenderedPageBreak/><w:t>A page begins with these words.</w:t></w:r>`
	elements := want(t, file(p("", "One page says these words.")+section("nextPage")+p("", broken)+section("oddPage")+p("", broken)+`<w:sectPr><w:type w:val="evenPage"/></w:sectPr>`),
		format.Options{}, "NarrativeText: One page says these words.", "NarrativeText: A page begins with these words.", "NarrativeText: A page begins with these words.")
	for i, page := range []int{1, 3, 4} { // an empty page stands before the third; the fourth is even as it is
		if n := elements[i].Metadata.PageNumber; n == nil || *n != page {
			t.Errorf("element %d: page %d, want %d", i, *n, page)
		}
	}
}

// TestPrefixes: what stands for a namespace is the file's choice.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	b := file("", "word/document.xml", `<document xmlns="w" xmlns:rel="r"><body><p><r><t>See </t></r><hyperlink rel:id="l1"><r><t>the list</t></r></hyperlink></p></body></document>`)
	if l := want(t, b, format.Options{}, "NarrativeText: See the list")[0].Metadata.Links; len(l) != 1 || l[0].URL != "https://northwater.example/a" {
		t.Errorf("%+v", l)
	}
}

func TestMainPartElsewhere(t *testing.T) {
	t.Parallel()
	b := file("", "_rels/.rels", `<Relationships><Relationship Id="1" Type="`+office+`officeDocument" Target="/word/document2.xml"/></Relationships>`,
		"word/document2.xml", `<w:document `+namespaces+`><w:body>`+p("", sentence)+`</w:body></w:document>`)
	want(t, b, format.Options{}, "NarrativeText: "+sentence)
}

func TestTruncatedAnywhere(t *testing.T) {
	t.Parallel()
	whole := file(p("T", "The title") + strings.Repeat(p("", sentence), 50))
	for i := range 20 {
		_, err := parse(t, whole[:len(whole)*i/20], format.Options{})
		var failed *budget.Error
		if !errors.As(err, &failed) || failed.Outcome != budget.Corrupt {
			t.Errorf("cut at %d of 20: %v", i, err)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(p("", sentence) + "<w:tbl><w:tr>" + cell(`<w:gridSpan w:val="9"/>`, p("", "x")) + "</w:tr></w:tbl>")
	f.Add("<w:p><w:pPr><w:numPr/></w:pPr><w:hyperlink r:id=\"l1\">" + run("<w:b/>", "x") + "</w:hyperlink></w:p><w:sectPr><w:type w:val=\"evenPage\"/></w:sectPr>")
	f.Fuzz(func(t *testing.T, body string) {
		_, err := parse(t, file(body), format.Options{IncludePageBreaks: true})
		var failed *budget.Error
		if err != nil && !errors.As(err, &failed) {
			t.Errorf("an error without an outcome: %v", err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := file(strings.Repeat(p("H1", "A part")+strings.Repeat(p("", run("", sentence)+run("<w:b/>", " And more.")), 20), 100))
	b.SetBytes(int64(100 * 20 * len(sentence)))
	for b.Loop() {
		if _, err := parse(b, text, format.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestNotes: footnotes, endnotes and comments come behind the document, each once, in the order of their marks.
func TestNotes(t *testing.T) {
	t.Parallel()
	list := func(root, item string, texts ...string) string {
		s := `<w:` + root + ` ` + namespaces + `><w:` + item + ` w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:` + item + `>`
		for i, text := range texts {
			s += fmt.Sprintf(`<w:%s w:id="%d"><w:p><w:r><w:footnoteRef/></w:r>%s</w:p></w:%s>`, item, i+1, text, item)
		}
		return s + `</w:` + root + `>`
	}
	mark := func(kind, id string) string { return `<w:r><w:` + kind + `Reference w:id="` + id + `"/></w:r>` }
	rels := `<Relationships><Relationship Id="a" Type="` + office + `footnotes" Target="footnotes.xml"/><Relationship Id="b" Type="` + office + `endnotes" Target="endnotes.xml"/>` +
		`<Relationship Id="c" Type="` + office + `comments" Target="comments.xml"/></Relationships>`
	body := p("", run("", "The boats are tied")+mark("footnote", "2")+mark("comment", "1")+run("", " at night.")) +
		"<w:tbl><w:tr>" + cell("", p("", run("", "In a cell")+mark("endnote", "1"))) + "</w:tr></w:tbl>" +
		p("", run("", "They leave in the morning.")+mark("footnote", "2")+mark("footnote", "1")+mark("footnote", "99"))
	parts := []string{"word/_rels/document.xml.rels", rels,
		"word/footnotes.xml", list("footnotes", "footnote", run("", "The first is used last."), run("", "The second is used first.")+mark("footnote", "2")),
		"word/endnotes.xml", list("endnotes", "endnote", run("", "An endnote is here.")), "word/comments.xml", list("comments", "comment", run("", "Is this right?"))}
	want(t, file(body, parts...), format.Options{}, "NarrativeText: The boats are tied at night.", "Table: In a cell", "NarrativeText: They leave in the morning.",
		"NarrativeText: The second is used first.", "NarrativeText: Is this right?", "NarrativeText: An endnote is here.", "NarrativeText: The first is used last.")
	parts[3] = `<w:footnotes><w:footnote w:id="1"><w:p`
	if _, err := parse(t, file(body, parts...), format.Options{}); err == nil {
		t.Error("damaged notes were read")
	}
	parts[2] = "word/other.xml" // the part is missing
	want(t, file(p("", run("", "The boats are tied at night.")+mark("footnote", "1")), parts[:4]...), format.Options{}, "NarrativeText: The boats are tied at night.")
}

func TestSymbols(t *testing.T) {
	t.Parallel()
	sym := func(font, char string) string {
		return `<w:r><w:sym w:font="` + font + `" w:char="` + char + `"/></w:r>`
	}
	want(t, file(p("", run("", "The gate is ")+sym("Wingdings", "F0FC")+run("", " and the angle is ")+sym("Symbol", "F061")+sym("Nosuch", "F041")+sym("Arial", "0041")+sym("Arial", "xyz")+run("", " wide."))),
		format.Options{}, "NarrativeText: The gate is ✓ and the angle is αA wide.")
}
