// Package odt reads OpenDocument text (ISO 26300), packed or flat: headings by outline level, lists by nesting, tables, emphasis and
// links; and presentations, a slide a page. Tracked deletions and annotations are left out, notes stand behind the text.
package odt

import (
	"context"
	"errors"
	"io/fs"
	"slices"
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
	"github.com/sluicehq/sluice/partition/word"
)

// reader is one document on its way.
type reader struct {
	options format.Options
	bold    map[string]bool    // styles of text that are bold
	italic  map[string]bool    //
	strong  map[string][2]bool // styles of single paragraphs that are bold, italic
	parent  map[string]string  // of styles, by name
	notes   []*ooxml.Node      // blocks of notes
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
	for i := 0; i < len(r.notes); i++ { // a note may hold another
		r.block(r.notes[i], 0)
	}
	return r.out, err
}

// open opens a document and reads its styles.
func open(ctx context.Context, f document.File, kind string, o format.Options, b *budget.Budget) (*odf.File, *reader, error) {
	p, err := odf.Open(f, kind, b)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{options: o, bold: map[string]bool{}, italic: map[string]bool{}, strong: map[string][2]bool{}, parent: map[string]string{}, spread: &format.Spread{}}
	for _, at := range []struct{ part, root, list string }{
		{"styles.xml", "document-styles", "styles"}, {"content.xml", "document-content", "automatic-styles"},
	} {
		err := p.Each(ctx, at.part, p.Path(at.root, at.list), func(n *ooxml.Node) error {
			r.style(n, at.list == "automatic-styles")
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	return p, r, nil
}

func (r *reader) style(n *ooxml.Node, automatic bool) {
	name := n.Attr("name")
	if n.Name != "style" || name == "" {
		return
	}
	r.parent[name] = n.Attr("parent-style-name")
	properties := n.Child("text-properties")
	if properties == nil {
		return
	}
	bold, italic := properties.AttrOf("fo", "font-weight") == "bold", properties.AttrOf("fo", "font-style") == "italic"
	switch {
	case n.Attr("family") == "text":
		r.bold[name], r.italic[name] = bold, italic
	case automatic && n.Attr("family") == "paragraph":
		r.strong[name] = [2]bool{bold, italic}
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
	after    []*ooxml.Node // boxes that stand in it
	notes    []*ooxml.Node // blocks of its notes
	noted    bool          // a note or picture was the last of it
}

// before is the text so far, as far as it decides about white space behind it: a note or picture is none.
func (l *line) before() string {
	if l.noted {
		return "\u200b"
	}
	return l.words.String()
}

// space adds n spaces, one less behind a space.
func (l *line) space(n int) {
	if before := l.before(); strings.HasSuffix(before, " ") {
		n--
	}
	l.words.WriteString(strings.Repeat(" ", n))
	l.noted = false
}

// inline adds what stands in a paragraph.
func (r *reader) inline(n *ooxml.Node, l *line, bold, italic, linked bool) {
	for _, c := range n.Children {
		switch c.Name {
		case "":
			s := collapse(c.Text, l.before())
			l.words.WriteString(s)
			l.noted = l.noted && s == ""
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
			l.space(min(max(count, 1), 1000))
		case "tab":
			l.space(1)
		case "line-break":
			l.words.WriteByte('\n')
		case "span":
			style := c.Attr("style-name")
			r.inline(c, l, bold || r.bold[style], italic || r.italic[style], linked)
		case "a":
			start := l.words.Len()
			r.inline(c, l, bold, italic, true)
			whole := l.words.String()
			if address := c.Attr("href"); whole[start:] != "" && address != "" && address[0] != '#' {
				l.links = append(l.links, element.Link{Text: whole[start:], URL: address, StartIndex: utf8.RuneCountInString(whole[:start])})
			}
		case "note":
			l.noted = l.words.Len() > 0
			if body := c.Child("note-body"); body != nil {
				l.notes = append(l.notes, body.Children...)
			}
		case "frame", "g":
			l.noted = l.words.Len() > 0
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
	strong := r.strong[n.Attr("style-name")]
	r.inline(n, &l, strong[0], strong[1], false)
	r.notes = append(r.notes, l.notes...)
	s := l.words.String()
	if text.Strip(s) != "" {
		e := element.Element{Type: kind, Text: s}
		switch {
		case kind == element.ListItem || kind == "" && text.IsBulleted(s):
			e.Type, e.Text = element.ListItem, text.Strip(text.TrimBullet(s))
		case kind == "":
			e.Type, e.Text = word.ByText(s)
		}
		if e.Text != "" {
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

// above is a cell that goes on in the rows below it.
type above struct {
	rows  int // that are left
	place format.Place
}

// tabular is a table while it is read.
type tabular struct {
	matrix [][]format.Place
	cells  int     // numbered so far
	inner  *reader // reads the cells
	tall   map[int]above
}

func (r *reader) tabular() *tabular {
	t := &tabular{tall: map[int]above{}, inner: &reader{options: r.options, bold: r.bold, italic: r.italic, strong: r.strong, parent: r.parent, spread: r.spread}}
	t.inner.options.NoTableHTML = true
	return t
}

// table adds a Table.
func (r *reader) table(n *ooxml.Node) {
	t := r.tabular()
	t.rows(n)
	e := element.Element{Type: element.Table}
	var words []string
	for _, c := range t.inner.out {
		if s := strings.TrimSpace(c.Text); s != "" {
			words = append(words, s)
		}
		e.Metadata.EmphasizedTextContents = append(e.Metadata.EmphasizedTextContents, c.Metadata.EmphasizedTextContents...)
		e.Metadata.EmphasizedTextTags = append(e.Metadata.EmphasizedTextTags, c.Metadata.EmphasizedTextTags...)
	}
	r.notes = append(r.notes, t.inner.notes...)
	e.Text = strings.Join(words, " ")
	if !r.options.NoTableHTML {
		e.Metadata.TextAsHTML = format.MergedTableHTML(t.matrix)
	}
	r.out = append(r.out, e)
}

func (t *tabular) rows(n *ooxml.Node) {
	for _, row := range n.Children {
		switch row.Name {
		case "table-header-rows", "table-rows", "table-row-group":
			t.rows(row)
		case "table-row":
			t.row(row)
		}
	}
}

// row reads a row. Programs write a covered cell in each place that a merged one takes, or leave them out.
func (t *tabular) row(n *ooxml.Node) {
	spread := t.inner.spread
	covers := slices.ContainsFunc(n.Children, func(c *ooxml.Node) bool { return c.Name == "covered-table-cell" })
	var line []format.Place
	goesOn := func() bool { // with the cell above
		a, ok := t.tall[len(line)]
		if ok = ok && a.rows > 0; ok {
			line = append(line, a.place)
		}
		return ok
	}
	for _, c := range n.Children {
		if c.Name != "table-cell" && c.Name != "covered-table-cell" {
			continue
		}
		for !covers && goesOn() {
		}
		place := format.Place{Text: strings.Join(t.cell(c), " ")}
		if c.Name == "covered-table-cell" {
			if goesOn() {
				continue
			}
			if len(line) > 0 {
				place = line[len(line)-1]
			}
		}
		places := repeat(c, "number-columns-repeated")
		columns, rows := repeat(c, "number-columns-spanned"), repeat(c, "number-rows-spanned")
		if columns > 1 || rows > 1 {
			t.cells++
			place.Cell = t.cells
		}
		if !covers && columns > 1 {
			places, columns = columns, 1
		}
		for i := range spread.Places(places) {
			if i > 0 {
				place.Text = spread.Text(place.Text)
			}
			if rows > 1 {
				for k := range columns {
					t.tall[len(line)+k] = above{rows, place}
				}
			}
			line = append(line, place)
		}
	}
	for !covers && goesOn() {
	}
	for k, a := range t.tall {
		a.rows--
		t.tall[k] = a
	}
	t.matrix = append(t.matrix, line)
	size := 0
	for _, p := range line {
		size += len(p.Text)
	}
	whole := strings.Repeat("x", size)
	for range repeat(n, "number-rows-repeated") - 1 {
		if spread.Places(len(line)+1) == 1 || spread.Text(whole) != whole {
			break
		}
		again := slices.Clone(line)
		for i := range again { // its merged cells are others
			if i > 0 && line[i].Cell != 0 && line[i].Cell == line[i-1].Cell {
				again[i].Cell = again[i-1].Cell
			} else if line[i].Cell != 0 {
				t.cells++
				again[i].Cell = t.cells
			}
		}
		t.matrix = append(t.matrix, again)
	}
}

// cell reads the blocks of a cell, and gives their texts.
func (t *tabular) cell(n *ooxml.Node) []string {
	start := len(t.inner.out)
	for _, c := range n.Children {
		switch c.Name {
		case "p", "h":
			var l line
			strong := t.inner.strong[c.Attr("style-name")]
			t.inner.inline(c, &l, strong[0], strong[1], false)
			t.inner.notes = append(t.inner.notes, l.notes...)
			e := element.Element{Text: l.words.String()}
			e.Metadata.EmphasizedTextContents, e.Metadata.EmphasizedTextTags = l.contents, l.tags
			t.inner.out = append(t.inner.out, e)
			for _, a := range l.after {
				t.inner.block(a, 0)
			}
		default:
			t.inner.block(c, 0)
		}
	}
	var out []string
	for _, e := range t.inner.out[start:] {
		if s := strings.TrimSpace(e.Text); s != "" {
			out = append(out, s)
		}
	}
	return out
}
