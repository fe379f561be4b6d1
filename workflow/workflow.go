// Package workflow describes what a job does: the Workflow with its sources, nodes, destinations and schedule, the
// settings of every node kind with their defaults, the templates, and the rules that make a list of nodes valid.
package workflow

import "time"

// Type is the declared type of a workflow, a strict enum on the wire.
type Type string

const (
	Custom   Type = "custom"
	Basic    Type = "basic"
	Advanced Type = "advanced"
	Platinum Type = "platinum"
)

// Status says whether a workflow may run.
type Status string

const (
	Active   Status = "active"
	Inactive Status = "inactive"
)

// Workflow is a stored description of work. Nodes are in the order in which they run; sources and destinations are not
// among them. An empty Sources means files uploaded with the run; an empty Destinations means outputs to download.
type Workflow struct {
	ID           string
	Name         string
	Sources      []string // connector ids
	Destinations []string // connector ids
	Type         Type
	Nodes        []Node
	Schedule     string // cron expression in UTC; "" is none
	Status       Status
	ReprocessAll bool
	// DeleteRemoved removes from the destinations what has left the sources, after a complete listing.
	DeleteRemoved bool
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Node kinds: the values of Node.Type.
const (
	KindPartition = "partition"
	KindPrompter  = "prompter" // enrichments
	KindChunk     = "chunk"
	KindEmbed     = "embed"
	KindExtract   = "structured_data_extractor"
)

// Node is one step. Settings hold every key that the kind knows, defaults filled in (see Normalize).
type Node struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Type     string         `json:"type"`
	Subtype  string         `json:"subtype"`
	Settings map[string]any `json:"settings"`
}
