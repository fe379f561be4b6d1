package graph

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/connector"
)

// Position is a place in the pages of a collection: after the member of an id on one page, in the order of ids; what follows that
// page is Next.
type Position struct {
	Page string `json:"page,omitempty"`
	Last string `json:"last,omitempty"`
	Next string `json:"next,omitempty"`
}

// maxAnew is how often a listing begins anew since the service has forgotten the position in it.
const maxAnew = 3

// EachPage reads a collection of changes since ever page by page, from a position on; the zero Position is the beginning, at first.
// visit gets the members of a page that come after the position, by their ids, and what makes the position after one of them.
//
// A position holds though members come and go: on its page those of smaller ids have been seen, and what moves to another page is
// met again by the link that the page had then. When the service has forgotten it (410), the collection begins anew, and members
// that were visited before come again.
func EachPage[T any](
	ctx context.Context, first string, at Position, read func(ctx context.Context, path string) (Page[T], error), id func(T) string,
	visit func(members []T, after func(T) Position) error,
) error {
	if !strings.HasPrefix(at.Page, version+"/") {
		at = Position{Page: first}
	}
	for anew := 0; at.Page != ""; {
		p, err := read(ctx, at.Page)
		if errors.Is(err, connector.ErrNotFound) && at.Page != first && anew < maxAnew {
			at = Position{Page: first}
			anew++
			continue
		}
		if err != nil {
			return err
		}
		members, next := p.Value, p.Next
		slices.SortStableFunc(members, func(a, b T) int { return strings.Compare(id(a), id(b)) })
		if at.Last != "" {
			members = slices.DeleteFunc(members, func(m T) bool { return id(m) <= at.Last })
			next = at.Next
		}
		if err := visit(members, func(m T) Position { return Position{at.Page, id(m), next} }); err != nil {
			return err
		}
		at = Position{Page: next}
	}
	return nil
}
