package pdf

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
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
		if err != nil {
			return nil, false, err
		}
		return func() (leaf, error) {
			b := b.Share()
			t, err := readRaster(ctx, m, dpi, i, o, b)
			if err != nil {
				return l, err
			}
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
		regions, err := d.lettered(ctx, i, p, unread(p))
		if err != nil {
			return nil, false, err
		}
		if len(regions) == 0 {
			break
		}
		area := regions[0]
		for _, r := range regions[1:] {
			area = area.Union(r)
		}
		m, dpi, err := d.RenderBox(ctx, i, area, scanDPI(p))
		if err != nil {
			return nil, false, err
		}
		return func() (leaf, error) {
			b := b.Share()
			if err := readPictures(ctx, p, regions, drawing{m, area, dpi / 72}, i, o, b); err != nil {
				return l, err
			}
			var err error
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
		}
		return l, err
	}, false, nil
}

func readRaster(ctx context.Context, m *image.Gray, dpi float64, i int, o format.Options, b *budget.Budget) (ocr.Text, error) {
	timed, cancel := b.Context(ctx)
	defer cancel()
	t, err := ocr.Read(timed, o.Reader(), m, ocr.Options{
		Languages: o.OCRLanguages, DPI: int(dpi + 0.5), Pixels: b.Limits().Pixels, Limit: b.Limits().OCR,
	})
	if err != nil {
		if over := b.Check(ctx); over != nil {
			return t, over
		}
		return t, ocrError(i, err)
	}
	return t, nil
}

// A picture is a symbol or an ornament where a side is shorter than smallestSide points or smallestPixels of its own, or where it takes
// less than smallestShare of the page.
const (
	smallestSide   = 30
	smallestPixels = 12
	smallestShare  = 0.005
)

// unread gives the areas of the pictures of a page that hold no text layer of their own, none inside another.
func unread(p *layout.Page) []layout.Box {
	page := layout.Box{X1: p.Width, Y1: p.Height}
	var out []layout.Box
next:
	for _, pic := range p.Pictures {
		box := page.Intersect(pic.Box)
		if pic.Drawing || min(pic.Width, pic.Height) < smallestPixels || box.Width() < smallestSide || box.Height() < smallestSide || box.Area() < smallestShare*page.Area() {
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

// lettered keeps the areas that may hold text (ocr.MayHoldText). Recognising a photograph takes ten times as long as the whole rest of its
// page, and gives nothing. A picture that takes most of a page without much of a text layer is a scan and always recognised.
func (d *Document) lettered(ctx context.Context, i int, p *layout.Page, areas []layout.Box) ([]layout.Box, error) {
	scanned := func(box layout.Box) bool {
		return box.Area() > largePicture*p.Width*p.Height && countLetters(p) < shortText
	}
	if len(areas) == 0 || len(areas) == 1 && scanned(areas[0]) {
		return areas, nil
	}
	whole := areas[0]
	for _, box := range areas[1:] {
		whole = whole.Union(box)
	}
	m, dpi, err := d.RenderBox(ctx, i, whole, lookDPI)
	if err != nil {
		return nil, err
	}
	look := drawing{m, whole, dpi / 72}
	kept := areas[:0]
	for _, box := range areas {
		part, _ := look.part(box)
		if scanned(box) || part != nil && ocr.MayHoldText(part) {
			kept = append(kept, box)
		}
	}
	return kept, nil
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

// readPictures adds to a page the words that its pictures hold. What the text layer has already is not doubled.
func readPictures(ctx context.Context, p *layout.Page, regions []layout.Box, m drawing, i int, o format.Options, b *budget.Budget) error {
	had := len(p.Glyphs)
	for _, box := range regions {
		part, at := m.part(box)
		if part == nil {
			continue
		}
		t, err := readRaster(ctx, part, 72*m.scale, i, o, b)
		if err != nil {
			return err
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
	return nil
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

// ocrError names the page in an error.
func ocrError(i int, err error) error {
	var known *budget.Error
	if !errors.As(err, &known) {
		return err
	}
	return &budget.Error{Outcome: known.Outcome, Err: known.Err,
		Message: fmt.Sprintf("Page %d of the PDF holds no text that can be read, only a picture of it. %s", i+1, known.Message)}
}

// settle finishes the elements of pages: the places of their boxes, and what strategy auto chose for their pages.
func settle(elements []element.Element, leaves map[int]leaf, o format.Options) {
	for i := range elements {
		e := &elements[i]
		l := leaves[*e.Metadata.PageNumber-o.FirstPage()]
		l.place.Move(e)
		if o.Strategy == "" || o.Strategy == "auto" {
			raster.Note(e, raster.StrategyKey, l.way.name)
			raster.Note(e, raster.ReasonKey, l.way.reason)
		}
		if l.place.Turns != 0 {
			raster.Note(e, raster.RotationKey, 90*l.place.Turns)
		}
	}
}

// illustrate renders the pages of elements that are to carry a cut-out of themselves, one after the other.
func (d *Document) illustrate(ctx context.Context, elements []element.Element, leaves map[int]leaf, o format.Options) error {
	var page raster.Raster
	rendered := -1
	for i := range elements {
		e := &elements[i]
		if e.Metadata.Coordinates == nil || !raster.Wanted(o.ImageBlocks, e.Type) {
			continue
		}
		if at := *e.Metadata.PageNumber - o.FirstPage(); at != rendered {
			m, _, err := d.RenderColor(ctx, at, cutOutDPI)
			if err != nil {
				return err
			}
			page, rendered = raster.New(m, 1, true), at
		}
		page.Illustrate(e, leaves[*e.Metadata.PageNumber-o.FirstPage()].place.Turns)
	}
	return nil
}

// cutOutDPI is the resolution of cut-outs, dots per inch: enough for a model to read small print.
const cutOutDPI = 200
