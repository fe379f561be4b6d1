package ppt

import (
	"strconv"

	"github.com/sluicehq/sluice/partition/slide"
)

// Places that stand on the master and are shown on the slides that ask for them (MS-PPT 2.13.21).
const (
	placeDate   = 7
	placeNumber = 8
	placeFooter = 9
)

// margins is what slides show at their edge.
type margins struct {
	date, footer string
	number       bool
}

// readMargins reads what a slide shows, or all of them unless they say otherwise. A date that changes from day to day is not
// a text of the file.
func (r *reader) readMargins(b data) (*margins, error) {
	const (
		ownDate = 4
		number  = 8
		footer  = 32
	)
	m := &margins{}
	flags := 0
	err := r.each(b, func(c record) error {
		switch c.kind {
		case recMarginsAtom:
			flags = c.data.u16(2)
			m.number = flags&number != 0
		case recString:
			t := body{chars: c.data, wide: true}
			text := words(t.units(), 0, nil)
			switch {
			case c.instance == 0 && flags&ownDate != 0:
				m.date = text
			case c.instance == 2 && flags&footer != 0:
				m.footer = text
			}
		}
		return nil
	})
	return m, err
}

// shapes puts the texts where the master has the places, but for those that the slide fills itself.
func (m *margins) shapes(on *master, own map[int]bool, number int) []slide.Shape {
	texts := map[int]string{placeDate: m.date, placeFooter: m.footer}
	if m.number {
		texts[placeNumber] = strconv.Itoa(number)
	}
	var out []slide.Shape
	for _, place := range []int{placeDate, placeNumber, placeFooter} {
		at, ok := on.places[place]
		if ok && texts[place] != "" && !own[place] {
			out = append(out, slide.Shape{Top: at.top, Left: at.left, Paragraphs: []slide.Paragraph{{Text: texts[place]}}})
		}
	}
	return out
}
