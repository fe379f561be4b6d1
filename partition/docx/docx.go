// Package docx reads WordprocessingML (ECMA-376 part 1): .docx and its kin. Headings get their depth from the style,
// list items from numbering or style; tables keep their grid; headers and footers stand around their section; notes and
// comments stand behind the document; page numbers come from the page breaks that a word processor noted when it last rendered the file.
package docx

import (
	"context"
	"errors"
	"html"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/word"
)

// reader is one document on its way.
type reader struct {
	*ooxml.Package
	ctx      context.Context
	options  format.Options
	main     string
	links    map[string]ooxml.Relationship
	styles   map[string]string // name by id
	normal   string            // name of the default paragraph style
	evenOdd  bool              // even pages have headers of their own
	rendered bool              // a page break was noted
	page     int
	places   int // on the grids of tables so far
	repeated int // bytes of text in those
	notes    map[string]*notes
	pending  []note // were referred to and not read yet
	inNotes  bool   // the body is at its end
	noteErr  error
	budget   *budget.Budget
	out      []element.Element
}

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	p, err := ooxml.Open(f, "docx", b)
	if err != nil {
		return nil, err
	}
	r := &reader{Package: p, ctx: ctx, options: o, budget: b, page: o.FirstPage(), styles: map[string]string{}, normal: "Normal", notes: map[string]*notes{}}
	if err := r.open(); err != nil {
		return nil, err
	}
	if err := r.body(); err != nil {
		return nil, err
	}
	return r.out, nil
}

// open reads what the body is understood by.
func (r *reader) open() (err error) {
	if r.main, err = r.Main(r.ctx, "word/document.xml"); err != nil {
		return err
	}
	if r.links, err = r.Relationships(r.ctx, r.main); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(r.links)) {
		link := r.links[id]
		if link.External {
			continue
		}
		switch link.Type {
		case "styles":
			err = r.readStyles(link.Target)
		case "settings":
			err = r.Each(r.ctx, link.Target, []string{"settings"}, func(n *ooxml.Node) error {
				if n.Name == "evenAndOddHeaders" {
					r.evenOdd = n.Attr("val") != "0" && n.Attr("val") != "false"
				}
				return nil
			})
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (r *reader) readStyles(part string) error {
	tags, err := r.Tags(r.ctx, part) // most of the part is of no interest: table styles can have hundreds of kilobytes
	if err != nil {
		return err
	}
	defer tags.Close()
	attr := func(name string) string { return html.UnescapeString(string(tags.Attr(name))) }
	id, normal := "", false
	for depth := 0; ; {
		kind, err := tags.Next()
		if errors.Is(err, io.EOF) && depth == 0 {
			return nil
		}
		if err != nil {
			return tags.Damaged(err)
		}
		switch kind {
		case ooxml.TagEnd:
			depth--
		case ooxml.TagStart:
			switch name := string(tags.Name); {
			case depth == 0 && name == "styles":
				depth++
			case depth == 1 && name == "style" && attr("type") == "paragraph":
				depth++
				id, normal = attr("styleId"), attr("default") == "1" || attr("default") == "true"
				r.setStyle(id, "", normal)
			default:
				if depth == 2 && name == "name" {
					r.setStyle(id, attr("val"), normal)
				}
				if err := tags.Skip(); err != nil {
					return err
				}
			}
		}
	}
}

// setStyle keeps the name of a paragraph style.
func (r *reader) setStyle(id, name string, normal bool) {
	r.styles[id] = word.StyleName(name)
	if normal {
		r.normal = r.styles[id]
	}
}

// body reads the blocks. The properties of a section stand at its end: headers are put before what was read of it.
func (r *reader) body() error {
	sections := 0
	begin, page := 0, r.page // of the section: its first element, its first page
	finish := func(properties *ooxml.Node) error {
		blocks := slices.Clone(r.out[begin:])
		r.out = r.out[:begin]
		if blankBefore(properties, sections, page) {
			r.turn()
			for _, e := range blocks {
				if e.Metadata.PageNumber != nil {
					*e.Metadata.PageNumber++
				}
			}
		}
		if err := r.furniture(properties, "header", element.Header); err != nil {
			return err
		}
		r.out = append(r.out, blocks...)
		if err := r.furniture(properties, "footer", element.Footer); err != nil {
			return err
		}
		sections++
		begin, page = len(r.out), r.page
		return nil
	}
	err := r.Each(r.ctx, r.main, []string{"document", "body"}, func(n *ooxml.Node) error {
		if n.Name == "sectPr" {
			return finish(n)
		}
		if err := r.block(n); err != nil {
			return err
		}
		if limit := r.budget.Limits().Elements; limit > 0 && int64(len(r.out)) > limit {
			return budget.Errorf(budget.TooLarge, "the file gives more than %d elements; divide it", limit)
		}
		if properties := n.Child("pPr", "sectPr"); n.Name == "p" && properties != nil {
			return finish(properties)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return budget.Errorf(budget.Corrupt, "File is not a valid docx. Its main part is missing.")
	}
	if err == nil {
		err = r.readNotes()
	}
	if err != nil || r.rendered {
		return err
	}
	for i := range r.out {
		r.out[i].Metadata.PageNumber = nil // nobody noted where pages end
	}
	return nil
}

// blankBefore tells whether an empty page stands before a section that begins on an even or odd one.
func blankBefore(properties *ooxml.Node, index, page int) bool {
	switch properties.Val("type") {
	case "evenPage":
		return page%2 == 0
	case "oddPage":
		return index > 0 && page%2 == 1
	}
	return false
}

// turn goes to the next page.
func (r *reader) turn() {
	r.page++
	if r.options.IncludePageBreaks {
		r.out = append(r.out, element.Element{Type: element.PageBreak})
	}
}

// emit adds an element of the body.
func (r *reader) emit(e element.Element) {
	page := r.page
	e.Metadata.PageNumber = &page
	r.out = append(r.out, e)
}

// furniture adds the headers or footers that a section defines; those that it takes over from the one before are not
// repeated.
func (r *reader) furniture(section *ooxml.Node, what string, kind element.Type) error {
	for _, form := range []struct{ wire, name string }{
		{"default", "primary"}, {"first", "first_page"}, {"even", "even_page"},
	} {
		if form.wire == "first" && !section.On("titlePg") || form.wire == "even" && !r.evenOdd {
			continue
		}
		for _, n := range section.Children {
			if n.Name != what+"Reference" || n.Attr("type") != form.wire && !(n.Attr("type") == "" && form.wire == "default") {
				continue
			}
			part := r.links[n.Attr("id")]
			if part.Target == "" || part.External {
				continue
			}
			text, err := r.partText(part.Target)
			if err != nil {
				return err
			}
			if text != "" {
				depth := 0
				r.out = append(r.out, element.Element{Type: kind, Text: text, Metadata: element.Metadata{
					HeaderFooterType: form.name, CategoryDepth: &depth,
				}})
			}
			break
		}
	}
	return nil
}

// partText is the text of a header or footer: its paragraphs and tables, a line each.
func (r *reader) partText(part string) (string, error) {
	var lines []string
	add := func(n *ooxml.Node) error {
		for _, block := range unwrap(n) {
			line := ""
			switch block.Name {
			case "p":
				line = strings.TrimSpace(r.plain(block))
			case "tbl":
				line = strings.Join(r.tableWords(block), " ")
			}
			if line != "" {
				lines = append(lines, line)
			}
		}
		return nil
	}
	for _, root := range []string{"hdr", "ftr"} {
		if err := r.Each(r.ctx, part, []string{root}, add); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return "", nil
			}
			return "", err
		}
	}
	return strings.Join(lines, "\n"), nil
}

// unwrap gives the blocks that stand for one: those inside content controls and custom markup are read in its place.
func unwrap(n *ooxml.Node) []*ooxml.Node {
	switch n.Name {
	case "sdt":
		n = n.Child("sdtContent")
	case "customXml", "ins", "moveTo", "smartTag":
	case "AlternateContent":
		n = n.Child("Choice")
	default:
		return []*ooxml.Node{n}
	}
	if n == nil {
		return nil
	}
	var out []*ooxml.Node
	for _, c := range n.Children {
		out = append(out, unwrap(c)...)
	}
	return out
}

// block adds the elements of one block of the body.
func (r *reader) block(n *ooxml.Node) error {
	for _, b := range unwrap(n) {
		switch b.Name {
		case "p":
			if err := r.paragraph(b); err != nil {
				return err
			}
		case "tbl":
			if err := r.table(b); err != nil {
				return err
			}
		}
	}
	return nil
}
