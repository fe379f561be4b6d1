package pdf

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/sluicehq/sluice/partition/budget"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // as elsewhere in this package
)

// leastRoom is how much memory a PDFium has at least that reads a document together with others, MiB. All of two have together what one may have alone.
const leastRoom = 160

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
	w := &work[T]{pages: pages, out: make([]T, len(pages)), begin: begin, cancel: cancel, first: d, room: make(chan struct{}, runtime.GOMAXPROCS(0))}
	readers := min(runtime.GOMAXPROCS(0), len(pages)/pagesPerReader)
	if readers > 1 {
		d.limit(max(leastRoom, MemoryMiB/readers))
	}
	for range readers - 1 {
		w.others.Go(func() {
			if more := d.another(ctx); more != nil {
				more.limit(d.room)
				w.read(ctx, more)
				w.closed(more.Close())
			}
		})
	}
	w.read(ctx, d)
	w.others.Wait()
	d.limit(0)
	w.read(ctx, d) // what others have left
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
	first  *Document
	others sync.WaitGroup // readers beside the first
	group  sync.WaitGroup // slow ends
	room   chan struct{}  // one for each slow end at a time

	mu     sync.Mutex
	next   int   // place in pages of the next page to read
	left   []int // places of pages that others could not read
	single bool  // the first reader goes on alone
	failed int   // place of the page that err is about
	err    error
}

// take returns the place of the next page; false when there is none left, or one has failed.
func (w *work[T]) take(d *Document) (k int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.single && d != w.first {
		return 0, false
	}
	if n := len(w.left); n > 0 && d.room == 0 {
		k, w.left = w.left[n-1], w.left[:n-1]
		return k, true
	}
	if w.next == len(w.pages) {
		return 0, false
	}
	w.next++
	return w.next - 1, true
}

// alone is called when a reader has ended over the page at place k while others had a part of the memory. The first goes on alone, with all of it:
// several that take all that they may are too much for a process. again tells that it is to begin the page once more.
func (w *work[T]) alone(d *Document, k int) (again bool) {
	w.mu.Lock()
	w.single = true
	if d != w.first {
		w.left = append(w.left, k)
	}
	w.mu.Unlock()
	if d != w.first {
		return false
	}
	w.others.Wait()
	d.limit(0)
	return d.restart() == nil
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
		k, ok := w.take(d)
		if !ok {
			return
		}
		var finish func() (T, error)
		var slow bool
		begin := func() (err error) {
			finish, slow, err = w.begin(ctx, d, w.pages[k])
			return err
		}
		err := guarded(begin)
		if err != nil && d.room > 0 && d.in.Ended() && ctx.Err() == nil {
			if w.alone(d, k) {
				err = guarded(begin)
			} else if d != w.first {
				return
			}
		}
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
			err = budget.Panicked(v)
		}
	}()
	return f()
}
