package pipeline

import (
	"context"
	"iter"

	"github.com/sluicehq/sluice/element"
)

// rewriteEarlier makes the outputs of this run from those of an earlier one, with the permissions of now: no node runs, and no
// byte of the document is read. ok is false when the earlier run does not serve: the nodes, their settings or this program were
// others, or its last output is not kept any more.
//
// The outputs of nodes before the last are recorded, since they are what they were; their blobs are not made anew.
func (r *run) rewriteEarlier(ctx context.Context, save func(context.Context, Output) error) (result Result, ok bool, err error) {
	was := r.in.Earlier
	if r.in.DataSource == nil || was.DataSource == nil || len(was.Outputs) != len(r.in.Nodes) {
		return result, false, nil
	}
	then := *r
	then.in.DataSource, then.last = was.DataSource, Output{}
	for i, out := range was.Outputs {
		if out.InputHash == "" || out.NodeID != r.in.Nodes[i].ID || out.InputHash != then.inputHash(i, then.last) {
			return result, false, nil
		}
		then.last = out
	}
	if good, err := r.verify(ctx, then.last); err != nil || !good {
		return result, false, err
	}
	r.pages = was.Pages
	end := len(was.Outputs) - 1
	for i, out := range was.Outputs[:end] {
		made := Output{Index: i, NodeID: out.NodeID, InputHash: r.inputHash(i, r.last), OutputHash: out.OutputHash, Blob: r.blob(out.NodeID), Size: out.Size, Elements: out.Elements}
		if err := save(ctx, made); err != nil {
			return result, false, err
		}
		r.last = made
	}
	made := Output{Index: end, NodeID: was.Outputs[end].NodeID, InputHash: r.inputHash(end, r.last)}
	r.last = then.last
	if err := r.rewrite(ctx, r.in.Nodes[end], &made, permitted(r.in.DataSource)); err != nil {
		return result, false, err
	}
	return Result{Last: made, Fresh: true, Pages: r.pages}, true, nil
}

// permitted puts who may see a document now, and when it was processed, into its elements and those that they were made of.
func permitted(now *element.DataSource) func(iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
	change := func(e *element.Element) {
		if e.Metadata.DataSource == nil {
			return
		}
		d := *e.Metadata.DataSource
		d.PermissionsData, d.PermissionsVersion, d.DateProcessed = now.PermissionsData, now.PermissionsVersion, now.DateProcessed
		e.Metadata.DataSource = &d
	}
	return func(in iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
		return func(yield func(element.Element, error) bool) {
			for e, err := range in {
				if err == nil {
					change(&e)
					var parts []element.Element
					if parts, err = e.Metadata.Originals(); len(parts) > 0 {
						for i := range parts {
							change(&parts[i])
						}
						e.Metadata = e.Metadata.WithoutOriginals()
						e.Metadata.OrigElements = parts
					}
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}
}
