// Package ppt reads PowerPoint presentations of 1997 to 2003 (MS-PPT): the slides in their order, each a page, with titles,
// lists, tables and the speaker's notes. What becomes of the shapes is the same for all presentations (package slide).
package ppt

import (
	"context"
	"errors"
	"io/fs"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/crypt"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/ole"
	"github.com/sluicehq/sluice/partition/slide"
)

// reader is one presentation on its way.
type reader struct {
	ctx     context.Context
	options format.Options
	budget  *budget.Budget
	stream  data
	objects map[int]int // where the objects stand in the stream, by their ids
	cipher  crypt.Stream
	claimed int // bytes of objects that were read, those of one again each time
	masters map[int]*master
	page    int
	out     []element.Element
}

// listed is a slide, a master or a page of notes in one of the document's lists.
type listed struct {
	object int
	id     int
	texts  []outline
}

// outline is a text that stands in the list instead of on the slide.
type outline struct {
	kind int
	body body
}

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	container, err := ole.Open(f, b)
	if errors.Is(err, ole.ErrNotOLE) {
		return nil, budget.Errorf(budget.Corrupt, "File is not a valid ppt. It may be cut off or damaged: open it in its program and save it again.")
	}
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, options: o, budget: b, objects: map[int]int{}, masters: map[int]*master{}, page: o.FirstPage() - 1}
	root := container.Root()
	if both, ok := root.Storage("PP97_DUALSTORAGE"); ok { // saved for PowerPoint 95 as well
		root = both
	}
	current, err := root.Optional("Current User")
	if err != nil {
		return nil, err
	}
	r.stream, err = root.Stream("PowerPoint Document")
	if errors.Is(err, fs.ErrNotExist) || err == nil && root.Has("Header") && len(r.stream) > 8 && r.stream.u16(2) == 0 { // of 95
		return nil, budget.Errorf(budget.Unsupported, "the presentation is older than PowerPoint 97; open it in a newer program and save it again")
	}
	if err != nil {
		return nil, err
	}
	document, err := r.open(f.Name, current)
	if err != nil {
		return nil, err
	}
	err = r.read(document)
	return r.out, err
}

// open reads where the objects stand, the newest edit first, and gives the document.
func (r *reader) open(name string, current data) (record, error) {
	at := current.u32(16)
	if at == 0 {
		at = r.lastEdit()
	}
	document, session := 0, 0
	for first := true; at > 0 || first; first = false {
		edit, ok := recordAt(r.stream, at)
		if !ok || edit.kind != recUserEdit {
			return record{}, ole.Damaged()
		}
		if first {
			document = edit.data.u32(16)
			if len(edit.data) >= 32 {
				session = edit.data.u32(28)
			}
		}
		if err := r.directory(edit.data.u32(12)); err != nil {
			return record{}, err
		}
		if before := edit.data.u32(8); before < at {
			at = before
		} else {
			return record{}, ole.Damaged()
		}
		if at == 0 {
			break
		}
	}
	if session != 0 {
		if err := r.unlock(name, session); err != nil {
			return record{}, err
		}
	}
	d, err := r.object(document)
	if err == nil && d.kind != recDocument {
		err = ole.Damaged()
	}
	return d, err
}

// lastEdit finds the edit that the file ends with, when nothing says where it is.
func (r *reader) lastEdit() int {
	last := 0
	for at := 0; ; {
		one, ok := recordAt(r.stream, at)
		if !ok {
			return last
		}
		if one.kind == recUserEdit {
			last = at
		}
		at += 8 + len(one.data)
	}
}

// directory adds objects that no newer directory has.
func (r *reader) directory(at int) error {
	dir, ok := recordAt(r.stream, at)
	if !ok || dir.kind != recPersist {
		return ole.Damaged()
	}
	for d := dir.data; len(d) >= 4; {
		head := d.u32(0)
		id, n := head&0xfffff, head>>20
		if n == 0 || 4+4*n > len(d) {
			return ole.Damaged()
		}
		for i := range n {
			if err := r.budget.Tick(r.ctx); err != nil {
				return err
			}
			if _, known := r.objects[id+i]; !known {
				r.objects[id+i] = d.u32(4 + 4*i)
			}
		}
		d = d[4+4*n:]
	}
	return nil
}

// sessionBlock is how objects are told apart for the cipher, which is keyed anew for each: bytes.
const sessionBlock = 1 << 32

// unlock reads how the objects are encrypted.
func (r *reader) unlock(name string, session int) error {
	s, ok := recordAt(r.stream, r.objects[session])
	if !ok || s.kind != recCryptSession {
		return crypt.Unknown(name)
	}
	if r.options.Password == "" {
		return crypt.Locked(name)
	}
	cipher, ok, err := crypt.Legacy(s.data, name, r.options.Password, sessionBlock)
	if err != nil {
		return err
	}
	if !ok {
		return crypt.Wrong(name)
	}
	r.cipher = cipher
	return nil
}

// object reads an object.
func (r *reader) object(id int) (record, error) {
	at, ok := r.objects[id]
	if !ok || at+8 > len(r.stream) {
		return record{}, ole.Damaged()
	}
	b := r.stream[at:]
	if r.cipher != nil {
		head := append(data(nil), b[:8]...)
		r.cipher.Reveal(head, id*sessionBlock)
		n := min(head.u32(4), len(b)-8)
		b = append(data(nil), b[:8+n]...)
		r.cipher.Reveal(b, id*sessionBlock)
	}
	one, ok := recordAt(b, 0)
	if !ok {
		return record{}, ole.Damaged()
	}
	if r.claimed += len(one.data); r.claimed > 8*len(r.stream) {
		return record{}, ole.Damaged()
	}
	return one, nil
}

// Lists of the document.
const (
	listSlides  = 0
	listMasters = 1
	listNotes   = 2
)

// read makes the elements of the slides.
func (r *reader) read(document record) error {
	var lists [3][]listed
	var environment data
	all := &deck{margins: &margins{}, first: 1}
	err := r.each(document.data, func(c record) error {
		switch {
		case c.kind == recEnvironment:
			environment = c.data
		case c.kind == recDocumentAtom && len(c.data) > 37:
			all.first, all.bareTitle = c.data.u16(32), c.data[37] != 0
		case c.kind == recMargins && c.instance == 3:
			var err error
			all.margins, err = r.readMargins(c.data)
			return err
		case c.kind == recSlideList && c.instance < len(lists):
			return r.list(c.data, &lists[c.instance])
		}
		return nil
	})
	if err != nil {
		return err
	}
	general := &master{}
	if err := general.read(r, environment); err != nil {
		return err
	}
	all.masters, all.notes, all.general = byID(lists[listMasters]), byID(lists[listNotes]), general
	for i, s := range lists[listSlides] {
		if err := r.budget.Page(); err != nil {
			return err
		}
		if i > 0 && r.options.IncludePageBreaks {
			page := r.page
			r.out = append(r.out, element.Element{Type: element.PageBreak, Metadata: element.Metadata{PageNumber: &page}})
		}
		r.page++
		if err := r.slide(s, i, all); err != nil {
			return err
		}
	}
	return nil
}

// deck is what holds for all slides.
type deck struct {
	masters, notes map[int]int // objects by the ids that slides name them by
	general        *master
	margins        *margins
	first          int  // number of the first slide
	bareTitle      bool // slides of titles show nothing at their edge
}

func byID(l []listed) map[int]int {
	out := map[int]int{}
	for _, one := range l {
		out[one.id] = one.object
	}
	return out
}

// list reads a list of slides.
func (r *reader) list(b data, to *[]listed) error {
	kind := -1
	var chars data // of the text at hand
	wide, open := false, false
	var styles data
	var marks []mark
	flush := func() {
		if n := len(*to); open && n > 0 {
			one := &(*to)[n-1]
			one.texts = append(one.texts, outline{kind, body{chars, wide, styles, marks}})
		}
		open, chars, styles, marks = false, nil, nil, nil
	}
	err := r.each(b, func(c record) error {
		switch c.kind {
		case recSlidePersist:
			flush()
			*to = append(*to, listed{object: c.data.u32(0), id: c.data.u32(12)})
		case recTextHeader:
			flush()
			kind, open = c.data.u32(0), true
		case recTextChars, recTextBytes:
			chars, wide = c.data, c.kind == recTextChars
		case recStyleText:
			styles = c.data
		default:
			if isMark(c.kind) {
				marks = append(marks, mark{c.data.u32(0), c.kind})
			}
		}
		return nil
	})
	flush()
	return err
}

// slide adds the notes and then the shapes of a slide.
func (r *reader) slide(s listed, index int, all *deck) error {
	one, err := r.object(s.object)
	if err != nil {
		return err
	}
	if one.kind != recSlide {
		return ole.Damaged()
	}
	p := &page{reader: r, texts: s.texts, master: all.general, number: all.first + index, places: map[int]frame{}}
	edge, title := all.margins, false
	noted := 0
	var drawing data
	err = r.each(one.data, func(c record) error {
		switch c.kind {
		case recSlideAtom:
			noted, title = c.data.u32(16), c.data.u32(0) == 0
			if m, ok := all.masters[c.data.u32(12)]; ok {
				if p.master, err = r.master(m, all.general); err != nil {
					return err
				}
			}
		case recMargins:
			edge, err = r.readMargins(c.data)
			return err
		case recDrawing:
			drawing = c.data
		}
		return nil
	})
	if err != nil {
		return err
	}
	if id, ok := all.notes[noted]; ok && noted != 0 && r.options.IncludeSlideNotes {
		if err := r.notes(id, all.general); err != nil {
			return err
		}
	}
	shapes, err := p.shapes(drawing)
	if err != nil {
		return err
	}
	if !title || !all.bareTitle {
		own := map[int]bool{}
		for place := range p.places {
			own[place] = true
		}
		shapes = append(shapes, edge.shapes(p.master, own, p.number)...)
	}
	r.out = append(r.out, slide.Elements(shapes, r.page, !r.options.NoTableHTML)...)
	return nil
}

// notes adds the speaker's notes of a slide as one element.
func (r *reader) notes(id int, general *master) error {
	one, err := r.object(id)
	if err != nil || one.kind != recNotes {
		return err
	}
	p := &page{reader: r, master: general, onlyNotes: true}
	var lines []string
	err = r.each(one.data, func(c record) error {
		if c.kind != recDrawing {
			return nil
		}
		shapes, err := p.shapes(c.data)
		for _, s := range shapes {
			for _, line := range s.Paragraphs {
				lines = append(lines, line.Text)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if e, ok := slide.Notes(lines, r.page); ok {
		r.out = append(r.out, e)
	}
	return nil
}
