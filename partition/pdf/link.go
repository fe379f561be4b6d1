package pdf

import (
	"context"

	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// maxAnnotations is how many links, and how many fields, of one page are read.
const maxAnnotations = 20_000

// readLinks reads the link annotations that lead to an address or to a place in the document. Actions of other kinds (a program to
// start, a script to run) are only noted.
func (w *walker) readLinks(ctx context.Context) error {
	in := w.in
	position, link := in.Out(0), in.Out(1)
	in.Zero(0)
	for last := 0; ; {
		if err := w.budget.Tick(ctx); err != nil {
			return err
		}
		if !in.True(FPDFLink_Enumerate, uint64(w.page), position, link) || len(w.p.Links) >= maxAnnotations {
			return nil
		}
		next, handle := in.OutInt(0), uint64(uint32(in.OutInt(1))) //nolint:gosec // an address
		if next <= last || handle == 0 {
			return nil
		}
		last = next
		url, ok := w.target(handle)
		if ok && in.True(FPDFLink_GetAnnotRect, handle, in.Out(2)) {
			if box := w.rectAt(2); box.Finite() {
				w.p.Links = append(w.p.Links, layout.Link{Box: box, URL: url})
			}
		}
	}
}

// target returns the address that a link leads to, "" for a place in the document; false for any other action.
func (w *walker) target(link uint64) (string, bool) {
	const (
		toPlace   = 1
		toAddress = 3
	)
	in := w.in
	action := in.Call(FPDFLink_GetAction, link)
	if action == 0 {
		return "", in.Call(FPDFLink_GetDest, uint64(w.handle), link) != 0
	}
	switch in.Int(FPDFAction_GetType, action) {
	case toPlace:
		return "", true
	case toAddress:
		url := in.ASCII(FPDFAction_GetURIPath, uint64(w.handle), action)
		return url, url != ""
	default:
		w.linkAction(action)
		return "", false
	}
}
