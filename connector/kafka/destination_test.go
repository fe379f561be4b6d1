package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	cluster "github.com/sluicehq/sluice/internal/testserver/kafka"
)

func itoa(n int) string { return strconv.Itoa(n) }

// elements are those of a document.
func elements(document string, n int) []element.Element {
	out := make([]element.Element, n)
	for i := range out {
		out[i] = element.Element{Type: element.Title, ID: fmt.Sprintf("id-%d", i), Text: fmt.Sprintf("%s %d", document, i)}
	}
	return out
}

// stream gives elements; between is called before each.
func stream(elements []element.Element, between func(i int) error) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for i, e := range elements {
			if between != nil {
				if err := between(i); err != nil {
					yield(element.Element{}, err)
					return
				}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func replace(t *testing.T, d connector.Destination, doc string, elements []element.Element) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return d.Replace(ctx, document.Document{Identifier: doc, Name: doc}, stream(elements, nil))
}

// written are the texts of one document's messages in the topic, in their order.
func written(t *testing.T, s *cluster.Server, topic, doc string) []string {
	t.Helper()
	var out []string
	for _, r := range readTopic(t, s, topic) {
		if header(r, "record_id") == doc {
			var e element.Element
			if err := json.Unmarshal(r.Value, &e); err != nil {
				t.Fatal(err)
			}
			out = append(out, e.Text)
		}
	}
	return out
}

// A message is an element's JSON; the messages of a document stand in one partition, in order.
func TestMessages(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 5, nil)
		d := openDestination(t, config(s, topic, map[string]any{"batch_size": 7}))
		set := elements("docs/ü.pdf", 200)
		if err := replace(t, d, "docs/ü.pdf", set); err != nil {
			t.Fatal(err)
		}
		all := readTopic(t, s, topic)
		if len(all) != 200 {
			t.Fatalf("%d messages", len(all))
		}
		for i, r := range all {
			if want := string(element.AppendJSON(nil, set[i])); string(r.Value) != want || r.Key != nil || r.Partition != all[0].Partition {
				t.Fatalf("message %d: partition %d, key %q, %s; want %s", i, r.Partition, r.Key, r.Value, want)
			}
		}
		// UUIDv5 in the DNS namespace of the element id and the identifier, made with another implementation.
		if got := header(all[3], "id"); got != "c91bea73-c1be-5954-a962-521ede1c8b22" {
			t.Errorf("the record id is %s", got)
		}
		seen := map[int32]bool{}
		for i := range 100 {
			p := partitionOf(document.Document{Identifier: fmt.Sprint("document ", i)}, 5)
			if seen[p] = true; p < 0 || p > 4 {
				t.Fatalf("partition %d of 5", p)
			}
		}
		if len(seen) != 5 {
			t.Errorf("100 documents stand in %d partitions of 5", len(seen))
		}
	})
}

// Readers of committed messages see nothing of a document whose write failed, and all of it after a good one.
func TestWholeDocuments(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		d := openDestination(t, config(s, topic, map[string]any{"batch_size": 10}))
		set := elements("doc", 300)
		broken := errors.New("the elements end here")
		doc := document.Document{Identifier: "doc", Name: "doc"}
		if err := d.Replace(t.Context(), doc, stream(set, func(i int) error {
			if i == 200 {
				return broken
			}
			return nil
		})); !errors.Is(err, broken) {
			t.Errorf("got %v, want the stream's error", err)
		}
		large := slices.Clone(set)
		large[150].Text = strings.Repeat("x", cluster.MaxMessage)
		err := replace(t, d, "doc", large)
		if outcome, _ := connector.Classify(err); outcome != connector.Permanent ||
			!strings.Contains(err.Error(), connector.ElementRecordID(doc, large[150].ID)) || !strings.Contains(err.Error(), fmt.Sprint(cluster.MaxMessage)) {
			t.Errorf("a message that is too large: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := d.Replace(ctx, doc, stream(set, func(i int) error {
			if i == 200 {
				cancel()
			}
			return nil
		})); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
		if got := written(t, s, topic, "doc"); len(got) != 0 {
			t.Errorf("%d messages of failed writes are seen", len(got))
		}
		if err := replace(t, d, "doc", set); err != nil {
			t.Fatal(err)
		}
		if got := written(t, s, topic, "doc"); len(got) != 300 || got[299] != "doc 299" {
			t.Errorf("%d messages, want 300", len(got))
		}
	})
}

// A topic that takes larger messages gets them.
func TestLargerMessages(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, map[string]string{"max.message.bytes": "3000000"})
		d := openDestination(t, config(s, topic, nil))
		set := elements("doc", 2)
		set[1].Text = strings.Repeat("x", 2_500_000)
		if err := replace(t, d, "doc", set); err != nil {
			t.Fatal(err)
		}
		readTopic(t, s, topic) // waits until the transaction is seen
		source := openSource(t, config(s, topic, nil))
		documents := list(t, source, "")
		if len(documents) != 2 || documents[1].Size < 2_500_000 || len(read(t, source, documents[1])) != int(documents[1].Size) {
			t.Errorf("%d documents", len(documents))
		}
		set[1].Text = strings.Repeat("x", 3_000_000)
		if err := replace(t, d, "doc", set); err == nil || !strings.Contains(err.Error(), "3000000") {
			t.Errorf("a message that is too large: %v", err)
		}
	})
}

func TestCompactedTopicNeedsKeys(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, map[string]string{"cleanup.policy": "compact"})
		without := openDestination(t, config(s, topic, nil))
		if err := without.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "message_key") {
			t.Errorf("check: %v", err)
		}
		if s.Fake() == nil { // the stand-in takes them
			if err := replace(t, without, "doc", elements("doc", 2)); err == nil || !strings.Contains(err.Error(), "message_key") {
				t.Errorf("write: %v", err)
			}
		}
		with := openDestination(t, config(s, topic, map[string]any{"message_key": "id"}))
		if err := with.Check(t.Context()); err != nil || with.Guarantee() != connector.Upserts || without.Guarantee() != connector.Appends {
			t.Errorf("check: %v; guarantees %q and %q", err, with.Guarantee(), without.Guarantee())
		}
		for range 2 {
			if err := replace(t, with, "doc", elements("doc", 2)); err != nil {
				t.Error(err)
			}
		}
		keys := map[string]int{}
		for _, r := range readTopic(t, s, topic) {
			keys[string(r.Key)]++
		}
		if len(keys) != 2 {
			t.Errorf("keys %v, want 2", keys)
		}
	})
}

// cable is a dialer whose connections can be cut; while it is cut, new ones are closed as soon as they are made.
type cable struct {
	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

func (c *cable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		_ = conn.Close()
		return conn, nil
	}
	if c.conns == nil {
		c.conns = map[net.Conn]bool{}
	}
	c.conns[conn] = true
	return conn, nil
}

func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for conn := range c.conns {
		_ = conn.Close()
	}
	clear(c.conns)
}

// once writes a document again until that succeeds, as the engine does, and checks that committed readers see it whole, once
// for each success.
func once(t *testing.T, s *cluster.Server, topic string, d connector.Destination, doc string, set []element.Element, between func(i int) error) {
	t.Helper()
	tries := 0
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		err := d.Replace(ctx, document.Document{Identifier: doc, Name: doc}, stream(set, between))
		cancel()
		if err == nil {
			break
		}
		if outcome, _ := connector.Classify(err); outcome != connector.Transient {
			t.Fatalf("the write fails for good: %v", err)
		}
		if tries++; tries == 10 {
			t.Fatalf("the write fails again and again: %v", err)
		}
		time.Sleep(300 * time.Millisecond)
	}
	var want []string
	for _, e := range set {
		want = append(want, e.Text)
	}
	if got := written(t, s, topic, doc); !slices.Equal(got, want) {
		t.Errorf("%d messages are seen after %d failed tries, want the %d of the document once and in order", len(got), tries, len(want))
	}
}

// Connections that are accepted and then dropped, for a moment and for long.
func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		var line cable
		open := func() *destination {
			d, err := connector.OpenDestination(Type, config(s, topic, map[string]any{"batch_size": 10}),
				connector.Env{Dial: line.dial})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			out := d.(*destination)
			out.transactionTime.Store(int64(5 * time.Second)) // what is lost ends soon
			return out
		}
		set := elements("doc", 200)
		dropped := false
		once(t, s, topic, open(), "doc", set, func(i int) error {
			if i == 100 && !dropped {
				dropped = true
				line.set(true)
				time.AfterFunc(time.Second, func() { line.set(false) })
			}
			return nil
		})

		d := open()
		d.stall = 2 * time.Second
		start := time.Now()
		err := d.Replace(t.Context(), document.Document{Identifier: "lost", Name: "lost"}, stream(set, func(i int) error {
			if i == 100 {
				line.set(true)
			}
			return nil
		}))
		line.set(false)
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient || time.Since(start) > 20*time.Second {
			t.Errorf("a line that is gone: %v after %s", err, time.Since(start))
		}
		once(t, s, topic, d, "again", set, nil)
	})
}

// The broker is stopped, or killed, and started again in the middle of a write and of a listing, and
// after a commit.
func TestBrokerRestarts(t *testing.T) {
	t.Parallel()
	s := cluster.Start(t)
	topic := s.Topic(t, 1, nil)
	d := openDestination(t, config(s, topic, map[string]any{"batch_size": 10}))
	set := elements("doc", 300)
	for i, end := range []func() error{s.Stop, s.Crash} {
		done := false
		once(t, s, topic, d, fmt.Sprint("doc", i), set, func(i int) error {
			if i == 150 && !done {
				done = true
				if err := end(); err != nil {
					t.Error(err)
				}
				go func() {
					if err := s.Run(); err != nil {
						t.Error(err)
					}
				}()
			}
			return nil
		})
	}

	from := s.Topic(t, 2, nil)
	text := strings.Repeat("text ", 100_000)
	for i := range 8 {
		put(t, s, from, int32(i%2), fmt.Sprint(i, text))
	}
	source := openSource(t, config(s, from, nil))
	var documents []document.Document
	cursor := connector.Cursor("")
	for tries := 0; ; tries++ {
		var failed error
		for doc, err := range source.Index(t.Context(), cursor) {
			if failed = err; err != nil {
				break
			}
			documents, cursor = append(documents, doc), connector.Cursor(doc.Cursor)
			if len(documents) == 1 {
				if err := errors.Join(s.Crash(), s.Run()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if failed == nil {
			break
		}
		if outcome, _ := connector.Classify(failed); outcome != connector.Transient || tries == 10 {
			t.Fatal(failed)
		}
	}
	if len(documents) != 8 {
		t.Fatalf("%d documents, want 8", len(documents))
	}
	other := openSource(t, config(s, from, nil))
	for _, doc := range documents {
		if got := read(t, other, doc); !strings.HasSuffix(got, text) {
			t.Errorf("%s reads %d bytes", doc.Identifier, len(got))
		}
	}
	commit(t, other, string(cursor))
	if err := errors.Join(s.Crash(), s.Run()); err != nil {
		t.Fatal(err)
	}
	if left := list(t, other, ""); len(left) != 0 {
		t.Errorf("%d documents after a commit and a crash", len(left))
	}
}
