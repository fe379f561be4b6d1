package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
)

// BenchmarkReplace writes documents of 10 and of 1,000 elements with 384 dimensions to Apache Kafka on the loopback.
func BenchmarkReplace(b *testing.B) {
	s, err := shared.real()
	if err != nil {
		b.Fatal(err)
	}
	for _, transactions := range []bool{true, false} {
		for _, n := range []int{10, 1000} {
			b.Run(fmt.Sprintf("transactions=%v/elements=%d", transactions, n), func(b *testing.B) {
				d, err := connector.OpenDestination(Type, config(s, s.Topic(b, 1, nil), map[string]any{"transactions": transactions}), env())
				if err != nil {
					b.Fatal(err)
				}
				defer d.Close()
				if err := d.Replace(b.Context(), document.Document{Identifier: "first"}, stream(elements("first", 1), nil)); err != nil {
					b.Fatal(err) // the cluster makes its own topics at the first transaction
				}
				connectortest.BenchReplace(b, d, n, 384)
			})
		}
	}
}

// BenchmarkIndex lists 10,000 messages of 1 kB.
func BenchmarkIndex(b *testing.B) {
	s, err := shared.real()
	if err != nil {
		b.Fatal(err)
	}
	topic := s.Topic(b, 3, nil)
	var records []*kgo.Record
	for range 10_000 {
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(strings.Repeat("text ", 200))})
	}
	if err := s.Client(b).ProduceSync(b.Context(), records...).FirstErr(); err != nil {
		b.Fatal(err)
	}
	source, err := connector.OpenSource(Type, config(s, topic, map[string]any{"num_messages_to_consume": 10_000}), env())
	if err != nil {
		b.Fatal(err)
	}
	defer source.Close()
	connectortest.BenchIndex(b, source)
}
