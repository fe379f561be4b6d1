package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	cluster "github.com/sluicehq/sluice/internal/testserver/kafka"
)

// list returns a whole listing.
func list(t *testing.T, s connector.Source, from connector.Cursor) []document.Document {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out []document.Document
	for d, err := range s.Index(ctx, from) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

func read(t *testing.T, s connector.Source, d document.Document) string {
	t.Helper()
	f, err := s.Fetch(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// texts are the values of documents, sorted.
func texts(t *testing.T, s connector.Source, documents []document.Document) []string {
	t.Helper()
	var out []string
	for _, d := range documents {
		out = append(out, read(t, s, d))
	}
	slices.Sort(out)
	return out
}

func commit(t *testing.T, s connector.Source, upTo string) {
	t.Helper()
	if err := s.(connector.Committer).Commit(t.Context(), connector.Cursor(upTo)); err != nil {
		t.Fatal(err)
	}
}

// put writes messages to one partition.
func put(t *testing.T, s *cluster.Server, topic string, partition int32, values ...string) []*kgo.Record {
	t.Helper()
	c := s.Client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	if err := c.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	return records
}

// A run reads what the runs before have not committed, and commits what it has read and nothing else.
func TestRuns(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 2, nil)
		put(t, s, topic, 0, "a0", "a1", "a2", "a3")
		put(t, s, topic, 1, "b0")
		set := config(s, topic, map[string]any{"num_messages_to_consume": 3})
		source := openSource(t, set)

		first := list(t, source, "")
		if got := texts(t, source, first); !slices.Equal(got, []string{"a0", "a1", "b0"}) {
			t.Fatalf("the first run has %q", got)
		}
		d := first[0]
		if id := topic + "_0_0"; d.Identifier != id || d.Name != id+".txt" || d.Size != 2 || d.Version != "" || time.Since(d.Created) > time.Minute {
			t.Errorf("%+v", d)
		}
		put(t, s, topic, 0, "a4")
		if again := list(t, openSource(t, set), ""); len(again) != 3 {
			t.Errorf("a listing moved the position: %d documents, want the same 3", len(again))
		}

		// Up to the second document, by another process, twice.
		for range 2 {
			commit(t, openSource(t, set), first[1].Cursor)
		}
		if got := texts(t, source, list(t, source, "")); !slices.Equal(got, []string{"a2", "a3", "b0"}) {
			t.Errorf("after a commit of two: %q", got)
		}
		commit(t, source, first[2].Cursor)
		commit(t, source, first[0].Cursor) // late: never back
		second := list(t, source, "")
		if got := texts(t, source, second); !slices.Equal(got, []string{"a2", "a3", "a4"}) {
			t.Errorf("after a commit of all: %q", got)
		}
		commit(t, source, second[2].Cursor)
		if rest := list(t, source, ""); len(rest) != 0 {
			t.Errorf("%d documents are left", len(rest))
		}
		if got := read(t, openSource(t, set), first[0]); got != "a0" {
			t.Errorf("a committed message reads %q", got)
		}
		if n := len(list(t, openSource(t, config(s, topic, map[string]any{"group_id": "another"})), "")); n != 6 {
			t.Errorf("another group sees %d messages, want 6", n)
		}
	})
}

// Only what was there when the listing began is listed, also by the process that goes on with it.
func TestListingHasAnEnd(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		put(t, s, topic, 0, "a0", "a1", "a2")
		source := openSource(t, config(s, topic, nil))
		var cursor string
		n := 0
		for d, err := range source.Index(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 1 {
				cursor = d.Cursor
				put(t, s, topic, 0, "later")
			}
		}
		if n != 3 {
			t.Errorf("%d documents, want the 3 of the beginning", n)
		}
		other := openSource(t, config(s, topic, nil))
		if got := texts(t, other, list(t, other, connector.Cursor(cursor))); !slices.Equal(got, []string{"a1", "a2"}) {
			t.Errorf("the rest is %q", got)
		}
	})
}

// Messages without a value, of aborted transactions and the marks of transactions are no documents, and do not stop a listing.
func TestNoDocuments(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		writer := s.Client(t, kgo.TransactionalID("writer of "+topic))
		write := func(end kgo.TransactionEndTry, values ...[]byte) {
			t.Helper()
			if err := writer.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				if err := writer.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte("k"), Value: v}).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			if err := writer.EndTransaction(t.Context(), end); err != nil {
				t.Fatal(err)
			}
		}
		write(kgo.TryCommit, []byte("a"), nil, []byte{}, []byte("b"))
		write(kgo.TryAbort, []byte("never"), []byte("never"))
		write(kgo.TryCommit, []byte("c"))
		write(kgo.TryAbort, []byte("never"))
		readTopic(t, s, topic) // waits for the end of the last one
		source := openSource(t, config(s, topic, nil))
		documents := list(t, source, "")
		if got := texts(t, source, documents); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("documents %q", got)
		}
		fresh := openSource(t, config(s, topic, nil))
		if got := texts(t, fresh, documents); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("read again: %q", got)
		}
		for _, offset := range []int{1, 5, 6} { // no value, aborted, a mark
			_, err := fresh.Fetch(t.Context(), document.Document{Identifier: fmt.Sprintf("%s_0_%d", topic, offset)})
			if !errors.Is(err, connector.ErrNotFound) {
				t.Errorf("offset %d: %v, want ErrNotFound", offset, err)
			}
		}
	})
}

// What expired between listing and fetch is not found, and a listing goes on behind it.
func TestExpired(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		var values []string
		for i := range 5 {
			values = append(values, fmt.Sprintf("%d%s", i, strings.Repeat(" text", 100_000)))
		}
		for _, v := range values { // each in a batch of its own
			put(t, s, topic, 0, v)
		}
		set := config(s, topic, nil)
		var documents []document.Document
		for d, err := range openSource(t, set).Index(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if documents = append(documents, d); len(documents) == 1 {
				var upTo kadm.Offsets
				upTo.AddOffset(topic, 0, 3, -1)
				if _, err := kadm.NewClient(s.Client(t)).DeleteRecords(t.Context(), upTo); err != nil {
					t.Fatal(err)
				}
			}
		}
		if last := documents[len(documents)-1]; last.Identifier != topic+"_0_4" || len(documents) < 3 {
			t.Errorf("%d documents, the last is %q", len(documents), last.Identifier)
		}
		source := openSource(t, set)
		_, err := source.Fetch(t.Context(), documents[0])
		if !errors.Is(err, connector.ErrNotFound) || !strings.Contains(err.Error(), documents[0].Identifier) {
			t.Errorf("an expired message: %v", err)
		}
		if got := list(t, source, ""); len(got) != 2 || read(t, source, got[0]) != values[3] {
			t.Errorf("%d documents are left, want 2", len(got))
		}
		commit(t, source, documents[0].Cursor) // behind the first message: a new reader begins where there are some
		if got := list(t, source, ""); len(got) != 2 {
			t.Errorf("%d documents after a commit of what expired, want 2", len(got))
		}
		for _, id := range []string{"", topic, topic + "_0", topic + "_0_x", topic + "_-1_0", "other_0_1", topic + "_7_0"} {
			if _, err := source.Fetch(t.Context(), document.Document{Identifier: id}); !errors.Is(err, connector.ErrNotFound) {
				t.Errorf("%q: %v, want ErrNotFound", id, err)
			}
		}
	})
}

// A compacted log has gaps.
func TestCompacted(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs Apache Kafka; run without -short")
	}
	s, err := shared.real()
	if err != nil {
		t.Fatal(err)
	}
	topic := s.Topic(t, 1, map[string]string{
		"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "100",
	})
	c := s.Client(t)
	key := func(k, v string) {
		t.Helper()
		if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte(k), Value: []byte(v)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		key("same", fmt.Sprint("old ", i))
	}
	key("other", "stays")
	key("same", "new")
	set := config(s, topic, nil)
	all := list(t, openSource(t, set), "")
	deadline := time.Now().Add(time.Minute)
	for len(readTopic(t, s, topic)) > 6 {
		if time.Now().After(deadline) {
			t.Fatal("the log is not compacted")
		}
		time.Sleep(200 * time.Millisecond)
		key("tick", "tick") // a segment ends only when another begins
	}
	source := openSource(t, set)
	if _, err := source.Fetch(t.Context(), all[3]); !errors.Is(err, connector.ErrNotFound) {
		t.Errorf("a compacted message: %v, want ErrNotFound", err)
	}
	if got := texts(t, source, list(t, source, "")); !slices.Contains(got, "stays") || !slices.Contains(got, "new") || slices.Contains(got, "old 3") {
		t.Errorf("the compacted log has %q", got)
	}
}

// A group that other consumers read with cannot be committed to.
func TestGroupInUse(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		put(t, s, topic, 0, "a")
		set := config(s, topic, nil)
		source := openSource(t, set)
		if err := source.Check(t.Context()); err != nil {
			t.Error(err)
		}
		documents := list(t, source, "")
		consumer := s.Client(t, kgo.ConsumerGroup(set["group_id"].(string)), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit())
		if err := consumer.PollFetches(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"check": source.Check(t.Context()), "commit": source.(connector.Committer).Commit(t.Context(), connector.Cursor(documents[0].Cursor)),
		} {
			if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "group_id") {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// Messages that unpack to more than may stand in memory are one document that fails by name, and hold up nothing.
func TestUnpacksToTooMuch(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		put(t, s, topic, 0, "before")
		bomb := s.Client(t, kgo.ProducerBatchMaxBytes(200<<20), kgo.MaxBufferedBytes(200<<20), kgo.BrokerMaxWriteBytes(1<<30),
			kgo.ProducerBatchCompression(kgo.ZstdCompression()))
		if err := bomb.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: make([]byte, maxUnpacked+1<<20)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		put(t, s, topic, 0, "after")
		source := openSource(t, config(s, topic, nil))
		documents := list(t, source, "")
		if len(documents) != 3 || read(t, source, documents[0]) != "before" || read(t, source, documents[2]) != "after" {
			t.Fatalf("documents %v", documents)
		}
		_, err := source.Fetch(t.Context(), documents[1])
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "unpack to more than 64 MB") {
			t.Errorf("got %v", err)
		}
	})
}

func TestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lengths []int64
		most    int64
		want    []int64
	}{
		{[]int64{5, 3}, 100, []int64{5, 3}},
		{[]int64{100, 100, 100}, 30, []int64{10, 10, 10}},
		{[]int64{100, 2, 100}, 30, []int64{14, 2, 14}},
		{[]int64{1, 1, 9, 9, 9}, 3, []int64{0, 0, 1, 1, 1}},
		{[]int64{7}, 3, []int64{3}},
		{nil, 3, nil},
	} {
		var spans []span
		for i, n := range c.lengths {
			spans = append(spans, span{partition: int32(i), next: 10, end: 10 + n})
		}
		share(spans, c.most)
		var got []int64
		for _, s := range spans {
			got = append(got, s.left)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d of %v: %v, want %v", c.most, c.lengths, got, c.want)
		}
		back, err := spansOf(cursorOf(spans))
		if err != nil || !slices.Equal(back, spans) {
			t.Errorf("the cursor of %v reads %v, %v", spans, back, err)
		}
	}
	if _, err := spansOf("what"); err == nil {
		t.Error("a cursor that is none is read")
	}
}

// What is kept of the messages that were read has a bound.
func TestKeptIsBounded(t *testing.T) {
	t.Parallel()
	k := &kept{}
	value := make([]byte, 1<<20)
	for i := range int64(100) {
		k.put(0, message{offset: i, value: value})
		k.put(0, message{offset: i, value: value}) // again
	}
	k.put(0, message{offset: 1000, value: make([]byte, maxKeptOne+1)})
	if _, ok := k.get(0, 99); !ok {
		t.Error("the newest is not kept")
	}
	if _, ok := k.get(0, 1000); ok {
		t.Error("a huge one is kept")
	}
	if _, ok := k.get(1, 99); ok {
		t.Error("one of another partition is found")
	}
	if len(k.all) > maxKept>>20 || len(k.all) != len(k.order) || k.bytes > maxKept {
		t.Errorf("%d are kept, %d bytes", len(k.all), k.bytes)
	}
}
