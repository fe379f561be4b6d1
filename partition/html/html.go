// Package html reads HTML. Headings become titles with depth, list items keep their nesting, tables and code are kept
// whole, everything else is cut into paragraphs at block elements and classified by the text rule of HTML. Links,
// emphasis and images are metadata. Other formats that are markup at heart (Markdown, mail, books) come through here.
package html

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
)

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return nil, err
	}
	s, err := decode(raw, o.Encoding)
	if err != nil {
		return nil, err
	}
	if o.LabelledHTML {
		return Labelled(ctx, s, o, b)
	}
	return Elements(ctx, s, o, b)
}

// Converted reads a text in a lighter markup: convert makes it a page. Its error is that of the budget or the context.
func Converted(ctx context.Context, f document.File, o format.Options, b *budget.Budget,
	convert func(ctx context.Context, s string, b *budget.Budget) (string, error),
) ([]element.Element, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return nil, err
	}
	s, err := charset.Decode(raw, o.Encoding)
	if err != nil {
		return nil, err
	}
	page, err := convert(ctx, s, b)
	if err != nil {
		return nil, err
	}
	return Elements(ctx, page, o, b)
}

// Elements reads a page or a piece of one, in UTF-8: the first main element, else the body, else everything.
func Elements(ctx context.Context, s string, o format.Options, b *budget.Budget) ([]element.Element, error) {
	root, err := parse(ctx, strings.ReplaceAll(s, "\x00", ""), b)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"main", "body"} {
		if n := root.find(name); n != nil {
			root = n
			break
		}
	}
	p := &partitioner{ctx: ctx, budget: b, options: o}
	p.flow(root, around{})
	return p.out, p.err
}
