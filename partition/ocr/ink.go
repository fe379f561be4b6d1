package ocr

import (
	"image"
	"iter"
	"math"
	"slices"
	"unicode"
)

// ink is what a look at a raster tells of its letters, without reading them.
type ink struct {
	marks    int               // connected marks that may be letters
	height   float64           // of the usual one, pixels of the raster; 0 without any
	sideways bool              // most marks have their neighbours above and below
	dark     float64           // share of the raster that is ink
	noise    bool              // more marks than any print has: specks, a photograph's grain
	dense    image.Rectangle   // the part with the most marks
	rules    []image.Rectangle // straight lines, pixels of the raster
}

// blank reports whether there is nothing that could be read.
func (k ink) blank() bool { return k.marks == 0 && (k.dark < 1e-5 || k.dark > 0.9999) }

// lettered reports whether there are enough marks to judge by.
func (k ink) lettered() bool { return k.marks >= 25 && !k.noise }

const (
	inspected  = 3_000_000 // pixels of the reduced raster that is looked at
	maxMarks   = 200_000
	noisy      = 30_000 // marks in a million pixels; the smallest print that can be read has half of it
	densePart  = 1300   // pixels of the raster as recognised, each side of the part that turns are tried on
	sampleEdge = 4000   // marks whose neighbours are looked for
)

// inspect looks at the connected marks of a raster.
func inspect(m *image.Gray) ink {
	small, factor := reduced(m)
	dark, share := darkened(small)
	k := ink{dark: share, dense: m.Rect}
	w, h := small.Rect.Dx(), small.Rect.Dy()
	var marks []image.Rectangle
	found := connected(dark, w, h)
	k.noise = found == nil && share > 0 || len(found) > max(w*h*noisy/1_000_000, 1000)
	for _, b := range found {
		if bw, bh := b.Dx(), b.Dy(); bh >= 3 && bw >= 1 && bh <= h/4+8 && bw <= w/4+8 && bw <= 12*bh && bh <= 12*bw && max(bw, bh) >= 4 {
			marks = append(marks, b)
		}
	}
	k.marks = len(marks)
	if len(marks) < 5 || k.noise {
		return k
	}
	heights, widths := make([]int, len(marks)), make([]int, len(marks))
	for i, b := range marks {
		heights[i], widths[i] = b.Dy(), b.Dx()
	}
	usual := median(heights)
	k.sideways = len(marks) >= 25 && vertical(marks, float64(max(usual, median(widths)))) > 0.68
	if k.sideways {
		usual = median(widths)
	}
	// Dots, commas and dashes are marks too: the usual letter is the middle of those that are not far below the middle.
	heights = heights[:0]
	for _, b := range marks {
		side := b.Dy()
		if k.sideways {
			side = b.Dx()
		}
		if side*2 >= usual {
			heights = append(heights, side)
		}
	}
	k.height = float64(median(heights)) * float64(factor)
	k.dense = densest(marks, m, factor, k.height)
	for _, r := range rulesOf(small, k.height/float64(factor)) {
		k.rules = append(k.rules, image.Rect(r.Min.X*factor, r.Min.Y*factor, r.Max.X*factor, r.Max.Y*factor))
	}
	return k
}

// reduced makes a raster small enough to look at, by whole factors.
func reduced(m *image.Gray) (*image.Gray, int) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	f := int(math.Ceil(math.Sqrt(float64(w) * float64(h) / inspected)))
	if f <= 1 {
		return m, 1
	}
	w, h = max(w/f, 1), max(h/f, 1)
	out := image.NewGray(image.Rect(0, 0, w, h))
	f = min(f, m.Rect.Dx(), m.Rect.Dy())
	sum := make([]uint32, w)
	for y := range h {
		clear(sum)
		for dy := range f {
			line := m.Pix[(y*f+dy)*m.Stride:]
			for x := range sum {
				for _, v := range line[x*f : x*f+f] {
					sum[x] += uint32(v)
				}
			}
		}
		for x, s := range sum {
			out.Pix[y*out.Stride+x] = uint8(s / uint32(f*f))
		}
	}
	return out, f
}

// darkened marks the pixels that are darker than their surroundings, or lighter where the ground is dark, and tells how
// many they are. The surroundings are the mean of a square around a pixel (Bradley and Roth, 2007), so that shadows on a
// photograph are no ink.
func darkened(m *image.Gray) ([]bool, float64) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	var histogram [256]int
	for y := range h {
		for _, v := range m.Pix[y*m.Stride : y*m.Stride+w] {
			histogram[v]++
		}
	}
	middle, seen := 0, 0
	for v, n := range histogram {
		if seen += n; seen >= w*h/2 {
			middle = v
			break
		}
	}
	flip := uint8(0)
	if middle < 96 { // light letters on a dark ground
		flip = 255
	}
	sums := make([]uint32, (w+1)*(h+1))
	for y := range h {
		var row uint32
		for x, v := range m.Pix[y*m.Stride : y*m.Stride+w] {
			row += uint32(v ^ flip)
			sums[(y+1)*(w+1)+x+1] = sums[y*(w+1)+x+1] + row
		}
	}
	out := make([]bool, w*h)
	reach := max(max(w, h)/32, 8)
	n := 0
	for y := range h {
		y0, y1 := max(y-reach, 0), min(y+reach+1, h)
		for x, v := range m.Pix[y*m.Stride : y*m.Stride+w] {
			x0, x1 := max(x-reach, 0), min(x+reach+1, w)
			sum := sums[y1*(w+1)+x1] - sums[y0*(w+1)+x1] - sums[y1*(w+1)+x0] + sums[y0*(w+1)+x0]
			area := uint32((x1 - x0) * (y1 - y0))
			if uint64(v^flip)*uint64(area)*100 < uint64(sum)*82 {
				out[y*w+x] = true
				n++
			}
		}
	}
	return out, float64(n) / float64(w*h)
}

// darkRuns gives the runs of dark pixels of a row: where each begins, and the first pixel behind it.
func darkRuns(row []bool) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if !yield(from, x) {
				return
			}
		}
	}
}

// connected gives the boxes of the marks: pixels that touch, also at corners. Noise gives no more than maxMarks.
func connected(dark []bool, w, h int) []image.Rectangle {
	type run struct{ from, to, mark int }
	var (
		parent []int
		boxes  []image.Rectangle
		above  []run
		here   []run
	)
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for y := range h {
		line := dark[y*w : (y+1)*w]
		here = here[:0]
		next := 0
		for from, x := range darkRuns(line) {
			r := run{from, x, -1}
			for next < len(above) && above[next].to < from {
				next++
			}
			for i := next; i < len(above) && above[i].from <= x; i++ {
				root := find(above[i].mark)
				if r.mark < 0 {
					r.mark = root
				} else if r.mark != root {
					parent[root] = r.mark
					boxes[r.mark] = boxes[r.mark].Union(boxes[root])
				}
			}
			if r.mark < 0 {
				if len(boxes) >= maxMarks {
					return nil // noise, which has no letters
				}
				r.mark = len(boxes)
				parent, boxes = append(parent, r.mark), append(boxes, image.Rectangle{})
			}
			boxes[r.mark] = boxes[r.mark].Union(image.Rect(from, y, x, y+1))
			here = append(here, r)
		}
		above, here = here, above
	}
	var out []image.Rectangle
	for i, b := range boxes {
		if parent[i] == i {
			out = append(out, b)
		}
	}
	return out
}

// vertical is the share of marks whose nearest neighbour stands above or below and not beside: letters of a line stand
// closer to each other than the lines do.
func vertical(marks []image.Rectangle, size float64) float64 {
	cell := max(int(3*size), 8)
	grid := map[image.Point][]int{}
	at := func(b image.Rectangle) image.Point {
		return image.Pt((b.Min.X+b.Max.X)/2/cell, (b.Min.Y+b.Max.Y)/2/cell)
	}
	for i, b := range marks {
		if p := at(b); len(grid[p]) < 64 {
			grid[p] = append(grid[p], i)
		}
	}
	up, all := 0, 0
	step := max(len(marks)/sampleEdge, 1)
	for i := 0; i < len(marks); i += step {
		b := marks[i]
		p := at(b)
		nearest, beside := math.Inf(1), false
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				for _, j := range grid[p.Add(image.Pt(dx, dy))] {
					if j == i {
						continue
					}
					c := marks[j]
					if float64(max(c.Dx(), c.Dy()))*2 < size || b.Overlaps(c) {
						continue
					}
					gapX := float64(max(c.Min.X-b.Max.X, b.Min.X-c.Max.X, 0))
					gapY := float64(max(c.Min.Y-b.Max.Y, b.Min.Y-c.Max.Y, 0))
					if d := math.Hypot(gapX, gapY); d < nearest {
						nearest, beside = d, gapX >= gapY
					}
				}
			}
		}
		if math.IsInf(nearest, 1) {
			continue
		}
		all++
		if !beside {
			up++
		}
	}
	if all < 20 {
		return 0
	}
	return float64(up) / float64(all)
}

// densest finds the part of the raster, densePart pixels square when it is recognised, that holds the most marks.
func densest(marks []image.Rectangle, m *image.Gray, factor int, height float64) image.Rectangle {
	side := densePart
	if height > 0 {
		side = int(densePart * height / enlargedLetters)
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	side = max(side, 64)
	if side >= w && side >= h {
		return image.Rect(0, 0, w, h)
	}
	step := max(side/2/factor, 1)
	count := map[image.Point]int{}
	for _, b := range marks {
		p := image.Pt((b.Min.X+b.Max.X)/2/step, (b.Min.Y+b.Max.Y)/2/step)
		for dy := range 2 {
			for dx := range 2 {
				count[p.Sub(image.Pt(dx, dy))]++
			}
		}
	}
	best, most := image.Point{}, 0
	for p, n := range count {
		if n > most || n == most && (p.Y < best.Y || p.Y == best.Y && p.X < best.X) {
			best, most = p, n
		}
	}
	x := min(max(best.X*step*factor, 0), max(w-side, 0))
	y := min(max(best.Y*step*factor, 0), max(h-side, 0))
	return image.Rect(x, y, min(x+side, w), min(y+side, h))
}

func median(values []int) int {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
