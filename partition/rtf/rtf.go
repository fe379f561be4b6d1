// Package rtf reads Rich Text Format (specification 1.9.1): headings by outline level or style, lists, tables, links,
// emphasis, notes, headers and footers, in all code pages. Pictures, fields' instructions and deleted or hidden text are
// passed over. The body is made HTML and read as that (package html), which is how the reference comes to its elements.
package rtf

import (
	"bytes"
	"context"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/html"
)

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(raw, []byte(`{\rtf`)) {
		return nil, budget.Errorf(budget.Corrupt, `File is not a valid rtf. It does not begin with {\rtf: open it in its program and save it again.`)
	}
	r := newReader(ctx, raw, b)
	if err := r.read(); err != nil {
		return nil, err
	}
	var out []element.Element
	for _, p := range r.pieces {
		found, err := html.Elements(ctx, p.html, o, b)
		if err != nil {
			return nil, err
		}
		if p.margin == "" {
			out = append(out, found...)
			continue
		}
		if e, ok := margin(p, found); ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// piece is a part of the document as HTML: of the body, or what stands at the margin of its pages.
type piece struct {
	html   string
	margin element.Type // Header, Footer, or "" for the body
	pages  string       // header_footer_type
}

// margin makes one element of a header or footer, a line a paragraph.
func margin(p piece, found []element.Element) (e element.Element, ok bool) {
	var lines []string
	for _, f := range found {
		if f.Text != "" {
			lines = append(lines, f.Text)
		}
	}
	depth := 0
	e = element.Element{Type: p.margin, Text: strings.Join(lines, "\n")}
	e.Metadata.CategoryDepth, e.Metadata.HeaderFooterType = &depth, p.pages
	return e, e.Text != ""
}
