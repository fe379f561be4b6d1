// Package budget limits what parsing one file may use, and names the ways in which parsing can end.
//
// Every parser takes a *Budget and asks it before it inflates, descends, allocates or emits. All limits are counted in
// the unit that the field says; zero means no limit.
package budget

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Outcome is how the parsing of a file ended.
type Outcome string

const (
	OK          Outcome = "ok"
	Empty       Outcome = "empty"
	Unsupported Outcome = "unsupported" // no parser for this type
	Encrypted   Outcome = "encrypted"   // needs a password
	Corrupt     Outcome = "corrupt"     // not a valid file of its type
	TooLarge    Outcome = "too_large"   // over one of the limits
	TimedOut    Outcome = "timed_out"
	Crashed     Outcome = "crashed" // the parser itself died: out of memory, stack exhausted
)

// Error is a file that could not be parsed. Message is written for the user: it says what is wrong with the file and
// what to do, and holds nothing of the machine.
type Error struct {
	Outcome Outcome
	Message string
	Err     error // cause, for logs; may be nil
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an *Error with a formatted message.
func Errorf(o Outcome, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Outcome: o, Message: err.Error(), Err: errors.Unwrap(err)}
}

// Panicked makes the error of a parser that panicked with v. It is called where that was recovered: its cause holds the stack.
func Panicked(v any) *Error {
	return &Error{Outcome: Crashed, Message: "the parser failed on this file; the file may be damaged", Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())}
}

// Limits are the bounds of one file.
type Limits struct {
	Bytes    int64         // size of the file, bytes
	Inflated int64         // sum of all decompressed data, bytes
	Pages    int64         // pages, slides or sheets
	Pixels   int64         // of one raster
	Elements int64         // elements emitted
	Text     int64         // bytes of element text emitted
	Depth    int           // nesting of markup, archives or messages
	Time     time.Duration // wall time
	OCR      time.Duration // wall time of recognising one page or picture; 0 is two minutes
}

// Default are the limits of the server and the command line.
var Default = Limits{
	Bytes: 2 << 30, Inflated: 4 << 30, Pages: 100_000, Pixels: 25_000_000,
	Elements: 5_000_000, Text: 1 << 30, Depth: 512, Time: 30 * time.Minute, OCR: 2 * time.Minute,
}

// Budget counts what one file has used. It is not safe for concurrent use; a parser with several workers gives each
// its own share.
type Budget struct {
	limits   Limits
	deadline time.Time
	packed   int64
	inflated int64
	pages    int64
	elements int64
	text     int64
	ticks    uint
}

// New starts a budget now.
func New(l Limits) *Budget {
	b := &Budget{limits: l}
	if l.Time > 0 {
		b.deadline = time.Now().Add(l.Time)
	}
	return b
}

// Share returns a budget with the same limits and the same end of time, that has used nothing, for a second worker on the same file.
func (b *Budget) Share() *Budget { return &Budget{limits: b.limits, deadline: b.deadline} }

// Limits returns the limits that the budget was made with.
func (b *Budget) Limits() Limits { return b.limits }

// A file may inflate to freely bytes, and above it to ratio times its size: office files of the real world stay below a
// tenth of that, DEFLATE reaches a thousand times.
const (
	freely = 256 << 20
	ratio  = 100
)

// Packed says how large the file is, bytes, which bounds what it may inflate to.
func (b *Budget) Packed(size int64) { b.packed = size }

// Inflate counts n more decompressed bytes.
func (b *Budget) Inflate(n int64) error {
	b.inflated += n
	limit := b.limits.Inflated
	if most := max(freely, ratio*b.packed); b.packed > 0 && (limit == 0 || most < limit) {
		limit = most
	}
	if limit > 0 && b.inflated > limit {
		return Errorf(TooLarge, "the file inflates to more than %d bytes; it may be a decompression bomb", limit)
	}
	return nil
}

// Page counts one more page.
func (b *Budget) Page() error {
	b.pages++
	if b.limits.Pages > 0 && b.pages > b.limits.Pages {
		return Errorf(TooLarge, "the file has more than %d pages", b.limits.Pages)
	}
	return nil
}

// Element counts one more element of n bytes of text.
func (b *Budget) Element(n int) error {
	b.elements++
	b.text += int64(n)
	if b.limits.Elements > 0 && b.elements > b.limits.Elements {
		return Errorf(TooLarge, "the file gives more than %d elements", b.limits.Elements)
	}
	if b.limits.Text > 0 && b.text > b.limits.Text {
		return Errorf(TooLarge, "the file gives more than %d bytes of text", b.limits.Text)
	}
	return nil
}

// Depth checks a nesting depth.
func (b *Budget) Depth(d int) error {
	if b.limits.Depth > 0 && d > b.limits.Depth {
		return Errorf(TooLarge, "the file nests deeper than %d levels", b.limits.Depth)
	}
	return nil
}

// Tick is called in every loop over the content. It is cheap: only each 1,024th call looks at the clock and the context.
func (b *Budget) Tick(ctx context.Context) error {
	b.ticks++
	if b.ticks%1024 != 1 {
		return nil
	}
	return b.Check(ctx)
}

// Context returns a context that ends with the time of the file, for work that looks at no budget, such as another process. Once that has ended,
// Check tells whether it was for this.
func (b *Budget) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	if b.deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, b.deadline)
}

// Check looks at the clock and the context at once.
func (b *Budget) Check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !b.deadline.IsZero() && !time.Now().Before(b.deadline) {
		return Errorf(TimedOut, "the file took longer than %s to parse", b.limits.Time)
	}
	return nil
}
