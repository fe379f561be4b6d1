package kafka

import (
	"hash/fnv"
	"io"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// The headers of a message.
const (
	headerDocument = "record_id"
	headerElement  = "id"
)

// record is the message of an element.
func (d *destination) record(doc document.Document, partition int32, e element.Element) *kgo.Record {
	id := connector.ElementRecordID(doc, e.ID)
	r := &kgo.Record{
		Topic: d.topic, Partition: partition, Value: element.AppendJSON(nil, e),
		Headers: []kgo.RecordHeader{
			{Key: headerDocument, Value: []byte(connector.RecordID(doc))}, {Key: headerElement, Value: []byte(id)},
		},
	}
	if d.keyed {
		r.Key = []byte(id)
	}
	return r
}

// partitionOf is the same for a document in every run, as long as the topic has so many partitions.
func partitionOf(d document.Document, partitions int) int32 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, d.Identifier)
	return int32(h.Sum64() % uint64(partitions))
}
