// Package markdown reads Markdown: it is made HTML, with tables and fenced code, and read as that (package html).
package markdown

import (
	"bytes"
	"context"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
	sluicehtml "github.com/sluicehq/sluice/partition/html"
)

var converter = goldmark.New(
	goldmark.WithExtensions(extension.Table),
	goldmark.WithRendererOptions(html.WithUnsafe()), // raw HTML passes through and is read like any other
)

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return nil, err
	}
	s, err := charset.Decode(raw, o.Encoding)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := converter.Convert([]byte(s), &out); err != nil {
		e := budget.Errorf(budget.Corrupt, "the Markdown cannot be read")
		e.Err = err
		return nil, e
	}
	return sluicehtml.Elements(ctx, out.String(), o, b)
}
