// Package gcs reads documents from buckets of Google Cloud Storage, and writes elements to them. Its type is "gcs" on both
// sides. It speaks the JSON API.
//
// A document is an object. Its identifier is the UUIDv5 (DNS namespace) of bucket/name, its version the ETag. A destination
// gets one object a document: a JSON array at the document's path with ".json" added.
package gcs

import "github.com/sluicehq/sluice/connector"

// Type is the id of the connector.
const Type = "gcs"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination,
	})
}
