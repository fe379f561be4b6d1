package ocr

import (
	"context"
	"image"
	"math"
	"runtime"
	"sync"
)

// prepared gives the raster in the size and turn in which it is recognised; the raster itself when nothing changes.
func prepared(m *image.Gray, scale float64, turns int) *image.Gray {
	if scale != 1 {
		m = Resize(m, max(int(math.Round(float64(m.Rect.Dx())*scale)), 1), max(int(math.Round(float64(m.Rect.Dy())*scale)), 1))
	}
	return Turn(m, turns)
}

// Turn turns a raster by clockwise quarter turns.
func Turn(m *image.Gray, turns int) *image.Gray {
	turns &= 3
	if turns == 0 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if turns == 2 {
		out := image.NewGray(image.Rect(0, 0, w, h))
		for y := range h {
			from, to := m.Pix[y*m.Stride:y*m.Stride+w], out.Pix[(h-1-y)*out.Stride:]
			for x, v := range from {
				to[w-1-x] = v
			}
		}
		return out
	}
	out := image.NewGray(image.Rect(0, 0, h, w))
	for y := range h {
		from := m.Pix[y*m.Stride : y*m.Stride+w]
		for x, v := range from {
			if turns == 1 {
				out.Pix[x*out.Stride+h-1-y] = v
			} else {
				out.Pix[(w-1-x)*out.Stride+y] = v
			}
		}
	}
	return out
}

// Resize scales a raster with the Catmull-Rom kernel, which keeps the edges of letters sharp; a smaller raster is made of
// means over the pixels that fall together.
func Resize(m *image.Gray, width, height int) *image.Gray {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	columns, rows := taps(w, width), taps(h, height)
	out := image.NewGray(image.Rect(0, 0, width, height))
	// Bands of rows, so that no more than a few source rows stand widened at a time, one band a processor.
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			wide := map[int][]float32{} // source rows at the new width
			sum := make([]float32, width)
			for y := height * k / workers; y < height*(k+1)/workers; y++ {
				t := rows[y]
				for r := range wide {
					if r < t.first {
						delete(wide, r)
					}
				}
				clear(sum)
				for i, weight := range t.weights {
					r := t.first + i
					line, ok := wide[r]
					if !ok {
						line = widen(m.Pix[r*m.Stride:r*m.Stride+w], columns)
						wide[r] = line
					}
					for x, v := range line {
						sum[x] += weight * v
					}
				}
				to := out.Pix[y*out.Stride : y*out.Stride+width]
				for x, v := range sum {
					to[x] = uint8(min(max(v+0.5, 0), 255))
				}
			}
		})
	}
	wg.Wait()
	return out
}

func widen(line []uint8, columns []tap) []float32 {
	out := make([]float32, len(columns))
	for x, t := range columns {
		var sum float32
		for i, weight := range t.weights {
			sum += weight * float32(line[t.first+i])
		}
		out[x] = sum
	}
	return out
}

// tap is what one pixel is made of.
type tap struct {
	first   int
	weights []float32
}

func taps(from, to int) []tap {
	ratio := float64(from) / float64(to)
	reach := max(ratio, 1)
	out := make([]tap, to)
	for i := range out {
		centre := (float64(i)+0.5)*ratio - 0.5
		low, high := int(math.Ceil(centre-2*reach)), int(math.Floor(centre+2*reach))
		t := tap{first: min(max(low, 0), from-1)}
		var sum float32
		for j := low; j <= high; j++ {
			weight := float32(catmullRom((float64(j) - centre) / reach))
			k := min(max(j, 0), from-1) - t.first
			for len(t.weights) <= k {
				t.weights = append(t.weights, 0)
			}
			t.weights[k] += weight
			sum += weight
		}
		for k := range t.weights {
			t.weights[k] /= sum
		}
		out[i] = t
	}
	return out
}

func catmullRom(x float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// The heights of letters, in pixels, between which a raster is recognised as it is, and those that it is brought to
// otherwise. Letters are measured over all, most of them without ascender.
const (
	smallLetters, enlargedLetters = 16, 22
	largeLetters, reducedLetters  = 60, 32
	maxEnlarge                    = 4
	noisePixels                   = 1_500_000
)

// scale is the factor by which a raster is best recognised: small letters are enlarged, huge ones made smaller, and no
// raster has more pixels than the cap.
func (k ink) scale(m *image.Gray, pixels int64) float64 {
	scale := 1.0
	switch {
	case k.noise: // means over many pixels still its specks, and recognising specks takes minutes
		pixels = min(pixels, noisePixels)
	case k.height <= 0:
	case k.height < smallLetters:
		scale = min(enlargedLetters/k.height, maxEnlarge)
	case k.height > largeLetters:
		scale = reducedLetters / k.height
	}
	if area := float64(m.Rect.Dx()) * float64(m.Rect.Dy()) * scale * scale; area > float64(pixels) {
		scale *= math.Sqrt(float64(pixels) / area)
	}
	return scale
}

// Confidences, weighted by length, of a whole raster: from readable on it stands upright, under doubtful it may not.
const (
	readable = 75
	doubtful = 60
	clearly  = 10 // by which another turn must be better than none
)

// tryTurns recognises the densest part of the raster in the turns given, the likeliest first, and returns the best.
func (k ink) tryTurns(ctx context.Context, e Engine, m *image.Gray, r Request, scale float64, turns []int) (int, error) {
	part := m.SubImage(k.dense).(*image.Gray)
	part = &image.Gray{Pix: part.Pix, Stride: part.Stride, Rect: image.Rect(0, 0, k.dense.Dx(), k.dense.Dy())}
	best, confidence := turns[0], -1.0
	for _, t := range turns {
		words, err := e.Words(ctx, prepared(part, scale, t), r)
		if err != nil {
			return 0, err
		}
		found := legible(words)
		if found >= readable {
			return t, nil
		}
		if t == 0 && found >= 0 {
			found += clearly
		}
		if found > confidence {
			best, confidence = t, found
		}
	}
	return best, nil
}

// legible is the mean confidence of the letters of words; -1 without any.
func legible(words []Word) float64 {
	var sum, n float64
	for _, w := range words {
		letters := 0.0
		for _, r := range w.Text {
			if isLetter(r) {
				letters++
			}
		}
		if letters < 2 {
			letters /= 2
		}
		sum += letters * w.Confidence
		n += letters
	}
	if n < 4 {
		return -1
	}
	return sum / n
}
