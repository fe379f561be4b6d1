// Package azure reads documents from containers of Azure Blob Storage, and writes elements to them. Its type is "azure" on
// both sides.
//
// A document is a blob. Its identifier is the UUIDv5 (DNS namespace) of container/name, its version the ETag. A destination
// gets one block blob a document: a JSON array at the document's path with ".json" added.
package azure

import "github.com/sluicehq/sluice/connector"

// Type is the id of the connector.
const Type = "azure"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination,
	})
}
