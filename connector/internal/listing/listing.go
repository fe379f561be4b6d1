// Package listing is what sources share that walk a service's listing by functions of their own: the walk becomes the stream of
// connector.Source.Index, and entries that the service sorts by less than a cursor needs get an order that is total.
package listing

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/sluicehq/sluice/document"
)

// errStop ends a walk whose reader has enough.
var errStop = errors.New("stop")

// Stream makes the stream of a walk: each document that it visits, and its error at the end. visit fails when the reader has
// enough or ctx has ended; the walk returns that error.
func Stream(ctx context.Context, walk func(visit func(document.Document) error) error) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		err := walk(func(d document.Document) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if !yield(d, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(document.Document{}, err)
		}
	}
}

// ErrOrder is an entry that comes behind one that belongs behind it.
var ErrOrder = errors.New("the listing has no order")

// Sorter gives entries in a total order, that come sorted by less: by an instant, for one, at which many were made. It holds those
// that the service's own order does not tell apart. It is not safe for concurrent use.
type Sorter[T any] struct {
	Coarse func(a, b T) int // the order in which they come
	Fine   func(a, b T) int // the order in which they are given, which tells all of them apart
	Visit  func(T) error    // gets them
	group  []T              // equal by Coarse
}

// Add takes the next entry, and gives those before it when it begins another group. Its error is that of Visit, or ErrOrder.
func (s *Sorter[T]) Add(entry T) error {
	if len(s.group) > 0 {
		switch c := s.Coarse(entry, s.group[0]); {
		case c < 0:
			return ErrOrder
		case c > 0:
			if err := s.Flush(); err != nil {
				return err
			}
		}
	}
	s.group = append(s.group, entry)
	return nil
}

// Held is one of the entries that are held; false when there are none.
func (s *Sorter[T]) Held() (entry T, ok bool) {
	if len(s.group) == 0 {
		return entry, false
	}
	return s.group[0], true
}

// Drop forgets the entries that are held.
func (s *Sorter[T]) Drop() { s.group = s.group[:0] }

// Flush gives the entries that are held, at the end of the listing.
func (s *Sorter[T]) Flush() error {
	slices.SortFunc(s.group, s.Fine)
	for _, entry := range s.group {
		if err := s.Visit(entry); err != nil {
			return err
		}
	}
	s.Drop()
	return nil
}
