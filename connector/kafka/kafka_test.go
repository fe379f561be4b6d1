package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	cluster "github.com/sluicehq/sluice/internal/testserver/kafka"
)

// shared are the clusters of all tests that leave them as they are.
var shared = struct {
	real, fake func() (*cluster.Server, error)
}{sync.OnceValues(cluster.New), sync.OnceValues(cluster.NewFake)}

func TestMain(m *testing.M) {
	used := map[bool]*cluster.Server{}
	for isFake, start := range map[bool]*func() (*cluster.Server, error){false: &shared.real, true: &shared.fake} {
		inner := *start
		*start = sync.OnceValues(func() (*cluster.Server, error) {
			s, err := inner()
			if err == nil {
				used[isFake] = s
			}
			return s, err
		})
	}
	code := m.Run()
	for _, s := range used {
		if err := s.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// both runs a test on Apache Kafka, which -short skips aloud, and on the stand-in.
func both(t *testing.T, test func(t *testing.T, s *cluster.Server)) {
	t.Helper()
	for name, start := range map[string]func() (*cluster.Server, error){"apache": shared.real, "fake": shared.fake} {
		t.Run(name, func(t *testing.T) {
			if name == "apache" && testing.Short() {
				t.Skip("needs Apache Kafka; run without -short")
			}
			s, err := start()
			if err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

func env() connector.Env { return connector.Env{Dial: (&net.Dialer{}).DialContext} }

// config is that of the account that may do everything.
func config(s *cluster.Server, topic string, more map[string]any) map[string]any {
	c := map[string]any{
		"bootstrap_servers": cluster.Host, "port": s.Port(), "kafka_api_key": cluster.Key, "secret": cluster.Secret,
		"topic": topic, "ca_certificate": s.Authority(), "group_id": "group of " + topic,
	}
	maps.Copy(c, more)
	return c
}

// limited is config for the account that may do what it was allowed to.
func limited(s *cluster.Server, topic string, more map[string]any) map[string]any {
	c := config(s, topic, more)
	c["kafka_api_key"], c["secret"] = cluster.LimitedKey, cluster.LimitedSecret
	return c
}

func openSource(t *testing.T, config map[string]any) connector.Source {
	t.Helper()
	s, err := connector.OpenSource("kafka", config, env())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openDestination(t *testing.T, config map[string]any) connector.Destination {
	t.Helper()
	d, err := connector.OpenDestination("kafka", config, env())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func wrongSecret(_ *testing.T, config map[string]any) map[string]any {
	c := maps.Clone(config)
	c["secret"] = "another secret"
	return c
}

func at(t *testing.T, config map[string]any, address string) map[string]any {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	c := maps.Clone(config)
	c["bootstrap_servers"] = host
	c["port"], _ = strconv.Atoi(port)
	return c
}

func missing(_ *testing.T, config map[string]any) map[string]any {
	c := maps.Clone(config)
	c["topic"] = "no-such-topic"
	return c
}

// sourcePlace is a topic whose messages the test makes.
type sourcePlace struct {
	server *cluster.Server
	topic  string
	client *kgo.Client
	mu     sync.Mutex
	names  map[string]string // of documents
}

const partitions = 3

func newSourcePlace(t *testing.T, s *cluster.Server) *sourcePlace {
	return &sourcePlace{
		server: s, topic: s.Topic(t, partitions, nil), names: map[string]string{},
		client: s.Client(t, kgo.RecordPartitioner(kgo.ManualPartitioner())),
	}
}

func (p *sourcePlace) Config() map[string]any {
	return config(p.server, p.topic, map[string]any{"num_messages_to_consume": 1_000_000})
}

func (p *sourcePlace) Put(t *testing.T, contents map[string]string) {
	t.Helper()
	names := slices.Sorted(maps.Keys(contents))
	var records []*kgo.Record
	for i, name := range names {
		records = append(records, &kgo.Record{Topic: p.topic, Partition: int32(i % partitions), Value: []byte(contents[name])})
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, r := range records {
		p.names[fmt.Sprintf("%s_%d_%d", p.topic, r.Partition, r.Offset)] = names[i]
	}
}

func (p *sourcePlace) Remove(*testing.T, string) {}

func (p *sourcePlace) Name(d document.Document) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[d.Identifier]
}

func (p *sourcePlace) Content(_, content string) string { return content }

func TestSourceSuite(t *testing.T) {
	both(t, func(t *testing.T, s *cluster.Server) {
		connectortest.RunSource(t, connectortest.Source{
			Type:        Type,
			New:         func(t *testing.T) connectortest.SourcePlace { return newSourcePlace(t, s) },
			WrongSecret: wrongSecret, At: at, Missing: missing, Unversioned: true, AppendOnly: true,
		})
	})
}

// destinationPlace is a topic that the test reads.
type destinationPlace struct {
	server *cluster.Server
	topic  string
	more   map[string]any
}

func (p *destinationPlace) Config() map[string]any { return config(p.server, p.topic, p.more) }

// Read gives what a reader of committed transactions sees; of messages with keys the last ones, as compaction leaves them.
func (p *destinationPlace) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	keys := map[string]int{}
	for _, r := range readTopic(t, p.server, p.topic) {
		var value struct {
			Text     string         `json:"text"`
			Metadata map[string]any `json:"metadata"`
		}
		if err := json.Unmarshal(r.Value, &value); err != nil || value.Metadata == nil {
			t.Fatalf("message %q: %v", r.Value, err)
		}
		record := connectortest.Record{Document: header(r, "record_id"), Text: value.Text}
		if (r.Key != nil) != (p.more["message_key"] == "id") || r.Key != nil && string(r.Key) != header(r, "id") {
			t.Errorf("a message has the key %q", r.Key)
		}
		if i, ok := keys[string(r.Key)]; ok && r.Key != nil {
			out[i] = record
			continue
		}
		keys[string(r.Key)] = len(out)
		out = append(out, record)
	}
	return out
}

// readTopic reads all committed messages.
func readTopic(t *testing.T, s *cluster.Server, topic string) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin := kadm.NewClient(s.Client(t))
	first, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	end, err := admin.ListCommittedOffsets(ctx, topic)
	for err == nil { // a transaction that has ended is shown a moment later
		var high kadm.ListedOffsets
		if high, err = admin.ListEndOffsets(ctx, topic); err != nil {
			break
		}
		open := false
		high.Each(func(o kadm.ListedOffset) {
			committed, _ := end.Lookup(topic, o.Partition)
			open = open || committed.Offset < o.Offset
		})
		if !open {
			break
		}
		time.Sleep(10 * time.Millisecond)
		end, err = admin.ListCommittedOffsets(ctx, topic)
	}
	if err != nil {
		t.Fatal(err)
	}
	from := map[int32]kgo.Offset{}
	end.Each(func(o kadm.ListedOffset) {
		if at, _ := first.Lookup(topic, o.Partition); at.Offset < o.Offset {
			from[o.Partition] = kgo.NewOffset().AtStart()
		}
	})
	if len(from) == 0 {
		return nil
	}
	c := s.Client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	defer c.Close()
	var out []*kgo.Record
	for len(from) > 0 {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			o, _ := end.Lookup(topic, r.Partition)
			if r.Offset >= o.Offset {
				return
			}
			if !r.Attrs.IsControl() {
				out = append(out, r)
			}
			if r.Offset == o.Offset-1 {
				delete(from, r.Partition)
			}
		})
	}
	return out
}

func TestDestinationSuite(t *testing.T) {
	both(t, func(t *testing.T, s *cluster.Server) {
		for name, more := range map[string]map[string]any{
			"append": nil, "by key": {"message_key": "id"}, "without transactions": {"transactions": false},
		} {
			t.Run(name, func(t *testing.T) {
				connectortest.RunDestination(t, connectortest.Destination{
					Type: Type,
					New: func(t *testing.T) connectortest.DestinationPlace {
						settings := map[string]string{}
						if more["message_key"] == "id" {
							settings["cleanup.policy"] = "compact"
						}
						return &destinationPlace{server: s, topic: s.Topic(t, partitions, settings), more: more}
					},
					WrongSecret: wrongSecret, At: at, Missing: missing, TooLarge: cluster.MaxMessage + 1000,
				})
			})
		}
	})
}
