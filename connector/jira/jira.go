// Package jira reads the issues of Jira, in Atlassian's cloud and on sites of a company's own (Data Center). Its type is "jira".
// It speaks version 2 of the REST interface, version 3 to search in the cloud, and the Agile interface for boards.
//
// A document is an issue as a text, or a file that is attached to one. The identifier of an issue is its id and its version the
// time of its last change; of an attachment they are its id with an "a" behind it and the time when it was made.
package jira

import "github.com/sluicehq/sluice/connector"

// Type is the id of the connector.
const Type = "jira"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
}
