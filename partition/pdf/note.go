package pdf

import (
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
	"github.com/sluicehq/sluice/partition/raster"
	"github.com/sluicehq/sluice/partition/text"
)

// noteKinds are the annotations that hold what somebody wrote (PDFium's numbers, fpdf_annot.h).
var noteKinds = map[int]string{
	1: "text", 3: "free_text", 4: "line", 5: "square", 6: "circle", 7: "polygon", 8: "polyline", 9: "highlight", 10: "underline", 11: "squiggly",
	12: "strikeout", 13: "stamp", 14: "caret", 15: "ink",
}

const (
	maxNotes  = 2000     // of a page
	maxNote   = 64 << 10 // bytes of one
	maxAuthor = 200      // bytes
)

// annotationText keeps what somebody wrote on the page.
func (w *walker) annotationText(annotation uint64, kind int, k keys) {
	const hidden, noView = 1 << 1, 1 << 5 // flags of annotations (ISO 32000-1, table 165)
	in := w.in
	name := noteKinds[kind]
	if name == "" || len(w.p.Notes) >= maxNotes || k.text == 0 || k.author == 0 || in.Int(FPDFAnnot_GetFlags, annotation)&(hidden|noView) != 0 {
		return
	}
	n := layout.Note{Kind: name, Text: text.Collapse(in.Text(FPDFAnnot_GetStringValue, annotation, k.text))}
	if len(n.Text) > maxNote {
		n.Text = strings.ToValidUTF8(n.Text[:maxNote], "")
	}
	if n.Text == "" || !in.True(FPDFAnnot_GetRect, annotation, in.Out(0)) {
		return
	}
	if n.Box = w.rectAt(0); !n.Box.Finite() {
		return
	}
	if n.Author = text.Collapse(in.Text(FPDFAnnot_GetStringValue, annotation, k.author)); len(n.Author) > maxAuthor {
		n.Author = strings.ToValidUTF8(n.Author[:maxAuthor], "")
	}
	w.p.Notes = append(w.p.Notes, n)
}

// annotationKey is the metadata key of an element that somebody wrote on a page. The reference has none.
const annotationKey = "annotation"

// addNotes puts what was written on a page behind its elements. A note that repeats words of the page, as many programs make for a highlight,
// is left out.
func (l *leaf) addNotes(p *layout.Page) {
	if len(p.Notes) == 0 {
		return
	}
	var page strings.Builder
	for _, e := range l.sheet.elements {
		page.WriteString(text.Collapse(e.Text) + " ")
	}
	for _, e := range l.sheet.pieces {
		page.WriteString(e.text + " ")
	}
	said := page.String()
	for _, n := range p.Notes {
		if strings.Contains(said, n.Text) {
			continue
		}
		written := piece{box: n.Box, text: n.Text, kind: element.UncategorizedText}
		if kind, _, ok := text.Classify(n.Text); ok && kind == element.NarrativeText {
			written.kind = kind
		}
		e := written.element(l.sheet.page, p.Width, p.Height)
		if l.place.Turns != 0 { // its box is that of the page as it is, those of the others are of the page turned
			e.Metadata.Coordinates = nil
		}
		about := map[string]any{"type": n.Kind}
		if n.Author != "" {
			about["author"] = n.Author
		}
		raster.Note(&e, annotationKey, about)
		l.sheet.notes = append(l.sheet.notes, e)
	}
}
