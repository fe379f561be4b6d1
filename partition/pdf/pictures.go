package pdf

import (
	"context"
	"image"
	"iter"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/raster"
)

// vision is the strategy of pages that a vision model reads.
const vision = "vlm"

// mostlyPicture is the share of a page from which on its pictures say more than its text.
const mostlyPicture = 0.3

// routed chooses the way of a page as the Auto partitioner does.
func routed(ctx context.Context, p *layout.Page, o format.Options) (way, error) {
	layer := TextLayer(p)
	switch {
	case layer == None && len(p.Pictures) == 0:
		return way{"fast", "the page is empty"}, nil
	case layer == None:
		return way{vision, "the page is a picture without a text layer"}, nil
	case layer != Readable:
		return way{vision, "the characters of the text layer are not known"}, nil
	}
	table, err := hasTable(ctx, p)
	if err != nil {
		return way{}, err
	}
	covered, page := 0.0, layout.Box{X1: p.Width, Y1: p.Height}
	pictures := unread(p, nil)
	for _, box := range pictures {
		covered += box.Area() / max(page.Area(), 1)
	}
	switch {
	case table:
		return way{"hi_res", "the page has a table"}, nil
	case covered > mostlyPicture:
		return way{vision, "pictures take much of the page"}, nil
	case len(pictures) > 0:
		return way{"hi_res", "the page has a picture beside its text"}, nil
	case o.Route.NoFast:
		return way{"hi_res", "the page is text, and fast is not allowed"}, nil
	}
	return way{"fast", "the page is text alone"}, nil
}

func hasTable(ctx context.Context, p *layout.Page) (bool, error) {
	regions, err := model.Regions(ctx, p)
	for _, r := range regions {
		if r.Kind == layout.TableRegion {
			return true, nil
		}
	}
	return false, err
}

// unseen is the way of a page that a vision model should have read.
func unseen(p *layout.Page, w way, why string) way {
	w.name = "hi_res"
	if TextLayer(p) != Readable {
		w.name = "ocr"
	}
	if why != "" {
		w.reason += "; " + why
	}
	return w
}

// Pictures gives the pages with the indexes from to from+most-1 of those that are wanted (see package partition).
func Pictures(ctx context.Context, f document.File, o format.Options, b *budget.Budget, from, most int) iter.Seq2[format.Picture, error] {
	return func(yield func(format.Picture, error) bool) {
		fail := func(err error) { yield(format.Picture{}, err) }
		d, err := Open(ctx, f, o, b)
		if err != nil {
			fail(err)
			return
		}
		defer d.Close()
		pages, err := o.Select(d.Pages())
		if err != nil {
			fail(err)
			return
		}
		for k, i := range pages {
			if err := b.Page(); err != nil {
				fail(err)
				return
			}
			if k < from || k >= from+most {
				continue
			}
			p, err := d.picture(ctx, i, o)
			if err != nil {
				fail(err)
				return
			}
			p.More = k+1 < len(pages)
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (d *Document) picture(ctx context.Context, i int, o format.Options) (format.Picture, error) {
	out := format.Picture{Page: i + o.FirstPage(), Strategy: vision, Reason: "asked for"}
	if o.Route != nil {
		p, err := d.Page(ctx, i)
		if err != nil {
			return out, err
		}
		w, err := routed(ctx, p, o)
		if out.Strategy, out.Reason = w.name, w.reason; err != nil || w.name != vision {
			return out, err
		}
	}
	l, err := d.load(ctx, i)
	if err != nil {
		return out, err
	}
	width, height := l.frame.size()
	m, _, err := d.RenderColor(ctx, i, 72*raster.SeenSide/max(width, height, 1))
	if err != nil {
		return out, err
	}
	drawn, ok := m.(*image.NRGBA)
	if !ok {
		return out, budget.Errorf(budget.Crashed, "page %d of the PDF was not drawn in colour", i+1)
	}
	if out.Image, err = raster.Drawn(drawn); out.Image == nil && err == nil {
		out.Strategy, out.Reason = "empty", "nothing is on the page"
	}
	return out, err
}
