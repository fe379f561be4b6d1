package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
)

// Output implements API. Its error wraps store.ErrNotFound and says what is missing.
func (e *Engine) Output(ctx context.Context, workspace, jobID, wireID, nodeID string) (io.ReadCloser, error) {
	missing := func(format string, args ...any) error {
		return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), store.ErrNotFound)
	}
	var j store.Job
	var f store.File
	var runs []store.NodeRun
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if j, err = r.Job(ctx, workspace, jobID); errors.Is(err, store.ErrNotFound) {
			return missing("Job not found")
		} else if err != nil {
			return err
		}
		if f, err = r.FileByWireID(ctx, workspace, jobID, wireID); errors.Is(err, store.ErrNotFound) {
			return missing("File %s not found in job %s", wireID, jobID)
		} else if err != nil {
			return err
		}
		runs, err = r.NodeRuns(ctx, workspace, jobID, f.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if nodeID == "" && len(j.Nodes) > 0 {
		nodeID = j.Nodes[len(j.Nodes)-1].ID
	}
	known := false
	for _, n := range j.Nodes {
		known = known || n.ID == nodeID
	}
	if !known {
		return nil, missing("Node %s not found in job %s", nodeID, jobID)
	}
	for _, run := range runs {
		if run.NodeID != nodeID {
			continue
		}
		content, err := e.cfg.Blobs.Open(ctx, run.Blob)
		if errors.Is(err, blob.ErrNotFound) {
			return nil, missing("The output of node %s for file %s is not kept any more", nodeID, wireID)
		}
		return content, err
	}
	if f.State == store.FileFailed {
		return nil, missing("File %s failed: %s", wireID, f.Error)
	}
	return nil, missing("The output of node %s for file %s is not there yet", nodeID, wireID)
}
