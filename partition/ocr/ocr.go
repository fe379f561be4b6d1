// Package ocr reads the text of rasters: scanned pages, photographs of documents, pictures inside files.
//
// A raster goes in, gray and of any size; the words come out with their boxes, and the straight lines between them, as a
// layout.Page, which the layout engine treats like a page with a text layer. Between the two stand the preparation of the raster (how its text is turned, how
// high it is, how large the raster may be) and an Engine that recognises words. Tesseract is the Engine there is: the
// command of that name, one process a raster, no library linked.
package ocr

import (
	"cmp"
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/layout"
)

// Engine recognises the words of a raster whose text stands upright. It is safe for concurrent use.
type Engine interface {
	// Words returns the words in the engine's reading order. Its error is a *budget.Error or the context's.
	Words(ctx context.Context, raster *image.Gray, r Request) ([]Word, error)
}

// Request is what an Engine is told beside the raster.
type Request struct {
	Languages []string      // as callers name them, see Codes; empty is English
	DPI       int           // of the raster; 0 when unknown
	Limit     time.Duration // wall time of this call; 0 is DefaultLimit
}

// DefaultLimit is the wall time that one raster may take. A dense page takes three seconds of one processor.
const DefaultLimit = 2 * time.Minute

// Word is a recognised word.
type Word struct {
	Text       string
	Box        image.Rectangle // the ink, in pixels of the raster
	Confidence float64         // 0 to 100
	Block      int             // the engine's own grouping: words of one block, paragraph and line have equal numbers
	Paragraph  int
	Line       int
}

type lineKey struct{ block, paragraph, line int }

func (w Word) line() lineKey { return lineKey{w.Block, w.Paragraph, w.Line} }

// Text is what was read of one raster.
type Text struct {
	Words         []Word            // boxes in pixels of the raster as it was given, but turned upright
	Rules         []image.Rectangle // straight lines, across or down the raster turned upright
	Width, Height int               // of the raster turned upright, pixels
	Turns         int               // clockwise quarter turns that make the raster upright
	Letter        float64           // height of the usual letter, most without ascender, pixels; 0 when unknown
	Scale         float64           // by which the raster was enlarged to be read
}

// A word under minConfidence is more likely noise than text, unless it stands in a line that is read with goodLine on the
// whole. Tesseract gives real words of poor scans 40 and more, specks and the lines of drawings mostly less than 30; but
// now and then a word in the midst of others gets nothing at all.
const (
	minConfidence = 30
	goodLine      = 60
)

// Options are the settings of Read.
type Options struct {
	Languages []string
	DPI       int           // of the raster; 0 when unknown
	Pixels    int64         // the largest raster that is given to the engine; 0 is DefaultPixels
	Limit     time.Duration // wall time of one raster, in all turns that are tried; 0 is DefaultLimit
}

// DefaultPixels is the largest raster that an engine is given: A4 at 500 dpi.
const DefaultPixels = 25_000_000

// Read prepares a raster, has its words recognised and finds out how it is turned. The raster is not kept.
func Read(ctx context.Context, e Engine, raster *image.Gray, o Options) (Text, error) {
	if o.Pixels <= 0 {
		o.Pixels = DefaultPixels
	}
	if raster.Rect.Empty() {
		return Text{Scale: 1}, nil
	}
	ink := inspect(raster)
	if ink.blank() {
		return Text{Width: raster.Rect.Dx(), Height: raster.Rect.Dy(), Scale: 1}, nil
	}
	scale := ink.scale(raster, o.Pixels)
	request := Request{Languages: o.Languages, Limit: o.Limit, DPI: o.DPI}
	if request.DPI > 0 {
		request.DPI = max(int(float64(request.DPI)*scale), 70)
	}
	e = &timed{Engine: e, limit: cmp.Or(max(o.Limit, 0), DefaultLimit)}
	read := func(turns int) (Text, error) {
		words, err := e.Words(ctx, prepared(raster, scale, turns), request)
		if err != nil {
			return Text{}, err
		}
		t := Text{Words: words, Width: raster.Rect.Dx(), Height: raster.Rect.Dy(), Turns: turns, Scale: scale, Letter: ink.height}
		if turns%2 == 1 {
			t.Width, t.Height = t.Height, t.Width
		}
		return t, nil
	}
	first := 0
	if ink.sideways {
		turns, err := ink.tryTurns(ctx, e, raster, request, scale, []int{1, 3, 0, 2})
		if err != nil {
			return Text{}, err
		}
		first = turns
	}
	text, err := read(first)
	if err != nil {
		return Text{}, err
	}
	if !ink.sideways && ink.lettered() && legible(text.Words) < doubtful {
		turns, err := ink.tryTurns(ctx, e, raster, request, scale, []int{0, 2, 1, 3})
		if err == nil && turns != first {
			var other Text
			if other, err = read(turns); err == nil {
				text = other
			}
		}
		if err != nil && !(len(text.Words) > 0 && outOfTime(err)) { // what has been read is better than nothing
			return Text{}, err
		}
	}
	text.restore(scale)
	text.Rules = turned(ink.rules, raster.Rect.Dx(), raster.Rect.Dy(), text.Turns)
	text.parted()
	return text, nil
}

// timed is an Engine for one raster, which may be recognised several times in the time of one.
type timed struct {
	Engine
	limit, spent time.Duration
}

func (t *timed) Words(ctx context.Context, raster *image.Gray, r Request) ([]Word, error) {
	over := budget.Errorf(budget.TimedOut, "OCR took longer than %s", t.limit)
	if r.Limit = t.limit - t.spent; r.Limit <= 0 {
		return nil, over
	}
	start := time.Now()
	words, err := t.Engine.Words(ctx, raster, r)
	t.spent += time.Since(start)
	if outOfTime(err) {
		err = over
	}
	return words, err
}

func outOfTime(err error) bool {
	var failed *budget.Error
	return errors.As(err, &failed) && failed.Outcome == budget.TimedOut
}

// restore drops what is no word and puts the boxes of the words back to the raster's own pixels.
func (t *Text) restore(scale float64) {
	lines := map[lineKey][]Word{}
	for _, w := range t.Words {
		lines[w.line()] = append(lines[w.line()], w)
	}
	good := map[lineKey]bool{}
	for k, words := range lines {
		good[k] = legible(words) >= goodLine
	}
	kept := t.Words[:0]
	for _, w := range t.Words {
		if w.Confidence < minConfidence && !good[w.line()] || strings.TrimSpace(w.Text) == "" {
			continue
		}
		w.Box = image.Rect(
			int(math.Floor(float64(w.Box.Min.X)/scale)), int(math.Floor(float64(w.Box.Min.Y)/scale)),
			int(math.Ceil(float64(w.Box.Max.X)/scale)), int(math.Ceil(float64(w.Box.Max.Y)/scale)),
		).Intersect(image.Rect(0, 0, t.Width, t.Height))
		if w.Box.Empty() {
			continue
		}
		kept = append(kept, w)
	}
	t.Words = kept
}

// Page gives the words as a page of width by height, a glyph a word, and the lines between them. Boxes are scaled from the pixels of the raster.
func (t Text) Page(width, height float64) *layout.Page {
	p := &layout.Page{Width: width, Height: height, Recognized: true}
	p.Glyphs, p.Rules = t.Glyphs(layout.Box{X1: width, Y1: height}), t.RulesOn(layout.Box{X1: width, Y1: height})
	return p
}

// Glyphs gives the words as glyphs of a page on which the whole raster takes the area.
func (t Text) Glyphs(area layout.Box) []layout.Glyph {
	if t.Width == 0 || t.Height == 0 {
		return nil
	}
	x, y := area.Width()/float64(t.Width), area.Height()/float64(t.Height)
	glyphs := make([]layout.Glyph, 0, len(t.Words))
	sizes := t.sizes()
	for i, w := range t.Words {
		glyphs = append(glyphs, layout.Glyph{
			Text: w.Text,
			Box: layout.Box{
				X0: area.X0 + x*float64(w.Box.Min.X), Y0: area.Y0 + y*float64(w.Box.Min.Y),
				X1: area.X0 + x*float64(w.Box.Max.X), Y1: area.Y0 + y*float64(w.Box.Max.Y),
			},
			Font: -1, Tag: -1, Size: y * sizes[i],
		})
	}
	return glyphs
}

// Back gives the text with its boxes in the raster as it was given, not turned upright.
func (t Text) Back() Text {
	words := slices.Clone(t.Words)
	w, h := t.Width, t.Height
	for i := range words {
		b := words[i].Box
		switch t.Turns & 3 {
		case 1:
			words[i].Box = image.Rect(b.Min.Y, w-b.Max.X, b.Max.Y, w-b.Min.X)
		case 2:
			words[i].Box = image.Rect(w-b.Max.X, h-b.Max.Y, w-b.Min.X, h-b.Min.Y)
		case 3:
			words[i].Box = image.Rect(h-b.Max.Y, b.Min.X, h-b.Min.Y, b.Max.X)
		}
	}
	t.Words, t.Rules = words, turned(t.Rules, w, h, -t.Turns)
	if t.Turns&1 == 1 {
		t.Width, t.Height = h, w
	}
	return t
}

// sizes estimates the font size of each word in pixels: that of its line, from the heights of the words with ascenders or
// capitals in it, since single words tell little. An ascender is 0.72 of the size of a usual face.
func (t Text) sizes() []float64 {
	tallest := map[lineKey][]int{}
	for _, w := range t.Words {
		tallest[w.line()] = append(tallest[w.line()], w.inkHeight())
	}
	line := map[lineKey]float64{}
	for k, heights := range tallest {
		line[k] = float64(median(heights)) / 0.72
	}
	out := make([]float64, len(t.Words))
	for i, w := range t.Words {
		out[i] = line[w.line()]
	}
	return out
}

// inkHeight is the height that the word would have with an ascender and without a descender.
func (w Word) inkHeight() int {
	h := w.Box.Dy()
	up, down := strings.ContainsFunc(w.Text, ascends), strings.ContainsFunc(w.Text, descends)
	switch {
	case up && down:
		return h * 72 / 94
	case !up && down:
		return h * 72 / 72
	case !up:
		return h * 72 / 50
	default:
		return h
	}
}

func ascends(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || strings.ContainsRune("bdfhiklt?!()[]{}/\\|\"'", r) || r > 0x7f
}

func descends(r rune) bool { return strings.ContainsRune("gjpqy()[]{}|;,Q", r) }
