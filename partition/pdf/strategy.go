package pdf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"time"
	"unicode"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/layout/table"
	"github.com/sluicehq/sluice/partition/ocr"
	"github.com/sluicehq/sluice/partition/raster"
)

// way is how a page is read.
type way struct {
	name   string // fast, hi_res or ocr
	reason string
}

// Shares and counts by which judge decides.
const (
	largePicture = 0.5 // of the page
	shortText    = 120 // letters; a stamp, a file name, a page number
)

// judge decides how a page is read: fast where the text layer is enough, ocr where there is none to speak of, hi_res where
// it was asked for, or where both a text layer and a picture hold text.
func judge(p *layout.Page, o format.Options) way {
	letters, covered := countLetters(p), 0.0
	page := layout.Box{X1: p.Width, Y1: p.Height}
	for _, pic := range p.Pictures {
		if !pic.Drawing {
			covered = max(covered, page.Intersect(pic.Box).Area()/max(page.Area(), 1))
		}
	}
	layer := TextLayer(p)
	switch {
	case o.Strategy == "fast":
		return way{name: "fast"}
	case o.Strategy == "ocr_only":
		return way{"ocr", "asked for"}
	case layer == None && len(p.Pictures) == 0:
		return way{"fast", "the page is empty"}
	case layer == None:
		return way{"ocr", "the page is a picture without a text layer"}
	case layer != Readable:
		return way{"ocr", "the characters of the text layer are not known"}
	case o.Strategy == "hi_res":
		return way{"hi_res", "asked for"}
	case letters < shortText && covered > largePicture:
		return way{"hi_res", "a picture takes most of the page and the text layer is short"}
	case o.InferTables:
		return way{"hi_res", "tables are asked for"}
	case len(o.ImageBlocks) > 0:
		return way{"hi_res", "pictures of elements are asked for"}
	}
	return way{"fast", "the text layer is complete"}
}

// countLetters counts the letters and digits of a text layer.
func countLetters(p *layout.Page) int {
	n := 0
	for _, g := range p.Glyphs {
		for _, r := range g.Text {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				n++
			}
		}
	}
	return n
}

// pixelsPerInch is the resolution in which hi_res and OCR give coordinates, as the reference has it.
const pixelsPerInch = 350

// Resolutions in which pages are recognised, dots per inch.
const (
	usualDPI          = 300
	lowestDPI, topDPI = 200, 400 // of a scan between them its own is kept
)

// scanDPI is the resolution in which a page is rendered for recognition: that of the scan that it holds, if it is a good
// one, so that its pixels stay what they are.
func scanDPI(p *layout.Page) float64 {
	dpi := float64(usualDPI)
	page := layout.Box{X1: p.Width, Y1: p.Height}
	for _, pic := range p.Pictures {
		if pic.Width > 0 && pic.Box.Width() > 0 && page.Intersect(pic.Box).Area() > 0.8*page.Area() {
			if own := float64(pic.Width) / (pic.Box.Width() / 72); own >= lowestDPI && own <= topDPI {
				dpi = math.Round(own)
			}
		}
	}
	return dpi
}

// model cuts pages into regions, those with a text layer and those that were recognised.
var model layout.Model = layout.Engine{Tables: table.Rules{}}

// leaf is a page that has been read, with what its elements need to know when the document is whole.
type leaf struct {
	sheet Sheet
	way   way
	place raster.Place

	actions []Action
	unread  []Unread
}

// begin does what needs the open document for a page that has been read: it renders what OCR is to see. finish makes the
// elements and may run beside other work; slow tells that it takes seconds.
func begin(ctx context.Context, d *Document, i int, p *layout.Page, o format.Options, b *budget.Budget) (finish func() (leaf, error), slow bool, err error) {
	l := leaf{way: judge(p, o), actions: d.current.actions}
	if o.Route != nil {
		if l.way, err = routed(ctx, p, o); err != nil {
			return nil, false, err
		}
		if l.way.name == vision {
			l.way = unseen(p, l.way, o.Route.Without)
		}
	}
	if o.SkipHidden {
		p.Glyphs, _ = p.Shown()
	}
	number := i + o.FirstPage()
	switch l.way.name {
	case "ocr":
		m, dpi, err := d.Render(ctx, i, scanDPI(p))
		if failed, ok := Alone(ctx, err, b); ok && !d.in.Ended() {
			return l.unseen(p, number, failed), false, nil
		}
		if err != nil {
			return nil, false, err
		}
		var blank []layout.Box
		if oneShade(m) {
			blank = []layout.Box{{X1: p.Width, Y1: p.Height}}
		}
		flaws := d.flaws(ctx, i, p, blank)
		return func() (leaf, error) {
			b := b.Share()
			t, err := readRaster(ctx, m, dpi, b.Limits().OCR, o, b)
			if failed, ok := Alone(ctx, err, b); ok {
				return l.unseen(p, number, failed)()
			}
			if err != nil {
				return l, ocrError(i, err)
			}
			if len(t.Words) == 0 && len(flaws) > 0 {
				return l.unseen(p, number, flaws[0])()
			}
			l.note(number, flaws...)
			width, height := p.Width, p.Height
			if t.Turns%2 == 1 {
				width, height = height, width
			}
			l.place = raster.Place{Scale: pixelsPerInch / 72.0, Turns: t.Turns}
			l.sheet, err = Recognized(ctx, t, width, height, number, o, b)
			return l, err
		}, true, nil
	case "hi_res":
		l.place.Scale = pixelsPerInch / 72.0
		look, flaws, err := d.look(ctx, i, p)
		l.note(number, flaws...)
		if failed, ok := Alone(ctx, err, b); ok && !d.in.Ended() {
			l.note(number, failed)
			break
		}
		if err != nil {
			return nil, false, err
		}
		if len(look.regions) == 0 {
			break
		}
		return func() (leaf, error) {
			b := b.Share()
			failed, err := look.read(ctx, p, o, b)
			if err != nil {
				return l, ocrError(i, err)
			}
			l.note(number, failed...)
			l.sheet, err = Layout(ctx, p, model, number, o, b)
			return l, err
		}, true, nil
	}
	return func() (leaf, error) {
		var err error
		if l.way.name == "hi_res" {
			l.sheet, err = Layout(ctx, p, model, number, o, b)
		} else {
			l.sheet, err = Fast(ctx, p, number, b)
			p.Free()
		}
		return l, err
	}, false, nil
}

// unseen gives a leaf without the text of its page, whose picture could not be read.
func (l leaf) unseen(p *layout.Page, number int, why *budget.Error) func() (leaf, error) {
	l.place = raster.Place{Scale: pixelsPerInch / 72.0}
	l.sheet = Unseen(p.Width, p.Height, number)
	l.unread = append(l.unread, Unread{Page: number, Cause: why, Message: pictureOnly(number, why)})
	return func() (leaf, error) { return l, nil }
}

// readRaster recognises the text of a raster. Where it fails since the time of the file is over, the error says so.
func readRaster(ctx context.Context, m *image.Gray, dpi float64, limit time.Duration, o format.Options, b *budget.Budget) (ocr.Text, error) {
	timed, cancel := b.Context(ctx)
	defer cancel()
	t, err := ocr.Read(timed, o.Reader(), m, ocr.Options{
		Languages: o.OCRLanguages, DPI: int(dpi + 0.5), Pixels: b.Limits().Pixels, Limit: limit,
	})
	if err != nil {
		if over := b.Check(ctx); over != nil {
			return t, over
		}
	}
	return t, err
}

// A picture is a symbol or an ornament where a side is shorter than smallestSide points or smallestPixels of its own, or where it takes
// less than smallestShare of the page.
const (
	smallestSide   = 30
	smallestPixels = 12
	smallestShare  = 0.005
)

// unread gives the areas of the pictures of a page that hold no text layer of their own, none inside another. without, where it is not nil,
// tells which pictures do not count.
func unread(p *layout.Page, without func(layout.Picture) bool) []layout.Box {
	page := layout.Box{X1: p.Width, Y1: p.Height}
	var out []layout.Box
next:
	for _, pic := range p.Pictures {
		box := page.Intersect(pic.Box)
		if pic.Drawing || min(pic.Width, pic.Height) < smallestPixels || box.Width() < smallestSide || box.Height() < smallestSide || box.Area() < smallestShare*page.Area() ||
			without != nil && without(pic) {
			continue
		}
		letters := 0
		for _, g := range p.Glyphs {
			x, y := (g.Box.X0+g.Box.X1)/2, (g.Box.Y0+g.Box.Y1)/2
			if g.Text != "" && x > box.X0 && x < box.X1 && y > box.Y0 && y < box.Y1 {
				if letters++; letters >= shortText {
					continue next
				}
			}
		}
		for k, other := range out {
			if shared := other.Intersect(box); !shared.Empty() && shared.Area() > 0.5*min(box.Area(), other.Area()) {
				out[k] = other.Union(box)
				continue next
			}
		}
		if len(out) < maxRegions {
			out = append(out, box)
		}
	}
	return out
}

// maxRegions is how many pictures of a page are read one by one.
const maxRegions = 64

// lookDPI is the resolution in which pictures are looked at before they are recognised, dots per inch: print of five points is seen.
const lookDPI = 150

// look is what of a page's pictures is to be recognised.
type look struct {
	regions []layout.Box
	drawing drawing // that holds all of them
}

// look finds the pictures of a page that may hold text which its text layer does not have, and draws them. flaws tells which of the pictures
// could not be read, also beside an error.
func (d *Document) look(ctx context.Context, i int, p *layout.Page) (l look, flaws []*budget.Error, err error) {
	areas := unread(p, func(pic layout.Picture) bool { return d.passedOver(i, pic) != nil })
	kept, blank, err := d.lettered(ctx, i, p, areas)
	if l.regions = kept; err == nil && len(kept) > 0 {
		l.drawing, err = d.drawing(ctx, i, kept, scanDPI(p))
	}
	if err == nil && len(kept) == 1 && oneShade(l.drawing.raster) {
		blank = kept
	}
	if d.in.Ended() {
		return l, nil, err
	}
	return l, d.flaws(ctx, i, p, blank), err
}

// lettered keeps the areas that may hold text (ocr.MayHoldText), and tells which are blank. Recognising a photograph takes ten times as long as
// the whole rest of its page, and gives nothing. A picture that takes most of a page without much of a text layer is a scan and always recognised.
func (d *Document) lettered(ctx context.Context, i int, p *layout.Page, areas []layout.Box) (kept, blank []layout.Box, err error) {
	scanned := func(box layout.Box) bool {
		return box.Area() > largePicture*p.Width*p.Height && countLetters(p) < shortText
	}
	if len(areas) == 0 || len(areas) == 1 && scanned(areas[0]) {
		return areas, nil, nil
	}
	look, err := d.drawing(ctx, i, areas, lookDPI)
	if err != nil {
		return nil, nil, err
	}
	kept = areas[:0]
	for _, box := range areas {
		part, _ := look.part(box)
		switch {
		case part == nil:
		case oneShade(part):
			blank = append(blank, box)
		case scanned(box) || ocr.MayHoldText(part):
			kept = append(kept, box)
		}
	}
	return kept, blank, nil
}

// drawing draws the part of a page that holds some areas.
func (d *Document) drawing(ctx context.Context, i int, areas []layout.Box, dpi float64) (drawing, error) {
	whole := areas[0]
	for _, box := range areas[1:] {
		whole = whole.Union(box)
	}
	m, dpi, err := d.RenderBox(ctx, i, whole, dpi)
	return drawing{m, whole, dpi / 72}, err
}

// drawing is a part of a page as it is rendered.
type drawing struct {
	raster *image.Gray
	area   layout.Box // points
	scale  float64    // pixels in a point
}

// part gives the pixels of a box, and the box that they take in full; nil where there are none.
func (d drawing) part(box layout.Box) (*image.Gray, layout.Box) {
	x, y, s := d.area.X0, d.area.Y0, d.scale
	r := image.Rect(int((box.X0-x)*s), int((box.Y0-y)*s), int(math.Ceil((box.X1-x)*s)), int(math.Ceil((box.Y1-y)*s))).Intersect(d.raster.Rect)
	if r.Empty() {
		return nil, layout.Box{}
	}
	part := d.raster.SubImage(r).(*image.Gray)
	return &image.Gray{Pix: part.Pix, Stride: part.Stride, Rect: image.Rect(0, 0, r.Dx(), r.Dy())},
		layout.Box{X0: x + float64(r.Min.X)/s, Y0: y + float64(r.Min.Y)/s, X1: x + float64(r.Max.X)/s, Y1: y + float64(r.Max.Y)/s}
}

// read adds to a page the words that its pictures hold. What the text layer has already is not doubled. All pictures of a page
// together have the time of one; failed tells which could not be recognised.
func (l look) read(ctx context.Context, p *layout.Page, o format.Options, b *budget.Budget) (failed []*budget.Error, err error) {
	had := len(p.Glyphs)
	limit := cmp.Or(b.Limits().OCR, ocr.DefaultLimit)
	start := time.Now()
	for _, box := range l.regions {
		part, at := l.drawing.part(box)
		if part == nil {
			continue
		}
		left := limit - time.Since(start)
		if left <= 0 {
			return append(failed, budget.Errorf(budget.TimedOut, "OCR took longer than %s for the pictures of the page; the last ones were not read", limit)), nil
		}
		t, err := readRaster(ctx, part, 72*l.drawing.scale, left, o, b)
		if why, ok := Alone(ctx, err, b); ok {
			failed = append(failed, why)
			continue
		}
		if err != nil {
			return nil, err
		}
		if t.Turns != 0 {
			t = t.Back()
		}
		for _, g := range t.Glyphs(at) {
			if !drawn(p.Glyphs[:had], g.Box) {
				p.Glyphs = append(p.Glyphs, spelled(g)...)
			}
		}
		p.Rules = append(p.Rules, t.RulesOn(at)...)
	}
	return failed, nil
}

// drawn tells whether characters of the text layer take the middle of a word's box.
func drawn(glyphs []layout.Glyph, word layout.Box) bool {
	covered := 0.0
	for _, g := range glyphs {
		if shared := g.Box.Intersect(word); g.Text != "" && !shared.Empty() {
			covered += shared.Area()
		}
	}
	return covered > 0.3*word.Area()
}

// spelled takes a recognised word apart into characters of equal width, so that it stands among those of a text layer.
func spelled(g layout.Glyph) []layout.Glyph {
	runes := []rune(g.Text)
	out := make([]layout.Glyph, len(runes))
	for k, r := range runes {
		c := g
		c.Text = string(r)
		n := float64(len(runes))
		if g.Turn == layout.Right {
			c.Box.X0 = g.Box.X0 + g.Box.Width()*float64(k)/n
			c.Box.X1 = g.Box.X0 + g.Box.Width()*float64(k+1)/n
		}
		out[k] = c
	}
	return out
}

// ocrError names the page in an error of what OCR needs.
func ocrError(i int, err error) error {
	var known *budget.Error
	if !errors.As(err, &known) || known.Outcome != budget.Unsupported {
		return err
	}
	return &budget.Error{Outcome: known.Outcome, Err: known.Err, Message: pictureOnly(i+1, known)}
}

func pictureOnly(page int, why *budget.Error) string {
	return fmt.Sprintf("Page %d of the PDF holds no text that can be read, only a picture of it. %s", page, why.Message)
}

// settle finishes an element of a page: the place of its box, and what strategy auto chose for the page.
func (l *leaf) settle(e *element.Element, o format.Options) {
	l.place.Move(e)
	if (o.Strategy == "" || o.Strategy == "auto") && l.way.name != "" {
		raster.Note(e, raster.StrategyKey, l.way.name)
		raster.Note(e, raster.ReasonKey, l.way.reason)
	}
	if l.place.Turns != 0 {
		raster.Note(e, raster.RotationKey, 90*l.place.Turns)
	}
}

// illustrate renders the pages of elements that are to carry a cut-out of themselves, one after the other. A page that cannot be drawn has none.
func (d *Document) illustrate(
	ctx context.Context, elements []element.Element, of func(*element.Element) *leaf, o format.Options,
) (unread []Unread, err error) {
	var page raster.Raster
	rendered, failed := -1, -1
	for i := range elements {
		e := &elements[i]
		at := *e.Metadata.PageNumber - o.FirstPage()
		if e.Metadata.Coordinates == nil || !raster.Wanted(o.ImageBlocks, e.Type) || at == failed {
			continue
		}
		if at != rendered {
			m, _, err := d.RenderColor(ctx, at, cutOutDPI)
			if why, ok := Alone(ctx, err, d.budget); ok && !d.in.Ended() {
				failed = at
				unread = append(unread, Unread{Page: *e.Metadata.PageNumber, Picture: true, Cause: why})
				continue
			}
			if err != nil {
				return nil, err
			}
			page, rendered = raster.New(m, 1, true), at
		}
		page.Illustrate(e, of(e).place.Turns)
	}
	return unread, nil
}

// cutOutDPI is the resolution of cut-outs, dots per inch: enough for a model to read small print.
const cutOutDPI = 200
