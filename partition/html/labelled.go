package html

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/text"
)

// maxLabelled is how deep the elements of a labelled page have parts of their own; deeper ones are text of what they are in.
const maxLabelled = 50

// Labelled reads a page whose classes say what each of its elements is (class="Table", "Caption", "Column"), as models that
// see pages write it: the parser that html_parser_version calls v2. What holds others (Page, Column, Section ...) becomes an
// element without text; everything else becomes one element with its own markup, made safe, as text_as_html.
//
// The element around all pages is none itself; its id, which the pages name as their parent, comes from the page's content.
func Labelled(ctx context.Context, s string, o format.Options, b *budget.Budget) ([]element.Element, error) {
	if text.Strip(s) == "" {
		return nil, nil
	}
	tree, err := parseLoose(ctx, strings.ReplaceAll(s, "\x00", ""), b)
	if err != nil {
		return nil, err
	}
	tree.tidy()
	root := tree.findClass("body", "Document")
	if root == nil {
		root = tree.findClass("div", "Page")
	}
	if root == nil {
		return nil, budget.Errorf(budget.Corrupt, "No <body class='Document'> or <div class='Page'> element found in the HTML. "+
			"Set html_parser_version to v1 for pages that were not written for v2.")
	}
	r := &labelled{ctx: ctx, budget: b, options: o}
	parent := ""
	top := r.label(root, 1)
	if top.class.name == "Document" {
		sum := sha256.Sum256([]byte(s))
		parent = hex.EncodeToString(sum[:16])
	}
	pieces := r.elements(top, parent, nil, 0)
	if r.err != nil {
		return nil, r.err
	}
	out := make([]element.Element, len(pieces))
	for i, p := range pieces {
		out[i] = p.element
	}
	return out, nil
}

// label is an element of the page, or a text of it as a Paragraph, with its class.
type label struct {
	tag   string
	class *class // nil for a line break
	attrs []attr // safe ones but class and id, sorted
	text  string // of one without parts
	parts []*label
}

type labelled struct {
	ctx     context.Context
	budget  *budget.Budget
	options format.Options
	err     error
}

// label gives n and what is below it their classes.
func (r *labelled) label(n *node, depth int) *label {
	if r.err == nil {
		r.err = r.budget.Tick(r.ctx)
	}
	if r.err != nil {
		return &label{tag: "span", class: byName["UncategorizedText"]}
	}
	if n.name == "br" {
		return &label{tag: "br"}
	}
	tag, c := classOf(n)
	l := &label{tag: tag, class: c, attrs: safeAttrs(n.attrs, tag)}
	sortAttrs(l.attrs)
	hasParts := c.layout || c.name != "UncategorizedText" && slices.ContainsFunc(n.children, func(c *node) bool { return c.name != "" })
	if !hasParts || depth > maxLabelled {
		l.text = plainText(n)
		return l
	}
	for _, child := range n.children {
		switch {
		case child.name != "":
			if r.options.SkipMargins && isMargin(child) {
				continue
			}
			l.parts = append(l.parts, r.label(child, depth+1))
		case text.Strip(child.text) != "":
			l.parts = append(l.parts, &label{tag: "p", class: byName["Paragraph"], text: text.Strip(child.text)})
		}
	}
	return l
}

// isMargin tells whether skip_headers_and_footers leaves an element out.
func isMargin(n *node) bool {
	_, c := classOf(n)
	return c.kind == element.Header || c.kind == element.Footer
}

// plainText is the text of an element that is not taken apart.
func plainText(n *node) string {
	var pieces []string
	for _, c := range n.children {
		var b strings.Builder
		c.writeText(&b)
		pieces = append(pieces, text.Strip(b.String()))
	}
	return text.Strip(strings.Join(pieces, "\n"))
}

// writeText writes the texts below n, those of blocks set apart.
func (n *node) writeText(b *strings.Builder) {
	if n.name == "" {
		b.WriteString(n.text)
		return
	}
	apart := roleOf(n.name) != phrasing
	if apart && b.Len() > 0 {
		b.WriteByte(' ')
	}
	for _, c := range n.children {
		c.writeText(b)
	}
	if apart {
		b.WriteByte(' ')
	}
}

// piece is an element with what decides whether it is joined with its neighbours.
type piece struct {
	element element.Element
	depth   int
	joins   bool
}

// elements turns a label into elements. parent is the id of the layout around it.
func (r *labelled) elements(l *label, parent string, page *int, depth int) []piece {
	if l.class == nil || !l.class.layout || depth > maxLabelled {
		return []piece{{r.leaf(l, page), depth, (l.class == nil || l.class.joins) && len(l.parts) == 0}}
	}
	var out []piece
	if l.class.name != "Document" {
		if page == nil && l.class.name == "Page" {
			page = pageNumber(l.attrs)
		}
		var tag strings.Builder
		l.write(&tag, false, false)
		e := element.Element{Type: element.UncategorizedText, ID: element.NewID()}
		e.Metadata = element.Metadata{ParentID: parent, PageNumber: page, TextAsHTML: tag.String()}
		out = append(out, piece{element: e, depth: depth})
		parent = e.ID
		depth++
	}
	var inside []piece
	for _, part := range l.parts {
		inside = append(inside, r.elements(part, parent, page, depth)...)
	}
	return append(out, join(inside)...)
}

// leaf makes the element of a label with all that is in it.
func (r *labelled) leaf(l *label, page *int) element.Element {
	kind := element.NarrativeText
	if l.class != nil {
		kind = l.class.kind
	}
	e := element.Element{Type: kind, Text: l.plain()}
	e.Metadata.PageNumber = page
	if kind != element.Table || !r.options.NoTableHTML {
		var b strings.Builder
		l.write(&b, true, false)
		e.Metadata.TextAsHTML = b.String()
	}
	switch kind {
	case element.Title:
		level := 0
		if len(l.tag) == 2 && l.tag[0] == 'h' && l.tag[1] >= '1' && l.tag[1] <= '6' {
			level = int(l.tag[1] - '1')
		}
		e.Metadata.CategoryDepth = &level
	case element.ListItem:
		e.Metadata.CategoryDepth = new(int)
	}
	return e
}

// join makes one element of neighbours that are pieces of one paragraph: text, links, dates, marked words.
func join(pieces []piece) []piece {
	var out []piece
	for i := 0; i < len(pieces); {
		end := i + 1
		for pieces[i].joins && end < len(pieces) && pieces[end].joins && pieces[end].depth == pieces[i].depth {
			end++
		}
		if end-i > 1 {
			var words, markup strings.Builder
			for k, p := range pieces[i:end] {
				if k > 0 {
					words.WriteByte(' ')
				}
				words.WriteString(p.element.Text)
				markup.WriteString(p.element.Metadata.TextAsHTML)
			}
			pieces[i].element.Text, pieces[i].element.Metadata.TextAsHTML = words.String(), markup.String()
		}
		out = append(out, pieces[i])
		i = end
	}
	return out
}

func pageNumber(attrs []attr) *int {
	for _, a := range attrs {
		if a.name == "data-page-number" {
			if n, err := strconv.Atoi(strings.TrimSpace(a.value)); err == nil {
				return &n
			}
		}
	}
	return nil
}

func sortAttrs(attrs []attr) {
	slices.SortStableFunc(attrs, func(a, b attr) int { return strings.Compare(a.name, b.name) })
}

// plain is the text of a label: of its parts with spaces between, else its own; of a picture the words in its place, of a
// form field its value.
func (l *label) plain() string {
	if len(l.parts) > 0 {
		words := make([]string, len(l.parts))
		for i, part := range l.parts {
			words[i] = part.plain()
		}
		return strings.Join(words, " ")
	}
	s := l.text
	if l.tag == "img" {
		s += " " + attrOf(l.attrs, "alt")
	}
	if l.class != nil && l.class.name == "FormFieldValue" {
		s = text.Strip(s) + " " + attrOf(l.attrs, "value")
	}
	return text.Strip(s)
}

func attrOf(attrs []attr, name string) string {
	for _, a := range attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// write writes the markup of a label, with its parts or as one tag. The tags inside a table have no class but those of
// pictures and fields.
func (l *label) write(b *strings.Builder, parts, inTable bool) {
	isTable := l.class != nil && (l.class.name == "Table" || l.class.name == "TableOfContents")
	inTable = inTable || isTable
	b.WriteByte('<')
	b.WriteString(l.tag)
	attrs := l.attrs
	if l.class != nil && (!inTable || l.tag == "table" || l.tag == "img" || l.tag == "input") {
		attrs = slices.Insert(slices.Clone(attrs), 0, attr{"class", l.class.name})
		if inTable {
			sortAttrs(attrs)
		}
	}
	for _, a := range attrs {
		b.WriteByte(' ')
		b.WriteString(a.name)
		if a.value != "" || inTable {
			b.WriteString(`="`)
			escape(b, a.value)
			b.WriteByte('"')
		}
	}
	switch {
	case parts && len(l.parts) > 0:
		b.WriteByte('>')
		for _, part := range l.parts {
			part.write(b, true, inTable)
		}
	case l.text != "":
		b.WriteByte('>')
		if inTable {
			_, _ = bareEscape.WriteString(b, l.text)
		} else {
			escape(b, l.text)
		}
	case inTable && !isVoid(l.tag):
		b.WriteByte('>')
	case inTable:
		b.WriteString("/>")
		return
	default:
		b.WriteString(" />")
		return
	}
	b.WriteString("</")
	b.WriteString(l.tag)
	b.WriteByte('>')
}

var (
	fullEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")
	bareEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

func escape(b *strings.Builder, s string) { _, _ = fullEscape.WriteString(b, s) }
