package doc

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/ole"
	"github.com/sluicehq/sluice/partition/symbol"
)

// paragraph is one of the document's, or what a cell ends with.
type paragraph struct {
	text           string
	contents, tags []string // emphasized
	links          []element.Link
	shape          shape
}

// textReader makes paragraphs of characters.
type textReader struct {
	*reader
	done     []*paragraph
	at       *paragraph
	words    strings.Builder
	emphasis strings.Builder // what was read since the look changed
	look     look
	fields   []field
	hidden   int // fields of which the instruction is being read
	run      *run
}

// field is a link or anything else that the program fills in.
type field struct {
	instruction strings.Builder
	result      bool
	address     string
	start       int // of the link's text, bytes
}

// paragraphs reads the characters from one position to another.
func (r *reader) paragraphs(from, to int) ([]*paragraph, error) {
	if r.claimed += max(to-from, 0); r.claimed > 8*len(r.main) { // parts of the text that are said to be the same
		return nil, ole.Damaged()
	}
	t := &textReader{reader: r}
	var high rune
	i, found := slices.BinarySearchFunc(r.pieces, from, func(p piece, cp int) int { return cmp.Compare(p.first, cp) })
	if !found {
		i = max(i-1, 0)
	}
	for _, p := range r.pieces[min(i, len(r.pieces)):] {
		if p.first >= to {
			break
		}
		first, end := max(from, p.first), min(to, p.first+p.count)
		for cp := first; cp < end; cp++ {
			if err := r.budget.Tick(r.ctx); err != nil {
				return nil, err
			}
			at := p.at + (cp-p.first)*p.width()
			var c rune
			if p.wide {
				c = rune(r.main.u16(at))
				switch {
				case c >= 0xd800 && c < 0xdc00:
					high = c
					continue
				case c >= 0xdc00 && c < 0xe000:
					c = utf16.DecodeRune(high, c)
				}
			} else if c = rune(r.main[at]); c >= 0x80 {
				c = charmap.Windows1252.DecodeByte(byte(c))
			}
			if t.run == nil || at < t.run.start || at >= t.run.end {
				t.run = r.look.find(at)
				t.look = t.change(lookOf(t.run))
			}
			t.char(c, func() *run { return r.layout.find(at) })
		}
	}
	if t.words.Len() > 0 {
		t.end('\r', nil)
	}
	return t.done, nil
}

// change ends a stretch of emphasis when the look changes.
func (t *textReader) change(l look) look {
	if l.bold != t.look.bold || l.italic != t.look.italic {
		t.flush()
	}
	return l
}

// linked tells whether a link is around, whose text is not noted as emphasized.
func (t *textReader) linked() bool {
	for i := range t.fields {
		if t.fields[i].address != "" {
			return true
		}
	}
	return false
}

// char adds a character; layout finds the run of properties of the paragraph that it ends.
func (t *textReader) char(c rune, layout func() *run) {
	if t.at == nil {
		t.at = &paragraph{}
	}
	if t.look.deleted && c != '\a' && c != 0x13 && c != 0x14 && c != 0x15 {
		return
	}
	switch c {
	case 0x13:
		t.flush()
		t.fields = append(t.fields, field{})
		t.hidden++
		return
	case 0x14:
		if n := len(t.fields); n > 0 && !t.fields[n-1].result {
			f := &t.fields[n-1]
			t.flush()
			f.result, f.address, f.start = true, address(f.instruction.String()), t.words.Len()
			t.hidden--
		}
		return
	case 0x15:
		if n := len(t.fields); n > 0 {
			f := &t.fields[n-1]
			if f.result {
				t.link(f)
			} else {
				t.hidden--
			}
			t.flush()
			t.fields = t.fields[:n-1]
		}
		return
	}
	if t.hidden > 0 {
		if n := len(t.fields); !t.fields[n-1].result && t.fields[n-1].instruction.Len() < 4096 {
			t.fields[n-1].instruction.WriteRune(c)
		}
		return
	}
	switch c {
	case '\r', '\f', '\a':
		var of *run
		if layout != nil {
			of = layout()
		}
		t.end(c, of)
	case '\v':
		t.write('\n')
	case 0x1e:
		t.write('-')
	case '\t':
		t.write('\t')
	case '(':
		if t.look.symbol != 0 {
			if s, ok := symbol.Rune(t.font(t.look.font), t.look.symbol); ok {
				c = s
			} else if t.look.symbol&0xff00 != 0xf000 {
				c = t.look.symbol
			}
		}
		t.write(c)
	default:
		if c >= ' ' {
			t.write(c)
		}
	}
}

func (t *textReader) write(c rune) {
	t.words.WriteRune(c)
	if t.look.bold || t.look.italic {
		t.emphasis.WriteRune(c)
	}
}

// flush notes what was emphasized.
func (t *textReader) flush() {
	s := strings.TrimSpace(t.emphasis.String())
	t.emphasis.Reset()
	if s == "" || t.linked() || t.at == nil {
		return
	}
	if t.look.bold {
		t.at.contents, t.at.tags = append(t.at.contents, s), append(t.at.tags, "b")
	}
	if t.look.italic {
		t.at.contents, t.at.tags = append(t.at.contents, s), append(t.at.tags, "i")
	}
}

// link notes the text of a field that leads elsewhere.
func (t *textReader) link(f *field) {
	whole := t.words.String()
	if f.address == "" || f.start >= len(whole) || t.at == nil {
		return
	}
	t.at.links = append(t.at.links, element.Link{Text: whole[f.start:], URL: f.address, StartIndex: utf8.RuneCountInString(whole[:f.start])})
}

// end ends a paragraph with its mark.
func (t *textReader) end(c rune, of *run) {
	if t.at == nil {
		t.at = &paragraph{}
	}
	t.flush()
	for i := range t.fields { // a link that goes on
		if t.fields[i].result {
			t.link(&t.fields[i])
			t.fields[i].start = 0
		}
	}
	t.at.text = t.words.String()
	t.at.shape = t.shapeOf(of, c)
	t.words.Reset()
	t.done = append(t.done, t.at)
	t.at = nil
}

// address reads where the instruction of a field leads, "" for nowhere outside.
func address(instruction string) string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(instruction), "HYPERLINK")
	if !ok {
		return ""
	}
	var target, anchor string
	next := &target
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		switch rest[0] {
		case '"':
			word, after, _ := strings.Cut(rest[1:], `"`)
			if next != nil {
				*next = word
			}
			next, rest = nil, after
		case '\\':
			word, after, _ := strings.Cut(rest, " ")
			switch word {
			case `\l`:
				next = &anchor
			case `\o`, `\t`:
				next = nil
			}
			rest = after
		default:
			word, after, _ := strings.Cut(rest, " ")
			if next != nil {
				*next = word
			}
			next, rest = nil, after
		}
	}
	if target == "" {
		return ""
	}
	if target = strings.ReplaceAll(target, `\\`, `\`); anchor != "" {
		target += "#" + anchor
	}
	return target
}
