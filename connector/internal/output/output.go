// Package output is what destinations of files and objects share: a document's elements become one JSON array, at the
// document's path with ".json" added.
package output

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/spool"
)

// StreamError is a failure of the elements, not of the writer that they go to.
type StreamError struct{ Err error }

func (e *StreamError) Error() string { return e.Err.Error() }

// Unwrap returns the stream's own error.
func (e *StreamError) Unwrap() error { return e.Err }

// Write writes elements as a JSON array, indented by two spaces, with text as it is. Elements are held one at a time. The
// error is a *StreamError when the stream broke or ctx ended, and w's own otherwise; what was written until then is of
// no use.
func Write(ctx context.Context, w io.Writer, elements iter.Seq2[element.Element, error]) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var raw []byte
	var pretty bytes.Buffer
	between := "["
	for e, err := range elements {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return &StreamError{err}
		}
		raw = element.AppendJSON(raw[:0], e)
		pretty.Reset()
		if err := json.Indent(&pretty, raw, "  ", "  "); err != nil {
			return &StreamError{fmt.Errorf("element %s: %w", e.ID, err)}
		}
		_, _ = out.WriteString(between + "\n  ") // an error stays with out
		if _, err := out.Write(pretty.Bytes()); err != nil {
			return err
		}
		between = ","
	}
	end := "\n]"
	if between == "[" {
		end = "[]"
	}
	if _, err := out.WriteString(end); err != nil {
		return err
	}
	return out.Flush()
}

// Spool writes elements as Write does, into memory up to so many bytes and into a temporary file of dir beyond, for stores whose
// way of writing depends on the size. It fails before anything is sent: with the stream's own error, the context's, or that of the
// disk. what names the write in messages. The caller closes the spool.
func Spool(ctx context.Context, what, dir string, memory int64, elements iter.Seq2[element.Element, error]) (*spool.Spool, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	whole := spool.New(dir, memory)
	err := Write(ctx, whole, elements)
	if err == nil {
		return whole, nil
	}
	_ = whole.Close() // the error that matters is the first
	var source *StreamError
	if errors.As(err, &source) {
		return nil, source.Err
	}
	return nil, rest.Disk(what, err)
}
