package store

import (
	"context"
	"encoding/json"
)

// Known is what a workflow remembers of a document of one of its sources.
type Known struct {
	Identifier string
	Version    string          // the last that every destination of a job got; "" when none
	Document   json.RawMessage // enough to remove it; empty in rows of an older program
	Held       []string        // destinations that may hold records of it
	Written    []string        // destinations that have Version
	Unknown    bool            // Written was not recorded
}

// Removal takes out of the destinations what has left one source, after its listing was complete.
type Removal struct {
	ID, Job, Source string // ID is that of the plan
	Cursor          string // identifier of the last document that was tried
	State           FileState
	Attempt         int // raised by each claim; guards what is saved and the end
	Claims          int // claims since the last progress (documents removed)
	Removed, Failed int // documents
	Error           string
}

// Progress is a step of a removal: Gone are the identifiers that no destination holds any more, Failed the number of
// documents that stayed, Cursor the last that was tried, Error why the first of them stayed.
type Progress struct {
	Gone   []string
	Failed int
	Cursor string
	Error  string
}

// SyncReader reads what workflows know of their sources' documents.
type SyncReader interface {
	// Known finds documents by their identifiers; those that are not known are absent.
	Known(ctx context.Context, workspace, workflow, source string, identifiers []string) (map[string]Known, error)
	// Unseen lists known documents that no listing of this job or a later one has seen, by identifier after a position. A
	// job without CreatedAt lists all.
	Unseen(ctx context.Context, j Job, source, after string, limit int) ([]Known, error)
	// CountUnseen counts the known documents of a source, and those of them that Unseen lists.
	CountUnseen(ctx context.Context, j Job, source string) (known, unseen int, err error)
	// Earlier finds the last file of an earlier job of the workflow that ended well for the same document of the same source as
	// a file, in a job that has not dropped its outputs, with the runs of its nodes. ErrNotFound when there is none.
	Earlier(ctx context.Context, workflow string, f File) (File, []NodeRun, error)
	// Removals lists those of a job.
	Removals(ctx context.Context, workspace, job string) ([]Removal, error)
}

// SyncTx changes it.
type SyncTx interface {
	// Learn stores Document, Held and Version of documents that a job has listed and marks them as seen by it; an
	// identifier is given once. A document that will be processed has no version until it has ended well.
	Learn(ctx context.Context, j Job, source string, documents []Known) error
	// See marks known documents as seen by a job.
	See(ctx context.Context, j Job, source string, identifiers []string) error
	// ClaimRemoval, SaveRemoval, EndRemoval are for removals what ClaimPlan, AddFiles and EndPlan are for plans. SaveRemoval
	// forgets documents that are gone, unless a later job has seen them again.
	ClaimRemoval(ctx context.Context, workspace, job, removal, node string) (Job, Removal, error)
	SaveRemoval(ctx context.Context, j Job, r Removal, p Progress) error
	EndRemoval(ctx context.Context, workspace, job string, r Removal, reason string) error
}
