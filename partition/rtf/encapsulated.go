package rtf

import (
	"bytes"
	"context"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
)

// IsEncapsulated tells whether RTF was made of HTML, which it still holds.
func IsEncapsulated(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte(`{\rtf`)) && bytes.Contains(raw[:min(len(raw), 1<<10)], []byte(`\fromhtml1`))
}

// EncapsulatedHTML gives back the HTML that mail programs hide in RTF (MS-OXRTFEX): the groups of tags, and the text that
// is not there for readers of RTF alone.
func EncapsulatedHTML(ctx context.Context, raw []byte, b *budget.Budget) (string, error) {
	e := &unwrapper{page: charmap.Windows1252, fonts: map[int]encoding.Encoding{}}
	z := &scanner{b: raw}
	stack := []unwrapState{{fallout: 1}}
	for {
		if err := b.Tick(ctx); err != nil {
			return "", err
		}
		t := z.next()
		s := &stack[len(stack)-1]
		switch t.kind {
		case endOfFile, broken:
			e.flush()
			return e.out.String(), nil
		case openGroup:
			if err := b.Depth(len(stack)); err != nil {
				return "", err
			}
			inner := *s
			inner.starred = false
			stack = append(stack, inner)
		case closeGroup:
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		case sign:
			e.sign(t.char, s)
		case hex:
			if s.pending > 0 {
				s.pending--
			} else if s.shown() {
				e.byte(t.char, s)
			}
		case plain:
			text := t.text
			if n := min(s.pending, len(text)); n > 0 {
				text, s.pending = text[n:], s.pending-n
			}
			if s.shown() {
				for _, c := range text {
					e.byte(c, s)
				}
			}
		case word:
			e.word(t, s)
		}
	}
}

// unwrapState is what a group inherits and its end restores.
type unwrapState struct {
	skipped bool // a destination that holds no HTML
	table   bool // the table of fonts
	hidden  bool // for readers of RTF alone
	tag     bool // in a group of tags, where nothing is hidden
	starred bool
	font    int
	fallout int // characters behind a \u for readers that do not know it
	pending int // of them still to come
}

func (s *unwrapState) shown() bool { return !s.skipped && (s.tag || !s.hidden) }

type unwrapper struct {
	out   strings.Builder
	page  encoding.Encoding
	fonts map[int]encoding.Encoding
	raw   []byte // in the encoding at hand
	in    encoding.Encoding
	high  rune // first half of a character beyond 16 bits
}

// byte adds a byte in the encoding of the font.
func (e *unwrapper) byte(c byte, s *unwrapState) {
	page := e.fonts[s.font]
	if page == nil || s.tag {
		page = e.page
	}
	if page != e.in {
		e.flush()
		e.in = page
	}
	e.raw = append(e.raw, c)
}

func (e *unwrapper) flush() {
	if len(e.raw) == 0 {
		return
	}
	text, err := e.in.NewDecoder().Bytes(e.raw)
	if err != nil {
		text = bytes.ToValidUTF8(e.raw, []byte("\ufffd"))
	}
	e.out.Write(text)
	e.raw = e.raw[:0]
}

func (e *unwrapper) write(text string, s *unwrapState) {
	if s.shown() {
		e.flush()
		e.out.WriteString(text)
	}
}

func (e *unwrapper) sign(c byte, s *unwrapState) {
	switch c {
	case '*':
		s.starred = true
	case '{', '}', '\\':
		e.write(string(rune(c)), s)
	case '~':
		e.write("&nbsp;", s)
	case '_':
		e.write("&shy;", s)
	case '\r', '\n':
		e.write("\n", s)
	}
}

func (e *unwrapper) word(t token, s *unwrapState) {
	starred := s.starred
	s.starred = false
	switch t.name {
	case "htmltag":
		s.tag = !s.skipped
	case "mhtmltag", "stylesheet", "colortbl", "info", "pntext", "pict", "object", "header", "footer", "generator", "listtable":
		s.skipped = true
	case "fonttbl":
		s.skipped, s.table = true, true
	case "htmlrtf":
		s.hidden = !t.given || t.number != 0
	case "ansicpg":
		if page := charset.CodePage(t.number); page != nil {
			e.page = page
		}
	case "f":
		s.font = t.number
	case "fcharset":
		if s.table && len(e.fonts) < 1<<16 {
			e.fonts[s.font] = charset.OfFont(t.number)
		}
	case "plain":
		s.font = 0
	case "uc":
		s.fallout = min(max(t.number, 0), 16)
	case "u":
		e.unicode(rune(uint16(t.number)), s)
		s.pending = s.fallout
	case "par", "line":
		e.write("\n", s)
	case "tab":
		e.write("\t", s)
	default:
		if text, ok := namedCharacters[t.name]; ok {
			e.write(text, s)
		} else if starred {
			s.skipped = true
		}
	}
}

// unicode adds a UTF-16 unit.
func (e *unwrapper) unicode(c rune, s *unwrapState) {
	switch {
	case c >= 0xd800 && c < 0xdc00:
		e.high = c
		return
	case c >= 0xdc00 && c < 0xe000:
		if e.high == 0 {
			return
		}
		c = 0x10000 + (e.high-0xd800)<<10 + (c - 0xdc00)
	}
	e.high = 0
	e.write(string(c), s)
}

var namedCharacters = map[string]string{
	"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•", "endash": "–", "emdash": "—",
	"zwj": "\u200d", "zwnj": "\u200c", "enspace": "\u2002", "emspace": "\u2003",
}
