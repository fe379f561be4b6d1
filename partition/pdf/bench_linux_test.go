package pdf

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/cputime"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// printed are the documents of test/layout that LibreOffice and Chromium have printed, or those that the environment variable PDFS names (a
// pattern).
func printed(b *testing.B) map[string][]byte {
	b.Helper()
	out := map[string][]byte{}
	pattern := cmp.Or(os.Getenv("PDFS"), filepath.Join("..", "..", "test", "layout", "testdata", "*.pdf"))
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		b.Fatalf("no files for %s: %v", pattern, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		out[filepath.Base(name)] = content
	}
	return out
}

// twoColumns is a generated document of 40 pages in two columns with a table each.
func twoColumns() []byte {
	w := &writer{}
	for page := range 40 {
		var content strings.Builder
		for line := range 40 {
			for column := range 2 {
				content.WriteString(at(50+260*float64(column), 740-13*float64(line), 9, fmt.Sprintf("Line %d of page %d tells what the keeper has seen on this day.", line, page)))
			}
		}
		for row := range 10 {
			fmt.Fprintf(&content, "50 %d m 550 %d l S 50 %d 500 18 re f 1 g ", 30+18*row, 30+18*row, 30+18*row)
			content.WriteString(at(60, 36+18*float64(row), 9, fmt.Sprintf("Cell %d", row)) + "0 g ")
		}
		w.page(content.String(), "")
	}
	return w.bytes()
}

// BenchmarkFast compares strategy fast, file to elements, with what PDFium itself takes to give the runs, objects and paths of the same
// files, one PDFium for each. Both are measured in turns and in processor time, so that whatever else the machine does changes nothing.
func BenchmarkFast(b *testing.B) {
	b.Run("printed", func(b *testing.B) { compare(b, printed(b)) })
	b.Run("book", func(b *testing.B) { compare(b, map[string][]byte{"book": twoColumns()}) })
}

func compare(b *testing.B, files map[string][]byte) {
	for _, content := range files { // compiles PDFium
		fastWalk(b, content)
		break
	}
	var ours, bare time.Duration
	pages := 0
	for b.Loop() {
		for _, content := range files {
			start := cputime.Own(b)
			pages += bareWalk(b, content)
			middle := cputime.Own(b)
			fastWalk(b, content)
			bare, ours = bare+middle-start, ours+cputime.Own(b)-middle
		}
	}
	b.ReportMetric(float64(pages)/ours.Seconds(), "pages/cpu-s")
	b.ReportMetric(float64(pages)/bare.Seconds(), "bare-pages/cpu-s")
	b.ReportMetric(ours.Seconds()/bare.Seconds(), "x-bare")
}

func benchOpen(b *testing.B, content []byte) *Document {
	b.Helper()
	d, err := Open(b.Context(), document.NewFile("a.pdf", "", int64(len(content)), bytes.NewReader(content)), format.Options{Strategy: "fast"}, budget.New(budget.Default))
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// fastWalk reads a document as Parse does, with one PDFium.
func fastWalk(b *testing.B, content []byte) {
	d := benchOpen(b, content)
	sheets := make([]Sheet, 0, d.Pages())
	for i := range d.Pages() {
		p, err := d.Page(b.Context(), i)
		if err != nil {
			b.Fatal(err)
		}
		s, err := Fast(b.Context(), p, i+1, d.budget)
		if err != nil {
			b.Fatal(err)
		}
		p.Free()
		sheets = append(sheets, s)
	}
	Finish(sheets, format.Options{})
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}

// bareWalk asks PDFium for the text and boxes of all runs, and for the kind, box and segments of all objects.
func bareWalk(b *testing.B, content []byte) int {
	d := benchOpen(b, content)
	in := d.in
	for i := range d.Pages() {
		page := in.Call(FPDF_LoadPage, uint64(d.handle), uint64(i))
		text := in.Call(FPDFText_LoadPage, page)
		chars := in.Int(FPDFText_CountChars, text)
		for k := range in.Int(FPDFText_CountRects, text, 0, uint64(chars)) {
			in.Call(FPDFText_GetRect, text, uint64(k), in.Out(0), in.Out(1), in.Out(2), in.Out(3))
		}
		if chars > 0 {
			buffer := in.Call(Malloc, 2*uint64(chars)+2)
			in.Call(FPDFText_GetText, text, 0, uint64(chars), buffer)
			_ = bytes.Clone(in.Bytes(Handle(buffer), 2*chars))
			in.Call(Free, buffer)
		}
		for k := range in.Int(FPDFPage_CountObjects, page) {
			object := in.Call(FPDFPage_GetObject, page, uint64(k))
			in.Call(FPDFPageObj_GetBounds, object, in.Out(0), in.Out(1), in.Out(2), in.Out(3))
			if in.Int(FPDFPageObj_GetType, object) != pathObject {
				continue
			}
			for s := range in.Int(FPDFPath_CountSegments, object) {
				segment := in.Call(FPDFPath_GetPathSegment, object, uint64(s))
				in.Call(FPDFPathSegment_GetType, segment)
				in.Call(FPDFPathSegment_GetPoint, segment, in.Out(0), in.Out(1))
			}
		}
		in.Call(FPDFText_ClosePage, text)
		in.Call(FPDF_ClosePage, page)
	}
	if err := in.Err(); err != nil {
		b.Fatal(err)
	}
	pages := d.Pages()
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
	return pages
}
