package chunk

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/element"
)

// preChunk is a group of elements whose text becomes one chunk, or several when it is too long.
type preChunk struct {
	prefix   string // overlap from the one before
	elements []element.Element
	text     string // prefix and texts, joined
	length   int    // of text
}

// separator stands between the texts of two elements.
const separator = "\n\n"

// newPreChunk joins the texts. White space inside an element's text is collapsed, but not in code.
func newPreChunk(prefix string, elements []element.Element) *preChunk {
	var b strings.Builder
	b.WriteString(prefix)
	for _, e := range elements {
		text := e.Text
		if e.Type != element.CodeSnippet {
			text = collapse(text)
		} else if strings.TrimSpace(text) == "" {
			text = ""
		}
		if text == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(separator)
		}
		b.WriteString(text)
	}
	p := &preChunk{prefix: prefix, elements: elements, text: b.String()}
	p.length = utf8.RuneCountInString(p.text)
	return p
}

// grouper collects elements into pre-chunks.
type grouper struct {
	settings
	prefix   string
	elements []element.Element
	segments int // texts so far, the prefix among them
	length   int // of those texts, without separators
	page     *int
}

// add takes one element and returns the group that it closed, if it closed one.
func (g *grouper) add(e element.Element) (closed *preChunk) {
	boundary := g.boundary(e)
	if len(g.elements) > 0 && (boundary || !g.fits(e)) {
		closed = g.flush()
	}
	if len(g.elements) == 0 && g.isolate && isTable(e.Type) {
		g.prefix, g.segments, g.length = "", 0, 0
	}
	g.elements = append(g.elements, e)
	if e.Text != "" {
		g.segments++
		g.length += utf8.RuneCountInString(e.Text)
	}
	return closed
}

// boundary tells whether e starts a new semantic unit. It looks at every element, since it remembers the page.
func (g *grouper) boundary(e element.Element) bool {
	switch g.strategy {
	case ByTitle:
		paged := !g.multipage && g.turns(e)
		return e.Type == element.Title || paged
	case ByPage:
		return g.turns(e)
	}
	return false
}

// turns tells whether e stands on another page than the elements before. A missing number is no other page.
func (g *grouper) turns(e element.Element) bool {
	n := e.Metadata.PageNumber
	if n == nil {
		return false
	}
	turned := g.page != nil && *g.page != *n
	g.page = n
	return turned
}

// fits tells whether e may join the elements that are there.
func (g *grouper) fits(e element.Element) bool {
	if g.isolate && (isTable(e.Type) || isTable(g.elements[0].Type)) {
		return false
	}
	joined := g.length
	if g.segments > 0 {
		joined += len(separator) * (g.segments - 1)
	}
	if joined > g.soft {
		return false
	}
	return utf8.RuneCountInString(e.Text) <= g.hard-g.length-len(separator)*g.segments
}

// flush closes the group.
func (g *grouper) flush() *preChunk {
	if len(g.elements) == 0 {
		return nil
	}
	p := newPreChunk(g.prefix, g.elements)
	g.elements, g.prefix, g.segments, g.length = nil, "", 0, 0
	if g.between > 0 && (!g.isolate || !isTable(p.elements[0].Type)) {
		if g.prefix = strings.TrimSpace(last(p.text, g.between)); g.prefix != "" {
			g.segments, g.length = 1, utf8.RuneCountInString(g.prefix)
		}
	}
	return p
}

// combiner joins small neighbours (by_title only).
type combiner struct {
	settings
	held *preChunk
}

// add takes a pre-chunk and returns the one that is finished, if any.
func (c *combiner) add(p *preChunk) *preChunk {
	if c.strategy != ByTitle {
		return p
	}
	if c.held == nil {
		c.held = p
		return nil
	}
	if merged := c.merge(c.held, p); merged != nil {
		c.held = merged
		return nil
	}
	done := c.held
	c.held = p
	return done
}

// merge returns the two as one, nil when they stay apart. The second one's prefix goes: its source stands before it now.
func (c *combiner) merge(a, b *preChunk) *preChunk {
	if a.length >= c.combine || c.isolate && (isTable(a.elements[0].Type) || isTable(b.elements[0].Type)) {
		return nil
	}
	if b.length-runes(b.prefix) > c.hard { // cannot fit, spare the copy
		return nil
	}
	m := newPreChunk(a.prefix, append(a.elements[:len(a.elements):len(a.elements)], b.elements...))
	if m.length > c.hard {
		return nil
	}
	return m
}

func runes(s string) int { return utf8.RuneCountInString(s) }

// collapse makes every run of white space one space and strips the ends.
func collapse(s string) string {
	if isCollapsed(s) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// isCollapsed is a quick look that is true for most texts.
func isCollapsed(s string) bool {
	space := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			return isCollapsedWide(s)
		}
		if c == ' ' {
			if space {
				return false
			}
			space = true
			continue
		}
		if c < ' ' && (c >= '\t' && c <= '\r' || c >= 0x1c) {
			return false
		}
		space = false
	}
	return !space || s == ""
}

func isCollapsedWide(s string) bool {
	space := true
	for _, r := range s {
		if r == ' ' {
			if space {
				return false
			}
			space = true
			continue
		}
		if unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f {
			return false
		}
		space = false
	}
	return !space || s == ""
}

// last returns the last n code points of s.
func last(s string, n int) string {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s[i:]
}
