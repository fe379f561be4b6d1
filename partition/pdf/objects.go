package pdf

import (
	"context"

	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// The kinds of page objects (fpdf_edit.h).
const (
	textObject    = 1
	pathObject    = 2
	imageObject   = 3
	shadingObject = 4
	formObject    = 5
)

// The bounds of what is looked at on one page. A page beyond them is read all the same; what stands behind is left out of its rules,
// fills and pictures.
const (
	maxForms    = 32      // form XObjects inside form XObjects
	maxObjects  = 500_000 // page objects
	maxPaths    = 50_000  // paths that are taken apart
	maxSegments = 250_000 // their segments
	maxImages   = 20_000
)

// walker reads one page.
type walker struct {
	*loaded
	p        *layout.Page
	runs     map[Handle]*run
	fonts    map[Handle]int // index into p.Fonts
	descents []float64      // of the fonts in p.Fonts: see descent
	tags     map[int]int    // marked-content id: index into p.Tags
	artifact int            // index into p.Tags of the one for artifacts, -1 without
	order    int            // of the next drawn thing
	objects  int
	paths    int
	segments int
	shapes   []shape // parts of drawings
	grounds  []ground
	near     []ground // those of one run
	compared int      // runs with grounds
}

// run is one text object: glyphs that are drawn with one font, in one colour.
type run struct {
	object Handle
	font   int
	order  int
	tag    int
	size   float64 // of the font, in the space of the text
	hidden layout.Hidden
	color  [3]uint8
}

// memory is what the reading of one page leaves to the next.
type memory struct {
	runs  map[Handle]*run
	room  []run  // of those
	each  []*run // of each glyph
	areas []ground
}

func (l *loaded) walker(p *layout.Page) *walker {
	l.images, l.largest = []Handle{}, 0
	m := &l.memory
	const most = 1 << 16 // runs of a page that are worth to be kept
	if m.runs == nil || len(m.runs) > most {
		*m = memory{runs: map[Handle]*run{}}
	}
	clear(m.runs)
	m.room, m.each = m.room[:0], m.each[:0]
	return &walker{loaded: l, p: p, runs: m.runs, grounds: m.areas[:0], fonts: map[Handle]int{}, artifact: -1}
}

// list is where page objects stand: a page or a form XObject.
type list struct {
	objects []Handle
	to      matrix // its space to the page's user space
	tag     int    // of the place where the form is drawn, -1 for none
}

// readObjects reads everything that is drawn, in the order of drawing.
func (w *walker) readObjects(ctx context.Context) error {
	objects := w.in.Objects(w.page, maxObjects)
	err := w.walk(ctx, list{objects, identity, -1}, 0)
	w.joinShapes()
	w.memory.areas = w.grounds
	return err
}

func (w *walker) walk(ctx context.Context, l list, depth int) error {
	for _, object := range l.objects {
		if err := w.budget.Tick(ctx); err != nil {
			return err
		}
		if w.objects++; w.objects > maxObjects || w.in.Ended() {
			return nil
		}
		if object == 0 {
			continue
		}
		w.order++
		switch w.in.Kind(object) {
		case textObject:
			w.text(object, l)
		case pathObject:
			if w.paths++; w.paths <= maxPaths && w.segments < maxSegments {
				w.path(object, l.to)
			}
		case imageObject:
			w.image(object, l)
		case shadingObject:
			if box := w.clipped(object, l.to, w.bounds(object, l.to)); !box.Empty() {
				w.grounds = append(w.grounds, ground{box: box, order: w.order})
			}
		case formObject:
			if depth >= maxForms {
				continue
			}
			inner := list{w.in.FormObjects(object, maxObjects-w.objects), w.objectMatrix(object).then(l.to), w.tagOf(object, l.tag)}
			if err := w.walk(ctx, inner, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// bounds returns the box of an object with all that it draws.
func (w *walker) bounds(object Handle, to matrix) layout.Box {
	in := w.in
	if !in.True(FPDFPageObj_GetBounds, uint64(object), in.Out(0), in.Out(1), in.Out(2), in.Out(3)) {
		return layout.Box{}
	}
	return w.mapped(to, in.OutFloat(0), in.OutFloat(1), in.OutFloat(2), in.OutFloat(3))
}

// clipped cuts box to where the object's clip paths and the page's edges let it be seen.
func (w *walker) clipped(object Handle, to matrix, box layout.Box) layout.Box {
	const most = 64 // segments of a path that is looked at
	in := w.in
	box = box.Intersect(layout.Box{X1: w.p.Width, Y1: w.p.Height})
	clip := in.Call(FPDFPageObj_GetClipPath, uint64(object))
	if clip == 0 {
		return box
	}
	for i := range min(in.Int(FPDFClipPath_CountPaths, clip), most) {
		n := in.Int(FPDFClipPath_CountPathSegments, clip, uint64(i))
		if n <= 0 || n > most {
			continue
		}
		var edges extent
		for k := range n {
			segment := in.Call(FPDFClipPath_GetPathSegment, clip, uint64(i), uint64(k))
			if segment != 0 && in.True(FPDFPathSegment_GetPoint, segment, in.Out(0), in.Out(1)) {
				edges.add(to.point(in.OutFloat(0), in.OutFloat(1)))
			}
		}
		if edges.some {
			box = box.Intersect(w.frame.box(edges.x0, edges.y0, edges.x1, edges.y1))
		}
	}
	return box
}

// extent grows around points.
type extent struct {
	x0, y0, x1, y1 float64
	some           bool
}

func (e *extent) add(x, y float64) {
	if !e.some {
		*e = extent{x, y, x, y, true}
		return
	}
	e.x0, e.y0, e.x1, e.y1 = min(e.x0, x), min(e.y0, y), max(e.x1, x), max(e.y1, y)
}

// color reads a colour of an object; false when nothing of it is drawn.
func (w *walker) color(f Function, object Handle) (rgb [3]uint8, alpha int, ok bool) {
	in := w.in
	if !in.True(f, uint64(object), in.Out(0), in.Out(1), in.Out(2), in.Out(3)) {
		return rgb, 255, false
	}
	for i := range rgb {
		rgb[i] = uint8(in.OutInt(i)) //nolint:gosec // 0 to 255
	}
	return rgb, in.OutInt(3), true
}

func (w *walker) text(object Handle, l list) {
	const (
		invisible = 3
		clip      = 7
	)
	style := w.in.Style(object)
	r := w.newRun()
	*r = run{object: object, font: w.font(style.Font), order: w.order, tag: w.tagOf(object, l.tag), size: style.Size, color: style.Color}
	if style.Mode == invisible || style.Mode == clip || style.Alpha == 0 {
		r.hidden |= layout.Invisible
	}
	w.runs[object] = r
}

func (w *walker) newRun() *run {
	m := &w.memory
	if len(m.room) == cap(m.room) { // those that are there stay where they are
		m.room = make([]run, 0, max(256, 2*cap(m.room)))
	}
	m.room = m.room[:len(m.room)+1]
	return &m.room[len(m.room)-1]
}

func (w *walker) image(object Handle, l list) {
	if len(w.images) >= maxImages {
		return
	}
	w.images = append(w.images, object)
	box := w.clipped(object, l.to, w.mapped(w.objectMatrix(object).then(l.to), 0, 0, 1, 1))
	if box.Empty() || !box.Finite() {
		return
	}
	p := layout.Picture{Box: box, Object: len(w.images) - 1, Order: w.order}
	if w.in.True(FPDFImageObj_GetImagePixelSize, uint64(object), w.in.Out(0), w.in.Out(1)) {
		p.Width, p.Height = w.in.OutInt(0), w.in.OutInt(1)
		w.largest = max(w.largest, int64(p.Width)*int64(p.Height))
	}
	for tag := w.tagOf(object, l.tag); tag >= 0 && p.Alt == ""; tag = w.p.Tags[tag].Parent {
		p.Alt = w.p.Tags[tag].Alt
	}
	w.p.Pictures = append(w.p.Pictures, p)
	w.grounds = append(w.grounds, ground{box: box, order: w.order, picture: object})
}
