// Package kafka reads messages of a Kafka topic as documents, and writes elements to one as messages. Its type is
// "kafka-cloud" on both sides: without further fields it speaks SASL PLAIN over TLS, as Confluent Cloud does.
//
// A document is one message, identified by topic_partition_offset and named <topic>_<partition>_<offset>.txt; its bytes
// are the message's value. It has no version: what was read is known by the offsets of the consumer group, which move
// when the files of a job have ended (see source.Commit). Messages without a value, and those of aborted transactions, are
// no documents.
//
// A record is one message an element: the value is the element's JSON as it stands in an output file; the headers are
// record_id, the identifier of the document, and id, the element's record id (UUIDv5 in the DNS namespace of element id +
// record_id). All messages of a document stand in one partition, in the order of the elements.
package kafka

import (
	"slices"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/spec"
)

// Type is the id of the connector.
const Type = "kafka-cloud"

// The names of the fields that this connector adds to the contract's.
const (
	fieldProtocol     = "security_protocol"
	fieldMechanism    = "sasl_mechanism"
	fieldAuthority    = "ca_certificate"
	fieldMessageKey   = "message_key"
	fieldTransactions = "transactions"
)

// The values of message_key.
const (
	keyNone = "none"
	keyID   = "id"
)

func init() {
	connector.Register(connector.Kind{
		Side: connector.SideSource, Type: Type, Spec: extended(connector.SideSource), Doc: sourceDoc, NewSource: newSource,
	})
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination,
		Spec: extended(connector.SideDestination,
			spec.Field{Name: fieldMessageKey, Kind: spec.String, Default: keyNone, Enum: []string{keyNone, keyID},
				Help: "id gives each message the element's record id as its key, which a compacted topic needs"},
			spec.Field{Name: fieldTransactions, Kind: spec.Bool, Default: true,
				Help: "write each document in a transaction if the account may (transactional ids that begin with sluice-)"},
		),
	})
}

// extended are the fields of the contract and those with which other clusters than Confluent Cloud are reached. Key and
// secret are needed only where the protocol has SASL.
func extended(side connector.Side, more ...spec.Field) spec.Spec {
	known, _ := connector.Lookup(side, Type)
	s := known.Spec
	s.Fields = slices.Clone(s.Fields)
	for i, f := range s.Fields {
		if f.Name == fieldKey || f.Name == fieldSecret {
			s.Fields[i].Required = false
		}
		if f.Name == "batch_size" {
			s.Fields[i].Help = "messages of one document that wait for the cluster's answer at most"
		}
	}
	s.Fields = append(s.Fields,
		spec.Field{Name: fieldProtocol, Kind: spec.String, Default: protocolSASLTLS,
			Enum: []string{protocolSASLTLS, protocolSASL, protocolTLS, protocolPlain}, Help: "how the cluster is spoken to"},
		spec.Field{Name: fieldMechanism, Kind: spec.String, Default: mechanismPlain,
			Enum: []string{mechanismPlain, mechanismScram256, mechanismScram512}, Help: "how key and secret are shown to it"},
		spec.Field{Name: fieldAuthority, Kind: spec.String, Omit: true,
			Help: "PEM certificates to trust in place of the system's, for a cluster with an authority of its own"},
	)
	s.Fields = append(s.Fields, more...)
	return s
}
