// Package doc reads Word documents of 1997 to 2003 (MS-DOC): paragraphs with styles and lists, tables with merged cells,
// headers and footers, notes, text boxes, links, and the final text of tracked changes. Of documents of Word 6 and 95 it
// reads the text. What its paragraphs are is decided as for all word processors (package word).
package doc

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"strings"
	"unicode/utf16"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/crypt"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ole"
)

// reader is one document on its way.
type reader struct {
	ctx     context.Context
	options format.Options
	budget  *budget.Budget
	main    data // stream WordDocument
	table   data // stream 0Table or 1Table
	extra   data // stream Data
	pieces  []piece
	look    runs // of characters
	layout  runs // of paragraphs
	styles  []namedStyle
	fonts   []string
	spread  format.Spread
	claimed int // characters that were read, those of parts that share them again
	out     []element.Element
}

// data is read as little-endian numbers; what stands beyond its end is zero.
type data []byte

func (b data) u16(at int) int {
	if at < 0 || at+2 > len(b) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(b[at:]))
}

func (b data) u32(at int) int {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return int(binary.LittleEndian.Uint32(b[at:]))
}

// cut is a part of the data, as much as is there.
func (b data) cut(at, n int) data {
	if at < 0 || n <= 0 || at >= len(b) {
		return nil
	}
	return b[at:min(len(b), at+n)]
}

// Places of tables in the list that the file information block has of them (MS-DOC 2.5.6).
const (
	fcStyles     = 1
	fcSections   = 6
	fcHeaders    = 11
	fcCharacters = 12
	fcParagraphs = 13
	fcFonts      = 15
	fcSettings   = 31
	fcPieces     = 33
)

// tablePart is one of the tables.
func (r *reader) tablePart(index int) data {
	at := 0x9a + 8*index
	return r.table.cut(r.main.u32(at), r.main.u32(at+4))
}

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	container, err := ole.Open(f, b)
	if errors.Is(err, ole.ErrNotOLE) {
		return nil, budget.Errorf(budget.Corrupt, "File is not a valid doc. It may be cut off or damaged: open it in its program and save it again.")
	}
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, options: o, budget: b}
	root := container.Root()
	main, err := root.Stream("WordDocument")
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(main) < 0x60 {
		return nil, budget.Errorf(budget.Corrupt, "File is not a valid doc. Its text is missing.")
	}
	if err != nil {
		return nil, err
	}
	r.main = main
	flags := r.main.u16(10)
	if version := r.main.u16(2); version < 106 {
		if flags&0x100 != 0 {
			return nil, crypt.Unknown(f.Name)
		}
		return r.oldText()
	}
	name := "0Table"
	if flags&0x200 != 0 {
		name = "1Table"
	}
	if r.table, err = root.Stream(name); errors.Is(err, fs.ErrNotExist) {
		return nil, ole.Damaged()
	}
	if err != nil {
		return nil, err
	}
	if r.extra, err = root.Optional("Data"); err != nil {
		return nil, err
	}
	if flags&0x100 != 0 {
		if err := r.unlock(f.Name, flags); err != nil {
			return nil, err
		}
	}
	if err := r.open(); err != nil {
		return nil, err
	}
	err = r.read()
	return r.out, err
}

// unlock decrypts the streams.
func (r *reader) unlock(name string, flags int) error {
	const clear = 68 // bytes at the beginning of the main stream
	if flags&0x8000 != 0 {
		return crypt.Unknown(name)
	}
	if r.options.Password == "" {
		return crypt.Locked(name)
	}
	header := r.table.cut(0, r.main.u32(14))
	s, ok, err := crypt.Legacy(header, name, r.options.Password, 512)
	if err != nil {
		return err
	}
	if !ok {
		return crypt.Wrong(name)
	}
	plain := append(data(nil), r.main[:min(clear, len(r.main))]...)
	for _, stream := range []data{r.main, r.table, r.extra} {
		s.Reveal(stream, 0)
	}
	copy(r.main, plain)
	return nil
}

// piece is a run of characters that stand together in the main stream.
type piece struct {
	first, count int // character positions
	at           int // bytes
	wide         bool
}

func (p *piece) width() int {
	if p.wide {
		return 2
	}
	return 1
}

// open reads what the text is understood by.
func (r *reader) open() error {
	clx := r.tablePart(fcPieces)
	for len(clx) > 3 && clx[0] == 1 { // changes that pieces name
		clx = clx.cut(3+clx.u16(1), len(clx))
	}
	if len(clx) < 5 || clx[0] != 2 {
		return ole.Damaged()
	}
	plc := clx.cut(5, clx.u32(1))
	n := (len(plc) - 4) / 12
	total := 0
	for i := range n {
		if err := r.budget.Tick(r.ctx); err != nil {
			return err
		}
		first, end := plc.u32(4*i), plc.u32(4*i+4)
		fc := plc.u32(4*(n+1) + 8*i + 2)
		p := piece{first: first, count: end - first, at: fc & 0x3fffffff, wide: fc&0x40000000 == 0}
		if !p.wide {
			p.at /= 2
		}
		if p.count < 0 || p.at+p.count*p.width() > len(r.main) {
			return ole.Damaged()
		}
		if total += p.count * p.width(); total > 4*len(r.main) {
			return budget.Errorf(budget.Corrupt, "the document claims more text than the file holds; open it in its program and save it again")
		}
		r.pieces = append(r.pieces, p)
	}
	var err error
	if r.look, err = r.readRuns(r.tablePart(fcCharacters), false); err != nil {
		return err
	}
	if r.layout, err = r.readRuns(r.tablePart(fcParagraphs), true); err != nil {
		return err
	}
	r.readStyles()
	r.readFonts()
	return nil
}

// stories are the parts of the text, one behind the other: their lengths in characters.
type stories struct{ body, notes, margins, macros, comments, endnotes, boxes int }

func (r *reader) stories() stories {
	at := func(i int) int { return min(r.main.u32(i), 1<<30) }
	return stories{at(0x4c), at(0x50), at(0x54), at(0x58), at(0x5c), at(0x60), at(0x64)}
}

// read makes the elements: of each section its headers, its text, its footers, then notes and text boxes.
func (r *reader) read() error {
	s := r.stories()
	sections := r.tablePart(fcSections)
	n := max((len(sections)-4)/16, 0)
	if n == 0 || sections.u32(4*n) < s.body { // the rest is of the last one
		sections, n = nil, max(n, 1)
	}
	from := 0
	for i := range n {
		to := s.body
		title := true
		if sections != nil {
			to = min(sections.u32(4*(i+1)), s.body)
			title = r.hasTitlePage(sections.u32(4*(n+1) + 12*i + 2))
		}
		if err := r.budget.Tick(r.ctx); err != nil {
			return err
		}
		if err := r.margins(i, title, s, header); err != nil {
			return err
		}
		if err := r.story(from, to); err != nil {
			return err
		}
		if err := r.margins(i, title, s, footer); err != nil {
			return err
		}
		from = max(from, to)
	}
	notes := s.body
	if err := r.story(notes, notes+s.notes); err != nil {
		return err
	}
	ends := s.body + s.notes + s.margins + s.macros + s.comments
	if err := r.story(ends, ends+s.endnotes); err != nil {
		return err
	}
	return r.story(ends+s.endnotes, ends+s.endnotes+s.boxes)
}

// story adds the elements of a part of the text.
func (r *reader) story(from, to int) error {
	if from >= to {
		return nil
	}
	found, err := r.paragraphs(from, to)
	if err != nil {
		return err
	}
	if r.notesAt(from) {
		for _, p := range found { // a space stands behind the mark of a note
			if trimmed := strings.TrimLeft(p.text, " \t"); len(p.links) == 0 {
				p.text = trimmed
			}
		}
	}
	_, err = r.emitAll(found)
	return err
}

// notesAt tells whether a part begins with the text of notes.
func (r *reader) notesAt(from int) bool { return from >= r.stories().body }

// hasTitlePage reads from the properties of a section whether its first page is different.
func (r *reader) hasTitlePage(at int) bool {
	title := false
	eachProperty(r.main.cut(at+2, r.main.u16(at)), func(op int, arg data) {
		if op == sectionTitle {
			title = arg[0] != 0
		}
	})
	return title
}

// form is a kind of header or footer: its place among the six that a section has.
type form struct {
	place int
	name  string
}

var (
	header = []form{{1, "primary"}, {4, "first_page"}, {0, "even_page"}}
	footer = []form{{3, "primary"}, {5, "first_page"}, {2, "even_page"}}
)

// margins adds the headers or footers that a section has of its own.
func (r *reader) margins(section int, title bool, s stories, forms []form) error {
	const separators = 6 // stories before those of the first section
	places := r.tablePart(fcHeaders)
	settings := r.tablePart(fcSettings)
	facing := len(settings) > 0 && settings[0]&1 != 0
	start := s.body + s.notes
	for _, f := range forms {
		if f.name == "first_page" && !title || f.name == "even_page" && !facing {
			continue
		}
		at := 4 * (separators + 6*section + f.place)
		if at+8 > len(places) {
			continue
		}
		from, to := places.u32(at), min(places.u32(at+4), s.margins)
		if from >= to {
			continue
		}
		found, err := r.paragraphs(start+from, start+to)
		if err != nil {
			return err
		}
		blocks, err := r.blocks(found)
		if err != nil {
			return err
		}
		var lines []string
		for _, b := range blocks {
			line := ""
			if b.table != nil {
				line = strings.Join(b.table.words(), " ")
			} else {
				line = strings.TrimSpace(b.text)
			}
			if line != "" {
				lines = append(lines, line)
			}
		}
		if len(lines) == 0 {
			continue
		}
		kind, depth := element.Header, 0
		if f.place == 2 || f.place == 3 || f.place == 5 {
			kind = element.Footer
		}
		r.out = append(r.out, element.Element{Type: kind, Text: strings.Join(lines, "\n"), Metadata: element.Metadata{
			HeaderFooterType: f.name, CategoryDepth: &depth,
		}})
	}
	return nil
}

// oldText reads documents of Word 6 and 95, of which only the text is read: a line a paragraph.
func (r *reader) oldText() ([]element.Element, error) {
	if v := r.main.u16(2); v < 101 {
		return nil, budget.Errorf(budget.Unsupported, "the document is older than Word 6; open it in a newer program and save it again")
	}
	const complex = 4
	if r.main.u16(10)&complex != 0 {
		return nil, budget.Errorf(budget.Unsupported, "the document was fast-saved by Word 6 or 95, which is not read; open it in a newer program and save it again")
	}
	start, n := r.main.u32(0x18), r.main.u32(0x34)
	if n > len(r.main) || start > len(r.main)-n {
		return nil, ole.Damaged()
	}
	text, err := charset.Decode(r.main.cut(start, n), "") // which code page it is only the fonts tell
	if err != nil {
		return nil, err
	}
	t := &textReader{reader: r}
	for _, c := range text {
		if err := r.budget.Tick(r.ctx); err != nil {
			return nil, err
		}
		t.char(c, nil)
	}
	t.end(0, nil)
	return r.emitAll(t.done)
}

// utf16Text decodes n characters.
func utf16Text(b data) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b.u16(2 * i))
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}
