package pdf

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/sluicehq/sluice/partition/budget"
)

// pagesPerReader is how many pages are worth a further PDFium, which takes some milliseconds to start and to learn the file's fonts.
const pagesPerReader = 12

// beginning does what needs the open document for the page with index i. finish does the rest, beside the reading of other pages when slow
// tells that it takes seconds.
type beginning[T any] func(ctx context.Context, d *Document, i int) (finish func() (T, error), slow bool, err error)

// readPages works pages of a document with several PDFiums at once, where the file has enough of them and processors are free, and
// as many slow ends as there are processors. It returns what begin makes of them in the order of pages. The first page that fails ends it.
func readPages[T any](ctx context.Context, d *Document, pages []int, begin beginning[T]) ([]T, error) {
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &work[T]{pages: pages, out: make([]T, len(pages)), begin: begin, cancel: cancel, room: make(chan struct{}, runtime.GOMAXPROCS(0))}
	for range min(runtime.GOMAXPROCS(0), len(pages)/pagesPerReader) - 1 {
		w.group.Go(func() {
			if more := d.another(ctx); more != nil {
				w.read(ctx, more)
				w.closed(more.Close())
			}
		})
	}
	w.read(ctx, d)
	w.group.Wait()
	if err := outer.Err(); err != nil {
		return nil, err
	}
	return w.out, w.err
}

// work is what the readers of one document share.
type work[T any] struct {
	pages  []int
	out    []T
	begin  beginning[T]
	cancel func()
	group  sync.WaitGroup
	room   chan struct{} // one for each slow end at a time

	mu     sync.Mutex
	next   int // place in pages of the next page to read
	failed int // place of the page that err is about
	err    error
}

// take returns the place of the next page; false when there is none left, or one has failed.
func (w *work[T]) take() (k int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.next == len(w.pages) {
		return 0, false
	}
	w.next++
	return w.next - 1, true
}

// fail keeps the error of the page that comes first. That others were stopped is no error of theirs.
func (w *work[T]) fail(k int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil || !errors.Is(err, context.Canceled) && (k < w.failed || errors.Is(w.err, context.Canceled)) {
		w.failed, w.err = k, err
	}
	w.cancel()
}

func (w *work[T]) closed(err error) {
	if err != nil {
		w.fail(len(w.pages), err)
	}
}

func (w *work[T]) read(ctx context.Context, d *Document) {
	for {
		k, ok := w.take()
		if !ok {
			return
		}
		var finish func() (T, error)
		var slow bool
		err := guarded(func() (err error) {
			finish, slow, err = w.begin(ctx, d, w.pages[k])
			return err
		})
		switch {
		case err != nil:
			w.fail(k, err)
		case !slow:
			w.finish(k, finish)
		default:
			select {
			case w.room <- struct{}{}:
				w.group.Go(func() {
					defer func() { <-w.room }()
					w.finish(k, finish)
				})
			case <-ctx.Done():
				w.fail(k, ctx.Err())
			}
		}
	}
}

func (w *work[T]) finish(k int, finish func() (T, error)) {
	err := guarded(func() (err error) {
		w.out[k], err = finish()
		return err
	})
	if err != nil {
		w.fail(k, err)
	}
}

// guarded makes an error of a panic, which would otherwise end the process: nobody above a goroutine catches it.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &budget.Error{
				Outcome: budget.Crashed,
				Message: "the parser failed on this file; the file may be damaged",
				Err:     fmt.Errorf("panic: %v\n%s", v, debug.Stack()),
			}
		}
	}()
	return f()
}
