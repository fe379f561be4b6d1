// Package googledrive reads documents from folders and shared drives of Google Drive. Its type is "google_drive". It speaks
// version 3 of the REST interface.
//
// A document is a file; those of Google's own editors come exported in the form of Microsoft Office. Its identifier is the
// file's id, its version the counter that the service raises with every change.
package googledrive

import "github.com/sluicehq/sluice/connector"

// Type is the id of the connector.
const Type = "google_drive"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
}
