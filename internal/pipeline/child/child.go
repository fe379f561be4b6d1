// Package child parses files in processes of their own, so that a file that exhausts memory or the stack, or never
// ends, fails alone.
//
// A Pool starts the program itself as `sluice parse-child`, which calls Main. Parent and child speak framed messages
// over one socket: a request with the file's bytes (or, for a large file that lies on disk, its open descriptor), and
// back the elements as the bytes of one JSON array, in pieces, so that a large document never stands whole in the
// parent. Direct does the same work in the calling process.
package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

// Request says what to do with a file. It travels to the child as JSON.
type Request struct {
	Options    partition.Options
	DataSource *element.DataSource `json:",omitempty"` // set on every element; nil leaves it out
	Chunking   *Chunking           `json:",omitempty"` // chunk within the call; nil does not chunk
	Pictures   *Pictures           `json:",omitempty"` // give partition.PagePicture instead of elements
	Urgent     bool                `json:"-"`          // somebody waits for it: it may use the pool's reserve
}

// Chunking is chunking within the call (see partition.Options.Chunk).
type Chunking struct {
	Strategy chunk.Strategy
	Options  chunk.Options
}

// Pictures asks for the pages with the indexes From to From+Most-1 as pictures, in the place of elements.
type Pictures struct{ From, Most int }

// Counts is what a parsed file held.
type Counts struct {
	Elements int
	Pages    int // distinct page numbers; 1 for a file with elements and no pages
}

// Parser turns files into elements. *Pool and Direct are the two there are.
type Parser interface {
	// Parse starts on f, which stays open until the stream is closed. What goes wrong is an error of the stream's Read.
	Parse(ctx context.Context, f document.File, r Request) Stream
}

// Stream is the elements of one file as the bytes of a JSON array. An error of Read is a *budget.Error when the file is
// at fault, the context's cause when that ended, and anything else when the machine is. Close ends the work early.
type Stream interface {
	io.ReadCloser
	// Counts is valid after Read gave io.EOF.
	Counts() Counts
}

// Elements decodes what a parser gives. The first error ends the stream.
func Elements(ctx context.Context, p Parser, f document.File, r Request) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		s := p.Parse(ctx, f, r)
		defer s.Close()
		for e, err := range element.Decode(s) {
			if !yield(e, err) || err != nil {
				return
			}
		}
		if _, err := io.Copy(io.Discard, s); err != nil { // up to the child's last word: without it the child is lost
			yield(element.Element{}, err)
		}
	}
}

// Direct parses in the calling process: what the library does, and what the server never does.
type Direct struct{}

// Parse implements Parser.
func (Direct) Parse(ctx context.Context, f document.File, r Request) Stream {
	ctx, cancel := context.WithCancelCause(ctx)
	pr, pw := io.Pipe()
	s := &direct{PipeReader: pr, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		buffer := bufio.NewWriterSize(pw, pieceSize)
		counts, err := guarded(parse)(ctx, f, r, buffer)
		if err == nil {
			err = buffer.Flush()
		}
		s.counts.Store(&counts)
		pw.CloseWithError(err)
	}()
	return s
}

type direct struct {
	*io.PipeReader
	cancel context.CancelCauseFunc
	counts atomic.Pointer[Counts]
	done   chan struct{}
}

func (s *direct) Counts() Counts {
	if c := s.counts.Load(); c != nil {
		return *c
	}
	return Counts{}
}

// Close stops the parser and waits for it: the caller may close the file afterwards.
func (s *direct) Close() error {
	s.cancel(errClosed)
	err := s.PipeReader.CloseWithError(errClosed)
	<-s.done
	return err
}

var errClosed = errors.New("the stream of elements was closed")

// ParseFunc writes the elements of f to w as a JSON array.
type ParseFunc func(ctx context.Context, f document.File, r Request, w io.Writer) (Counts, error)

// parse is the ParseFunc of the program; tests put others in its place.
func parse(ctx context.Context, f document.File, r Request, w io.Writer) (Counts, error) {
	o := r.Options
	if o.Limits == (budget.Limits{}) {
		o.Limits = budget.Default
	}
	if p := r.Pictures; p != nil {
		return Counts{}, pictures(ctx, f, o, *p, w)
	}
	if c := r.Chunking; c != nil {
		o.Chunk = func(elements []element.Element) ([]element.Element, error) {
			return chunk.Slice(elements, c.Strategy, c.Options)
		}
	}
	var counts Counts
	pages := map[int]struct{}{}
	array := element.NewEncoder(w)
	for e, err := range partition.Partition(ctx, f, o) {
		if err != nil {
			return counts, err
		}
		if e.Metadata.PageNumber != nil {
			pages[*e.Metadata.PageNumber] = struct{}{}
		}
		counts.Elements++
		e.Metadata.DataSource = r.DataSource
		if err := array.Encode(e); err != nil {
			return counts, err
		}
	}
	counts.Pages = len(pages)
	if counts.Pages == 0 && counts.Elements > 0 {
		counts.Pages = 1
	}
	return counts, array.Close()
}

// pictures writes pages as a JSON array.
func pictures(ctx context.Context, f document.File, o partition.Options, p Pictures, w io.Writer) error {
	separator := "["
	for picture, err := range partition.PagePictures(ctx, f, o, p.From, p.Most) {
		if err != nil {
			return err
		}
		text, err := json.Marshal(picture)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, separator+string(text)); err != nil {
			return err
		}
		separator = ","
	}
	if separator == "[" {
		separator = "[]"
	} else {
		separator = "]"
	}
	_, err := io.WriteString(w, separator)
	return err
}

// maxPages is how many bytes a window of pages may have: each is a JPEG of two megapixels at most.
const maxPages = 128 << 20

// Pages gives a window of the pages of a file as pictures, each as soon as it is drawn. The first error ends the stream.
func Pages(ctx context.Context, p Parser, f document.File, r Request) iter.Seq2[partition.PagePicture, error] {
	return func(yield func(partition.PagePicture, error) bool) {
		s := p.Parse(ctx, f, r)
		defer s.Close()
		d := json.NewDecoder(io.LimitReader(s, maxPages))
		_, err := d.Token() // of the list
		for err == nil && d.More() {
			var page partition.PagePicture
			if err = d.Decode(&page); err == nil && !yield(page, nil) {
				return
			}
		}
		if err == nil {
			_, err = d.Token()
		}
		if err == nil {
			_, err = io.Copy(io.Discard, s) // up to the child's last word: without it the child is lost
		}
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			yield(partition.PagePicture{}, fmt.Errorf("the pages of %s came back damaged: %w", f.Name, err))
		case err != nil:
			yield(partition.PagePicture{}, err)
		}
	}
}

// guarded turns a panic of a parser into the failure of its file.
func guarded(p ParseFunc) ParseFunc {
	return func(ctx context.Context, f document.File, r Request, w io.Writer) (counts Counts, err error) {
		defer func() {
			if v := recover(); v != nil {
				err = &budget.Error{
					Outcome: budget.Crashed,
					Message: "the parser failed on " + f.Name + "; the file may be damaged",
					Err:     &panicked{v},
				}
			}
		}()
		return p(ctx, f, r, w)
	}
}

// panicked is the value of a recovered panic, for logs.
type panicked struct{ value any }

func (p *panicked) Error() string {
	if err, ok := p.value.(error); ok {
		return "panic: " + err.Error()
	}
	return "panic in a parser"
}
