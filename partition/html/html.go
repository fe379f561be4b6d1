// Package html reads HTML. Headings become titles with depth, list items keep their nesting, tables and code are kept
// whole, everything else is cut into paragraphs at block elements and classified by the text rule of HTML. Links,
// emphasis and images are metadata. Other formats that are markup at heart (Markdown, mail) come through here.
package html

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	htmlcharset "golang.org/x/net/html/charset"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/text"
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
	return Elements(ctx, s, o, b)
}

// decode reads the encoding that a page of another than UTF-8 declares.
func decode(raw []byte, name string) (string, error) {
	if name == "" && !utf8.Valid(raw) {
		head := raw[:min(len(raw), 1024)]
		if _, declared, sure := htmlcharset.DetermineEncoding(head, ""); sure || strings.Contains(strings.ToLower(string(head)), "charset="+declared) {
			if charset.Known(declared) && declared != "utf-8" {
				name = declared
			}
		}
	}
	return charset.Decode(raw, name)
}

// Elements reads a page or a piece of one.
func Elements(ctx context.Context, s string, o format.Options, b *budget.Budget) ([]element.Element, error) {
	root, err := parse(ctx, s, b)
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

type role int

const (
	unknown      role = iota // content dropped
	flow                     // a block whose children are blocks and phrases
	phrasing                 // part of a paragraph
	removed                  // gone, as if it were not there
	removedBlock             // gone, and the paragraph ends
	block                    // a block of its own kind: pre, img, table
	lineBreak
)

// roleOf is the part that an element plays (spec section 3.2).
func roleOf(name string) role {
	switch name {
	case "#root", "address", "article", "aside", "blockquote", "body", "center", "div", "footer", "header", "hgroup", "main",
		"section", "ol", "ul", "li", "h1", "h2", "h3", "h4", "h5", "h6", "p":
		return flow
	case "abbr", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "kbd", "mark", "meter", "q", "s", "samp", "small", "span",
		"strike", "sub", "sup", "time", "tt", "u", "var", "b", "strong", "i", "em", "a":
		return phrasing
	case "wbr":
		return phrasing
	case "br":
		return lineBreak
	case "del", "link", "meta", "noscript", "script", "style", "button", "label":
		return removed
	case "details", "dl", "dd", "dt", "figure", "hr", "nav", "template", "form", "input", "summary":
		return removedBlock
	case "pre", "img", "table":
		return block
	}
	return unknown
}

// around is what holds around an element.
type around struct {
	lists  int // enclosing ul, ol and dl
	page   *int
	anchor *anchor
}

// anchor is a link. The first paragraph with text inside it gets it.
type anchor struct {
	href string
	used bool
}

type partitioner struct {
	ctx     context.Context
	budget  *budget.Budget
	options format.Options
	out     []element.Element
	err     error
}

// paragraph collects phrases until a block ends them.
type paragraph struct {
	kind     element.Type // "" asks the text rule
	depth    *int
	segments []segment
}

type segment struct {
	text   string
	tags   string // emphasis, sorted letters
	anchor *anchor
}

func (p *partitioner) emit(e element.Element, c around) {
	e.Metadata.PageNumber = c.page
	p.out = append(p.out, e)
}

func (p *partitioner) stopped() bool {
	if p.err == nil {
		p.err = p.budget.Tick(p.ctx)
	}
	return p.err != nil
}

// flow reads a block of blocks and phrases: one paragraph of its own kind first, then paragraphs between its blocks.
func (p *partitioner) flow(n *node, c around) {
	if p.stopped() {
		return
	}
	c = c.at(n)
	current := &paragraph{}
	switch n.name {
	case "h1", "h2", "h3", "h4", "h5", "h6":
		level := int(n.name[1] - '1')
		current.kind, current.depth = element.Title, &level
	case "li":
		depth := c.lists
		current.kind, current.depth = element.ListItem, &depth
	case "ul", "ol":
		c.lists++
	}
	p.phrases(n, c, current, "")
	p.flush(current, c)
}

// at takes the page number that an element carries.
func (c around) at(n *node) around {
	if v, ok := n.attrs["data-page-number"]; ok {
		if number, err := strconv.Atoi(strings.TrimSpace(v)); err == nil {
			c.page = &number
		}
	}
	return c
}

// phrases adds the children of n to the current paragraph; each block among them ends it.
func (p *partitioner) phrases(n *node, c around, current *paragraph, tags string) {
	for _, child := range n.children {
		if p.stopped() {
			return
		}
		if child.name == "" {
			current.segments = append(current.segments, segment{child.text, tags, c.anchor})
			continue
		}
		switch roleOf(child.name) {
		case lineBreak:
			current.segments = append(current.segments, segment{"\n", "", c.anchor})
		case phrasing:
			inner, within := tags, c
			switch child.name {
			case "b", "strong":
				inner = with(tags, "b")
			case "i", "em":
				inner = with(tags, "i")
			case "a":
				within.anchor = &anchor{href: child.attrs["href"]}
			}
			p.phrases(child, within, current, inner)
		case flow:
			p.flush(current, c)
			p.flow(child, c)
		case block:
			p.flush(current, c)
			p.block(child, c.at(child))
		case removedBlock:
			p.flush(current, c)
		}
	}
}

func with(tags, tag string) string {
	if strings.Contains(tags, tag) {
		return tags
	}
	letters := []byte(tags + tag)
	slices.Sort(letters)
	return string(letters)
}

// flush makes an element of the paragraph and begins the next, which has no kind of its own.
func (p *partitioner) flush(current *paragraph, c around) {
	segments := current.segments
	kind, depth := current.kind, current.depth
	*current = paragraph{}
	var b strings.Builder
	for _, s := range segments {
		b.WriteString(s.text)
	}
	whole := text.Collapse(b.String())
	if whole == "" {
		return
	}
	e := element.Element{Type: kind, Text: whole}
	if kind == "" {
		t, rest, ok := text.ClassifyHTML(whole)
		if !ok {
			return
		}
		e.Type, e.Text = t, rest
		if t == element.ListItem {
			zero := 0
			depth = &zero
		}
	}
	e.Metadata.CategoryDepth = depth
	var last *anchor
	for i, s := range segments {
		if contents := text.Collapse(s.text); s.tags != "" && contents != "" {
			e.Metadata.EmphasizedTextContents = append(e.Metadata.EmphasizedTextContents, contents)
			e.Metadata.EmphasizedTextTags = append(e.Metadata.EmphasizedTextTags, s.tags)
		}
		if s.anchor == nil || s.anchor == last || s.anchor.used || s.anchor.href == "" {
			continue
		}
		var words strings.Builder
		for _, more := range segments[i:] {
			if more.anchor != s.anchor {
				break
			}
			words.WriteString(more.text)
		}
		last = s.anchor
		if contents := text.Collapse(words.String()); contents != "" {
			e.Metadata.LinkTexts = append(e.Metadata.LinkTexts, contents)
			e.Metadata.LinkURLs = append(e.Metadata.LinkURLs, s.anchor.href)
			s.anchor.used = true
		}
	}
	p.emit(e, c)
}

// block reads an element that is one thing.
func (p *partitioner) block(n *node, c around) {
	switch n.name {
	case "pre":
		s := strings.Join(n.texts(nil), "")
		s = strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n")
		if text.Strip(s) != "" {
			p.emit(element.Element{Type: element.CodeSnippet, Text: s}, c)
		}
	case "img":
		p.image(n, c)
	case "table":
		if e, ok := table(n, !p.options.NoTableHTML); ok {
			p.emit(e, c)
		}
	}
}

// image makes an element of a picture. Its bytes are kept only when they were asked for.
func (p *partitioner) image(n *node, c around) {
	source := strings.TrimSpace(n.attrs["data-src"])
	if source == "" {
		source = strings.TrimSpace(n.attrs["src"])
	}
	if source == "" {
		return
	}
	e := element.Element{Type: element.Image, Text: text.Strip(n.attrs["alt"])}
	kind, data, isData := dataURI(source)
	switch {
	case !isData:
		e.Metadata.ImageURL = source
	case p.options.ImagePayloads:
		e.Metadata.ImageBase64, e.Metadata.ImageMimeType = data, kind
	}
	p.emit(e, c)
}

// dataURI splits data:image/png;base64,... .
func dataURI(s string) (kind, data string, ok bool) {
	rest, ok := strings.CutPrefix(s, "data:")
	if !ok {
		return "", "", false
	}
	head, data, ok := strings.Cut(rest, ",")
	if !ok || !strings.HasSuffix(head, ";base64") {
		return "", "", false
	}
	kind, _, _ = strings.Cut(head, ";")
	if _, err := base64.StdEncoding.DecodeString(data[:min(len(data), 400)/4*4]); err != nil {
		return "", "", false
	}
	return kind, data, true
}
