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
	texts    []string // none empty, the overlap from the group before first
	prefixed bool     // there is such an overlap
	length   int      // of the texts joined
	whole    string   // the texts joined, once asked for
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

// text joins the texts.
func (p *preChunk) text() string {
	if p.whole == "" {
		p.whole = strings.Join(p.texts, separator)
	}
	return p.whole
}

// body is the texts without the overlap.
func (p *preChunk) body() []string {
	if p.prefixed {
		return p.texts[1:]
	}
	return p.texts
}

// characters is how many there are in texts that are joined.
func characters(texts []string) int {
	n := 0
	for i, text := range texts {
		if i > 0 {
			n += len(separator)
		}
		n += utf8.RuneCountInString(text)
	}
	return n
}

// grouper collects elements into pre-chunks.
type grouper struct {
	settings
	prefix   string
	elements []element.Element
	texts    []string // as they are joined, the prefix first, none empty
	segments int      // texts so far, the prefix among them
	length   int      // of those texts, without separators
	spare    preChunk // one that is done: its lists are used again
	page     *int
	topic    []float32 // of the last element with text, by_similarity only
}

// add takes one element and returns the group that it closed, if it closed one.
func (g *grouper) add(e *element.Element) (closed *preChunk) {
	boundary := g.boundary(e)
	text := plainText(e)
	size := g.measured(e, text)
	if len(g.elements) > 0 && (boundary || !g.fits(e, size)) {
		closed = g.flush()
	}
	if len(g.elements) == 0 {
		g.open(e)
	}
	g.elements = append(g.elements, *e)
	if text != "" {
		g.texts = append(g.texts, text)
	}
	if e.Text != "" {
		g.segments++
		g.length += size
	}
	return closed
}

// open begins a group.
func (g *grouper) open(e *element.Element) {
	if g.isolate && isTable(e.Type) {
		g.prefix, g.segments, g.length = "", 0, 0
	}
	g.elements, g.texts, g.spare = g.spare.elements, g.spare.texts, preChunk{}
	if g.prefix != "" {
		g.texts = append(g.texts, g.prefix)
	}
}

// measured is the length of an element's text: in characters as it is, as the reference has it, in tokens as it will be.
func (g *grouper) measured(e *element.Element, plain string) int {
	if g.tokenizer == nil {
		return utf8.RuneCountInString(e.Text)
	}
	return g.size(plain)
}

// boundary tells whether e starts a new semantic unit. It looks at every element, since it remembers the page.
func (g *grouper) boundary(e *element.Element) bool {
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
func (g *grouper) strays(e *element.Element) bool {
	if strings.TrimSpace(e.Text) == "" {
		return false
	}
	before := g.topic
	g.topic = words.Vector(e.Text)
	return before != nil && words.Similarity(before, g.topic) < g.threshold
}

// turns tells whether e stands on another page than the elements before. A missing number is no other page.
func (g *grouper) turns(e *element.Element) bool {
	n := e.Metadata.PageNumber
	if n == nil {
		return false
	}
	turned := g.page != nil && *g.page != *n
	g.page = n
	return turned
}

// fits tells whether e, whose text has a size, may join the elements that are there.
func (g *grouper) fits(e *element.Element, size int) bool {
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
	p := &preChunk{elements: g.elements, texts: g.texts, prefixed: g.prefix != "", length: g.length + g.gap*max(0, g.segments-1)}
	if g.tokenizer == nil { // the texts were measured as they stand
		p.length = characters(p.texts)
	}
	g.elements, g.texts, g.prefix, g.segments, g.length = nil, nil, "", 0, 0
	if g.between > 0 && (!g.isolate || !isTable(p.elements[0].Type)) {
		if g.prefix = strings.TrimSpace(g.tail(p.text(), g.between)); g.prefix != "" {
			g.segments, g.length = 1, g.size(g.prefix)
		}
	}
	return p
}

// reuse takes the lists of a group whose chunks are made.
func (g *grouper) reuse(p *preChunk) {
	if cap(p.elements) > 1024 {
		return
	}
	clear(p.elements)
	clear(p.texts)
	g.spare = preChunk{elements: p.elements[:0], texts: p.texts[:0]}
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
		length += characters(body)
	case !b.prefixed:
		length += b.length
	default:
		length += c.size(strings.Join(body, separator))
	}
	if len(a.texts) > 0 && len(body) > 0 {
		length += c.gap
	}
	if length > c.hard {
		return false
	}
	a.texts, a.length, a.whole = append(a.texts, body...), length, ""
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

// isCollapsed is a quick look that is true for most texts. It takes eight bytes at a time.
func isCollapsed(s string) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	if s == "" {
		return true
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	var last uint64 // 1 when the byte before is a space
	for ; len(s) >= 8; s = s[8:] {
		v := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		if v&high != 0 || ((v|high)-' '*each)&high != high { // beyond ASCII, or a control character
			return isCollapsedSlow(s, last == 1)
		}
		spaces := ^((v ^ ' '*each) + 0x7f*each) & high >> 7 // a 1 in each byte that is a space
		if spaces&(spaces<<8|last) != 0 {
			return false
		}
		last = spaces >> 56
	}
	return isCollapsedSlow(s, last == 1)
}

// isCollapsedSlow looks at one character at a time, behind a space or not.
func isCollapsedSlow(s string, space bool) bool {
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
	return !space
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
