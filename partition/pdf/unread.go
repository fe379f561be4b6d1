package pdf

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
	"github.com/sluicehq/sluice/partition/raster"
)

// Unread is a page, or a picture on it, that could not be read. The rest of its document is.
type Unread struct {
	Page    int           // its number
	Picture bool          // a picture alone; the page was read
	Cause   *budget.Error // why
	Message string        // of a file that holds nothing else; "" is that of Cause
}

// Alone gives the failure that an error is about when it concerns one page or picture and nothing else: what is damaged or too large, or
// could not be recognised in time. The end of the whole file's time, a context that has ended, and what is missing on the machine are
// failures of the file.
func Alone(ctx context.Context, err error, b *budget.Budget) (*budget.Error, bool) {
	var failed *budget.Error
	if b.Check(ctx) != nil || !errors.As(err, &failed) {
		return nil, false //nolint:nilerr // whose error it is, is what is asked
	}
	switch failed.Outcome {
	case budget.Corrupt, budget.TooLarge, budget.TimedOut, budget.Crashed:
		return failed, true
	default:
		return nil, false
	}
}

// unreadKey is the metadata key under which the first element of a document lists what could not be read.
const unreadKey = "not_read"

const maxUnread = 100 // that are listed

// AboutFile are the metadata keys of a document's first element that are about the whole of it.
var AboutFile = [...]string{unreadKey, actionsKey}

// ListUnread puts what could not be read into the metadata of a document's first element. A document of which nothing was read fails
// with the first of the reasons.
func ListUnread(elements []element.Element, unread []Unread) ([]element.Element, error) {
	if len(unread) == 0 {
		return elements, nil
	}
	first := 0
	for first < len(elements) && elements[first].Text == "" && elements[first].Type != element.CheckBox {
		first++
	}
	if first == len(elements) {
		u := unread[0]
		failed := *u.Cause
		if u.Message != "" {
			failed.Message = u.Message
		}
		return nil, &failed
	}
	list := make([]any, 0, min(len(unread), maxUnread))
	for _, u := range unread[:cap(list)] {
		what := "page"
		if u.Picture {
			what = "picture"
		}
		list = append(list, map[string]any{"page_number": u.Page, "type": what, "reason": u.Cause.Message})
	}
	raster.Note(&elements[0], unreadKey, list)
	return elements, nil
}

// Unseen is a page of which nothing was read: a picture in the size of the page, or nothing where that is 0.
func Unseen(width, height float64, pageNumber int) Sheet {
	if width <= 0 || height <= 0 {
		return Sheet{page: pageNumber}
	}
	whole := piece{kind: element.Image, box: layout.Box{X1: width, Y1: height}}
	return Sheet{page: pageNumber, elements: []element.Element{whole.element(pageNumber, width, height)}}
}

// read is Page. A PDFium that has ended while it unpacked a picture is started anew, and the page read without its larger ones.
func (d *Document) read(ctx context.Context, i int) (*layout.Page, error) {
	p, err := d.Page(ctx, i)
	if err == nil || !d.unpacking || d.budget.Check(ctx) != nil || d.revive() != nil {
		return p, err
	}
	d.sparing = i + 1
	return d.Page(ctx, i)
}

// unreadPage passes over a page that cannot be read. An error that concerns the whole document is given back.
func (d *Document) unreadPage(ctx context.Context, pageNumber int, err error) (func() (leaf, error), error) {
	failed, ok := Alone(ctx, err, d.budget)
	if !ok || d.revive() != nil {
		return nil, err
	}
	l := leaf{sheet: Unseen(0, 0, pageNumber), unread: []Unread{{Page: pageNumber, Cause: failed}}}
	return func() (leaf, error) { return l, nil }, nil
}

// drawnPixels is how many times the pixels of a raster a picture may have on a page that is drawn: it is read row by row and made
// smaller on the way.
const drawnPixels = 16

// passedOver tells why a picture is left out when its page is drawn; nil when it is not.
func (d *Document) passedOver(i int, pic layout.Picture) *budget.Error {
	most := d.mostPixels(i)
	if pixels := int64(pic.Width) * int64(pic.Height); most > 0 && pixels > most && !pic.Drawing {
		return budget.Errorf(budget.TooLarge, "The picture has %d x %d pixels; at most %d in all are read.", pic.Width, pic.Height, most)
	}
	return nil
}

// mostPixels is how large a picture may be that is drawn with the page with index i; 0 is no limit.
func (d *Document) mostPixels(i int) int64 {
	most := d.budget.Limits().Pixels
	if d.sparing != i+1 {
		most *= drawnPixels
	}
	return most
}

// maxRevived is how often a document's PDFium is started anew after it has ended.
const maxRevived = 8

// revive starts over with a fresh PDFium where this one has ended over a page. One that reads beside others ended for want of the memory that
// they have: the page is read once more when they are done (see work.alone).
func (d *Document) revive() error {
	err := d.in.Err()
	if err == nil {
		return nil
	}
	if d.room > 0 {
		return err
	}
	if d.revived++; d.revived > maxRevived {
		return err
	}
	return d.restart()
}

// draw is render for the page with index i. A PDFium that has ended over it, most likely since a picture took all of its memory, is started
// anew, and the page drawn once more without its larger pictures.
func (d *Document) draw(ctx context.Context, i int, box *layout.Box, dpi float64, format uint64) (image.Image, float64, error) {
	once := func() (image.Image, float64, error) {
		l, err := d.load(ctx, i)
		if err != nil {
			return nil, 0, err
		}
		width, height := l.frame.size()
		area := layout.Box{X1: width, Y1: height}
		if box != nil {
			area = area.Intersect(*box)
		}
		return l.render(ctx, area, dpi, format)
	}
	m, at, err := once()
	if err == nil || !d.in.Ended() || d.budget.Check(ctx) != nil {
		return m, at, err
	}
	if d.revive() != nil {
		return nil, 0, err
	}
	d.sparing = i + 1
	if m, at, err = once(); err != nil && d.in.Ended() && d.revive() != nil {
		return nil, 0, err
	}
	return m, at, err
}

// flaws tells which pictures of a page that has been drawn could not be read: those that were left out, and, where the drawing of an area
// is blank, those in it that cannot be unpacked.
func (d *Document) flaws(ctx context.Context, i int, p *layout.Page, blank []layout.Box) []*budget.Error {
	const most = 16 // pictures of a page
	var out []*budget.Error
	looked := 0
	for _, pic := range p.Pictures {
		switch why := d.passedOver(i, pic); {
		case len(out) == most || pic.Drawing:
		case why != nil:
			out = append(out, why)
		case min(pic.Width, pic.Height) >= smallestPixels && inside(pic.Box, blank) && looked < most:
			if looked++; d.damaged(ctx, i, pic) {
				out = append(out, budget.Errorf(budget.Corrupt, "The picture is damaged."))
			}
		}
	}
	return out
}

func inside(b layout.Box, areas []layout.Box) bool {
	for _, a := range areas {
		if shared := a.Intersect(b); !shared.Empty() && shared.Area() > 0.5*b.Area() {
			return true
		}
	}
	return false
}

// damaged tells whether a picture cannot be unpacked. One that would take much memory is not tried: it may as well be a blank page.
func (d *Document) damaged(ctx context.Context, i int, pic layout.Picture) bool {
	if most := d.budget.Limits().Pixels; most > 0 && int64(pic.Width)*int64(pic.Height) > most {
		return false
	}
	l, err := d.load(ctx, i)
	if err != nil || l.readImages(ctx) != nil || pic.Object >= len(l.images) {
		return false
	}
	bitmap := d.in.Call(FPDFImageObj_GetBitmap, uint64(l.images[pic.Object]))
	if bitmap != 0 {
		d.in.Call(FPDFBitmap_Destroy, bitmap)
	}
	ended := d.in.Ended()
	return d.revive() == nil && (bitmap == 0 || ended)
}

// oneShade tells whether all pixels of a raster are alike.
func oneShade(m *image.Gray) bool {
	for y := range m.Rect.Dy() {
		for _, v := range m.Pix[y*m.Stride : y*m.Stride+m.Rect.Dx()] {
			if v != m.Pix[0] {
				return false
			}
		}
	}
	return true
}

// note keeps that pictures of the leaf's page could not be read.
func (l *leaf) note(pageNumber int, causes ...*budget.Error) {
	for _, cause := range causes {
		l.unread = append(l.unread, Unread{Page: pageNumber, Picture: true, Cause: cause,
			Message: fmt.Sprintf("Page %d of the PDF holds nothing that can be read. %s", pageNumber, cause.Message)})
	}
}
