package pdfium

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestView holds that what is read of PDFium's memory is what PDFium answers: all characters and all objects of printed documents. It
// fails where another build of PDFium keeps them in other places; partition/pdf then reads by calls, which is slower.
func TestView(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "..", "test", "layout", "testdata")
	names, err := filepath.Glob(filepath.Join(dir, "*.pdf"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no documents in %s: %v", dir, err)
	}
	engine, err := Compile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	chars, texts := 0, 0
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		in, err := engine.Instance()
		if err != nil {
			t.Fatal(err)
		}
		document := in.Open(bytes.NewReader(content), int64(len(content)), "")
		for i := range in.Int(FPDF_GetPageCount, uint64(document)) {
			page := in.Handle(FPDF_LoadPage, uint64(document), uint64(i))
			text := in.Handle(FPDFText_LoadPage, uint64(page))
			count := in.Int(FPDFText_CountChars, uint64(text))
			seen := in.Chars(text, count)
			if seen.bytes == nil {
				t.Fatalf("%s: characters are not where they should be", name)
			}
			for k := range count {
				if !seen.checked(k) {
					t.Fatalf("%s, page %d, character %d: %+v is read, %+v is answered", name, i, k, seen.At(k), seen.ask(k))
				}
			}
			chars += count
			objects := in.Objects(page, 1<<30)
			if n := in.Int(FPDFPage_CountObjects, uint64(page)); n != len(objects) {
				t.Fatalf("%s, page %d: %d objects, PDFium counts %d", name, i, len(objects), n)
			}
			for k, object := range objects {
				if o := in.Handle(FPDFPage_GetObject, uint64(page), uint64(k)); o != object {
					t.Fatalf("%s, page %d, object %d: %d is read, %d is answered", name, i, k, object, o)
				}
				kind := in.Int(FPDFPageObj_GetType, uint64(object))
				if got := in.Kind(object); got != kind {
					t.Fatalf("%s, page %d, object %d: its kind is read as %d, answered as %d", name, i, k, got, kind)
				}
				if kind != 1 {
					continue
				}
				texts++
				if got, want := in.Style(object), in.askStyle(object); got != want {
					t.Fatalf("%s, page %d, text %d: %+v is read, %+v is answered", name, i, k, got, want)
				}
			}
		}
		if in.strange || in.Err() != nil {
			t.Fatalf("%s: PDFium's memory is strange, %v", name, in.Err())
		}
		byCalls(t, in, document)
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if chars < 10_000 || texts < 1_000 {
		t.Fatalf("only %d characters and %d texts", chars, texts)
	}
}

// byCalls holds that the first page of a document is the same where nothing is read of PDFium's memory.
func byCalls(t *testing.T, in *Instance, document Handle) {
	t.Helper()
	page := in.Handle(FPDF_LoadPage, uint64(document), 0)
	text := in.Handle(FPDFText_LoadPage, uint64(page))
	count := in.Int(FPDFText_CountChars, uint64(text))
	seen, objects := in.Chars(text, count), in.Objects(page, 1<<30)
	in.strange = true
	asked := in.Chars(text, count)
	if asked.bytes != nil || !slices.Equal(objects, in.Objects(page, 1<<30)) {
		t.Fatal("calls give other objects, or are not used")
	}
	for k := range count {
		if seen.At(k) != asked.At(k) || seen.Matrix(k) != asked.Matrix(k) {
			t.Fatalf("character %d: %+v is read, %+v is answered", k, seen.At(k), asked.At(k))
		}
	}
}
