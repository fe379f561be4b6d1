package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/testserver/kafka"
)

func init() { // the connector with a dialer, which the benches of this package have none of
	env := connector.Env{Dial: (&net.Dialer{}).DialContext}
	connector.Register(connector.Kind{Side: connector.SideSource, Type: "test-kafka",
		NewSource: func(config map[string]any, _ connector.Env) (connector.Source, error) {
			return connector.OpenSource("kafka-cloud", config, env)
		}})
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: "test-kafka",
		NewDestination: func(config map[string]any, _ connector.Env) (connector.Destination, error) {
			return connector.OpenDestination("kafka-cloud", config, env)
		}})
}

// A workflow reads each message once over its runs, and writes its elements to another topic.
func TestTopicToTopic(t *testing.T) {
	t.Parallel()
	s := kafka.StartFake(t)
	in, out := s.Topic(t, 3, nil), s.Topic(t, 2, nil)
	produce := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			r := &kgo.Record{Topic: in, Value: fmt.Appendf(nil, "The keeper opened gate number %d in the morning.\n", i)}
			if err := s.Client(t).ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := func(topic string) map[string]any {
		return map[string]any{
			"bootstrap_servers": kafka.Host, "port": s.Port(), "kafka_api_key": kafka.Key, "secret": kafka.Secret, "topic": topic,
			"ca_certificate": s.Authority(), "group_id": "workflow", "num_messages_to_consume": 15,
		}
	}
	b := newBench(t)
	w := b.flow(func(w *store.Workflow) {
		w.Sources = []string{b.connector(store.SideSource, "test-kafka", config(in))}
		w.Destinations = []string{b.connector(store.SideDestination, "test-kafka", config(out))}
	})
	produce(0, 20)
	for run, want := range []int{15, 5, 0} {
		if j := b.run(w); j.Status != store.Completed || j.Done != want {
			t.Errorf("run %d: %+v, want %d files", run, j, want)
		}
	}
	produce(20, 23)
	if j := b.run(w); j.Done != 3 {
		t.Errorf("%+v", j)
	}

	ends, err := kadm.NewClient(s.Client(t)).ListEndOffsets(t.Context(), out)
	must(t, err)
	from := map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) { from[o.Partition] = kgo.NewOffset().AtStart() })
	reader := s.Client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{out: from}), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	texts := map[string]int{}
	for n := 0; n < 23; {
		fetches := reader.PollFetches(ctx)
		must(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			var e struct{ Text string }
			must(t, json.Unmarshal(r.Value, &e))
			texts[e.Text]++
			n++
		})
	}
	for i := range 23 {
		if text := fmt.Sprintf("The keeper opened gate number %d in the morning.", i); texts[text] != 1 {
			t.Errorf("%q stands there %d times", text, texts[text])
		}
	}
}
