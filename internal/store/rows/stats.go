package rows

import (
	"context"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

// Stats counts the files of a job at each node. A file that has finished k nodes has reached nodes 0 to k:
//
//   - it is a success at each node that it has finished; a file that is being written, done, or failed by a write, at all;
//   - at node k it is ready while it waits (in the backlog or the queue, or stopped before it got there), in progress while
//     a worker holds it, and a failure when it failed there.
//
// Done files and files that have not begun are counted by the job, so the cost does not grow with the job: one GROUP BY
// over an index of the others.
func (r *Reader) Stats(ctx context.Context, workspace, job string) ([]store.NodeStats, error) {
	var nodes []workflow.Node
	var c counts
	if err := r.one(ctx, `SELECT j.nodes, c.total, c.done`+jobTables+`WHERE j.id = ? AND j.workspace = ?`, []any{job, workspace},
		decoded{&nodes}, &c.total, &c.done); err != nil {
		return nil, err
	}
	type group struct {
		state store.FileState
		done  int
		files int
	}
	groups, err := list(ctx, r.q, func(s scanner) (g group, err error) {
		err = s.Scan(&g.state, &g.done, &g.files)
		return g, err
	}, `SELECT state, done, count(*) FROM file WHERE job = ? AND state <> 'done' AND (state <> 'backlog' OR done > 0) `+
		`GROUP BY state, done`, job)
	if err != nil {
		return nil, err
	}
	fresh := int(c.total - c.done)
	for _, g := range groups {
		fresh -= g.files
	}
	groups = append(groups, group{store.FileDone, len(nodes), int(c.done)}, group{store.Backlog, 0, fresh})

	stats := make([]store.NodeStats, len(nodes))
	for i, n := range nodes {
		stats[i].Node = n
		for _, g := range groups {
			switch {
			case i < g.done:
				stats[i].Success += g.files
			case i > g.done: // not reached
			case g.state == store.Running:
				stats[i].InProgress += g.files
			case g.state == store.FileFailed:
				stats[i].Failure += g.files
			case g.state == store.Writing:
				stats[i].Success += g.files
			default:
				stats[i].Ready += g.files
			}
		}
	}
	return stats, nil
}
