package ocr

import (
	"image"
	"math"
	"slices"
)

// MayHoldText tells, without reading, whether a picture can hold text that an engine would read. Letters stand in strings: marks of like
// height side by side, on one baseline, with little between them. The leaves of a tree, the grain of a photograph and the lines of a diagram
// give as many marks as print does, but few of them stand so. The raster is best rendered with 100 to 200 dots per inch; an answer takes
// some milliseconds. It says yes where
//
//   - at least longStrings of the marks are in strings of four or more, from left to right or from top to bottom (print beside a picture), or
//   - there is enough of such print for a line or two, whatever else there is (a photograph of a page), or
//   - at least shortStrings of the marks are in strings of two or more from left to right (the labels of a chart).
//
// Where there are more marks than any print has, the raster is made
// smaller first, which takes specks away and leaves letters.
func MayHoldText(m *image.Gray) bool {
	if m.Rect.Dx() < leastLetter || m.Rect.Dy() < leastLetter {
		return false
	}
	for range 3 {
		marks, noise := letterMarks(m)
		if !noise {
			short, long := strung(marks)
			_, down := strung(flipped(marks))
			return long || down || short
		}
		if min(m.Rect.Dx(), m.Rect.Dy()) < 8*leastLetter {
			return false
		}
		m = halved(m)
	}
	return false
}

const (
	leastLetter  = 5    // pixels of the lowest letter that can be read
	shortStrings = 0.5  // share of marks
	longStrings  = 0.12 // share of marks
	lineOfText   = 24   // marks in long strings that are text by themselves
)

// letterMarks gives the marks that are as large as letters and stand out from their surroundings as ink does.
func letterMarks(m *image.Gray) (marks []image.Rectangle, noise bool) {
	small, _ := reduced(m)
	dark, share := darkened(small)
	w, h := small.Rect.Dx(), small.Rect.Dy()
	found := connected(dark, w, h)
	if found == nil && share > 0 || len(found) > max(w*h*noisy/1_000_000, 1000) {
		return nil, true
	}
	for _, b := range found {
		if b.Dy() >= leastLetter-1 && b.Dx() >= 1 && b.Dy() <= h/2+8 && b.Dx() <= 8*b.Dy() && b.Dy() <= 12*b.Dx() && contrast(small, b) >= leastContrast {
			marks = append(marks, b)
		}
	}
	return marks, false
}

// leastContrast is the difference between the darkest and the lightest shade in and around a letter, of 255.
const leastContrast = 48

func contrast(m *image.Gray, b image.Rectangle) int {
	b = b.Inset(-1).Intersect(m.Rect)
	low, high := uint8(255), uint8(0)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for _, v := range m.Pix[y*m.Stride+b.Min.X : y*m.Stride+b.Max.X] {
			low, high = min(low, v), max(high, v)
		}
	}
	return int(high) - int(low)
}

// flipped mirrors marks at the diagonal, so that what stood one below the other stands side by side.
func flipped(marks []image.Rectangle) []image.Rectangle {
	out := make([]image.Rectangle, len(marks))
	for i, b := range marks {
		out[i] = image.Rect(b.Min.Y, b.Min.X, b.Max.Y, b.Max.X)
	}
	return out
}

func halved(m *image.Gray) *image.Gray {
	w, h := m.Rect.Dx()/2, m.Rect.Dy()/2
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		a, b := m.Pix[2*y*m.Stride:], m.Pix[(2*y+1)*m.Stride:]
		for x := range w {
			out.Pix[y*out.Stride+x] = uint8((int(a[2*x]) + int(a[2*x+1]) + int(b[2*x]) + int(b[2*x+1])) / 4)
		}
	}
	return out
}

// strung tells whether enough marks stand in strings from left to right: in short ones, in long ones.
func strung(marks []image.Rectangle) (short, long bool) {
	inShort, inLong := 0, 0
	for _, s := range stringsOf(marks) {
		if s.marks >= 2 {
			inShort += s.marks
		}
		if s.marks >= 4 && s.level {
			inLong += s.marks
		}
	}
	all := float64(len(marks))
	return inShort > 0 && float64(inShort) >= shortStrings*all, inLong > 0 && float64(inLong) >= longStrings*all || inLong >= lineOfText
}

// markString is some marks side by side.
type markString struct {
	marks int
	level bool // most stand on one baseline
}

// stringsOf joins each mark with the next one to the right, where that is near, as high, and on the same level.
func stringsOf(marks []image.Rectangle) []markString {
	sorted := slices.Clone(marks)
	slices.SortFunc(sorted, func(a, b image.Rectangle) int { return a.Min.X - b.Min.X })
	// Marks by bands of height, so that only those of a band or its neighbours are compared.
	const band = 16
	bands := map[int][]int{}
	for i, b := range sorted {
		bands[(b.Min.Y+b.Max.Y)/2/band] = append(bands[(b.Min.Y+b.Max.Y)/2/band], i)
	}
	next, taken := make([]int, len(sorted)), make([]bool, len(sorted))
	for i, b := range sorted {
		next[i] = -1
		best := math.MaxInt
		middle, reach := (b.Min.Y+b.Max.Y)/2, b.Dy()
		for k := (middle - reach) / band; k <= (middle+reach)/band; k++ {
			list := bands[k]
			from, _ := slices.BinarySearch(list, i+1)
			for _, j := range list[from:] {
				c := sorted[j]
				if c.Min.X-b.Max.X > b.Dy() && c.Min.X-b.Max.X > c.Dy() || c.Min.X-b.Max.X >= best {
					break
				}
				if !taken[j] && follows(b, c) {
					best, next[i] = c.Min.X-b.Max.X, j
				}
			}
		}
		if next[i] >= 0 {
			taken[next[i]] = true
		}
	}
	var out []markString
	for i := range sorted {
		if taken[i] {
			continue
		}
		var feet, heights []int
		for j := i; j >= 0; j = next[j] {
			feet, heights = append(feet, sorted[j].Max.Y), append(heights, sorted[j].Dy())
		}
		s := markString{marks: len(feet)}
		if len(feet) > 1 {
			s.level = isLevel(feet, median(heights))
		}
		out = append(out, s)
	}
	return out
}

// follows tells whether c may be the letter behind b.
func follows(b, c image.Rectangle) bool {
	low, high := min(b.Dy(), c.Dy()), max(b.Dy(), c.Dy())
	gap := c.Min.X - b.Max.X
	shared := min(b.Max.Y, c.Max.Y) - max(b.Min.Y, c.Min.Y)
	return 2*low >= high && gap <= high && 3*gap >= -high && 10*shared >= 6*low
}

// isLevel tells whether most feet are the same but for a tenth of the height of the letters.
func isLevel(feet []int, height int) bool {
	usual := median(feet)
	same := 0
	for _, f := range feet {
		if d := f - usual; d <= max(height/8, 1) && d >= -max(height/8, 1) {
			same++
		}
	}
	return 10*same >= 6*len(feet)
}
