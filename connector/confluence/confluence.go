// Package confluence reads the pages of Confluence, in Atlassian's cloud and on sites of a company's own (Data Center). Its type
// is "confluence". In the cloud it speaks version 2 of the REST interface, and version 1 where that has no answer; on other sites
// version 1.
//
// A document is a page as HTML, or a file that is attached to one. Its identifier is the id of the page or attachment, its
// version the number of its version.
package confluence

import "github.com/sluicehq/sluice/connector"

// Type is the id of the connector.
const Type = "confluence"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
}
