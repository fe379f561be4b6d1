package connectortest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// RunDestination runs the suite of destinations. What it asks follows Guarantee: of Replaces everything, of Upserts that
// what was written stands there and nothing was written twice, of Appends that it stands there.
func RunDestination(t *testing.T, d Destination) {
	t.Helper()
	if d.Many == 0 {
		d.Many = 10_000
	}
	if testing.Short() && d.Many > 1000 {
		t.Logf("-short: 1,000 elements in place of %d", d.Many)
		d.Many = 1000
	}
	opened := d.open(t, d.New(t).Config())
	guarantee := opened.Guarantee()
	tests := map[string]func(*testing.T, Destination){
		"write": destinationWrite, "again": destinationAgain, "fewer": destinationFewer, "empty": destinationEmpty,
		"many": destinationMany, "names": destinationNames, "texts": destinationTexts, "cancel": destinationCancel,
		"broken stream": destinationBroken, "at once": destinationAtOnce, "check": destinationCheck,
	}
	switch guarantee {
	case connector.Replaces:
		tests["readers"], tests["one document at once"] = destinationReaders, destinationSameAtOnce
	case connector.Upserts, connector.Appends:
	default:
		t.Errorf("guarantee %q", guarantee)
	}
	if _, ok := opened.(connector.Remover); ok {
		tests["remove"] = destinationRemove
	}
	if d.TooLarge > 0 {
		tests["too large"] = destinationTooLarge
	}
	if d.Missing != nil {
		tests["missing"] = destinationMissing
	}
	if d.WrongSecret != nil {
		tests["wrong secret"] = destinationWrongSecret
	}
	if d.At != nil {
		tests["host"] = destinationHosts
	}
	t.Run("destination", func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tests[name](t, d)
			})
		}
	})
}

// open makes a destination that is closed, and checked, when the test ends.
func (d Destination) open(t *testing.T, config map[string]any) connector.Destination {
	t.Helper()
	destination, _, err := d.try(t, config, secretsOf(t, connector.SideDestination, d.Type, config))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return destination
}

func (d Destination) try(t *testing.T, config map[string]any, secrets []string) (connector.Destination, *watch, error) {
	t.Helper()
	w := watched(t, d.Env, secrets)
	destination, err := connector.OpenDestination(d.Type, config, w.Env)
	if err != nil {
		return nil, w, err
	}
	t.Cleanup(func() {
		if err := destination.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		w.closed(t)
	})
	return destination, w, nil
}

func (d Destination) elements(doc document.Document, generation string, n int) []element.Element {
	return elementsOf(doc, generation, n, d.AllEmbedded)
}

// replace writes and fails the test when that fails. It may run on any goroutine.
func replace(t *testing.T, to connector.Destination, doc document.Document, elements []element.Element) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := to.Replace(ctx, doc, Stream(elements)); err != nil {
		t.Errorf("write of %q: %v", doc.Identifier, err)
	}
}

func destinationWrite(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc := documentAt("in/paper.pdf")
	five := d.elements(doc, "first", 5)
	replace(t, to, doc, five)
	standing(t, place, connector.Replaces, five)
	// Another process, the next document.
	next := documentAt("in/next.pdf")
	three := d.elements(next, "first", 3)
	replace(t, d.open(t, place.Config()), next, three)
	standing(t, place, connector.Replaces, five, three)
	if d.Vectors {
		embedded(t, place, five, three)
	}
}

func destinationAgain(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc := documentAt("in/paper.pdf")
	elements := d.elements(doc, "first", 7)
	for range 3 {
		replace(t, to, doc, elements)
	}
	replace(t, d.open(t, place.Config()), doc, elements)
	guarantee := to.Guarantee()
	if guarantee == connector.Upserts {
		guarantee = connector.Replaces // the same keys: nothing stays that was not written
	}
	standing(t, place, guarantee, elements)
}

func destinationFewer(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc, beside := documentAt("in/paper.pdf"), documentAt("in/beside.pdf")
	others := d.elements(beside, "beside", 4)
	replace(t, to, beside, others)
	first := d.elements(doc, "first", 6)
	replace(t, to, doc, first)
	replace(t, to, doc, first[:2]) // the same elements, fewer
	standing(t, place, to.Guarantee(), others, first[:2])
	second := d.elements(doc, "second", 1) // other elements, fewer
	replace(t, to, doc, second)
	standing(t, place, to.Guarantee(), others, second)
	mixed := slices.Concat(first[4:], second, d.elements(doc, "third", 3)) // some old, some new, more
	replace(t, to, doc, mixed)
	standing(t, place, to.Guarantee(), others, mixed)
}

func destinationEmpty(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc, beside := documentAt("in/paper.pdf"), documentAt("in/beside.pdf")
	others := d.elements(beside, "beside", 2)
	replace(t, to, beside, others)
	replace(t, to, doc, nil)
	standing(t, place, to.Guarantee(), others)
	replace(t, to, doc, d.elements(doc, "first", 3))
	replace(t, to, doc, nil)
	standing(t, place, to.Guarantee(), others)
}

func destinationMany(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc := documentAt("in/book.pdf")
	elements := d.elements(doc, "first", d.Many)
	replace(t, to, doc, elements)
	standing(t, place, connector.Replaces, elements)
	short := d.elements(doc, "second", d.Many/10+1)
	replace(t, to, doc, short)
	standing(t, place, to.Guarantee(), short)
}

// destinationNames has identifiers that differ only in form, that mean something to paths, patterns and SQL, and
// documents that share their elements' ids, as two copies of a file do.
func destinationNames(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	names := []string{
		"Zo\u00eb.txt", "Zoe\u0308.txt", "📄 report 👩‍💻.txt", "100%.txt", "100%25.txt", "a+b.txt", "a b.txt", "c#1.txt", "what?.txt",
		"[x]*.txt", "it's; -- \"q\".txt", "{brace}$HOME.txt", "a_b.txt", "a%b.txt", "axb.txt", "日本語/שלום.txt", "A.txt", "a.txt",
		"folder/a.txt", "other/a.txt", "a:b#c", strings.Repeat("long/", 30) + "name.txt",
		"long name " + strings.Repeat("ü", 110) + ".txt", "fa7d9c5e-6f43-5f5f-9c39-3c4ad2b8dd10",
	}
	var sets [][]element.Element
	shared := d.elements(documentAt(names[0]), "first", 2)
	for i, name := range names {
		doc := documentAt(name)
		set := d.elements(doc, "first", 1+i%3)
		if i > 0 {
			for j, e := range d.elements(doc, "shared", 2) {
				e.ID = shared[j].ID
				set = append(set, e)
			}
		}
		replace(t, to, doc, set)
		sets = append(sets, set)
	}
	standing(t, place, to.Guarantee(), sets...)
	for i := range names[:4] {
		sets[i] = sets[i][:1]
		replace(t, to, documentAt(names[i]), sets[i])
	}
	standing(t, place, to.Guarantee(), sets...)
}

// destinationTexts has what parsers find in files.
func destinationTexts(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc := documentAt("in/paper.pdf")
	texts := []string{
		"plain", "Grüße, 世界 שלום", "👩‍💻 \U0001f600", "line\nline\r\nline\ttab", `quotes " ' \ and \u0041 $1 ? %s`,
		"control \x01\x1f\x7f", "a NUL \x00 in the middle", "\u2028 \ufeff \ufffd", "<b>&amp;</b>", "{\"json\": [1]}",
	}
	if d.TooLarge == 0 || d.TooLarge > 200_000 {
		texts = append(texts, strings.Repeat("long ", 20_000))
	}
	elements := d.elements(doc, "first", len(texts))
	for i, text := range texts {
		elements[i].Text = text
	}
	replace(t, to, doc, elements)
	standing(t, place, connector.Replaces, elements)
}

func destinationTooLarge(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc := documentAt("in/paper.pdf")
	old := d.elements(doc, "old", 4)
	replace(t, to, doc, old)
	before := listOf(t, place)
	large := d.elements(doc, "new", 3)
	large[1].Text = strings.Repeat("x", d.TooLarge)
	secrets := secretsOf(t, connector.SideDestination, d.Type, place.Config())
	ctx, cancel := context.WithTimeout(context.Background(), 2*later)
	defer cancel()
	spoken(t, "write of a text that is too large", to.Replace(ctx, doc, Stream(large)), connector.Permanent, secrets)
	d.kept(t, place, to.Guarantee(), before, old)
	fresh := d.elements(doc, "next", 2)
	replace(t, to, doc, fresh)
	standing(t, place, to.Guarantee(), fresh)
}

func destinationCancel(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc := documentAt("in/paper.pdf")
	old := d.elements(doc, "old", 300)
	replace(t, to, doc, old)
	before := listOf(t, place)
	fresh := d.elements(doc, "new", 1000)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for what, call := range map[string]func() error{
		"a write that is cancelled in the middle": func() error {
			return to.Replace(ctx, doc, streamThen(fresh, func() error { cancel(); return nil }))
		},
		"a write that was cancelled before": func() error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return to.Replace(ctx, doc, Stream(fresh))
		},
		"a write of nothing that was cancelled before": func() error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return to.Replace(ctx, doc, Stream(nil))
		},
		"a check that was cancelled before": func() error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return to.Check(ctx)
		},
	} {
		if err := within(t, what, soon, call); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want the context's error", what, err)
		}
		d.kept(t, place, to.Guarantee(), before, old)
	}
	replace(t, to, doc, fresh)
	standing(t, place, to.Guarantee(), fresh)
}

func destinationBroken(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc := documentAt("in/paper.pdf")
	old := d.elements(doc, "old", 4)
	replace(t, to, doc, old)
	before := listOf(t, place)
	broken := connector.Retry(errors.New("broken"), 0, "the elements cannot be read")
	err := to.Replace(context.Background(), doc,
		streamThen(d.elements(doc, "new", 500), func() error { return broken }))
	if !errors.Is(err, broken) {
		t.Errorf("a write whose stream breaks: %v, want the stream's error", err)
	}
	d.kept(t, place, to.Guarantee(), before, old)
	fresh := d.elements(doc, "new", 3)
	replace(t, to, doc, fresh)
	standing(t, place, to.Guarantee(), fresh)
}

func destinationAtOnce(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	sets := make([][]element.Element, 12)
	var work sync.WaitGroup
	for i := range sets {
		doc := documentAt(fmt.Sprintf("folder-%d/doc.pdf", i))
		sets[i] = d.elements(doc, "last", 20+10*i)
		work.Go(func() {
			replace(t, to, doc, d.elements(doc, "first", 60))
			replace(t, to, doc, sets[i])
		})
	}
	work.Wait()
	standing(t, place, to.Guarantee(), sets...)
}

// destinationSameAtOnce writes one document from several places, as a worker that was taken for dead and its successor
// do: one of them wins whole. Where readers may see a mix for a moment, a writer may be told to write again.
func destinationSameAtOnce(t *testing.T, d Destination) {
	place := d.New(t)
	doc := documentAt("in/paper.pdf")
	to := []connector.Destination{d.open(t, place.Config()), d.open(t, place.Config())}
	var sets [][]element.Element
	for i := range 4 {
		sets = append(sets, d.elements(doc, fmt.Sprintf("writer %d", i), 100+20*i))
	}
	write := replace
	if d.Mixes {
		write, sets = again, sets[:2]
	}
	for range 5 {
		var work sync.WaitGroup
		for i, set := range sets {
			work.Go(func() { write(t, to[i%2], doc, set) })
		}
		work.Wait()
		whole(t, place.Read(t), false, nil, sets...)
	}
}

// destinationReaders reads while two sets of elements replace each other, beside a document that nobody touches.
func destinationReaders(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	doc, still := documentAt("in/paper.pdf"), documentAt("in/still.pdf")
	beside := d.elements(still, "still", 5)
	replace(t, to, still, beside)
	a, b := d.elements(doc, "a", 250), d.elements(doc, "b", 130)
	replace(t, to, doc, b)

	const enough = 20
	reads := make(chan struct{}, 1000)
	done := make(chan struct{})
	t.Cleanup(func() { <-done }) // before the connector is closed
	go func() {
		defer close(done)
		for round := 0; (round < enough || len(reads) < enough) && round < 100*enough && !t.Failed(); round++ {
			replace(t, to, doc, a)
			replace(t, to, doc, b)
		}
	}()
	for running := true; running && !t.Failed(); {
		select {
		case <-done:
			running = false
		default:
			whole(t, place.Read(t), d.Mixes, beside, a, b)
			select {
			case reads <- struct{}{}:
			default:
			}
		}
	}
	<-done
	if len(reads) < enough && !t.Failed() {
		t.Errorf("only %d reads beside the writes", len(reads))
	}
}

func destinationCheck(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	empty := listOf(t, place)
	check(t, "check of an empty place", to.Check)
	standing(t, place, connector.Replaces)
	same(t, place, empty)
	doc := documentAt("in/paper.pdf")
	elements := d.elements(doc, "first", 3)
	replace(t, to, doc, elements)
	before := listOf(t, place)
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() { check(t, "check", to.Check) })
	}
	work.Wait()
	standing(t, place, connector.Replaces, elements)
	same(t, place, before)
}

func destinationRemove(t *testing.T, d Destination) {
	place := d.New(t)
	to := d.open(t, place.Config())
	remover := to.(connector.Remover)
	stays, goes, never := documentAt("in/a_b.pdf"), documentAt("in/a%b.pdf"), documentAt("in/axb.pdf")
	others := d.elements(stays, "first", 3)
	replace(t, to, stays, others)
	before := listOf(t, place)
	replace(t, to, goes, d.elements(goes, "first", 5))
	for _, doc := range []document.Document{goes, goes, never} {
		if err := remover.Remove(context.Background(), doc); err != nil {
			t.Errorf("remove %q: %v", doc.Identifier, err)
		}
		standing(t, place, connector.Replaces, others)
	}
	same(t, place, before)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := remover.Remove(ctx, stays); !errors.Is(err, context.Canceled) {
		t.Errorf("remove under a context that is cancelled: %v", err)
	}
	back := d.elements(goes, "second", 2)
	replace(t, to, goes, back)
	standing(t, place, connector.Replaces, others, back)
}

// calls are the calls of this destination that talk to the other side.
func (d Destination) calls(to connector.Destination) map[string]func(context.Context) error {
	doc := documentAt("in/paper.pdf")
	out := map[string]func(context.Context) error{
		"check": to.Check,
		"write": func(ctx context.Context) error { return to.Replace(ctx, doc, Stream(d.elements(doc, "x", 3))) },
	}
	if remover, ok := to.(connector.Remover); ok {
		out["remove"] = func(ctx context.Context) error { return remover.Remove(ctx, doc) }
	}
	return out
}

func destinationMissing(t *testing.T, d Destination) {
	config := d.Missing(t, d.New(t).Config())
	secrets := secretsOf(t, connector.SideDestination, d.Type, config)
	to, _, err := d.try(t, config, secrets)
	if err == nil {
		err = to.Check(context.Background())
	}
	if !errors.Is(err, connector.ErrNotFound) {
		t.Errorf("check of a place that is not there: %v, want ErrNotFound", err)
	}
	spoken(t, "check", err, connector.Permanent, secrets)
	if to != nil {
		spoken(t, "write", d.calls(to)["write"](context.Background()), connector.Permanent, secrets)
	}
}

func destinationWrongSecret(t *testing.T, d Destination) {
	place := d.New(t)
	config := d.WrongSecret(t, place.Config())
	secrets := secretsOf(t, connector.SideDestination, d.Type, place.Config(), config)
	if len(secrets) == 0 {
		t.Fatal("neither config has a secret of six bytes")
	}
	to, _, err := d.try(t, config, secrets)
	if err != nil {
		refused(t, "open", err, secrets)
		return
	}
	for what, call := range d.calls(to) {
		err := within(t, what, later, func() error { return call(context.Background()) })
		refused(t, what, err, secrets)
	}
	standing(t, place, connector.Replaces)
}

func destinationHosts(t *testing.T, d Destination) {
	config := d.New(t).Config()
	secrets := secretsOf(t, connector.SideDestination, d.Type, config)
	at := func(address string) map[string]any { return d.At(t, config, address) }
	hosts(t, at, secrets, func(
		t *testing.T, config map[string]any,
	) (map[string]func(context.Context) error, *watch, error) {
		to, w, err := d.try(t, config, secrets)
		if err != nil {
			return nil, w, err
		}
		return d.calls(to), w, nil
	})
}
