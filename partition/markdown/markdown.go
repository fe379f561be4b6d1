// Package markdown reads Markdown in the dialect of Python-Markdown with its tables and fenced_code extensions, which is
// what the reference reads. It is made HTML and read as that (package html).
//
// The dialect is older than CommonMark and differs from it: a list that follows a paragraph needs a blank line before it, a
// nested list is indented by four spaces, a heading needs no space after its #, fences of code stand at the left margin,
// and there are no bare addresses, task lists or strike-through.
package markdown

import (
	"context"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/html"
)

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	return html.Converted(ctx, f, o, b, toHTML)
}

// toHTML converts a text. Its error is that of the budget or the context.
func toHTML(ctx context.Context, s string, b *budget.Budget) (string, error) {
	store := &stash{}
	s = store.takeHTML(store.takeFences(normalise(s)))
	p := &parser{ctx: ctx, budget: b, references: map[string]string{}}
	root := &block{}
	p.chunk(root, s)
	if p.err != nil {
		return "", p.err
	}
	w := &writer{stash: store, references: p.references}
	w.children(root)
	return w.out.String(), nil
}
