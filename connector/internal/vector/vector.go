// Package vector is what the destinations of vector stores share: a document's elements become records that are written in
// batches, and what an earlier write of the document left is deleted after. It knows nothing of a store's protocol.
package vector

import (
	"context"
	"iter"
	"maps"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

// Store is a vector store, as one destination writes it. Its errors are those of connector. It is safe for concurrent use.
type Store interface {
	// Dimensions gives the length of the vectors that the store holds; 0 when it takes any. n is the length of the data's,
	// for a store that is made on the way or for the statement that would make it; 0 when the data has none.
	Dimensions(ctx context.Context, what string, n int) (int, error)
	// Forget drops what is known of the store, which may have changed.
	Forget()
	// Append appends the record of an element in the form that Write takes. Dimensions was asked before. Nothing appended is a record that the store
	// does not take, and leaves out.
	Append(b []byte, what string, e element.Element, id uuid.UUID, d document.Document) ([]byte, error)
	// Write puts records under their ids, over those that stand there.
	Write(ctx context.Context, what string, records [][]byte) error
	// Keys lists the keys of a document's records. Those that were made from an id end with it.
	Keys(ctx context.Context, what string, d document.Document) iter.Seq2[string, error]
	// Delete deletes records by their keys. One that is gone is no failure.
	Delete(ctx context.Context, what string, keys []string) error
}

// Limits are those of a store's requests.
type Limits struct {
	Name    string // of the collection or index, for messages: `collection "docs"`
	Records int    // most records of a request
	Bytes   int    // most bytes of a request's records; one record may be larger
	Deletes int    // most keys of a request that deletes
	// Late says that what was written is listed only after a moment. The end of a write then waits for its own records.
	Late bool
	// Clear deletes all records of a document, for a store that cannot list them under keys of ours: it is called before the
	// first record of a document is written, and Keys and Delete are not. nil otherwise.
	Clear func(ctx context.Context, what string, d document.Document) error
	// Mend deletes records of a write that the store took and does not list, one by one, so that the next write makes them anew: a
	// server that was killed may have lost them from its indexes alone. nil for stores that do not come to this.
	Mend func(ctx context.Context, what string, ids []uuid.UUID) error
}

// inFlight is how many batches of a document are under way while the next is made.
const inFlight = 2

// Replace leaves in a store exactly the records of these elements for a document. New records stand there before old ones
// go, unless Limits.Clear is set: a reader never misses the elements, and may see old ones beside new ones for a moment. Nothing is
// written of vectors of another length than those of the store. Two that write a document at once never leave a mix of both, nor
// nothing: one of them gets a transient error, and writes again.
func Replace(
	ctx context.Context, s Store, l Limits, what string, d document.Document, elements iter.Seq2[element.Element, error],
) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w := &writer{Store: s, limits: l, what: what, doc: d, ids: record.NewIDs(d.Identifier)}
	if err := w.write(ctx, elements); err != nil {
		s.Forget()
		return err
	}
	failpoint.Hit(failpoint.MidReplace)
	if l.Clear != nil {
		return w.clear(ctx) // when nothing was written
	}
	return w.sweep(ctx)
}

// Remove deletes all records of a document.
func Remove(ctx context.Context, s Store, l Limits, what string, d document.Document) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case l.Clear != nil:
		return l.Clear(ctx, what, d)
	}
	return (&writer{Store: s, limits: l, what: what, doc: d, ids: record.NewIDs(d.Identifier)}).sweep(ctx)
}

type writer struct {
	Store
	limits Limits
	what   string
	doc    document.Document
	ids    *record.IDs

	written    int
	looked     bool
	cleared    bool
	dimensions int // of the vectors; 0 when none was seen yet
}

func (w *writer) write(ctx context.Context, elements iter.Seq2[element.Element, error]) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	var batch [][]byte
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := w.clear(ctx); err != nil {
			return err
		}
		full := batch
		batch, size = nil, 0
		group.Go(func() error { return w.Write(within, w.what, full) })
		return nil
	}
	err := func() error {
		for e, err := range elements {
			if err == nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				return err
			}
			if within.Err() != nil {
				return nil // the group knows why
			}
			if err := w.fits(ctx, e); err != nil {
				return err
			}
			if err := w.look(ctx); err != nil {
				return err
			}
			id := w.ids.Next(e.ID)
			r, err := w.Append(nil, w.what, e, id, w.doc)
			if err != nil {
				return err
			}
			if len(r) == 0 {
				w.ids.Drop(id)
				continue
			}
			if size > 0 && size+len(r) > w.limits.Bytes {
				if err := flush(); err != nil {
					return err
				}
			}
			batch, size, w.written = append(batch, r), size+len(r)+1, w.written+1
			if len(batch) >= w.limits.Records {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return flush()
	}()
	sent := group.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	}
	return sent
}

// clear deletes all that an earlier write left, once, where that cannot be told from new records later.
func (w *writer) clear(ctx context.Context) error {
	if w.cleared || w.limits.Clear == nil {
		return nil
	}
	w.cleared = true
	return w.limits.Clear(ctx, w.what, w.doc)
}

// look asks for the store before the first record without a vector is made.
func (w *writer) look(ctx context.Context) error {
	if w.looked {
		return nil
	}
	w.looked = true
	_, err := w.Dimensions(ctx, w.what, 0)
	return err
}

// fits refuses a vector that is not of the store's length.
func (w *writer) fits(ctx context.Context, e element.Element) error {
	n := len(e.Embeddings)
	switch {
	case n == 0 || n == w.dimensions:
		return nil
	case w.dimensions > 0:
		return connector.Fail(nil, "%s: its embeddings have %d and %d dimensions; one place takes those of one embedding model", w.what, w.dimensions, n)
	}
	have, err := w.Dimensions(ctx, w.what, n)
	if err != nil {
		return err
	}
	if have > 0 && have != n {
		return connector.Fail(nil, "%s: %s holds embeddings of %d dimensions, and these have %d, as another embedding model makes them; write them to another one, or use the first model",
			w.what, w.limits.Name, have, n)
	}
	w.looked, w.dimensions = true, n
	return nil
}

const (
	firstLook   = 200 * time.Millisecond // before a second look at a store that lists late; it doubles
	longestLook = 2 * time.Second
	lookFor     = 10 * time.Second // that a store may take to list one more of what was written
	mostSweeps  = 10               // while another writer goes on
	sureOfRival = 2                // looks in a row that show another writer, where one alone may be the late list
)

// sweep deletes the records of the document that this write did not write, until one look shows all of this write and nothing
// else. Where records are listed late, those of this write must be seen first: then what stood there before is seen too. A
// record of this write that is not there was taken away by another writer of the document.
func (w *writer) sweep(ctx context.Context) error {
	var before look           // the one before
	gone := map[string]bool{} // deleted, and perhaps still listed
	grew, pause, rival := time.Now(), firstLook, 0
	for n := 1; ; n++ {
		now, err := w.list(ctx)
		if err != nil {
			return err
		}
		if len(now.ours) > len(before.ours) {
			grew = time.Now()
		}
		if n > 1 && before.changed(now) {
			rival++
		} else {
			rival = 0
		}
		maps.DeleteFunc(gone, func(key string, _ bool) bool { return !now.others[key] })
		var old []string
		for key := range now.others {
			if !w.limits.Late || !gone[key] {
				old = append(old, key)
			}
		}
		whole := len(now.ours) >= w.written
		switch {
		case whole && len(old) == 0:
			return nil
		case n > mostSweeps && !w.limits.Late, !whole && (!w.limits.Late || rival >= sureOfRival):
			if !whole && w.limits.Mend != nil {
				if err := w.limits.Mend(ctx, w.what, w.ids.Without(now.ours)); err != nil {
					return err
				}
			}
			return connector.Retry(nil, 0, "%s: %s lists %d of the %d records that were written and %d others; another run writes the document too, or the server has lost some",
				w.what, w.limits.Name, len(now.ours), w.written, len(old))
		}
		for len(old) > 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			part := old[:min(len(old), w.limits.Deletes)]
			old = old[len(part):]
			if err := w.Delete(ctx, w.what, part); err != nil {
				return err
			}
			for _, key := range part {
				gone[key] = true
			}
		}
		before = now
		switch {
		case whole:
			continue
		case time.Since(grew)+pause > lookFor:
			return connector.Retry(nil, 0, "%s: %s lists only %d of the %d records that it has taken", w.what, w.limits.Name, len(now.ours), w.written)
		}
		if err := Wait(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, longestLook)
	}
}

// look is what a store lists of a document.
type look struct {
	ours   map[uuid.UUID]bool // records of this write
	others map[string]bool    // keys
}

// changed says whether another writer was there since a look: a record of ours is gone, or another has come.
func (l look) changed(now look) bool {
	for id := range l.ours {
		if !now.ours[id] {
			return true
		}
	}
	for key := range now.others {
		if !l.others[key] {
			return true
		}
	}
	return false
}

func (w *writer) list(ctx context.Context) (look, error) {
	out := look{map[uuid.UUID]bool{}, map[string]bool{}}
	for key, err := range w.Keys(ctx, w.what, w.doc) {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return out, err
		}
		if id, ok := idOf(key); ok && w.ids.Has(id) {
			out.ours[id] = true
		} else {
			out.others[key] = true
		}
	}
	return out, nil
}

// idOf is the id at the end of a key.
func idOf(key string) (uuid.UUID, bool) {
	const length = 36
	if len(key) < length {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(key[len(key)-length:])
	return id, err == nil
}

// Floats appends a vector as JSON, in the shortest form that gives its numbers back. What is no number is 0.
func Floats(b []byte, vector []float32) []byte {
	b = append(b, '[')
	for i, v := range vector {
		if i > 0 {
			b = append(b, ',')
		}
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			f = 0
		}
		b = strconv.AppendFloat(b, f, 'g', -1, 32)
	}
	return append(b, ']')
}
