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
	file     document.File
	password string
	scratch  string
	slot     func() // gives the place of the PDFium back
	in       *Instance
	handle   Handle
	form     Handle // 0 in a document without form fields
	budget   *budget.Budget
	untagged bool // the structure tree is left out: strategy fast has no use for it
	pages    int
	current  *loaded // the page that was asked for last
	loads    int     // pages loaded by this PDFium
	revived  int     // how often it was started anew after it had ended
	room     int     // MiB of memory of this PDFium while others read the document too, 0 when it is alone
	sparing  int     // number of the page that is read and drawn without its larger pictures, 0 without one

	unpacking bool // PDFium unpacks a picture, or has ended while it did
	memory    memory
}

// maxSize is the largest file that PDFium can address through a reader, in bytes.
const maxSize = math.MaxInt32

// Open opens a PDF with the password and the scratch folder of o. Its errors, and those of all methods, are a *budget.Error
// that says what to do, or the context's. As many may be open at a time as there are processors; Open waits until one is closed.
func Open(ctx context.Context, f document.File, o format.Options, b *budget.Budget) (*Document, error) {
	if f.Size > maxSize {
		return nil, budget.Errorf(budget.TooLarge, "the PDF is larger than %d bytes", maxSize)
	}
	in, slot, err := shared.instance(ctx, o.ScratchDir)
	if err != nil {
		return nil, err
	}
	d := &Document{file: f, password: o.Password, scratch: o.ScratchDir, slot: slot, in: in, budget: b, untagged: o.Strategy == "fast"}
	if err := d.open(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// another opens the document once more, with a share of its budget, when a processor is free; else nil.
func (d *Document) another(ctx context.Context) *Document {
	in, slot := shared.another(d.scratch)
	if in == nil {
		return nil
	}
	more := &Document{file: d.file, password: d.password, scratch: d.scratch, slot: slot, in: in, budget: d.budget.Share(), untagged: d.untagged}
	if ctx.Err() != nil || more.open() != nil || more.pages != d.pages {
		_ = more.Close()
		return nil
	}
	return more
}

const (
	grown    = 48 << 20 // bytes of growth after which a PDFium is renewed
	loadsFor = 16       // pages that it reads at least
)

// renew starts over with a fresh PDFium when this one has grown: it keeps all objects of a file that it has read, so that a long
// document would fill its memory.
func (d *Document) renew() error {
	if d.loads++; d.loads < loadsFor || d.in.Grown() < grown {
		return nil
	}
	old := d.in
	if err := d.restart(); err != nil && d.in != old {
		return err
	}
	return nil // where there is no other, the old one goes on
}

// restart goes on with a fresh PDFium. Where none can be had the old one stays.
func (d *Document) restart() error {
	in, err := d.in.Fresh()
	if err != nil {
		return err
	}
	old := d.in
	d.in, d.current, d.form, d.loads, d.unpacking = in, nil, 0, 0, false
	d.limit(d.room)
	return errors.Join(joinClose(old.Close()), d.open())
}

// limit gives this PDFium mib MiB of memory, 0 for all that one may have.
func (d *Document) limit(mib int) {
	if d.room = mib; mib == 0 {
		mib = MemoryMiB
	}
	d.in.Limit(mib)
}

func (d *Document) open() error {
	d.handle = d.in.Open(d.file, d.file.Size, d.password)
	if d.handle == 0 && d.password != "" && d.in.Err() == nil && d.in.LastError() == ErrPassword {
		// A password that was meant for other files of a folder is no hindrance to a file that anyone may open.
		d.handle = d.in.Open(d.file, d.file.Size, "")
	}
	if d.handle == 0 {
		return d.openError(d.password != "")
	}
	if d.pages = d.in.Int(FPDF_GetPageCount, uint64(d.handle)); d.pages <= 0 {
		return errNoPDF(d.in.Err())
	}
	d.openForm()
	d.in.Settle()
	return d.failed("opened the file")
}

func (d *Document) openError(given bool) error {
	if err := d.failed("opened the file"); err != nil {
		return err
	}
	switch reason := d.in.LastError(); reason {
	case ErrPassword:
		message := "File is encrypted. Please decrypt it with password: give the parameter password, or save the file without one."
		if given {
			message = "File is encrypted, and the password that was given does not open it. Give its user or owner password."
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
			Message: fmt.Sprintf("The PDF needs more than %d MiB of memory; it may be a decompression bomb. Split it, or save it again in a PDF viewer.", MemoryMiB)}
	default:
		return &budget.Error{Outcome: budget.Crashed, Err: err,
			Message: "The PDF engine failed while it " + doing + ". Open the file in a PDF viewer and save it again."}
	}
}

// Pages returns the number of pages.
func (d *Document) Pages() int { return d.pages }

// Close throws the document and its PDFium away.
func (d *Document) Close() error {
	defer d.slot()
	return joinClose(d.in.Close())
}

// loaded is a page that PDFium has parsed.
type loaded struct {
	*Document
	index   int
	page    Handle
	frame   frame
	images  []Handle // in the order of drawing, once the page has been read
	largest int64    // pixels of the largest of them
	actions []Action // of the page, once it has been read
	formed  bool     // PDFium has made widgets of its form fields
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
	if err := d.renew(); err != nil {
		return nil, err
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
	l.actions = nil
	w := l.walker(p)
	for _, read := range []func(context.Context) error{w.readTags, w.readObjects, w.readText, w.readLinks, w.readAnnotations} {
		if err := read(ctx); err != nil {
			return nil, err
		}
		if err := d.failed(fmt.Sprintf("read page %d", i+1)); err != nil {
			return nil, err
		}
	}
	return p, nil
}
