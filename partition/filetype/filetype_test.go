package filetype

import (
	"bytes"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
)

func TestDetect(t *testing.T) {
	container := func(parts ...string) string {
		all := map[string]string{}
		for _, p := range parts {
			all[p] = "x"
		}
		return string(formattest.Zip(all))
	}
	for _, c := range []struct {
		name, content, hint string
		want                Type
	}{
		{"a.txt", "", "", Empty},
		{"a", "%PDF-1.7\n", "", PDF},
		{"a.txt", "%PDF-1.7\n", "text/plain", PDF},
		{"a", "\n\n%PDF-1.7\n", "", PDF},
		{"a.txt", "Read the %PDF-1.7 specification.", "", Text},
		{"a.zip", container("word/document.xml"), "", DOCX},
		{"a", container("xl/workbook.xml"), "", XLSX},
		{"a", container("ppt/presentation.xml"), "", PPTX},
		{"a.docx", container("readme.txt"), "", ZIP},
		{"a", string(formattest.Zip(map[string]string{"mimetype": "application/epub+zip"})), "", EPUB},
		{"a", string(formattest.Zip(map[string]string{"mimetype": "application/vnd.oasis.opendocument.text"})), "", ODT},
		{"a", `{\rtf1 x}`, "", RTF},
		{"a", "\x89PNG\r\n\x1a\n0000", "", PNG},
		{"a.docx", "\x89PNG\r\n\x1a\n0000", DOCX.MIME, PNG},
		{"a", `[{"type": "Title", "text": "x"}]`, "", JSON},
		{"a", "{\"a\": 1}\n{\"a\": 2}\n", "", NDJSON},
		{"a.json", "{\"a\": 1}\n{\"a\": 2}\n", "", NDJSON},
		{"a", "<!DOCTYPE html><html><body>x</body></html>", "", HTML},
		{"a", "<?xml version='1.0'?><a/>", "", XML},
		{"a.md", "# x\n", "", Markdown},
		{"a.go", "package x\n", "", Text},
		{"a", "x,y\n1,2\n", "text/csv; charset=utf-8", CSV},
		{"a.csv", "x,y\n1,2\n", "application/octet-stream", CSV},
		{"mail", "Return-Path: <a@x.example>\nFrom: a@x.example\nTo: b@x.example\nSubject: x\nDate: Tue, 3 Feb 2026 10:00:00 +0200\n\nbody\n", "", EML},
		{"a.bin", "\x00\x01\x02\x03\x04\x05\x06\x07", "", Unknown},
		{"a.txt", "Gr\xfc\xdfe aus K\xf6ln", "", Text},
	} {
		f := document.NewFile(c.name, "", int64(len(c.content)), bytes.NewReader([]byte(c.content)))
		got, err := Detect(f, c.hint, budget.New(budget.Default))
		if err != nil || got != c.want {
			t.Errorf("%s, %.20q, %s: %v, %v, want %v", c.name, c.content, c.hint, got.Name, err, c.want.Name)
		}
	}
}

func TestByName(t *testing.T) {
	for mime, want := range map[string]Type{"TEXT/CSV": CSV, "application/xhtml+xml; charset=x": HTML, "text/x-python": Text, "image/jpg": JPEG} {
		if got, ok := ByMIME(mime); !ok || got != want {
			t.Errorf("%s: %v", mime, got)
		}
	}
	if _, ok := ByMIME("video/mp4"); ok {
		t.Error("video")
	}
	for name, want := range map[string]Type{"A.HTM": HTML, "x/y.tar.xlsm": XLSX, "b.p7s": EML} {
		if got, ok := ByExtension(name); !ok || got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzDetect(f *testing.F) {
	f.Add("a.txt", "text/plain", []byte("x"))
	f.Add("a.docx", "", formattest.Zip(map[string]string{"word/document.xml": ""}))
	f.Fuzz(func(t *testing.T, name, hint string, content []byte) {
		file := document.NewFile(name, "", int64(len(content)), bytes.NewReader(content))
		if got, err := Detect(file, hint, budget.New(budget.Default)); err == nil && got.MIME == "" {
			t.Errorf("no type for %q", content)
		}
	})
}
