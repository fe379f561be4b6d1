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
	stored, err := r.cfg.Blobs.Open(ctx, r.last.Blob)
	if err != nil {
		return fmt.Errorf("read the output of the node before %q: %w", n.Name, err)
	}
	defer stored.Close()
	pages := map[int]bool{}
	elements := counted(element.Decode(stored), pages)
	pr, pw := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := bufio.NewWriterSize(pw, 64<<10)
		err := writeChunks(buffer, chunk.Elements(ctx, elements, strategy, options), &out.Elements)
		if err == nil {
			err = buffer.Flush()
		}
		pw.CloseWithError(err)
	}()
	err = r.put(ctx, out, pr)
	pr.CloseWithError(io.ErrClosedPipe)
	<-done
	if r.pages == 0 && err == nil {
		r.pages = max(len(pages), 1)
	}
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

// writeChunks writes chunks as one JSON array. Their ids are hashed without a file name: the reference's platform chunks
// finished lists, and hashes anew in a step that does not know the file. Elements inside orig_elements keep their ids.
func writeChunks(w io.Writer, chunks iter.Seq2[element.Element, error], count *int) error {
	ids := element.NewHasher("")
	array := element.NewEncoder(w)
	for c, err := range chunks {
		if err != nil {
			return err
		}
		c.ID = ids.ID(c)
		*count++
		if err := array.Encode(c); err != nil {
			return err
		}
	}
	return array.Close()
}
