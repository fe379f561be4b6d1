package layout

import "math"

// The margins under which glyphs become lines and lines become blocks are those of the reference's text extraction, so
// that both cut a page into the same pieces.
const (
	lineOverlap = 0.5   // share of the smaller height by which two glyphs of a line overlap vertically
	charMargin  = 2.0   // largest gap between two glyphs of a line, in widths of the wider one
	wordMargin  = 0.185 // gap that is a space, in the larger side of the following glyph
	lineMargin  = 0.5   // how far a line looks for neighbours above and below, in its own height
)

// Lines groups glyphs, which stand in content order, into lines. Lines without any text are left out. The lines of one
// direction come together, those that read left to right first.
func Lines(glyphs []Glyph) []Line {
	return lines(glyphs, func(n int) []Glyph { return make([]Glyph, 0, n) })
}

// lines is Lines with the memory that room gives for n glyphs.
func lines(glyphs []Glyph, room func(n int) []Glyph) []Line {
	var out []Line
	for _, turn := range [...]Turn{Right, Down, Left, Up} {
		out = appendLines(out, glyphs, turn, room)
	}
	return out
}

func appendLines(lines []Line, glyphs []Glyph, turn Turn, take func(n int) []Glyph) []Line {
	var line Line
	var previous Box
	n := 0
	for i := range glyphs {
		if glyphs[i].Turn == turn {
			n++
		}
	}
	if n == 0 {
		return lines
	}
	room := take(n + n/4) // of all lines, one behind the other
	end := func() {
		n := len(line.Glyphs)
		line.Glyphs, room = line.Glyphs[:n:n], line.Glyphs[n:]
		if line.hasText() && !line.Box.Empty() {
			line.Box = line.Box.back(turn)
			lines = append(lines, line)
		}
		line = Line{Turn: turn}
	}
	line.Turn = turn
	for i := range glyphs {
		g := &glyphs[i]
		if g.Turn != turn || !g.Box.Finite() {
			continue
		}
		box := g.Box.turned(turn)
		if n := len(line.Glyphs); n > 0 {
			if onlySpaces(&line.Glyphs[n-1], previous, g, box) {
				previous.X1 = box.X0
			}
			if !onOneLine(previous, box) {
				end()
			}
		}
		if len(line.Glyphs) == 0 {
			line.Glyphs, line.Box = room, box
		} else {
			if previous.X1 < box.X0-wordMargin*max(box.Width(), box.Height()) {
				line.Glyphs = append(line.Glyphs, Glyph{Text: " ", Turn: turn, Space: true})
			}
			line.Box = line.Box.Union(box)
		}
		line.Glyphs = append(line.Glyphs, *g)
		previous = box
	}
	if len(line.Glyphs) > 0 {
		end()
	}
	return lines
}

// onlySpaces reports whether the gap between a space and the next glyph, b, is spaces too. PDFium gives one for several in a row, but code
// and forms are set in columns by them, and the reference sees them all.
func onlySpaces(a *Glyph, at Box, b *Glyph, next Box) bool {
	if a.Text != " " || a.Space || a.Font != b.Font || a.Size != b.Size || at.Width() <= 0 {
		return false
	}
	spaces := (next.X0 - at.X1) / at.Width()
	return spaces > 0.9 && math.Abs(spaces-math.Round(spaces)) < 0.05
}

// onOneLine reports whether two glyphs that follow each other stand side by side.
func onOneLine(a, b Box) bool {
	if a.Y1 <= b.Y0 || b.Y1 <= a.Y0 {
		return false
	}
	overlap := min(math.Abs(a.Y0-b.Y1), math.Abs(a.Y1-b.Y0))
	if overlap <= lineOverlap*min(a.Height(), b.Height()) {
		return false
	}
	gap := 0.0
	if a.X1 < b.X0 || b.X1 < a.X0 {
		gap = min(math.Abs(a.X0-b.X1), math.Abs(a.X1-b.X0))
	}
	return gap < charMargin*max(a.Width(), b.Width())
}

func (l Line) hasText() bool {
	for i := range l.Glyphs {
		for _, r := range l.Glyphs[i].Text {
			if !isSpace(r) {
				return true
			}
		}
	}
	return false
}

// EmBox returns box with the height of the font's em square: size points up from the descent. Boxes that follow the ink or
// the ascent of a font differ between the glyphs of one line; em boxes do not. A size that is no length leaves box as it is.
func EmBox(box Box, size float64, turn Turn) Box {
	if !(size > 0) || math.IsInf(size, 0) {
		return box
	}
	b := box.turned(turn)
	b.Y0 = b.Y1 - size
	return b.back(turn)
}
