package pipeline

import (
	"context"
	"iter"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/workflow"
)

// partition runs the first node. The bytes of the elements pass from the parser to the blob as they are.
func (r *run) partition(ctx context.Context, n workflow.Node, out *Output) error {
	if n.Subtype == workflow.SubtypeVLM {
		return r.see(ctx, n, out)
	}
	options, err := r.partitionOptions(n)
	if err != nil {
		return err
	}
	return r.parse(ctx, options, out)
}

// parse stores what the parsers make of the file.
func (r *run) parse(ctx context.Context, options partition.Options, out *Output) error {
	f, err := r.open(ctx)
	if err != nil {
		return err
	}
	stream := r.cfg.Parser.Parse(ctx, f, child.Request{
		Options:    options,
		DataSource: r.in.DataSource,
		Urgent:     r.in.Urgent,
	})
	defer stream.Close()
	if err := r.put(ctx, out, stream); err != nil {
		return err
	}
	counts := stream.Counts()
	out.Elements, out.Pages, r.pages = counts.Elements, counts.Pages, counts.Pages
	return nil
}

// Partition parses one file and, when chunking is not nil, chunks it in the same call: what the partition endpoint does.
// The elements differ from those of a partition node followed by a chunk node: the ids are hashed over the chunks with
// the file's name, and the elements inside orig_elements are as the parser made them (see partition.Options.Chunk).
//
// The first error ends the stream; it is a *budget.Error when the file is at fault.
func Partition(ctx context.Context, p child.Parser, f document.File, o partition.Options, chunking *child.Chunking) iter.Seq2[element.Element, error] {
	return child.Elements(ctx, p, f, child.Request{Options: o, Chunking: chunking, Urgent: true})
}

// PartitionJSON is Partition whose elements come as the bytes of a JSON array, which costs the caller nothing but the
// copying. The caller closes it.
func PartitionJSON(ctx context.Context, p child.Parser, f document.File, o partition.Options, chunking *child.Chunking) child.Stream {
	return p.Parse(ctx, f, child.Request{Options: o, Chunking: chunking, Urgent: true})
}
