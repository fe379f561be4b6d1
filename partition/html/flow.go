package html

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/text"
)

type role int

const (
	phrasing     role = iota // part of a paragraph
	flow                     // a block whose children are blocks and phrases
	removed                  // gone, as if it were not there
	removedBlock             // gone, and the paragraph ends
	block                    // a block of its own kind: pre, img, table
	formula
	lineBreak
)

// roleOf is the part that an element plays: that which the reference's release 0.27.35 gives it. What has no entry, like
// font, ins and the elements that pages name themselves, is as if its tags were not there.
func roleOf(name string) role {
	switch name {
	case "#root", "address", "article", "aside", "blockquote", "body", "center", "div", "footer", "header", "hgroup", "main",
		"section", "ol", "ul", "li", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "p":
		return flow
	case "br":
		return lineBreak
	case "button", "label", "audio", "canvas", "datalist", "dialog", "head", "iframe", "ix:header", "noembed", "noframes", "object",
		"select", "svg", "textarea", "title", "video", "xml": // not shown, or shown in place of something
		return removed
	case "details", "figure", "hr", "nav", "template", "form", "input", "summary":
		return removedBlock
	case "pre", "img", "table":
		return block
	case "math":
		return formula
	}
	return phrasing
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
	case "li", "dd":
		depth := c.lists
		current.kind, current.depth = element.ListItem, &depth
	case "ul", "ol", "dl":
		c.lists++
	}
	p.phrases(n, c, current, "")
	p.flush(current, c)
}

// at takes the page number that an element carries.
func (c around) at(n *node) around {
	if v := n.attr("data-page-number"); v != "" {
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
		case formula:
			if source := formulaSource(child); source != "" {
				current.segments = append(current.segments, segment{source, tags, c.anchor})
			} else {
				p.phrases(child, c, current, tags)
			}
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
				within.anchor = &anchor{href: child.attr("href")}
			}
			p.phrases(child, within, current, inner)
		case flow:
			p.flush(current, c)
			if !p.options.SkipMargins || child.name != "header" && child.name != "footer" {
				p.flow(child, c)
			}
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
			e.Metadata.LinkURLs = append(e.Metadata.LinkURLs, strings.Clone(s.anchor.href))
			s.anchor.used = true
		}
	}
	p.emit(e, c)
}

// formulaSource is what a formula says of its source in TeX.
func formulaSource(n *node) string {
	if semantics := n.find("semantics"); semantics != nil {
		for _, child := range semantics.children {
			if child.name != "annotation" {
				continue
			}
			switch strings.ToLower(strings.TrimSpace(child.attr("encoding"))) {
			case "application/x-tex", "application/x-latex", "tex", "latex":
				if source := text.Strip(strings.Join(child.texts(nil), "")); source != "" {
					return source
				}
			}
		}
	}
	return text.Strip(n.attr("alttext"))
}
