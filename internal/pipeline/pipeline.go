// Package pipeline takes one file through the nodes of a workflow: partition, then enrichment, chunking, embedding,
// extraction as the nodes say. Each node's output is a blob; a run that is repeated resumes after the last node whose
// hashes match and whose blob verifies.
package pipeline

import (
	"context"
	"fmt"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/workflow"
)

// Version is part of every input hash: raise it when a node's output changes for the same input, so that jobs in flight
// do not mix outputs of two versions.
const Version = "1"

// Input is one file and what to do with it.
type Input struct {
	Workspace, Job, File string // ids, for blob keys
	Nodes                []workflow.Node
	Prior                []Output                                         // node runs stored by earlier attempts, by index
	Keep                 string                                           // all, last or failed: which outputs stay after a good end
	Name                 string                                           // file name for metadata and ids
	DataSource           *element.DataSource                              // nil for none; {} for uploads
	Version              string                                           // version of the content, part of the first hash
	Urgent               bool                                             // somebody waits for it: an on-demand job
	Open                 func(ctx context.Context) (document.File, error) // opened only if the first node must run

	// Earlier is a good run of an earlier job over the document, of which nothing has changed since but who may see it; nil for
	// none. Where its last output still is what the nodes would give, that is rewritten, and no node runs.
	Earlier *Earlier
	// Used is told what a node asked of a model, also when the node failed: it was paid for. It may be nil.
	Used func(ctx context.Context, n workflow.Node, u model.Usage)

	// Secrets gives the settings of a node that holds sealed ones with these in clear. Nil takes settings as they are.
	Secrets func(n workflow.Node) (map[string]any, error)
}

// Earlier is a good run over the same document.
type Earlier struct {
	DataSource *element.DataSource // as it was then
	Outputs    []Output            // of every node, in their order
	Pages      int
}

// Output is what one node gave.
type Output struct {
	Index      int
	NodeID     string
	InputHash  string
	OutputHash string
	Blob       string
	Size       int64
	Elements   int
	Pages      int // set on the partition node
}

// Result is the end of a good run.
type Result struct {
	Last  Output // output of the last node, already saved unless Fresh
	Fresh bool   // Last was computed now and has not been given to save
	Pages int
}

// NodeError is a failed file: the node that failed it, the outcome and the reason for the user.
type NodeError struct {
	Index   int
	Node    workflow.Node
	Outcome string // a budget.Outcome, or "error"
	Err     error
}

func (e *NodeError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *NodeError) Unwrap() error { return e.Err }

// Unbuilt returns an error that names the first node that this build cannot run, nil when all can. It is what makes a
// run of a stored workflow a 422.
func Unbuilt(nodes []workflow.Node) error {
	for i, n := range nodes {
		if reason := unbuilt(n); reason != "" {
			return fmt.Errorf("node %d %q (%s/%s): %s", i+1, n.Name, n.Type, n.Subtype, reason)
		}
	}
	return nil
}
