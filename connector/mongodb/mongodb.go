// Package mongodb reads documents from a collection of MongoDB, and writes elements to one. Its type is "mongodb" on both
// sides.
//
// Source. One document a document: a text file with the values of its fields. Its identifier is the _id; its version is a
// hash of its bytes, made while the collection is listed (the reference has none), so that a run over a collection of which
// little changed costs little.
//
// Destination. One document an element: the element as an object, with record_id beside it. _id is the record id of the
// element, so that a repeated write meets its own documents (in the reference the server makes it).
package mongodb

import "github.com/sluicehq/sluice/connector"

// Type is the id of the connector.
const Type = "mongodb"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination,
	})
}
