package pdf

import (
	"context"
	"errors"
	"math"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/layout"
)

// reader is one open PDF document in a PDFium of its own.
type reader struct {
	engine   pdfium.Pdfium
	document references.FPDF_DOCUMENT
	form     *references.FPDF_FORMHANDLE // nil in a document without form fields
	budget   *budget.Budget
	pages    int
}

// page is what is read of one page. All boxes are in points from the top left corner of the visible page, y down.
type page struct {
	layout.Page
	unknown int // glyphs that are drawn but whose character is not known
}

// maxSize is the largest file that PDFium can address through a reader, in bytes.
const maxSize = math.MaxInt32

func open(ctx context.Context, f document.File, scratchDir string, b *budget.Budget) (*reader, error) {
	if f.Size > maxSize {
		return nil, budget.Errorf(budget.TooLarge, "the PDF is larger than %d bytes", maxSize)
	}
	instance, err := shared.instance(ctx, scratchDir)
	if err != nil {
		return nil, err
	}
	r := &reader{engine: instance, budget: b}
	if err := r.open(f); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *reader) open(f document.File) error {
	opened, err := r.engine.OpenDocument(&requests.OpenDocument{FileReader: f.Reader(), FileReaderSize: f.Size})
	if err != nil {
		return openError(err)
	}
	r.document = opened.Document
	count, err := r.engine.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: r.document})
	if err != nil {
		return openError(err)
	}
	r.pages = count.PageCount
	if r.pages == 0 {
		return openError(pdfiumerrors.ErrFormat)
	}
	return r.openForm()
}

func openError(err error) error {
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return &budget.Error{Outcome: budget.Encrypted, Err: err,
			Message: "File is encrypted. Please decrypt it with password."}
	case errors.Is(err, pdfiumerrors.ErrFormat), errors.Is(err, pdfiumerrors.ErrFile), errors.Is(err, pdfiumerrors.ErrPage),
		errors.Is(err, pdfiumerrors.ErrUnknown):
		return &budget.Error{Outcome: budget.Corrupt, Err: err,
			Message: "File does not appear to be a valid PDF. It may be cut off or damaged: open it in a PDF viewer and save it again."}
	default:
		return &budget.Error{Outcome: budget.Crashed, Err: err,
			Message: "The PDF engine failed while it opened the file. Open it in a PDF viewer and save it again."}
	}
}

// pageError is a failure on the page with 0-based index i.
func pageError(i int, err error) error {
	if errors.Is(err, pdfiumerrors.ErrPage) || errors.Is(err, pdfiumerrors.ErrFormat) || errors.Is(err, pdfiumerrors.ErrUnknown) {
		e := budget.Errorf(budget.Corrupt, "Page %d of the PDF is damaged. Open the file in a PDF viewer and save it again.", i+1)
		e.Err = err
		return e
	}
	e := budget.Errorf(budget.Crashed, "The PDF engine failed on page %d. Open the file in a PDF viewer and save it again.", i+1)
	e.Err = err
	return e
}

// close throws the document and its PDFium away.
func (r *reader) close() error { return r.engine.Close() }

// read reads the page with 0-based index i.
func (r *reader) read(ctx context.Context, i int) (*page, error) {
	loaded, err := r.engine.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: r.document, Index: i})
	if err != nil {
		return nil, pageError(i, err)
	}
	defer func() { _, _ = r.engine.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page}) }()
	ref := requests.Page{ByReference: &loaded.Page}

	p := &page{}
	frame, err := r.frame(ref)
	if err == nil {
		p.Width, p.Height = frame.size()
		err = r.readText(ctx, ref, frame, p)
	}
	if err == nil {
		p.Links, err = r.readLinks(ctx, ref, frame)
	}
	if err == nil {
		p.Fields, err = r.readFields(ctx, loaded.Page, frame)
	}
	return p, r.wrap(ctx, i, err)
}

// wrap keeps the errors of the budget and the context and names the page in all others.
func (r *reader) wrap(ctx context.Context, i int, err error) error {
	var known *budget.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return pageError(i, err)
	}
}

// frame maps PDF user space, where y grows upwards, to the page as it is shown.
type frame struct {
	left, bottom, right, top float64 // the visible part in user space, points
	turns                    int     // clockwise quarter turns by which the page is shown
}

func (r *reader) frame(ref requests.Page) (frame, error) {
	box, err := r.engine.FPDF_GetPageBoundingBox(&requests.FPDF_GetPageBoundingBox{Page: ref})
	if err != nil {
		return frame{}, err
	}
	rotation, err := r.engine.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: ref})
	if err != nil {
		return frame{}, err
	}
	f := frame{turns: int(rotation.PageRotation) & 3}
	f.left, f.right = ordered(box.Rect.Left, box.Rect.Right)
	f.bottom, f.top = ordered(box.Rect.Bottom, box.Rect.Top)
	return f, nil
}

func ordered(a, b float32) (low, high float64) { return float64(min(a, b)), float64(max(a, b)) }

func (f frame) size() (width, height float64) {
	if f.turns%2 == 1 {
		return f.top - f.bottom, f.right - f.left
	}
	return f.right - f.left, f.top - f.bottom
}

func (f frame) box(left, bottom, right, top float32) layout.Box {
	x0, x1 := ordered(left, right)
	y0, y1 := ordered(bottom, top)
	switch f.turns {
	case 1:
		return layout.Box{X0: y0 - f.bottom, Y0: x0 - f.left, X1: y1 - f.bottom, Y1: x1 - f.left}
	case 2:
		return layout.Box{X0: f.right - x1, Y0: y0 - f.bottom, X1: f.right - x0, Y1: y1 - f.bottom}
	case 3:
		return layout.Box{X0: f.top - y1, Y0: f.right - x1, X1: f.top - y0, Y1: f.right - x0}
	default:
		return layout.Box{X0: x0 - f.left, Y0: f.top - y1, X1: x1 - f.left, Y1: f.top - y0}
	}
}

// turn returns the direction of text whose baseline runs along (a, b) in user space.
func (f frame) turn(a, b float32) layout.Turn {
	quarter := int(math.Round(math.Atan2(float64(b), float64(a)) / (math.Pi / 2))) // anticlockwise
	return layout.Turn((f.turns - quarter + 8) % 4)
}

// readText reads the glyphs of a page in the order of its content.
func (r *reader) readText(ctx context.Context, ref requests.Page, f frame, p *page) error {
	text, err := r.engine.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: ref})
	if err != nil {
		return err
	}
	defer func() { _, _ = r.engine.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage}) }()
	count, err := r.engine.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil {
		return err
	}
	p.Glyphs = make([]layout.Glyph, 0, max(count.Count, 0))
	var (
		char    = &requests.FPDFText_GetUnicode{TextPage: text.TextPage}
		loose   = &requests.FPDFText_GetLooseCharBox{TextPage: text.TextPage}
		run     struct{ height, size float64 } // of the run of equal glyphs that is being read
		turn    layout.Turn
		fresh   = true     // the next glyph starts a run
		gap     = -1       // index of the space that PDFium found before the next glyph, or -1
		whole   layout.Box // of the last glyph, before clearGap
		last    = -1       // index of the character of the last glyph
		pending rune       // first half of a surrogate pair
	)
	for i := range count.Count {
		if err := r.budget.Tick(ctx); err != nil {
			return err
		}
		char.Index, loose.Index = i, i
		unicode, err := r.engine.FPDFText_GetUnicode(char)
		if err != nil {
			return err
		}
		c := rune(unicode.Unicode)
		if c == '\r' || c == '\n' { // PDFium's own guess at line ends
			fresh, gap = true, -1
			continue
		}
		rect, err := r.engine.FPDFText_GetLooseCharBox(loose)
		if err != nil {
			continue // a character that PDFium made up has no place
		}
		box := f.box(rect.Rect.Left, rect.Rect.Bottom, rect.Rect.Right, rect.Rect.Top)
		if !box.Finite() {
			fresh = true
			continue
		}
		if c == ' ' && box.Width() == 0 && box.Height() == 0 { // PDFium found a gap between words
			fresh, gap = true, i
			continue
		}
		if height := box.Height(); fresh || math.Abs(height-run.height) > 1e-3 {
			run.size, turn, err = r.glyphSize(text.TextPage, i, f)
			if err != nil {
				return err
			}
			run.height, fresh = height, false
		}
		c, pending = joinSurrogates(pending, c)
		switch {
		case pending != 0:
			continue
		case isUnknown(c):
			// It keeps its place, so that the line goes on behind it.
			p.unknown++
			c = 0
		case c == 2: // a hyphen at a line end, by PDFium's convention
			c = '-'
		}
		placed := layout.EmBox(box, run.size, turn)
		glyph := layout.Glyph{Box: placed, Turn: turn}
		if c != 0 {
			glyph.Text = string(c)
		}
		if gap >= 0 && last == gap-1 && len(p.Glyphs) > 0 && turn == layout.Right && f.turns == 0 {
			r.clearGap(text.TextPage, last, i, &p.Glyphs[len(p.Glyphs)-1], &glyph)
		}
		same := len(p.Glyphs) > 0 && whole == placed && placed.Width() > 0
		gap, last, whole = -1, i, placed
		if n := len(p.Glyphs); same && c != 0 {
			p.Glyphs[n-1].Text = joinLigature(p.Glyphs[n-1].Text, glyph.Text)
			continue
		}
		p.Glyphs = append(p.Glyphs, glyph)
	}
	p.Glyphs = joinAccents(p.Glyphs)
	return nil
}

// isUnknown tells whether c is what PDFium gives for a glyph that the file maps to no character, or to one that cannot be
// text, such as a control code that an old font uses for a minus sign.
func isUnknown(c rune) bool {
	return c == 0xFFFE || c == 0xFFFF || c == '\uFFFD' || (c < ' ' && c != '\t' && c != 2) || (c >= 0x7F && c < 0xA0 && c != 0x85 && c != 0x95)
}

// glyphSize returns the size of character i as drawn, in points, and its direction.
func (r *reader) glyphSize(text references.FPDF_TEXTPAGE, i int, f frame) (float64, layout.Turn, error) {
	size, err := r.engine.FPDFText_GetFontSize(&requests.FPDFText_GetFontSize{TextPage: text, Index: i})
	if err != nil {
		return 0, layout.Right, err
	}
	matrix, err := r.engine.FPDFText_GetMatrix(&requests.FPDFText_GetMatrix{TextPage: text, Index: i})
	if err != nil {
		return 0, layout.Right, nil //nolint:nilerr // a character without a text object; its own box has to do
	}
	m := matrix.Matrix
	return size.FontSize * math.Hypot(float64(m.C), float64(m.D)), f.turn(m.A, m.B), nil
}

// joinSurrogates completes a character that comes as two UTF-16 halves.
func joinSurrogates(pending, c rune) (char, next rune) {
	switch {
	case c >= 0xD800 && c < 0xDC00:
		return 0, c
	case c >= 0xDC00 && c < 0xE000:
		if pending == 0 {
			return 0, 0
		}
		return (pending-0xD800)<<10 + (c - 0xDC00) + 0x10000, 0
	default:
		return c, 0
	}
}

// joinLigature puts the characters of one glyph together again. PDFium takes the Latin ligatures of Unicode apart, the
// reference keeps them.
func joinLigature(text, next string) string {
	switch text + next {
	case "ff":
		return "\uFB00"
	case "fi":
		return "\uFB01"
	case "fl":
		return "\uFB02"
	case "\uFB00i":
		return "\uFB03"
	case "\uFB00l":
		return "\uFB04"
	default:
		return text + next
	}
}

// readLinks reads the link annotations that lead to an address.
func (r *reader) readLinks(ctx context.Context, ref requests.Page, f frame) ([]layout.Link, error) {
	var links []layout.Link
	for position := 0; ; {
		if err := r.budget.Tick(ctx); err != nil {
			return nil, err
		}
		found, err := r.engine.FPDFLink_Enumerate(&requests.FPDFLink_Enumerate{Page: ref, StartPos: position})
		if err != nil {
			return nil, err
		}
		if found.Link == nil || found.NextStartPos == nil || *found.NextStartPos <= position {
			return links, nil
		}
		position = *found.NextStartPos
		address, err := r.address(*found.Link)
		if err != nil {
			return nil, err
		}
		rect, err := r.engine.FPDFLink_GetAnnotRect(&requests.FPDFLink_GetAnnotRect{Link: *found.Link})
		if err != nil {
			return nil, err
		}
		if address == "" || rect.Rect == nil {
			continue
		}
		box := f.box(rect.Rect.Left, rect.Rect.Bottom, rect.Rect.Right, rect.Rect.Top)
		if box.Finite() {
			links = append(links, layout.Link{Box: box, URL: address})
		}
	}
}

func (r *reader) address(link references.FPDF_LINK) (string, error) {
	action, err := r.engine.FPDFLink_GetAction(&requests.FPDFLink_GetAction{Link: link})
	if err != nil || action.Action == nil {
		return "", err
	}
	kind, err := r.engine.FPDFAction_GetType(&requests.FPDFAction_GetType{Action: *action.Action})
	if err != nil || kind.Type != enums.FPDF_ACTION_ACTION_URI {
		return "", err
	}
	uri, err := r.engine.FPDFAction_GetURIPath(&requests.FPDFAction_GetURIPath{Document: r.document, Action: *action.Action})
	if err != nil || uri.URIPath == nil {
		return "", err
	}
	return *uri.URIPath, nil
}
