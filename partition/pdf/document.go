package pdf

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// Document is one open PDF in a PDFium of its own, for one goroutine at a time. Pages count from 0.
type Document struct {
	in      *Instance
	handle  Handle
	form    Handle // 0 in a document without form fields
	budget  *budget.Budget
	pages   int
	current *loaded // the page that was asked for last
}

// maxSize is the largest file that PDFium can address through a reader, in bytes.
const maxSize = math.MaxInt32

// Open opens a PDF with the password and the scratch folder of o. Its errors, and those of all methods, are a *budget.Error
// that says what to do, or the context's.
func Open(ctx context.Context, f document.File, o format.Options, b *budget.Budget) (*Document, error) {
	if f.Size > maxSize {
		return nil, budget.Errorf(budget.TooLarge, "the PDF is larger than %d bytes", maxSize)
	}
	in, err := shared.instance(ctx, o.ScratchDir)
	if err != nil {
		return nil, err
	}
	d := &Document{in: in, budget: b}
	if err := d.open(f, o.Password); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Document) open(f document.File, password string) error {
	d.handle = d.in.Open(f, f.Size, password)
	if d.handle == 0 {
		return d.openError(password != "")
	}
	if d.pages = d.in.Int(FPDF_GetPageCount, uint64(d.handle)); d.pages <= 0 {
		return errNoPDF(d.in.Err())
	}
	d.openForm()
	return d.failed("opened the file")
}

func (d *Document) openError(given bool) error {
	if err := d.failed("opened the file"); err != nil {
		return err
	}
	switch reason := d.in.LastError(); reason {
	case ErrPassword:
		message := "File is encrypted. Please decrypt it with password."
		if given {
			message = "File is encrypted, and the password does not open it. Give its user or owner password as password."
		}
		return &budget.Error{Outcome: budget.Encrypted, Message: message}
	case ErrSecurity:
		return &budget.Error{Outcome: budget.Encrypted,
			Message: "File is encrypted by a method that is not known here. Save it without protection, or with a password (AES or RC4), in a PDF viewer."}
	default:
		return errNoPDF(fmt.Errorf("PDFium answers %d", reason))
	}
}

func errNoPDF(cause error) error {
	return &budget.Error{Outcome: budget.Corrupt, Err: cause,
		Message: "File does not appear to be a valid PDF. It may be cut off or damaged: open it in a PDF viewer and save it again."}
}

// failed tells why PDFium has ended, if it has, while it did something.
func (d *Document) failed(doing string) error {
	err := d.in.Err()
	switch {
	case err == nil:
		return nil
	case d.in.Full():
		return &budget.Error{Outcome: budget.TooLarge, Err: err,
			Message: "The PDF needs more than 512 MiB of memory; it may be a decompression bomb. Split it, or save it again in a PDF viewer."}
	default:
		return &budget.Error{Outcome: budget.Crashed, Err: err,
			Message: "The PDF engine failed while it " + doing + ". Open the file in a PDF viewer and save it again."}
	}
}

// Pages returns the number of pages.
func (d *Document) Pages() int { return d.pages }

// Close throws the document and its PDFium away.
func (d *Document) Close() error {
	defer shared.release()
	return joinClose(d.in.Close())
}

// loaded is a page that PDFium has parsed.
type loaded struct {
	*Document
	index  int
	page   Handle
	frame  frame
	images []Handle // in the order of drawing, once the page has been read
	formed bool     // PDFium has made widgets of its form fields
}

// widgets has PDFium make its widgets, which it needs to tell the state of a button. It looks at no script.
func (l *loaded) widgets() {
	if !l.formed {
		l.in.Call(FORM_OnAfterLoadPage, uint64(l.page), uint64(l.form))
		l.formed = true
	}
}

func (l *loaded) close() {
	if l.formed {
		l.in.Call(FORM_OnBeforeClosePage, uint64(l.page), uint64(l.form))
	}
	l.in.Call(FPDF_ClosePage, uint64(l.page))
}

// load parses the page with index i. It stays until another is loaded, since a page that is read is often drawn next.
func (d *Document) load(ctx context.Context, i int) (*loaded, error) {
	if err := d.budget.Check(ctx); err != nil {
		return nil, err
	}
	if d.current != nil {
		if d.current.index == i {
			return d.current, nil
		}
		d.current.close()
		d.current = nil
	}
	page := d.in.Handle(FPDF_LoadPage, uint64(d.handle), uint64(i))
	if page == 0 {
		if err := d.failed(fmt.Sprintf("read page %d", i+1)); err != nil {
			return nil, err
		}
		return nil, budget.Errorf(budget.Corrupt, "Page %d of the PDF is damaged. Open the file in a PDF viewer and save it again.", i+1)
	}
	d.current = &loaded{Document: d, index: i, page: page}
	d.current.frame = d.current.readFrame()
	return d.current, nil
}

// Page reads the page with index i as it is drawn.
func (d *Document) Page(ctx context.Context, i int) (*layout.Page, error) {
	l, err := d.load(ctx, i)
	if err != nil {
		return nil, err
	}
	p := &layout.Page{}
	p.Width, p.Height = l.frame.size()
	w := l.walker(p)
	for _, read := range []func(context.Context) error{w.readTags, w.readObjects, w.readText, w.readLinks, w.readFields} {
		if err := read(ctx); err != nil {
			return nil, err
		}
		if err := d.failed(fmt.Sprintf("read page %d", i+1)); err != nil {
			return nil, err
		}
	}
	return p, nil
}
