package partition_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(ctx context.Context, name string, content []byte, o partition.Options) ([]element.Element, error) {
	return partition.Collect(partition.Partition(ctx, document.NewFile(name, "", int64(len(content)), bytes.NewReader(content)), o))
}

// outcome is how parsing ended: "ok", "empty", or that of the error.
func outcome(elements []element.Element, err error) string {
	var failed *budget.Error
	switch {
	case errors.As(err, &failed):
		return string(failed.Outcome)
	case err != nil:
		return "error: " + err.Error()
	case len(elements) == 0:
		return "empty"
	}
	return "ok"
}

// TestSamples looks at what every sample gives: types in order.
func TestSamples(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		filetype string
		types    string
	}{
		"memo.txt":      {"text/plain", "Title Title Title NarrativeText NarrativeText ListItem ListItem ListItem NarrativeText Title Title Address"},
		"changes.md":    {"text/markdown", "Title NarrativeText Title ListItem ListItem ListItem ListItem ListItem Title ListItem ListItem ListItem Table NarrativeText"},
		"handbook.html": {"text/html", "Title NarrativeText Title NarrativeText ListItem ListItem ListItem ListItem Title Table Title NarrativeText EmailAddress CodeSnippet"},
		"stock.csv":     {"text/csv", "Table"},
		"pumps.json":    {"application/json", "UncategorizedText"},
		"report.docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
			"Header Title NarrativeText Title NarrativeText Title ListItem ListItem ListItem Title NarrativeText Title NarrativeText Table Title NarrativeText Footer"},
	} {
		elements, err := parse(t.Context(), name, sample(t, name), partition.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var types []string
		for _, e := range elements {
			types = append(types, string(e.Type))
			if e.Metadata.Filetype != want.filetype || e.Metadata.Filename != name || !slices.Equal(e.Metadata.Languages, []string{"eng"}) || len(e.ID) != 32 {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if got := strings.Join(types, " "); got != want.types {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want.types)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	const text = "A title\n\nDer Hafenmeister schreibt jeden Morgen die Gezeiten in ein Buch.\n"
	run := func(change func(*partition.Options)) []element.Element {
		t.Helper()
		var o partition.Options
		change(&o)
		elements, err := parse(t.Context(), "dir/a.txt", []byte(text), o)
		if err != nil {
			t.Fatal(err)
		}
		return elements
	}
	plain := run(func(*partition.Options) {})
	if len(plain) != 2 || plain[0].Metadata.Filename != "a.txt" || plain[0].Metadata.FileDirectory != "" || plain[0].Metadata.Languages[0] != "deu" || plain[1].Metadata.ParentID != plain[0].ID {
		t.Errorf("%+v", plain)
	}
	if again := run(func(*partition.Options) {}); !reflect.DeepEqual(again, plain) {
		t.Error("two runs differ")
	}
	if got := run(func(o *partition.Options) { o.Languages = []string{""} }); got[0].Metadata.Languages != nil {
		t.Errorf("%+v", got[0])
	}
	if got := run(func(o *partition.Options) { o.Languages = []string{"fr", "German"} }); !slices.Equal(got[1].Metadata.Languages, []string{"fra", "deu"}) {
		t.Errorf("%+v", got[1])
	}
	if got := run(func(o *partition.Options) { o.DetectPerElement = true }); got[0].Metadata.Languages[0] != "eng" || got[1].Metadata.Languages[0] != "deu" {
		t.Errorf("%+v", got)
	}
	if got := run(func(o *partition.Options) { o.ExcludeElements = []string{"title"} }); len(got) != 1 || got[0].Type != element.NarrativeText && got[0].Type != element.UncategorizedText {
		t.Errorf("%+v", got)
	}
	unique := run(func(o *partition.Options) { o.UniqueElementIDs = true })
	if len(unique[0].ID) != 36 || unique[1].Metadata.ParentID != unique[0].ID {
		t.Errorf("%+v", unique)
	}
	named := run(func(o *partition.Options) {
		o.Filename, o.FileDirectory, o.LastModified, o.URL = "x/other.txt", "d", "2026-01-01T00:00:00", "https://h/"
	})
	if m := named[0].Metadata; m.Filename != "other.txt" || m.FileDirectory != "d" || m.LastModified == "" || m.URL == "" || named[0].ID == plain[0].ID {
		t.Errorf("%+v", m)
	}
	chunked := run(func(o *partition.Options) {
		o.Chunk = func(in []element.Element) ([]element.Element, error) {
			if in[0].ID == "" || in[0].Metadata.Filename != "" || in[0].Metadata.Languages != nil {
				t.Errorf("given to the chunker: %+v", in[0])
			}
			return in[:1], nil
		}
	})
	if len(chunked) != 1 || chunked[0].ID != plain[0].ID {
		t.Errorf("%+v", chunked)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	yes := map[string]string{
		"strategy": "hi_res", "coordinates": "true", "encoding": "latin-1", "languages": `["eng", "de"]`, "ocr_languages": "eng+deu",
		"include_page_breaks": "1", "starting_page_number": "3", "unique_element_ids": "yes", "exclude_elements": "Title,Header",
		"skip_infer_table_types": "['pdf']", "content_type": "text/plain", "xml_keep_tags": "false", "extract_image_block_types": "[]",
		"hi_res_model_name": "", "metadata_filename": "x.txt", "detect_language_per_element": "true", "include_slide_notes": "true",
		"pdf_infer_table_structure": "true", "infer_table_structure": "true", "extract_image_block_to_payload": "false",
	}
	var o partition.Options
	for name, value := range yes {
		if err := o.Set(name, value); err != nil {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	if o.Strategy != "hi_res" || !o.Coordinates || o.StartingPageNumber != 3 || !slices.Equal(o.ExcludeElements, []string{"Title", "Header"}) ||
		!slices.Equal(o.SkipInferTableTypes, []string{"pdf"}) || o.Encoding != "latin-1" || !o.InferTableStructure {
		t.Errorf("%+v", o)
	}
	for name, c := range map[string][2]string{ // to value and words of the error
		"strategy": {"od_only", "not built in"}, "html_parser_version": {"v3", "v1 or v2"}, "coordinates": {"perhaps", "neither true nor false"}, "encoding": {"none", "not known"},
		"languages": {"klingon", "ISO 639"}, "starting_page_number": {"-1", "not a page number"}, "content_type": {"x/y", "not known"},
		"extract_image_block_to_payload": {"perhaps", "neither true nor false"}, "skip_infer_table_types": {"[1]", "list of strings"},
		"cordinates": {"true", "did you mean coordinates?"}, "zzz": {"1", "not a parameter"}, "vlm_model": {"x", "not built in"},
	} {
		if err := o.Set(name, c[0]); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s=%s: %v", name, c[0], err)
		}
	}
}

// zipOf makes a container.
func zipOf(entries map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range entries {
		w, _ := z.Create(name)
		_, _ = w.Write([]byte(content))
	}
	_ = z.Close()
	return b.Bytes()
}

const documentStart = `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`

func docxOf(body string) []byte {
	return zipOf(map[string]string{"word/document.xml": documentStart + body + "</w:body></w:document>"})
}

// bomb is a container with one entry that inflates to size bytes of spaces between two tags.
func bomb(size int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("word/document.xml")
	_, _ = w.Write([]byte(documentStart + "<w:p><w:r><w:t>"))
	piece := bytes.Repeat([]byte("a "), 1<<19)
	for range size / len(piece) {
		_, _ = w.Write(piece)
	}
	_, _ = w.Write([]byte("</w:t></w:r></w:p></w:body></w:document>"))
	_ = z.Close()
	return b.Bytes()
}

// manyEntries is a container whose directory lists n empty entries.
func manyEntries(n int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range n {
		_, _ = z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("x/%d", i), CRC32: crc32.ChecksumIEEE(nil)})
	}
	_ = z.Close()
	return b.Bytes()
}

// oleWith is a compound file with one stream, of a few bytes.
func oleWith(stream string) []byte { return formattest.OLE(map[string]string{stream: "x"}) }

// TestBadInput gives each file the outcome that its sender can do something with, soon and within the limits.
func TestBadInput(t *testing.T) {
	t.Parallel()
	limits := budget.Default
	limits.Inflated, limits.Time = 64<<20, 20*time.Second
	docx := sample(t, "report.docx")
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty.docx", nil, "empty"},
		{"empty.pdf", nil, "empty"},
		{"zeros.txt", make([]byte, 10_000), "unsupported"},
		{"zeros.docx", make([]byte, 10_000), "corrupt"},
		{"zeros.pdf", make([]byte, 10_000), "corrupt"},
		{"noise", []byte("\x00\x01\x02\x03\x80\x81\xfe\xff\x00\x07"), "unsupported"},
		{"really-html.pdf", sample(t, "handbook.html"), "ok"},
		{"really-docx.txt", docx, "ok"},
		{"really-text.docx", []byte("Only a line of text stands in this file."), "ok"},
		{"really-pdf.html", sample(t, "invoice.pdf"), "ok"},
		{"encrypted.docx", oleWith("EncryptedPackage"), "encrypted"},
		{"legacy.doc", oleWith("WordDocument"), "corrupt"},
		{"mail.msg", oleWith("__properties_version1.0"), "empty"},
		{"book.xls", oleWith("Workbook"), "corrupt"},
		{"show.ppt", oleWith("PowerPoint Document"), "corrupt"},
		{"nothing.doc", oleWith("Nothing"), "corrupt"},
		{"cut.doc", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "corrupt"},
		{"plain.zip", zipOf(map[string]string{"a.txt": "text"}), "unsupported"},
		{"nested.zip", zipOf(map[string]string{"a.docx": string(docx)}), "unsupported"},
		{"no-body.docx", zipOf(map[string]string{"word/document.xml": ""}), "empty"},
		{"not-xml.docx", zipOf(map[string]string{"word/document.xml": "<w:document><w:body><w:p"}), "corrupt"},
		{"bomb.docx", bomb(100 << 20), "too_large"},
		{"million.docx", manyEntries(200_000), "too_large"},
		{"entities.docx", zipOf(map[string]string{"word/document.xml": `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">` +
			`<!ENTITY c SYSTEM "file:///etc/passwd">]>` + documentStart + "<w:p><w:r><w:t>&b; &c; is text here</w:t></w:r></w:p></w:body></w:document>"}), "ok"},
		{"tables.docx", docxOf(strings.Repeat("<w:tbl><w:tr><w:tc>", 100_000)), "too_large"},
		{"runs.docx", docxOf("<w:p>" + strings.Repeat("<w:ins>", 100_000)), "too_large"},
		{"deep.json", []byte(strings.Repeat("[", 1_000_000)), "too_large"},
		{"deep-objects.json", []byte(strings.Repeat(`{"a":`, 5_000) + "1" + strings.Repeat("}", 5_000)), "too_large"},
		{"broken.json", []byte(`{"a": [1, 2`), "corrupt"},
		{"broken.ndjson", []byte("{\"a\": 1}\n{\"b\": \n"), "corrupt"},
		{"nested.html", []byte(strings.Repeat("<div>", 100_000) + "words that stay are here" + strings.Repeat("</div>", 100_000)), "ok"},
		{"bold.html", []byte("<p>" + strings.Repeat("<b><i>", 100_000) + "words that stay are here"), "ok"},
		{"cells.html", []byte("<table>" + strings.Repeat("<tr><td>x", 100_000)), "ok"},
		{"attributes.html", []byte("<p " + strings.Repeat(`a="b" `, 500_000) + ">words that stay are here</p>"), "ok"},
		{"picture.html", []byte(`<p>words that stay are here</p><img src="data:image/png;base64,` + strings.Repeat("QUFB", 5<<20) + `">`), "ok"},
		{"wide.csv", []byte(strings.Repeat("a,", 1_000_000) + "b\n1,2\n"), "ok"},
		{"ragged.csv", []byte("a,b\n" + strings.Repeat("1\n", 200_000) + strings.Repeat(",", 100_000)), "too_large"},
		{"line.txt", bytes.Repeat([]byte("word "), 2<<20), "ok"},
		{"lists.md", []byte(strings.Repeat("> ", 20_000) + "words that stay are here\n"), "ok"},
		{"links.md", []byte(strings.Repeat("[", 50_000) + "words that stay are here\n"), "ok"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			elements, err := parse(t.Context(), c.name, c.content, partition.Options{Limits: limits, Strategy: "fast"})
			if got := outcome(elements, err); got != c.want {
				t.Fatalf("%s, want %s: %v", got, c.want, err)
			}
			if strings.Contains(c.name, ".html") || strings.HasSuffix(c.name, ".md") {
				found := slices.ContainsFunc(elements, func(e element.Element) bool {
					return strings.Contains(e.Text, "words that stay") || e.Type == element.Table || e.Type == element.Title
				})
				if !found {
					t.Error("the text was lost")
				}
			}
			for _, e := range elements {
				if strings.Contains(e.Text, "root:") {
					t.Error("a file of the machine was read")
				}
			}
			if err != nil && (strings.Contains(err.Error(), "/tmp") || len(err.Error()) < 20) {
				t.Errorf("a message that helps nobody: %v", err)
			}
		})
	}
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"report.docx", "invoice.pdf", "handbook.html", "changes.md", "stock.csv", "pumps.json", "memo.txt"} {
		whole := sample(t, name)
		for i := range 20 {
			cut := whole[:len(whole)*i/20]
			elements, err := parse(t.Context(), name, cut, partition.Options{Strategy: "fast"})
			switch got := outcome(elements, err); got {
			case "ok", "empty", "corrupt":
			default:
				t.Errorf("%s cut at %d: %s", name, len(cut), got)
			}
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"report.docx", "invoice.pdf", "handbook.html", "memo.txt"} {
		if _, err := parse(ctx, name, sample(t, name), partition.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]budget.Limits{
		"bytes": {Bytes: 10}, "elements": {Elements: 2}, "text": {Text: 50}, "inflated": {Inflated: 500},
	} {
		if _, err := parse(t.Context(), "report.docx", sample(t, "report.docx"), partition.Options{Limits: l}); outcome(nil, err) != "too_large" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parse(t.Context(), "invoice.pdf", sample(t, "invoice.pdf"), partition.Options{Limits: budget.Limits{Pages: 1}}); outcome(nil, err) != "too_large" {
		t.Errorf("pages: %v", err)
	}
	if _, err := parse(t.Context(), "a.txt", bytes.Repeat([]byte("Words are here again.\n"), 200_000), partition.Options{Limits: budget.Limits{Time: time.Millisecond}}); outcome(nil, err) != "timed_out" {
		t.Errorf("time: %v", err)
	}
}

func FuzzPartition(f *testing.F) {
	for _, name := range []string{"memo.txt", "changes.md", "handbook.html", "stock.csv", "pumps.json", "report.docx"} {
		b, err := os.ReadFile(filepath.Join("..", "samples", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, b)
	}
	limits := budget.Default
	limits.Inflated, limits.Time = 16<<20, 5*time.Second
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		elements, err := parse(t.Context(), name, content, partition.Options{Limits: limits, Strategy: "fast"})
		if got := outcome(elements, err); got == string(budget.Crashed) || strings.HasPrefix(got, "error") {
			t.Errorf("%s: %v", got, err)
		}
	})
}

func BenchmarkPartition(b *testing.B) {
	for _, name := range []string{"memo.txt", "changes.md", "handbook.html", "stock.csv", "pumps.json", "report.docx", "invoice.pdf"} {
		content := sample(b, name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parse(b.Context(), name, content, partition.Options{Strategy: "fast"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The strategy concerns files that may need OCR; others are read whatever it says.
func TestStrategyOfOtherFiles(t *testing.T) {
	t.Parallel()
	read := func(name, content, strategy string) ([]element.Element, error) {
		var o partition.Options
		if err := o.Set("strategy", strategy); err != nil {
			t.Fatal(err)
		}
		return partition.Collect(partition.Partition(t.Context(), document.NewFile(name, "", int64(len(content)), strings.NewReader(content)), o))
	}
	for _, strategy := range []string{"auto", "fast", "hi_res", "ocr_only"} {
		got, err := read("a.txt", "The boats are tied to the quay at night.", strategy)
		if err != nil || len(got) != 1 || got[0].Type != element.NarrativeText {
			t.Errorf("%s: %v, %v", strategy, got, err)
		}
	}
}

// TestAttachments: each attachment has ids, parents and languages as a file by itself has; ids differ where names are the same.
func TestAttachments(t *testing.T) {
	t.Parallel()
	const note = "The keeper opened the gate in the morning."
	attached := func(name, text string) string {
		return "--b\nContent-Type: text/plain; charset=utf-8; name=" + name + "\nContent-Disposition: attachment; filename=" + name + "\n\n" + text + "\n"
	}
	mail := "From: a@x.example\nTo: b@x.example\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<h1>Gates of the year</h1><p>" + note + "</p>\n" +
		attached("n.txt", note) + attached("n.txt", note) + attached("m.txt", "Die Schleuse wurde im Frühjahr geöffnet, weil das Wasser stieg.") + "--b--\n"
	got, err := parse(t.Context(), "a.eml", []byte(mail), partition.Options{})
	if err != nil || len(got) != 5 {
		t.Fatalf("%v, %v", got, err)
	}
	alone, err := parse(t.Context(), "n.txt", []byte(note), partition.Options{})
	if err != nil || len(alone) != 1 || got[2].ID != alone[0].ID || got[3].ID == alone[0].ID || got[2].Metadata.AttachedToFilename != "a.eml" {
		t.Errorf("%v %v, %v", got, alone, err)
	}
	if got[1].Metadata.ParentID != got[0].ID || got[2].Metadata.ParentID != "" || !slices.Equal(got[4].Metadata.Languages, []string{"deu"}) || !slices.Equal(got[0].Metadata.Languages, []string{"eng"}) {
		t.Errorf("%+v", got)
	}
}

func TestLabelledPages(t *testing.T) {
	t.Parallel()
	const page = `<body class="Document"><div class="Page" data-page-number="2"><h1>Dues</h1><p>Owed by all.</p></div><div class="Page"><h1>More</h1></div></body>`
	o := partition.Options{HTMLParserVersion: "v2"}
	got, err := partition.Collect(partition.Partition(t.Context(), document.NewFile("a.html", "", int64(len(page)), strings.NewReader(page)), o))
	if err != nil || len(got) != 5 {
		t.Fatalf("%v, %v", got, err)
	}
	again, err := partition.Collect(partition.Partition(t.Context(), document.NewFile("a.html", "", int64(len(page)), strings.NewReader(page)), o))
	if err != nil || !reflect.DeepEqual(got, again) {
		t.Errorf("another result the second time: %v, %v", again, err)
	}
	if got[2].Metadata.ParentID != got[1].ID || got[0].Metadata.ParentID == "" || got[3].Metadata.ParentID != got[0].Metadata.ParentID {
		t.Errorf("%+v", got)
	}
	mail := "From: a@x.example\nTo: b@x.example\nSubject: x\nContent-Type: text/html\n\n<p>Words of the mail.</p>\n"
	got, err = partition.Collect(partition.Partition(t.Context(), document.NewFile("a.eml", "", int64(len(mail)), strings.NewReader(mail)), o))
	if err != nil || len(got) != 1 {
		t.Errorf("the page inside a mail: %v, %v", got, err)
	}
}
