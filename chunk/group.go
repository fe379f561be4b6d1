package chunk

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/model/words"
)

// preChunk is a group of elements whose text becomes one chunk, or several when it is too long.
type preChunk struct {
	elements []element.Element
	text     []byte // overlap from the one before, and texts, joined
	length   int    // of text
	prefix   int    // how much of text is the overlap, bytes
}

// separator stands between the texts of two elements.
const separator = "\n\n"

// plainText is the text of an element as chunks hold it: white space is collapsed, but not in code.
func plainText(e *element.Element) string {
	if e.Type != element.CodeSnippet {
		return collapse(e.Text)
	}
	if strings.TrimSpace(e.Text) == "" {
		return ""
	}
	return e.Text
}

// newPreChunk joins the texts. texts holds them as they are joined, and length how long they are together, when they were
// measured one by one; else there are none.
func (s *settings) newPreChunk(prefix string, elements []element.Element, texts []string, length int) *preChunk {
	if texts == nil {
		texts = make([]string, len(elements))
		for i := range elements {
			texts[i] = plainText(&elements[i])
		}
	}
	size := len(prefix)
	for _, text := range texts {
		size += len(separator) + len(text)
	}
	p := &preChunk{elements: elements, prefix: len(prefix), text: append(make([]byte, 0, size), prefix...)}
	for _, text := range texts {
		if text == "" {
			continue
		}
		if len(p.text) > 0 {
			p.text = append(p.text, separator...)
		}
		p.text = append(p.text, text...)
	}
	if p.length = length; s.tokenizer == nil {
		p.length = utf8.RuneCount(p.text)
	}
	return p
}

// body is the text without the overlap.
func (p *preChunk) body() []byte {
	if p.prefix == 0 || p.prefix == len(p.text) {
		return p.text[p.prefix:]
	}
	return p.text[p.prefix+len(separator):]
}

// grouper collects elements into pre-chunks.
type grouper struct {
	settings
	prefix   string
	elements []element.Element
	texts    []string // of the elements as they are joined, when they were measured so
	segments int      // texts so far, the prefix among them
	length   int      // of those texts, without separators
	last     int      // elements of the group before
	page     *int
	topic    []float32 // of the last element with text, by_similarity only
}

// add takes one element and returns the group that it closed, if it closed one.
func (g *grouper) add(e element.Element) (closed *preChunk) {
	boundary := g.boundary(e)
	size, text := g.measured(&e)
	if len(g.elements) > 0 && (boundary || !g.fits(e, size)) {
		closed = g.flush()
	}
	if len(g.elements) == 0 && g.isolate && isTable(e.Type) {
		g.prefix, g.segments, g.length = "", 0, 0
	}
	if g.elements == nil {
		g.elements = make([]element.Element, 0, min(max(g.last, 1), 64))
	}
	g.elements = append(g.elements, e)
	if g.tokenizer != nil {
		g.texts = append(g.texts, text)
	}
	if e.Text != "" {
		g.segments++
		g.length += size
	}
	return closed
}

// measured is the length of an element's text: in characters as it is, as the reference has it, in tokens as it will be.
func (g *grouper) measured(e *element.Element) (size int, text string) {
	if g.tokenizer == nil {
		return utf8.RuneCountInString(e.Text), ""
	}
	text = plainText(e)
	return g.size(text), text
}

// boundary tells whether e starts a new semantic unit. It looks at every element, since it remembers the page.
func (g *grouper) boundary(e element.Element) bool {
	switch g.strategy {
	case ByTitle:
		paged := !g.multipage && g.turns(e)
		return e.Type == element.Title || paged
	case ByPage:
		return g.turns(e)
	case BySimilarity:
		return g.strays(e)
	}
	return false
}

// strays tells whether e speaks of something else than the element before. An element without text speaks of nothing.
func (g *grouper) strays(e element.Element) bool {
	if strings.TrimSpace(e.Text) == "" {
		return false
	}
	before := g.topic
	g.topic = words.Vector(e.Text)
	return before != nil && words.Similarity(before, g.topic) < g.threshold
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

// fits tells whether e, whose text has a size, may join the elements that are there.
func (g *grouper) fits(e element.Element, size int) bool {
	if g.isolate && (isTable(e.Type) || isTable(g.elements[0].Type)) {
		return false
	}
	joined := g.length
	if g.segments > 0 {
		joined += g.gap * (g.segments - 1)
	}
	if joined > g.soft {
		return false
	}
	return size <= g.hard-g.length-g.gap*g.segments
}

// flush closes the group.
func (g *grouper) flush() *preChunk {
	if len(g.elements) == 0 {
		return nil
	}
	p := g.newPreChunk(g.prefix, g.elements, g.texts, g.length+g.gap*max(0, g.segments-1))
	g.last, g.texts = len(g.elements), g.texts[:0]
	g.elements, g.prefix, g.segments, g.length = nil, "", 0, 0
	if g.between > 0 && (!g.isolate || !isTable(p.elements[0].Type)) {
		if g.prefix = strings.TrimSpace(g.tail(string(p.text), g.between)); g.prefix != "" {
			g.segments, g.length = 1, g.size(g.prefix)
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
	if c.join(c.held, p) {
		return nil
	}
	done := c.held
	c.held = p
	return done
}

// join puts b into a, unless the two stay apart. The overlap of b goes: its source stands before it now.
func (c *combiner) join(a, b *preChunk) bool {
	if a.length >= c.combine || c.isolate && (isTable(a.elements[0].Type) || isTable(b.elements[0].Type)) {
		return false
	}
	body := b.body()
	length := a.length
	switch {
	case c.tokenizer == nil:
		length += utf8.RuneCount(body)
	case b.prefix == 0:
		length += b.length
	default:
		length += c.size(string(body))
	}
	if len(a.text) > 0 && len(body) > 0 {
		length += c.gap
	}
	if length > c.hard {
		return false
	}
	if len(a.text) > 0 && len(body) > 0 {
		a.text = append(a.text, separator...)
	}
	a.text, a.length = append(a.text, body...), length
	a.elements = append(a.elements, b.elements...)
	return true
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
