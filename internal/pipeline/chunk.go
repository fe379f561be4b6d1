package pipeline

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/workflow"
)

// chunk runs a chunk node over the stored output of the node before, one element at a time.
func (r *run) chunk(ctx context.Context, n workflow.Node, out *Output) error {
	strategy, options, err := chunkOptions(n)
	if err == nil {
		err = options.Validate(strategy)
	}
	if err != nil {
		return &budget.Error{Outcome: failedNode, Message: fmt.Sprintf("node %q: %s", n.Name, err), Err: err}
	}
	return r.rewrite(ctx, n, out, func(in iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
		return renamed(chunk.Elements(ctx, in, strategy, options))
	})
}

// rewrite stores what a node makes of the stored output of the node before, one element at a time.
func (r *run) rewrite(ctx context.Context, n workflow.Node, out *Output, node func(iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error]) error {
	stored, err := r.cfg.Blobs.Open(ctx, r.last.Blob)
	if err != nil {
		return fmt.Errorf("read the output of the node before %q: %w", n.Name, err)
	}
	defer stored.Close()
	pages := map[int]bool{}
	elements := counted(element.Decode(bufio.NewReaderSize(stored, 64<<10)), pages)
	err = r.store(ctx, out, node(elements))
	if r.pages == 0 && err == nil {
		r.pages = max(len(pages), 1)
	}
	return err
}

// store writes a stream of elements to the blob of a node's output.
func (r *run) store(ctx context.Context, out *Output, elements iter.Seq2[element.Element, error]) error {
	pr, pw := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := bufio.NewWriterSize(pw, 64<<10)
		err := writeArray(buffer, elements, &out.Elements)
		if err == nil {
			err = buffer.Flush()
		}
		pw.CloseWithError(err)
	}()
	err := r.put(ctx, out, pr)
	pr.CloseWithError(io.ErrClosedPipe)
	<-done
	return err
}

// counted notes the page numbers that pass.
func counted(in iter.Seq2[element.Element, error], pages map[int]bool) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for e, err := range in {
			if e.Metadata.PageNumber != nil {
				pages[*e.Metadata.PageNumber] = true
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// renamed gives chunks their ids, which are hashed without a file name: the reference's platform chunks finished lists, and
// hashes anew in a step that does not know the file. Elements inside orig_elements keep their ids.
func renamed(chunks iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		ids := element.NewHasher("")
		for c, err := range chunks {
			if err == nil {
				c.ID = ids.ID(c)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// writeArray writes a stream as one JSON array and counts it.
func writeArray(w io.Writer, elements iter.Seq2[element.Element, error], count *int) error {
	array := element.NewEncoder(w)
	for e, err := range elements {
		if err != nil {
			return err
		}
		*count++
		if err := array.Encode(e); err != nil {
			return err
		}
	}
	return array.Close()
}
