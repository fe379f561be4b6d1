// Package s3 reads documents from buckets of Amazon S3 and of stores that speak its protocol, and writes elements to them.
// Its type is "s3" on both sides.
//
// A document is an object. Its identifier is the UUIDv5 (DNS namespace) of bucket/key, its version the ETag. What only the
// object's own head tells, its user metadata, is read when it is fetched: listing asks for nothing but pages of 1,000.
// A destination gets one object a document: a JSON array at the document's path with ".json" added.
package s3

import "github.com/sluicehq/sluice/connector"

// Type is the id of the connector.
const Type = "s3"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination,
	})
}
