package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// maxResumes is how often a broken transfer goes on without having moved.
	maxResumes = 3
	// maxStarts is how often a transfer starts again since the object has changed.
	maxStarts = 3
)

// ErrChanges is an object that changes every time while it is read.
var ErrChanges = errors.New("the object changes while it is read")

// Read reads an object whole into a spool. A transfer that breaks goes on under the condition that the object is still the
// same, and starts again when it is not: bytes of two versions never mix. head is the answer that belongs to the content,
// without a body. The error is the SDK's, the context's, a spool.ErrDisk or ErrChanges. The caller closes the spool, or
// what its Content gives.
func (b *Bucket) Read(ctx context.Context, key, tempDir string, memory int64) (_ *spool.Spool, head *s3.GetObjectOutput, err error) {
	for range maxStarts {
		t := transfer{bucket: b, key: key, to: spool.New(tempDir, memory)}
		err := t.run(ctx)
		if err == nil {
			return t.to, t.head, nil
		}
		_ = t.to.Close() // the error that matters is the first
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if !errors.Is(err, errChanged) {
			return nil, nil, err
		}
	}
	return nil, nil, ErrChanges
}

// errChanged is an object that is another one than that which the transfer began with.
var errChanged = errors.New("the object has changed")

// transfer is one object on its way into a spool.
type transfer struct {
	bucket *Bucket
	key    string
	to     *spool.Spool
	head   *s3.GetObjectOutput // of the first answer
	size   int64               // -1 when the service does not say
}

func (t *transfer) run(ctx context.Context) error {
	for still := 0; ; still++ {
		at := t.to.Size()
		body, err := t.open(ctx, at)
		if err != nil {
			return err
		}
		_, err = io.Copy(t.to, body)
		body.Close()
		if err == nil && t.size >= 0 && t.to.Size() != t.size {
			err = io.ErrUnexpectedEOF
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil || errors.Is(err, spool.ErrDisk):
			return err
		case t.size >= 0 && t.to.Size() >= t.size:
			return errChanged // all of it, and wrong: from the start
		}
		if t.to.Size() > at {
			still = 0
		}
		if still == maxResumes || Version(t.head.ETag) == "" {
			return err
		}
	}
}

// open asks for the object, or for the rest of the one that the transfer began with.
func (t *transfer) open(ctx context.Context, at int64) (io.ReadCloser, error) {
	in := s3.GetObjectInput{Bucket: &t.bucket.Name, Key: &t.key}
	if at > 0 {
		in.Range, in.IfMatch = aws.String(fmt.Sprintf("bytes=%d-", at)), t.head.ETag
	}
	var out *s3.GetObjectOutput
	err := t.bucket.Do(ctx, func(ctx context.Context, c *s3.Client) (err error) {
		out, err = c.GetObject(ctx, &in)
		return err
	})
	if err != nil {
		var answer *awshttp.ResponseError
		if at > 0 && errors.As(err, &answer) {
			switch answer.HTTPStatusCode() {
			case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable, http.StatusNotFound:
				return nil, errChanged
			}
		}
		return nil, err
	}
	if at == 0 {
		t.head, t.size = out, -1
		if out.ContentLength != nil {
			t.size = *out.ContentLength
		}
		return out.Body, nil
	}
	// A service that ignores the range or the condition would mix two contents.
	if Version(out.ETag) != Version(t.head.ETag) || !strings.HasPrefix(aws.ToString(out.ContentRange), fmt.Sprintf("bytes %d-", at)) {
		out.Body.Close()
		return nil, errChanged
	}
	return out.Body, nil
}

// Open reads an object as a stream. A connection that breaks, since the reader took its time, say, is made again where it
// was; an object that has changed by then is an error. The caller closes it.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	s := &stream{ctx: ctx, transfer: transfer{bucket: b, key: key}}
	var err error
	if s.body, err = s.open(ctx, 0); err != nil {
		return nil, err
	}
	return s, nil
}

type stream struct {
	transfer
	ctx   context.Context
	body  io.ReadCloser
	at    int64
	still int // times that the connection was made again without having moved
}

func (s *stream) Read(p []byte) (int, error) {
	for {
		n, err := s.body.Read(p)
		s.at += int64(n)
		if n > 0 {
			s.still = 0
		}
		if err == io.EOF && s.size >= 0 && s.at < s.size { //nolint:errorlint // the bare end
			err = io.ErrUnexpectedEOF
		}
		if err == nil || err == io.EOF || s.ctx.Err() != nil || s.still == maxResumes || Version(s.head.ETag) == "" || //nolint:errorlint // as above
			s.size >= 0 && s.at >= s.size {
			return n, err
		}
		s.still++
		body, again := s.open(s.ctx, s.at)
		if again != nil {
			return n, again
		}
		_ = s.body.Close() // it is broken
		s.body = body
		if n > 0 {
			return n, nil
		}
	}
}

func (s *stream) Close() error { return s.body.Close() }
