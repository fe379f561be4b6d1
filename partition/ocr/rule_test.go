package ocr

import (
	"context"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/sluicehq/sluice/partition/layout"
)

// bitmap is a page of 1000 by 800 pixels to draw on.
type bitmap struct{ *image.Gray }

func newBitmap() bitmap {
	m := image.NewGray(image.Rect(0, 0, 1000, 800))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	return bitmap{m}
}

func (b bitmap) fill(r image.Rectangle) { b.shade(r, 0) }

func (b bitmap) shade(r image.Rectangle, v uint8) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			b.Pix[y*b.Stride+x] = v
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	b := newBitmap()
	b.fill(image.Rect(100, 100, 900, 102))       // a line across
	b.fill(image.Rect(300, 50, 301, 500))        // and one down, through it
	b.fill(image.Rect(100, 600, 900, 660))       // a ground
	b.shade(image.Rect(100, 226, 900, 228), 190) // a gray line, close to text
	for k := range 60 {                          // letters, but for two beside the line
		if k == 16 || k == 17 {
			continue
		}
		b.fill(image.Rect(100+12*k, 200, 102+12*k, 220))
		b.fill(image.Rect(100+12*k, 208, 110+12*k, 211))
	}
	for x := range 800 { // a line of a page that lies askew by a degree
		y := 700 + int(float64(x)*math.Tan(math.Pi/180))
		b.fill(image.Rect(100+x, y, 101+x, y+2))
	}
	got := rulesOf(b.Gray, 15)
	slices.SortFunc(got, func(a, b image.Rectangle) int { return a.Min.Y - b.Min.Y })
	want := []image.Rectangle{image.Rect(300, 50, 301, 500), image.Rect(100, 100, 900, 102), image.Rect(100, 226, 900, 228), image.Rect(100, 700, 900, 715)}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A pattern of very many lines gives none, and takes no time to speak of.
func TestManyRules(t *testing.T) {
	t.Parallel()
	const w, h = 1500, 2000
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if y%2 == 1 || x%30 >= 27 || (x/30+y/2)%2 == 1 {
				m.Pix[y*m.Stride+x] = 255
			}
		}
	}
	if got := rulesOf(m, 5); len(got) != 0 {
		t.Errorf("%d lines", len(got))
	}
}

func TestTurnedRules(t *testing.T) {
	t.Parallel()
	box := []image.Rectangle{image.Rect(10, 20, 40, 22)}
	for turns, want := range []image.Rectangle{image.Rect(10, 20, 40, 22), image.Rect(178, 10, 180, 40), image.Rect(60, 178, 90, 180), image.Rect(20, 60, 22, 90)} {
		got := turned(box, 100, 200, turns)
		if got[0] != want {
			t.Errorf("%d turns: got %v, want %v", turns, got[0], want)
		}
		w, h := 100, 200
		if turns%2 == 1 {
			w, h = h, w
		}
		if again := turned(got, w, h, -turns); again[0] != box[0] {
			t.Errorf("%d turns and back: got %v", turns, again[0])
		}
	}
}

// Lines within words are strokes of letters; words that an engine reads into lines are none.
func TestParted(t *testing.T) {
	t.Parallel()
	text := Text{
		Width: 400, Height: 200,
		Words: []Word{
			{Text: "THE", Box: image.Rect(100, 20, 190, 60)}, {Text: "|", Box: image.Rect(49, 80, 53, 120)},
			{Text: "|cell", Box: image.Rect(49, 130, 120, 150)}, {Text: "a|b", Box: image.Rect(200, 130, 240, 150)}, {Text: "—", Box: image.Rect(300, 90, 320, 94)},
		},
		Rules: []image.Rectangle{image.Rect(100, 20, 130, 24), image.Rect(50, 70, 52, 190)},
	}
	text.parted()
	var words []string
	for _, w := range text.Words {
		words = append(words, w.Text)
	}
	if want := []string{"THE", "cell", "a|b", "—"}; !slices.Equal(words, want) {
		t.Errorf("words %q", words)
	}
	page := text.Page(200, 100)
	if want := []layout.Rule{{Box: layout.Box{X0: 25, Y0: 35, X1: 26, Y1: 95}}}; !slices.Equal(page.Rules, want) {
		t.Errorf("rules %v", page.Rules)
	}
}

func BenchmarkRules(b *testing.B) {
	m := newBitmap()
	for y := range 40 {
		m.fill(image.Rect(50, 20*y, 950, 20*y+1))
		for x := range 70 {
			m.fill(image.Rect(60+12*x, 20*y+5, 68+12*x, 20*y+15))
		}
	}
	for b.Loop() {
		rulesOf(m.Gray, 10)
	}
}

// wordsAt is an engine that finds words, whatever it is shown.
type wordsAt []Word

func (w wordsAt) Words(context.Context, *image.Gray, Request) ([]Word, error) {
	return slices.Clone(w), nil
}

// Read gives the lines of a raster beside its words.
func TestReadRules(t *testing.T) {
	t.Parallel()
	b := newBitmap()
	for k := range 30 {
		b.fill(image.Rect(120+20*k, 100, 130+20*k, 120))
	}
	b.shade(image.Rect(100, 80, 900, 82), 160)
	b.fill(image.Rect(100, 80, 102, 400))
	found, err := Read(t.Context(), wordsAt{{Text: "word", Box: image.Rect(120, 100, 200, 120), Confidence: 90, Line: 1}}, b.Gray, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []image.Rectangle{image.Rect(102, 80, 900, 82), image.Rect(100, 80, 102, 400)}; !slices.Equal(found.Rules, want) {
		t.Errorf("got %v, want %v", found.Rules, want)
	}
	if page := found.Page(1000, 800); len(page.Rules) != 2 || len(page.Glyphs) != 1 {
		t.Errorf("got %v", page)
	}
}
