package filetype

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
)

// TestWrongNames gives each content the names and declared types of all the others: a signature beats them.
func TestWrongNames(t *testing.T) {
	t.Parallel()
	part := func(name string) string { return string(formattest.Zip(map[string]string{name: "x"})) }
	media := func(s string) string { return string(formattest.Zip(map[string]string{"mimetype": s})) }
	for want, content := range map[Type]string{
		PDF: "%PDF-1.7\n", RTF: `{\rtf1 x}`, DOCX: part("word/document.xml"), XLSX: part("xl/workbook.xml"), PPTX: part("ppt/presentation.xml"),
		EPUB: media("application/epub+zip"), ODT: media(ODT.MIME), ODS: media(ODS.MIME), ODP: media(ODP.MIME), ZIP: part("a.txt"),
		PNG: "\x89PNG\r\n\x1a\n0000", JPEG: "\xff\xd8\xff\xe0", GIF: "GIF89a..", TIFF: "II*\x00....", WEBP: "RIFF....WEBPVP8 ",
		HEIC: "\x00\x00\x00\x18ftypheic", WAV: "RIFF....WAVEfmt ", MP3: "ID3\x03\x00", BMP: "BM....\x00\x00\x00\x00" + strings.Repeat("\x00", 20),
		DOC: compound("WordDocument"), PPT: compound("PowerPoint Document"), XLS: compound("Workbook"), MSG: compound("__properties_version1.0"), EncryptedOffice: compound("EncryptedPackage"),
	} {
		for ext, named := range extensions {
			f := document.NewFile("a."+ext, "", int64(len(content)), bytes.NewReader([]byte(content)))
			if got, err := Detect(f, named.MIME, budget.New(budget.Default)); err != nil || got != want {
				t.Errorf("%s named and declared %s: %s, %v", want.Name, ext, got.Name, err)
			}
		}
	}
}

// compound is a compound file with a stream of that name.
func compound(stream string) string {
	return string(formattest.OLE(map[string]string{stream: "x", "inner/WordDocument": "x"}))
}

// TestNames finds every extension and every declared name, in any case.
func TestNames(t *testing.T) {
	t.Parallel()
	for ext, want := range extensions {
		if got, ok := ByExtension("x/Y." + strings.ToUpper(ext)); !ok || got != want {
			t.Errorf("%s: %s", ext, got.Name)
		}
		if got, ok := ByMIME(strings.ToUpper(want.MIME) + "; charset=utf-8"); !ok || got != want {
			t.Errorf("%s: %s", want.MIME, got.Name)
		}
	}
	for _, name := range []string{"", ".", "a", "pdf", "a.pdf.", "a.xyz"} {
		if got, ok := ByExtension(name); ok {
			t.Errorf("%q: %s", name, got.Name)
		}
	}
}

// TestText has texts of every kind under names that mean files with a signature.
func TestText(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]Type{
		"Only a line of text stands in this file.": Text, "<!doctype HTML><p>x": HTML, "<?xml version='1.0'?><a/>": XML, "{\"a\": 1}": JSON,
		"a,b\n1,2\n": CSV, "\xff\xfeN\x00o\x00r\x00t\x00h\x00": Text, "N\x00\x00\x00o\x00\x00\x00r\x00\x00\x00t\x00\x00\x00h\x00\x00\x00": Text,
		"Subject: x\r\nFrom: a@x.example\r\nTo: b@x.example\r\n\r\nbody": EML,
	} {
		for _, name := range []string{"a.docx", "a.pdf", "a.png", "a.xls", "a"} {
			f := document.NewFile(name, "", int64(len(content)), bytes.NewReader([]byte(content)))
			if got, err := Detect(f, "", budget.New(budget.Default)); err != nil || got != want {
				t.Errorf("%q as %s: %s, want %s, %v", content, name, got.Name, want.Name, err)
			}
		}
	}
}

// TestCut looks at containers that end too early: their name says what they were.
func TestCut(t *testing.T) {
	t.Parallel()
	whole := formattest.Zip(map[string]string{"word/document.xml": strings.Repeat("text ", 100)})
	for i := 1; i < 20; i++ {
		cut := whole[:len(whole)*i/20]
		f := document.NewFile("a.docx", "", int64(len(cut)), bytes.NewReader(cut))
		if got, err := Detect(f, "", budget.New(budget.Default)); err != nil || got != DOCX {
			t.Errorf("cut at %d twentieths: %s, %v", i, got.Name, err)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	for name, content := range map[string]string{
		"text": strings.Repeat("The pump at the north gate was replaced because it leaked.\n", 1000), "docx": string(formattest.Zip(map[string]string{"word/document.xml": "x"})),
		"json": "[" + strings.Repeat(`{"a": 1},`, 5000) + "{}]",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Detect(document.NewFile("a", "", int64(len(content)), strings.NewReader(content)), "", budget.New(budget.Default)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
