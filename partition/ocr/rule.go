package ocr

import (
	"image"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/partition/layout"
)

// Measures of the lines that are drawn on a page, in pixels of the reduced raster where no other unit is said.
const (
	leastRun     = 24   // dark pixels in a row that may be a piece of a line
	lettersLong  = 3.0  // heights of the usual letter that a line is at least long
	lettersThick = 0.35 // and at most thick
	thinnest     = 4    // thickness that a line of small print may have as well
	bridge       = 8    // gap in a line, where another crosses it
	slope        = 0.03 // by which a line may climb: a page that lies askew
	leastRidge   = 28   // shades of 255 by which both sides of a line are lighter
	maxRules     = 3000
)

// rulesOf finds the straight lines, horizontal and vertical, of a raster. height is that of the usual letter, 0 when not known. A raster that
// gives very many lines has none: it is a pattern.
func rulesOf(m *image.Gray, height float64) []image.Rectangle {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	long, thick := max(lettersLong*height, leastRun), max(lettersThick*height, thinnest)
	level, upright := ridges(m, int(thick)+2)
	across, down := straight(level, w, h, long, thick), straight(upright, h, w, long, thick)
	if len(across) > maxRules || len(down) > maxRules {
		return nil
	}
	for _, r := range down {
		across = append(across, image.Rect(r.Min.Y, r.Min.X, r.Max.Y, r.Max.X))
	}
	return across
}

// ridges marks the pixels that are darker than some above and some below them no further than reach, and those, in a bitmap with its rows for
// columns, that are darker than some to the left and to the right. Lines are often gray, and close to text: what counts is that both of
// their sides are lighter, not how they compare with the surroundings.
func ridges(m *image.Gray, reach int) (level, upright []bool) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	level, upright = make([]bool, w*h), make([]bool, w*h)
	lighter := func(at, step, n int, least uint8) bool {
		for range n {
			at += step
			if m.Pix[at] >= least {
				return true
			}
		}
		return false
	}
	for y := range h {
		up, below := min(reach, y), min(reach, h-1-y)
		for x, v := range m.Pix[y*m.Stride : y*m.Stride+w] {
			if v > 255-leastRidge {
				continue
			}
			at, least := y*m.Stride+x, v+leastRidge
			if up > 0 && below > 0 && lighter(at, -m.Stride, up, least) && lighter(at, m.Stride, below, least) {
				level[y*w+x] = true
			}
			if left, right := min(reach, x), min(reach, w-1-x); left > 0 && right > 0 && lighter(at, -1, left, least) && lighter(at, 1, right, least) {
				upright[x*h+y] = true
			}
		}
	}
	return level, upright
}

// stroke is a horizontal line on its way: runs of dark pixels that touch, row by row.
type stroke struct {
	box  image.Rectangle
	last image.Rectangle // of its runs in the last row that has some
	area int             // pixels; 0 when it went into another
}

// touches reports whether a run of the next row, or of the same, goes on a stroke.
func (s *stroke) touches(run image.Rectangle) bool {
	return s.area > 0 && run.Min.X <= s.last.Max.X+bridge && run.Max.X >= s.last.Min.X-bridge
}

func (s *stroke) add(run image.Rectangle, area int) {
	s.area += area
	s.box = s.box.Union(run)
	if run.Max.Y > s.last.Max.Y {
		s.last = image.Rect(run.Min.X, run.Max.Y-1, run.Max.X, run.Max.Y)
	} else {
		s.last = s.last.Union(image.Rect(run.Min.X, s.last.Min.Y, run.Max.X, s.last.Max.Y))
	}
}

// straight finds horizontal lines of a length and a thickness.
func straight(dark []bool, w, h int, long, thick float64) []image.Rectangle {
	var open []stroke
	var out []image.Rectangle
	end := func(s stroke) {
		length := float64(s.box.Dx())
		mean := float64(s.area) / length
		if length >= long && mean <= thick && length >= 6*mean && float64(s.box.Dy()) <= mean+slope*length+2 && len(out) <= maxRules {
			out = append(out, s.box)
		}
	}
	for y := range h {
		line := dark[y*w : (y+1)*w]
		for from, x := range darkRuns(line) {
			if x-from < leastRun {
				continue
			}
			run, into := image.Rect(from, y, x, y+1), -1
			for i := range open {
				switch s := &open[i]; {
				case !s.touches(run):
				case into < 0:
					into = i
					s.add(run, run.Dx())
				default: // this run brings two together
					open[into].add(s.box, s.area)
					s.area = 0
				}
			}
			if into < 0 {
				open = append(open, stroke{box: run, last: run, area: run.Dx()})
			}
		}
		kept := open[:0]
		for _, s := range open {
			if s.area > 0 && s.last.Max.Y < y+1 {
				end(s)
			} else if s.area > 0 {
				kept = append(kept, s)
			}
		}
		open = kept
	}
	for _, s := range open {
		if s.area > 0 {
			end(s)
		}
	}
	return out
}

// turned moves boxes of a raster of w by h pixels along when it is turned clockwise by quarter turns.
func turned(boxes []image.Rectangle, w, h, turns int) []image.Rectangle {
	out := make([]image.Rectangle, len(boxes))
	for i, b := range boxes {
		switch turns & 3 {
		case 1:
			b = image.Rect(h-b.Max.Y, b.Min.X, h-b.Min.Y, b.Max.X)
		case 2:
			b = image.Rect(w-b.Max.X, h-b.Max.Y, w-b.Min.X, h-b.Min.Y)
		case 3:
			b = image.Rect(b.Min.Y, w-b.Max.X, b.Max.Y, w-b.Min.X)
		}
		out[i] = b
	}
	return out
}

// parted takes lines and words for what they are: a line that is a stroke of a letter is none, and neither is a word, or its first or last
// character, that an engine has read into a line.
func (t *Text) parted() {
	kept := t.Rules[:0]
	for _, r := range t.Rules {
		if !t.inWord(r) {
			kept = append(kept, r)
		}
	}
	t.Rules = kept
	if len(kept) == 0 {
		return
	}
	words := t.Words[:0]
	for _, w := range t.Words {
		if core := strings.TrimFunc(w.Text, lineLike); core != w.Text && t.onRule(w.Box) {
			if core == "" {
				continue
			}
			w.Text = core
		}
		words = append(words, w)
	}
	t.Words = words
}

// lineLike tells characters that engines read into lines.
func lineLike(r rune) bool { return strings.ContainsRune("|_—–=~¦[]", r) }

// inWord reports whether a line lies within a word of letters or digits.
func (t *Text) inWord(r image.Rectangle) bool {
	for _, w := range t.Words {
		b := w.Box.Inset(-1)
		if r.Dx() < r.Dy() {
			b = image.Rect(b.Min.X, b.Min.Y-b.Dy()/4, b.Max.X, b.Max.Y+b.Dy()/4)
		} else {
			b = image.Rect(b.Min.X-b.Dy()/2, b.Min.Y, b.Max.X+b.Dy()/2, b.Max.Y)
		}
		if r.In(b) && strings.ContainsFunc(w.Text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			return true
		}
	}
	return false
}

// onRule reports whether a line touches a box.
func (t *Text) onRule(b image.Rectangle) bool {
	b = b.Inset(-max(b.Dy()/8, 2))
	for _, r := range t.Rules {
		if r.Overlaps(b) {
			return true
		}
	}
	return false
}

// RulesOn gives the lines as those of a page on which the whole raster takes the area.
func (t Text) RulesOn(area layout.Box) []layout.Rule {
	if t.Width == 0 || t.Height == 0 || len(t.Rules) == 0 {
		return nil
	}
	x, y := area.Width()/float64(t.Width), area.Height()/float64(t.Height)
	out := make([]layout.Rule, 0, len(t.Rules))
	for _, r := range t.Rules {
		out = append(out, layout.Rule{Box: layout.Box{
			X0: area.X0 + x*float64(r.Min.X), Y0: area.Y0 + y*float64(r.Min.Y), X1: area.X0 + x*float64(r.Max.X), Y1: area.Y0 + y*float64(r.Max.Y),
		}})
	}
	return out
}
