package docx

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// parseWith parses under limits and says how it ended: "" for well.
func parseWith(t *testing.T, b []byte, l budget.Limits) budget.Outcome {
	t.Helper()
	_, err := Parse(t.Context(), document.NewFile("a.docx", "", int64(len(b)), bytes.NewReader(b)), format.Options{IncludePageBreaks: true}, budget.New(l))
	var failed *budget.Error
	switch {
	case errors.As(err, &failed):
		if failed.Message == "" {
			t.Error("no message")
		}
		return failed.Outcome
	case err != nil:
		t.Errorf("an error without an outcome: %v", err)
	}
	return ""
}

// TestHostile asserts how files end that ask for more than they should, and that little was allocated until then.
func TestHostile(t *testing.T) { // not beside others: it counts what the process allocates
	row := func(cells string) string { return "<w:tr>" + cells + "</w:tr>" }
	wide := cell(`<w:gridSpan w:val="1000000"/>`, p("", "x"))
	nested := strings.Repeat("<w:tbl><w:tr><w:tc>", 100_000) + strings.Repeat("</w:tc></w:tr></w:tbl>", 100_000)
	box := strings.Repeat("<w:p><w:r><w:drawing><wp:inline><w:txbxContent>", 20_000)
	box += strings.NewReplacer("<", "</").Replace(strings.Repeat("<w:txbxContent><wp:inline><w:drawing><w:r><w:p>", 20_000))
	small := budget.Default
	small.Elements = 1000
	for _, c := range []struct {
		name   string
		file   []byte
		limits budget.Limits
		want   budget.Outcome
	}{
		{"nothing", nil, budget.Default, budget.Corrupt},
		{"zeros", make([]byte, 4096), budget.Default, budget.Corrupt},
		{"text", []byte("This is no Word document."), budget.Default, budget.Corrupt},
		{"nested tables", file(nested), budget.Default, budget.TooLarge},
		{"nested text boxes", file(box), budget.Default, budget.TooLarge},
		{"wide cells", file("<w:tbl>" + row(strings.Repeat(wide, 20_000)) + "</w:tbl>"), budget.Default, budget.TooLarge},
		{"wide gaps", file("<w:tbl>" + strings.Repeat(row(`<w:trPr><w:gridBefore w:val="1000"/><w:gridAfter w:val="1000"/></w:trPr>`), 20_000) + "</w:tbl>"),
			budget.Default, budget.TooLarge},
		{"a long text in wide cells", file("<w:tbl>" + row(cell(`<w:gridSpan w:val="1000"/>`, p("", strings.Repeat("long ", 100_000)))) + "</w:tbl>"),
			budget.Default, budget.TooLarge},
		{"a long text in tall cells", file("<w:tbl>" + row(cell(`<w:vMerge w:val="restart"/>`, p("", strings.Repeat("long ", 100_000)))) +
			strings.Repeat(row(cell("<w:vMerge/>", "<w:p/>")), 1000) + "</w:tbl>"), budget.Default, budget.TooLarge},
		{"emphasis in wide cells", file("<w:tbl>" + row(cell(`<w:gridSpan w:val="1000"/>`, p("", strings.Repeat(run("<w:b/>", "x"), 10_000)))) + "</w:tbl>"),
			budget.Default, budget.TooLarge},
		{"too many paragraphs", file(strings.Repeat(p("", "A line."), 2000)), small, budget.TooLarge},
		{"too many pages", file(p("", "<w:r>"+strings.Repeat("<w:lastRenderedPageBreak/>", 2000)+"</w:r>")), small, budget.TooLarge},
		{"closes the document", file("</w:body></w:document></w:x></w:x>" + p("", sentence)), budget.Default, budget.Corrupt},
		{"entity", file("", "word/document.xml", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document><w:body>`+p("", "&a;")+`</w:body></w:document>`),
			budget.Default, ""},
		{"refers to itself", file(`<w:sectPr><w:headerReference w:type="default" r:id="me"/></w:sectPr>`, "word/_rels/document.xml.rels",
			`<Relationships><Relationship Id="me" Type="x/header" Target="document.xml"/></Relationships>`), budget.Default, ""},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if got := parseWith(t, c.file, c.limits); got != c.want {
			t.Errorf("%s: ended as %q, want %q", c.name, got, c.want)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 400<<20 {
			t.Errorf("%s: %d MB allocated", c.name, used>>20)
		}
	}
}

func TestCutMarkup(t *testing.T) {
	t.Parallel()
	body := p("T", "The title") + strings.Repeat(p("", sentence), 20)
	document := `<w:document ` + namespaces + `><w:body>` + body + `</w:body></w:document>`
	for i := range 20 {
		if got := parseWith(t, file("", "word/document.xml", document[:1+(len(document)-1)*i/20]), budget.Default); got != budget.Corrupt {
			t.Errorf("cut at %d of 20: ended as %q", i, got)
		}
	}
}

// TestNothingOutsideIsRead gives a document whose pictures, templates and headers are elsewhere.
func TestNothingOutsideIsRead(t *testing.T) {
	t.Parallel()
	var links strings.Builder
	for i, kind := range []string{"image", "attachedTemplate", "header", "styles", "settings", "subDocument"} {
		fmt.Fprintf(&links, `<Relationship Id="e%d" Type="%s%s" Target="file:///etc/passwd" TargetMode="External"/>`, i, office, kind)
	}
	links.WriteString(`<Relationship Id="up" Type="` + office + `footer" Target="../../../../etc/passwd"/>`)
	want(t, file(p("", sentence)+`<w:sectPr><w:headerReference w:type="default" r:id="e2"/><w:footerReference w:type="default" r:id="up"/></w:sectPr>`,
		"word/_rels/document.xml.rels", "<Relationships>"+links.String()+"</Relationships>"), format.Options{}, "NarrativeText: "+sentence)
}
