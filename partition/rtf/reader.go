package rtf

import (
	"context"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/markup"
	"github.com/sluicehq/sluice/partition/symbol"
)

// place is what the text of a group is for.
type place int

const (
	body        place = iota
	skipped           // with all groups in it
	object            // skipped but for its result
	variants          // the same twice: skipped but for the one in Unicode
	fonts             // the table of fonts
	styles            // the table of styles
	instruction       // of a field
)

// paragraph is what holds for a paragraph.
type paragraph struct {
	style   int
	outline int // level from 1; 0 is text, -1 leaves it to the style
	inTable bool
	list    bool
	depth   int // of the list, from 0
}

// group is the state that a group inherits and its end restores.
type group struct {
	place   place
	starred bool // \* was read: an unknown word makes the group skipped
	look    look
	hidden  bool
	font    int
	fallout int // characters that follow a \u for readers that do not know it
	par     paragraph
	field   *field
	styled  *style // the style that is being declared
	end     func() // runs when the group ends; not inherited
}

// field is a link or anything else that a program fills in.
type field struct {
	words   strings.Builder // of the instruction
	address string
	used    bool
}

type font struct {
	page encoding.Encoding // nil is the document's own
	name strings.Builder   // with a semicolon behind it
	code bool              // its letters are of one width
}

func (f *font) drawn() bool { return symbol.Known(strings.TrimSuffix(f.name.String(), ";")) }

// draw is the character that a code of a symbol font shows.
func (f *font) draw(c rune) rune {
	if s, ok := symbol.Rune(strings.TrimSuffix(f.name.String(), ";"), c); ok {
		return s
	}
	return c
}

type style struct {
	outline int // level from 1, 0 for none
	name    strings.Builder
	base    int
}

type reader struct {
	ctx    context.Context
	budget *budget.Budget
	scan   scanner
	group
	stack []group

	page   encoding.Encoding // of the document
	fonts  map[int]*font
	styles map[int]*style

	raw     []byte            // bytes of text that were not decoded yet
	rawPage encoding.Encoding // their encoding
	high    rune              // first half of a surrogate pair
	skip    int               // characters left to pass over

	main   *story // the body
	story  *story // what is being read: the body, a note, a header
	notes  markup.Notes
	pieces []piece
	foots  []piece           // wait for the end of the section
	last   map[string]string // what the headers and footers of each kind said last
}

func newReader(ctx context.Context, raw []byte, b *budget.Budget) *reader {
	r := &reader{ctx: ctx, budget: b, scan: scanner{b: raw}, page: charmap.Windows1252, main: &story{},
		fonts: map[int]*font{}, styles: map[int]*style{}, last: map[string]string{}}
	r.story, r.fallout, r.par.outline, r.font = r.main, 1, -1, -1
	return r
}

// read goes through the file up to the end of its outermost group.
func (r *reader) read() error {
	for {
		if err := r.budget.Tick(r.ctx); err != nil {
			return err
		}
		t := r.scan.next()
		if t.kind != hex && t.kind != plain {
			r.flush()
		}
		switch t.kind {
		case openGroup:
			r.stack = append(r.stack, r.group)
			if err := r.budget.Depth(len(r.stack)); err != nil {
				return err
			}
			r.starred, r.end, r.skip = false, nil, 0
		case closeGroup:
			r.skip, r.high = 0, 0
			if r.end != nil {
				r.end()
			}
			if len(r.stack) == 1 {
				r.finish()
				return nil
			}
			r.group = r.stack[len(r.stack)-1]
			r.stack = r.stack[:len(r.stack)-1]
		case word:
			r.word(t)
		case sign:
			r.sign(t.char)
		case hex:
			r.bytes([]byte{t.char})
		case plain:
			r.bytes(t.text)
		case binary:
		default:
			return budget.Errorf(budget.Corrupt, "File is not a valid rtf. It is cut off: get it again, or open it in its program and save it again.")
		}
	}
}

// bytes are characters in the encoding of the font.
func (r *reader) bytes(b []byte) {
	n := min(r.skip, len(b))
	r.skip -= n
	if b = b[n:]; len(b) == 0 {
		return
	}
	page, f := r.page, r.fonts[r.font]
	if f != nil {
		if f.page != nil {
			page = f.page
		}
		if r.place == body && f.drawn() {
			r.flush()
			for _, c := range b {
				r.text(string(f.draw(rune(c))))
			}
			return
		}
	}
	if page != r.rawPage {
		r.flush()
		r.rawPage = page
	}
	r.raw = append(r.raw, b...)
}

// flush decodes the bytes that were gathered.
func (r *reader) flush() {
	if len(r.raw) == 0 {
		return
	}
	s, err := r.rawPage.NewDecoder().Bytes(r.raw)
	if err != nil {
		s, _ = charmap.Windows1252.NewDecoder().Bytes(r.raw)
	}
	r.raw = r.raw[:0]
	r.text(string(s))
}

// char is a character by its number in Unicode, of which some come in two halves.
func (r *reader) char(c rune) {
	if c < 0 {
		c += 1 << 16
	}
	high := r.high
	r.high = 0
	switch {
	case c >= 0xd800 && c < 0xdc00:
		r.high = c
		return
	case c >= 0xdc00 && c < 0xe000:
		c = utf16.DecodeRune(high, c)
	}
	if c == 0 || c > utf8.MaxRune {
		return
	}
	if f := r.fonts[r.font]; f != nil && c >= 0xf000 && c <= 0xf0ff {
		c = f.draw(c)
	}
	r.text(string(c))
}

// text goes where the group says.
func (r *reader) text(s string) {
	switch r.place {
	case body:
		if !r.hidden {
			l := r.look
			if f := r.fonts[r.font]; f != nil {
				l.code = f.code
			}
			r.story.add(s, l)
		}
	case instruction:
		if r.field != nil && r.field.words.Len() < maxInstruction {
			r.field.words.WriteString(s)
		}
	case fonts:
		if f := r.fonts[r.font]; f != nil && f.name.Len() < maxName {
			f.name.WriteString(s)
		}
	case styles:
		if st := r.styled; st != nil && st.name.Len() < maxName {
			st.name.WriteString(s)
		}
	}
}

const (
	maxInstruction = 64 << 10 // bytes of a field's instruction that are read
	maxName        = 200      // bytes of a font's or style's name
)

// level is the heading level of the paragraph that is read, 0 for none.
func (r *reader) level() int {
	if r.par.outline >= 0 {
		return r.par.outline
	}
	number := r.par.style
	for range 10 { // styles build on each other
		s := r.styles[number]
		if s == nil {
			return 0
		}
		if s.outline > 0 {
			return s.outline
		}
		name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s.name.String()), ";"))
		if rest, ok := strings.CutPrefix(name, "heading "); ok && len(rest) == 1 && rest[0] >= '1' && rest[0] <= '9' {
			return int(rest[0] - '0')
		}
		switch name {
		case "title":
			return 1
		case "subtitle":
			return 2
		}
		if s.base == number {
			return 0
		}
		number = s.base
	}
	return 0
}

func (r *reader) endParagraph() {
	if r.place == body {
		r.story.paragraph(r.par, r.level())
	}
}

// cut closes the piece of the body that was read, so that something can stand behind it.
func (r *reader) cut() {
	if html := r.main.out.String(); html != "" {
		r.pieces = append(r.pieces, piece{html: html})
		r.main.out.Reset()
	}
}

// endSection places the footers of the section.
func (r *reader) endSection() {
	if len(r.foots) > 0 {
		r.cut()
		r.pieces = append(r.pieces, r.foots...)
		r.foots = nil
	}
}

// finish closes the document: what is left of the body, notes, footers.
func (r *reader) finish() {
	rest := r.story.end(r.par, r.level())
	r.pieces = append(append(r.pieces, piece{html: rest + r.notes.Section()}), r.foots...)
}

// inside reads the rest of the group as a story of its own; done gets its blocks as HTML.
func (r *reader) inside(done func(html string)) {
	outer, previous := r.story, r.end
	inner := &story{}
	r.story = inner
	r.par, r.look, r.hidden, r.field, r.place = paragraph{outline: -1}, look{}, false, nil, body
	r.end = func() {
		html := inner.end(r.par, r.level())
		r.story = outer
		done(html)
		if previous != nil {
			previous()
		}
	}
}

// note reads a footnote or endnote and puts its mark where it stands.
func (r *reader) note() {
	number, outer := r.notes.Reserve(), r.story
	outer.raw(markup.Mark(number))
	r.inside(func(html string) { r.notes.Set(number, html) })
}

// margin reads a header or footer. One that says what the last of its kind said is not said again.
func (r *reader) margin(kind element.Type, pages string) {
	r.inside(func(html string) {
		key := string(kind) + pages
		if html == "" || r.last[key] == html {
			return
		}
		r.last[key] = html
		p := piece{html, kind, pages}
		if kind == element.Footer {
			r.foots = append(r.foots, p)
			return
		}
		r.cut()
		r.pieces = append(r.pieces, p)
	})
}
