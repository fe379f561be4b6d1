// Package odt reads OpenDocument text (ISO 26300), packed or flat: headings by outline level, lists by nesting, tables, emphasis and
// links; and presentations, a slide a page. Tracked deletions and annotations are left out, notes follow their paragraph.
package odt

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/odf"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/text"
)

// reader is one document on its way.
type reader struct {
	options format.Options
	bold    map[string]bool   // styles of text that are bold
	italic  map[string]bool   //
	parent  map[string]string // of styles, by name
	spread  *format.Spread
	out     []element.Element
}

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	p, r, err := open(ctx, f, "odt", o, b)
	if err != nil {
		return nil, err
	}
	err = p.Each(ctx, "content.xml", p.Path("document-content", "body", "text"), func(n *ooxml.Node) error {
		if err := b.Tick(ctx); err != nil {
			return err
		}
		r.block(n, 0)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, odf.Corrupt("odt")
	}
	return r.out, err
}

// open opens a document and reads its styles.
func open(ctx context.Context, f document.File, kind string, o format.Options, b *budget.Budget) (*odf.File, *reader, error) {
	p, err := odf.Open(f, kind, b)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{options: o, bold: map[string]bool{}, italic: map[string]bool{}, parent: map[string]string{}, spread: &format.Spread{}}
	for _, at := range []struct{ part, root, list string }{
		{"styles.xml", "document-styles", "styles"}, {"content.xml", "document-content", "automatic-styles"},
	} {
		err := p.Each(ctx, at.part, p.Path(at.root, at.list), func(n *ooxml.Node) error {
			r.style(n)
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	return p, r, nil
}

func (r *reader) style(n *ooxml.Node) {
	name := n.Attr("name")
	if n.Name != "style" || name == "" {
		return
	}
	r.parent[name] = n.Attr("parent-style-name")
	if properties := n.Child("text-properties"); properties != nil && n.Attr("family") == "text" {
		r.bold[name] = properties.AttrOf("fo", "font-weight") == "bold"
		r.italic[name] = properties.AttrOf("fo", "font-style") == "italic"
	}
}

// named finds a style of a given name among a style and those that it builds on.
func (r *reader) named(style string, names ...string) bool {
	for range 10 {
		for _, name := range names {
			if style == name {
				return true
			}
		}
		style = r.parent[style]
	}
	return false
}

// block adds the elements of a block; depth counts the lists around it.
func (r *reader) block(n *ooxml.Node, depth int) {
	switch n.Name {
	case "h":
		level, _ := strconv.Atoi(n.Attr("outline-level"))
		r.paragraph(n, element.Title, max(level-1, 0), depth)
	case "p":
		style := n.Attr("style-name")
		switch {
		case depth > 0:
			r.paragraph(n, element.ListItem, depth-1, depth)
		case r.named(style, "Title"):
			r.paragraph(n, element.Title, 0, depth)
		case r.named(style, "Subtitle"):
			r.paragraph(n, element.Title, 1, depth)
		default:
			r.paragraph(n, "", 0, depth)
		}
	case "list":
		for _, c := range n.Children {
			if c.Name == "list-item" || c.Name == "list-header" {
				for _, b := range c.Children {
					r.block(b, depth+1)
				}
			}
		}
	case "table":
		r.table(n)
	case "section", "table-of-content", "alphabetical-index", "bibliography", "index-body", "index-title", "user-index",
		"illustration-index", "table-index", "object-index", "numbered-paragraph", "text-box", "frame", "g":
		for _, c := range n.Children {
			r.block(c, depth)
		}
	}
}

// line is the text of a paragraph with what is known of it.
type line struct {
	words    strings.Builder
	contents []string
	tags     []string
	links    []element.Link
	after    []*ooxml.Node // boxes and notes that stand in it
}

// inline adds what stands in a paragraph.
func (r *reader) inline(n *ooxml.Node, l *line, bold, italic, linked bool) {
	for _, c := range n.Children {
		switch c.Name {
		case "":
			s := collapse(c.Text, l.words.String())
			l.words.WriteString(s)
			if s = strings.TrimSpace(s); s != "" && !linked {
				if bold {
					l.contents, l.tags = append(l.contents, s), append(l.tags, "b")
				}
				if italic {
					l.contents, l.tags = append(l.contents, s), append(l.tags, "i")
				}
			}
		case "s":
			count, _ := strconv.Atoi(c.Attr("c"))
			l.words.WriteString(strings.Repeat(" ", min(max(count, 1), 1000)))
		case "tab":
			l.words.WriteByte('\t')
		case "line-break":
			l.words.WriteByte('\n')
		case "span":
			style := c.Attr("style-name")
			r.inline(c, l, bold || r.bold[style], italic || r.italic[style], linked)
		case "a":
			start := l.words.Len()
			r.inline(c, l, bold, italic, true)
			whole := l.words.String()
			if address := c.Attr("href"); whole[start:] != "" && strings.Contains(address, ":") {
				l.links = append(l.links, element.Link{Text: whole[start:], URL: address, StartIndex: utf8.RuneCountInString(whole[:start])})
			}
		case "note":
			if body := c.Child("note-body"); body != nil {
				l.after = append(l.after, body.Children...)
			}
		case "frame", "g":
			l.after = append(l.after, c)
		case "annotation", "annotation-end", "bookmark", "bookmark-start", "bookmark-end", "soft-page-break", "change", "change-start",
			"change-end", "tracked-changes", "ruby-text":
		default: // fields, references, rubies
			r.inline(c, l, bold, italic, linked)
		}
	}
}

// collapse makes white space single, as OpenDocument has it; a space at the start goes when one stands before.
func collapse(s, before string) string {
	var b strings.Builder
	space := before == "" || strings.HasSuffix(before, " ")
	for _, r := range s {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

func (r *reader) paragraph(n *ooxml.Node, kind element.Type, depth, lists int) {
	var l line
	r.inline(n, &l, false, false, false)
	s := l.words.String()
	if text.Strip(s) != "" {
		e := element.Element{Type: kind, Text: s}
		ok := true
		switch {
		case kind == element.ListItem || kind == "" && text.IsBulleted(s):
			e.Type, e.Text = element.ListItem, text.Strip(text.TrimBullet(s))
		case kind == "":
			e.Type, e.Text, ok = text.ClassifyWord(s)
		}
		if ok && e.Text != "" {
			m := &e.Metadata
			m.CategoryDepth, m.EmphasizedTextContents, m.EmphasizedTextTags, m.Links = &depth, l.contents, l.tags, l.links
			for _, link := range l.links {
				m.LinkTexts, m.LinkURLs = append(m.LinkTexts, link.Text), append(m.LinkURLs, link.URL)
			}
			r.out = append(r.out, e)
		}
	}
	for _, a := range l.after {
		r.block(a, 0)
	}
}

// maxRepeat bounds how often a cell or row may claim to stand again.
const maxRepeat = 1000

func repeat(n *ooxml.Node, name string) int {
	v, err := strconv.Atoi(n.Attr(name))
	if err != nil || v < 1 {
		return 1
	}
	return min(v, maxRepeat)
}

// table adds a Table; merged cells repeat their text in every place that they cover.
func (r *reader) table(n *ooxml.Node) {
	var matrix [][]string
	var words []string
	tall := map[int]struct {
		rows int
		text string
	}{}
	var read func(n *ooxml.Node)
	read = func(n *ooxml.Node) {
		for _, row := range n.Children {
			switch row.Name {
			case "table-header-rows", "table-rows", "table-row-group":
				read(row)
			case "table-row":
				var line []string
				for _, c := range row.Children {
					if c.Name != "table-cell" && c.Name != "covered-table-cell" {
						continue
					}
					texts := r.cell(c)
					words = append(words, texts...)
					s := strings.Join(texts, " ")
					if c.Name == "covered-table-cell" {
						if above, ok := tall[len(line)]; ok && above.rows > 0 {
							s = r.spread.Text(above.text)
						} else if len(line) > 0 {
							s = r.spread.Text(line[len(line)-1])
						}
					}
					for i := range r.spread.Places(repeat(c, "number-columns-repeated")) {
						if i > 0 {
							s = r.spread.Text(s)
						}
						if rows := repeat(c, "number-rows-spanned"); rows > 1 {
							for k := range repeat(c, "number-columns-spanned") {
								tall[len(line)+k] = struct {
									rows int
									text string
								}{rows, s}
							}
						}
						line = append(line, s)
					}
				}
				for k, v := range tall {
					v.rows--
					tall[k] = v
				}
				matrix = append(matrix, line)
				whole := strings.Join(line, "")
				for range repeat(row, "number-rows-repeated") - 1 {
					if r.spread.Places(len(line)+1) == 1 || r.spread.Text(whole) != whole {
						break
					}
					matrix = append(matrix, line)
				}
			}
		}
	}
	read(n)
	depth := 0
	e := element.Element{Type: element.Table, Text: strings.Join(words, " "), Metadata: element.Metadata{CategoryDepth: &depth}}
	if !r.options.NoTableHTML {
		e.Metadata.TextAsHTML = format.TableHTML(matrix)
	}
	r.out = append(r.out, e)
}

// cell is the texts of a cell's blocks.
func (r *reader) cell(n *ooxml.Node) []string {
	inner := &reader{options: r.options, bold: r.bold, italic: r.italic, parent: r.parent, spread: r.spread}
	inner.options.NoTableHTML = true
	for _, c := range n.Children {
		switch c.Name {
		case "p", "h":
			var l line
			r.inline(c, &l, false, false, false)
			inner.out = append(inner.out, element.Element{Text: l.words.String()})
			for _, a := range l.after {
				inner.block(a, 0)
			}
		default:
			inner.block(c, 0)
		}
	}
	var out []string
	for _, e := range inner.out {
		if s := strings.TrimSpace(e.Text); s != "" {
			out = append(out, s)
		}
	}
	return out
}
