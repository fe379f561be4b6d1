package vector

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// Destination gives a store the methods of a connector.Destination that are the same for all of them. A destination embeds it
// and is its Store.
type Destination struct {
	Store  Store
	Limits Limits
	Client *rest.Client
}

// Guarantee implements connector.Destination: what a document had before and has no more is deleted.
func (d *Destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Close implements connector.Destination.
func (d *Destination) Close() error { return d.Client.Close() }

// Replace implements connector.Destination.
func (d *Destination) Replace(ctx context.Context, doc document.Document, elements Elements) error {
	return Replace(ctx, d.Store, d.Limits, Writes(doc), doc, elements)
}

// Remove implements connector.Remover.
func (d *Destination) Remove(ctx context.Context, doc document.Document) error {
	return Remove(ctx, d.Store, d.Limits, Removes(doc), doc)
}

// Elements is the stream that a destination is given.
type Elements = iter.Seq2[element.Element, error]

// Writes is what a write of a document is called in messages.
func Writes(doc document.Document) string { return fmt.Sprintf("write document %q", doc.Identifier) }

// Removes is what taking a document out is called in messages.
func Removes(doc document.Document) string { return fmt.Sprintf("remove document %q", doc.Identifier) }

// Seen keeps what a destination has seen of its collection. The zero value has seen nothing. It is safe for concurrent use.
type Seen[T any] struct {
	mu    sync.Mutex
	last  *T
	fresh bool
}

// Get gives what was seen, and looks when nothing was, or what was may have changed. Looks may run at once.
func (s *Seen[T]) Get(look func() (*T, error)) (*T, error) {
	s.mu.Lock()
	last, fresh := s.last, s.fresh
	s.mu.Unlock()
	if fresh {
		return last, nil
	}
	now, err := look()
	if err != nil || now == nil {
		return nil, err
	}
	s.mu.Lock()
	s.last, s.fresh = now, true
	s.mu.Unlock()
	return now, nil
}

// Last is what was seen last, which may have changed since; nil for nothing.
func (s *Seen[T]) Last() *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Forget makes the next Get look again.
func (s *Seen[T]) Forget() {
	s.mu.Lock()
	s.fresh = false
	s.mu.Unlock()
}

// ByPrefix lists keys that are UUIDs, of a store that gives only so many at once and has no pages: list gives those that begin with a
// prefix, and says whether there may be more.
func ByPrefix(list func(prefix string) (keys []string, more bool, err error)) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var under func(prefix string) bool
		under = func(prefix string) bool {
			keys, more, err := list(prefix)
			if err != nil {
				yield("", err)
				return false
			}
			if !more {
				for _, key := range keys {
					if !yield(key, nil) {
						return false
					}
				}
				return true
			}
			for _, digit := range "0123456789abcdef" {
				next := prefix + string(digit)
				switch len(next) {
				case len("00000000"), len("00000000-0000"), len("00000000-0000-0000"), len("00000000-0000-0000-0000"):
					next += "-"
				}
				if !under(next) {
					return false
				}
			}
			return true
		}
		under("")
	}
}

// Size is the number of dimensions in a statement that makes a collection, and a sentence for what the statement leaves open: n are
// the data's, 0 or less when none were seen.
func Size(n int) (size, note string) {
	if n > 0 {
		return strconv.Itoa(n), ""
	}
	return "N", " N is the number of dimensions of the embedder."
}

// Join puts records into a list.
func Join(begin string, records [][]byte, end string) []byte {
	n := len(begin) + len(end) + len(records)
	for _, r := range records {
		n += len(r)
	}
	b := append(make([]byte, 0, n), begin...)
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r...)
	}
	return append(b, end...)
}

// Setting reads a text of a config, without the spaces around it.
func Setting(config map[string]any, name string) string {
	s, _ := config[name].(string)
	return strings.TrimSpace(s)
}

// Secret reads a key that is sent in a header; one that cannot be is refused.
func Secret(config map[string]any, name string) (string, error) {
	key := Setting(config, name)
	if strings.ContainsAny(key, "\r\n\x00") {
		return "", connector.Fail(connector.ErrForbidden, "%s: it is not an API key", name)
	}
	return key, nil
}

// Batch reads batch_size, at most so many.
func Batch(config map[string]any, most int64) int {
	n, _ := config["batch_size"].(int64)
	return int(min(max(n, 1), most))
}
