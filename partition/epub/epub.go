// Package epub reads EPUB books: the documents of the spine one after the other, each as HTML, then their notes.
package epub

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/html"
	"github.com/sluicehq/sluice/partition/markup"
	"github.com/sluicehq/sluice/partition/ooxml"
)

// maxChapter is the largest document of a book, bytes.
const maxChapter = 256 << 20

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	p, err := ooxml.Open(f, "EPUB", b)
	if err != nil {
		return nil, err
	}
	names, linear, folder, cover, err := spine(ctx, p)
	if err != nil {
		return nil, err
	}
	c := &chapters{ctx: ctx, budget: b}
	var out []element.Element
	if cover != "" { // the picture on the cover stands before the book
		out = append(out, element.Element{Type: element.Image, Metadata: element.Metadata{ImageURL: cover}})
	}
	notes := func() error {
		found, err := html.Elements(ctx, c.notes.Section(), o, b)
		out, c.notes = append(out, found...), markup.Notes{}
		return err
	}
	for i, name := range names {
		if i == linear {
			if err := notes(); err != nil {
				return nil, err
			}
		}
		if err := b.Page(); err != nil {
			return nil, err
		}
		raw, err := p.Read(name, maxChapter)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a book without one of its chapters still has the others
		}
		if err != nil {
			return nil, err
		}
		s, err := charset.Decode(raw, "")
		if err != nil {
			return nil, err
		}
		if s, err = c.rewrite(s, path.Dir(strings.TrimPrefix(name, folder))); err != nil {
			return nil, err
		}
		found, err := html.Elements(ctx, s, o, b)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, notes()
}

// spine lists the book's documents in reading order, behind the first so many, linear, those that are beside it. folder is where
// the list of contents stands, with a slash; cover is the picture on its cover as the list of contents has it, "" when
// there is none.
func spine(ctx context.Context, p *ooxml.Package) (names []string, linear int, folder, cover string, err error) {
	invalid := func(what string) error {
		return budget.Errorf(budget.Corrupt, "Invalid EPUB file: %s. Open it in a reader and save it again.", what)
	}
	main := ""
	err = p.Each(ctx, "META-INF/container.xml", []string{"container", "rootfiles"}, func(n *ooxml.Node) error {
		if main == "" && n.Name == "rootfile" {
			main = n.Attr("full-path")
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && main == "" {
		return nil, 0, "", "", invalid("it does not say where its contents are listed")
	}
	if err != nil {
		return nil, 0, "", "", err
	}
	type item struct{ name, href, media, properties string }
	coverID := ""
	items := map[string]item{}
	var order, beside []string
	err = p.Each(ctx, main, []string{"package"}, func(n *ooxml.Node) error {
		for _, c := range n.Children {
			switch {
			case n.Name == "manifest" && c.Name == "item":
				name := c.Attr("href")
				if decoded, err := url.PathUnescape(name); err == nil {
					name = decoded
				}
				items[c.Attr("id")] = item{path.Join(path.Dir(main), name), c.Attr("href"), c.Attr("media-type"), c.Attr("properties")}
			case n.Name == "metadata" && c.Name == "meta" && c.Attr("name") == "cover":
				coverID = c.Attr("content")
			case n.Name == "spine" && c.Name == "itemref":
				if c.Attr("linear") == "no" {
					beside = append(beside, c.Attr("idref"))
				} else {
					order = append(order, c.Attr("idref"))
				}
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, "", "", invalid("its list of contents is missing")
	}
	if err != nil {
		return nil, 0, "", "", err
	}
	if i := items[coverID]; strings.HasPrefix(i.media, "image/") {
		cover = i.href
	}
	for _, id := range slices.Sorted(maps.Keys(items)) { // as the third version of the format says it
		if i := items[id]; cover == "" && strings.HasPrefix(i.media, "image/") && slices.Contains(strings.Fields(i.properties), "cover-image") {
			cover = i.href
		}
	}
	for n, id := range append(order, beside...) {
		if n == len(order) {
			linear = len(names)
		}
		i, ok := items[id]
		if ok && !strings.Contains(i.properties, "nav") && (i.media == "" || strings.Contains(i.media, "html") || strings.Contains(i.media, "xml")) {
			names = append(names, i.name)
		}
	}
	if len(names) == 0 {
		return nil, 0, "", "", invalid("it lists no chapters")
	}
	if folder = path.Dir(main) + "/"; folder == "./" {
		folder = ""
	}
	return names, linear, folder, cover, nil
}
