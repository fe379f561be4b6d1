package connectortest

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// Faults says how a destination's other side has bad days.
type Faults struct {
	Type string
	// New makes a place on a server of its own, which the test may stop.
	New func(t *testing.T) Faulty
	// Dimensions is the length of the embeddings that the places take; 0 for places that are written without.
	Dimensions int
	// OneDimension says that a place takes embeddings of one length only, and that the connector refuses others before it writes.
	OneDimension bool
}

// Faulty is a place whose server has bad days.
type Faulty struct {
	DestinationPlace
	Env connector.Env
	// Away makes the server break every connection, with whatever it holds kept; Back takes them again.
	Away, Back func()
	// Busy makes the server ask for fewer requests, at times with Retry-After and at times without; nil when it never does.
	Busy func(bool)
}

// On is a place on a fake that goes away and asks for fewer requests when it is told to.
func On(p DestinationPlace, server interface {
	Away(yes bool)
	Busy(yes bool)
}, env connector.Env) Faulty {
	return Faulty{DestinationPlace: p, Env: env, Away: func() { server.Away(true) }, Back: func() { server.Away(false) }, Busy: server.Busy}
}

// Stopped is a place on a server of its own, which goes away when it is stopped and comes back when it is started.
func Stopped(t *testing.T, p DestinationPlace, stop, start func() error) Faulty {
	t.Helper()
	must := func(f func() error) func() {
		return func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		}
	}
	return Faulty{DestinationPlace: p, Away: must(stop), Back: must(start)}
}

func (f Faulty) open(t *testing.T, kind string) connector.Destination {
	t.Helper()
	return OpenDestination(t, kind, f.Config(), f.Env)
}

// RunFaults has the server go away in the middle of a write and come back, ask for fewer requests, and hold embeddings of another
// model; and one document written by several at once. Each time the document stands there once and whole after.
func RunFaults(t *testing.T, f Faults) {
	t.Helper()
	doc := document.Document{Identifier: "it's doc-1"}
	beside := document.Document{Identifier: "doc-2"}
	place := func(t *testing.T, old int) (Faulty, connector.Destination, []element.Element) {
		t.Helper()
		p := f.New(t)
		d := p.open(t, f.Type)
		other, before := Marked("beside", 3, f.Dimensions), Marked("old", old, f.Dimensions)
		replace(t, d, beside, other)
		replace(t, d, doc, before)
		return p, d, other
	}
	holds := func(t *testing.T, p DestinationPlace, sets ...[]element.Element) {
		t.Helper()
		if got, want := Texts(p.Read(t)), TextsOf(sets...); !slices.Equal(got, want) {
			t.Errorf("the place holds %d elements, want %d", len(got), len(want))
		}
	}
	t.Run("goes away", func(t *testing.T) {
		t.Parallel()
		p, d, other := place(t, 160)
		fresh := Marked("new", 1100, f.Dimensions)
		seen := 0
		err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
			for e, err := range Stream(fresh) {
				if seen++; seen == 550 {
					p.Away()
				}
				if !yield(e, err) {
					return
				}
			}
		})
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
			t.Fatalf("a server that went away: %s: %v", outcome, err)
		}
		p.Back()
		for _, to := range []connector.Destination{d, p.open(t, f.Type)} {
			again(t, to, doc, fresh)
			holds(t, p, other, fresh)
		}
	})
	t.Run("one document at once", func(t *testing.T) {
		t.Parallel()
		p, d, other := place(t, 40)
		several(t, []connector.Destination{d, p.open(t, f.Type)}, doc, f.Dimensions, func(sets [][]element.Element) {
			whole(t, p.Read(t), false, other, sets...)
		})
	})
	t.Run("busy", func(t *testing.T) {
		t.Parallel()
		p, d, other := place(t, 40)
		if p.Busy == nil {
			t.Skip("such a server never asks for fewer requests")
		}
		p.Busy(true)
		fresh := Marked("new", 160, f.Dimensions)
		replace(t, d, doc, fresh)
		p.Busy(false)
		holds(t, p, other, fresh)
	})
	t.Run("another embedding model", func(t *testing.T) {
		t.Parallel()
		if !f.OneDimension {
			t.Skip("such a place takes embeddings of any length")
		}
		p, d, other := place(t, 3)
		for _, to := range []connector.Destination{d, p.open(t, f.Type)} {
			err := to.Replace(t.Context(), doc, Stream(Marked("new", 3, f.Dimensions+4)))
			if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "8 dimensions, and these have 12") {
				t.Errorf("%v", err)
			}
		}
		holds(t, p, other, Marked("old", 3, f.Dimensions))
	})
}

// several has four writers write other elements for one document at once. One that is told to try again does so: at the end exactly
// one of them has won, whole.
func several(t *testing.T, to []connector.Destination, doc document.Document, dimensions int, check func(sets [][]element.Element)) {
	t.Helper()
	var sets [][]element.Element
	for _, mark := range []string{"a", "b", "c", "d"} {
		sets = append(sets, Marked(mark, 20+10*len(sets), dimensions))
	}
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		var work sync.WaitGroup
		for i, set := range sets {
			work.Go(func() {
				again(t, to[i%len(to)], doc, set)
			})
		}
		work.Wait()
		check(sets)
	}
}

// again writes until it is done, as the engine does, while it is told to try again: the pauses grow, so that writers who keep taking each other's
// records away come to write one after the other. It may run on any goroutine.
func again(t *testing.T, to connector.Destination, doc document.Document, elements []element.Element) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	const first, longest = 50 * time.Millisecond, 5 * time.Second
	for pause := first; ; pause = min(2*pause, longest) {
		err := to.Replace(ctx, doc, Stream(elements))
		if err == nil {
			return
		}
		if outcome, _ := connector.Classify(err); outcome != connector.Transient || ctx.Err() != nil {
			t.Errorf("write of %q: %v", doc.Identifier, err)
			return
		}
		time.Sleep(time.Duration(rand.Int64N(int64(pause)))) //nolint:gosec // no matter of security
	}
}
