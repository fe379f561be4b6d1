package element

import "slices"

// Buffer gathers elements in pieces, so that a hundred thousand of them are copied once and not at every growth: an element
// takes most of a kilobyte.
type Buffer struct {
	full [][]Element
	last []Element
}

// Append adds elements behind those that are there.
func (b *Buffer) Append(elements ...Element) {
	const most = 4096 // elements in a piece
	for len(elements) > 0 {
		if len(b.last) == most {
			b.full, b.last = append(b.full, b.last), make([]Element, 0, most)
		}
		n := min(len(elements), most-len(b.last))
		b.last = append(b.last, elements[:n]...)
		elements = elements[n:]
	}
}

// Elements empties the buffer and returns what was in it, nil when that is nothing.
func (b *Buffer) Elements() []Element {
	full, last := b.full, b.last
	*b = Buffer{}
	if full == nil {
		return last
	}
	return slices.Concat(append(full, last)...)
}
