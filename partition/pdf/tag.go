package pdf

import (
	"context"

	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

const (
	maxTags     = 50_000 // elements of the structure tree on one page
	maxTagDepth = 128
)

// readTags reads the part of the structure tree that belongs to the page. PDFium has applied the role map.
func (w *walker) readTags(ctx context.Context) error {
	if w.untagged {
		return nil
	}
	tree := w.in.Call(FPDF_StructTree_GetForPage, uint64(w.page))
	if tree == 0 {
		return nil
	}
	defer w.in.Call(FPDF_StructTree_Close, tree)
	w.tags = map[int]int{}
	for i := range w.in.Int(FPDF_StructTree_CountChildren, tree) {
		if err := w.tag(ctx, w.in.Call(FPDF_StructTree_GetChildAtIndex, tree, uint64(i)), -1, 0); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) tag(ctx context.Context, element uint64, parent, depth int) error {
	if err := w.budget.Tick(ctx); err != nil {
		return err
	}
	in := w.in
	if element == 0 || depth > maxTagDepth || len(w.p.Tags) >= maxTags || in.Ended() {
		return nil
	}
	at := len(w.p.Tags)
	t := layout.Tag{Type: in.Text(FPDF_StructElement_GetType, element), Parent: parent, Order: at}
	switch t.Type {
	case "TD", "TH":
		t.Spans = w.spans(element)
	case "Figure", "Formula", "Form", "Link", "Span":
		t.Alt = in.Text(FPDF_StructElement_GetAltText, element)
	}
	w.p.Tags = append(w.p.Tags, t)
	for i := range min(in.Int(FPDF_StructElement_CountChildren, element), maxTags) {
		if id := in.Int(FPDF_StructElement_GetChildMarkedContentID, element, uint64(i)); id >= 0 {
			w.tags[id] = at
			continue
		}
		if err := w.tag(ctx, in.Call(FPDF_StructElement_GetChildAtIndex, element, uint64(i)), at, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// spans reads over how many rows and columns a cell goes (ISO 32000-1, 14.8.5.7).
func (w *walker) spans(element uint64) (spans [2]int) {
	const most = 16
	in := w.in
	for i, name := range [...]string{"RowSpan", "ColSpan"} {
		key := in.CString(name)
		for k := range min(in.Int(FPDF_StructElement_GetAttributeCount, element), most) {
			attributes := in.Call(FPDF_StructElement_GetAttributeAtIndex, element, uint64(k))
			if attributes == 0 {
				continue
			}
			value := in.Call(FPDF_StructElement_Attr_GetValue, attributes, key)
			if value != 0 && in.True(FPDF_StructElement_Attr_GetNumberValue, value, in.Out(0)) {
				if n := in.OutFloat(0); n >= 1 && n < 1000 {
					spans[i] = int(n)
				}
			}
		}
		in.Call(Free, key)
	}
	return spans
}

// tagOf returns the tag of an object; of one without, that of the place where its form is drawn.
func (w *walker) tagOf(object Handle, outer int) int {
	if w.tags == nil {
		return -1
	}
	if outer < 0 { // ids within a form count for the form's own stream
		if at, ok := w.tags[w.in.Int(FPDFPageObj_GetMarkedContentID, uint64(object))]; ok {
			return at
		}
		if w.isArtifact(object) {
			return w.artifactTag()
		}
	}
	return outer
}

// isArtifact tells whether an object is marked as page furniture (ISO 32000-1, 14.8.2.2).
func (w *walker) isArtifact(object Handle) bool {
	const most = 16
	in := w.in
	for i := range min(in.Int(FPDFPageObj_CountMarks, uint64(object)), most) {
		if mark := in.Call(FPDFPageObj_GetMark, uint64(object), uint64(i)); mark != 0 && in.Name(FPDFPageObjMark_GetName, mark) == "Artifact" {
			return true
		}
	}
	return false
}

func (w *walker) artifactTag() int {
	if w.artifact < 0 {
		w.artifact = len(w.p.Tags)
		w.p.Tags = append(w.p.Tags, layout.Tag{Type: "Artifact", Parent: -1, Order: w.artifact})
	}
	return w.artifact
}
