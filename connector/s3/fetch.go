package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// inMemory is the size up to which an object is held in memory.
	inMemory = 4 << 20
	// maxResumes is how often a broken transfer goes on without having moved.
	maxResumes = 3
)

// Fetch reads an object whole. One that changed since it was listed comes with its new content and, in File.Found, its new
// version and date; bytes of two versions never mix: a transfer that breaks goes on under the condition that the object is
// the same, and starts again when it is not.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	key, err := s.key(d)
	if err != nil {
		return document.File{}, err
	}
	what := "read " + s.url(key)
	for range 3 {
		t := transfer{source: s, key: key, to: spool.New(s.env.TempDir, inMemory)}
		err := t.run(ctx)
		if err == nil {
			return t.file(d)
		}
		t.to.Close()
		switch {
		case errors.Is(err, errChanged):
			continue
		case ctx.Err() != nil:
			return document.File{}, context.Cause(ctx)
		case errors.Is(err, spool.ErrDisk):
			return document.File{}, diskError(what, err)
		}
		return document.File{}, s.failed(ctx, what, "s3:GetObject", err)
	}
	return document.File{}, connector.Retry(nil, time.Minute, "%s: it changes while it is read", what)
}

// errChanged is an object that is another one than that which the transfer began with.
var errChanged = errors.New("the object has changed")

// transfer is one object on its way into a spool.
type transfer struct {
	*source
	key  string
	to   *spool.Spool
	head *s3.GetObjectOutput // of the first answer; its body is read
	size int64               // -1 when the service does not say
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
		if still == maxResumes || version(t.head.ETag) == "" {
			return err
		}
	}
}

// open asks for the object, or for the rest of the one that the transfer began with.
func (t *transfer) open(ctx context.Context, at int64) (io.ReadCloser, error) {
	in := s3.GetObjectInput{Bucket: &t.bucket, Key: &t.key}
	if at > 0 {
		in.Range, in.IfMatch = aws.String(fmt.Sprintf("bytes=%d-", at)), t.head.ETag
	}
	var out *s3.GetObjectOutput
	err := t.do(ctx, func(ctx context.Context, c *s3.Client) (err error) {
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
	if version(out.ETag) != version(t.head.ETag) || !strings.HasPrefix(aws.ToString(out.ContentRange), fmt.Sprintf("bytes %d-", at)) {
		out.Body.Close()
		return nil, errChanged
	}
	return out.Body, nil
}

// file makes the File of a transfer that is complete.
func (t *transfer) file(d document.Document) (document.File, error) {
	f := document.NewFile(d.Name, mimeType(t.head.ContentType), t.to.Size(), t.to.Content())
	if v := version(t.head.ETag); v != d.Version {
		f.Found.Version = v
		if t.head.LastModified != nil {
			f.Found.Modified = t.head.LastModified.UTC()
		}
	}
	if len(t.head.Metadata) > 0 {
		given := make(map[string]any, len(t.head.Metadata))
		for k, v := range t.head.Metadata {
			given[strings.ToValidUTF8(k, "\ufffd")] = strings.ToValidUTF8(v, "\ufffd")
		}
		f.Found.RecordLocator = map[string]any{"metadata": given}
	}
	return f, nil
}

// mimeType is a declared type that says something.
func mimeType(declared *string) string {
	t := aws.ToString(declared)
	switch base, _, _ := strings.Cut(strings.ToLower(t), ";"); strings.TrimSpace(base) {
	case "", "binary/octet-stream", "application/octet-stream", "application/x-directory":
		return ""
	}
	return t
}

// diskError is a spool that could not be written.
func diskError(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return connector.Retry(err, time.Minute, "%s: the server has no space left for temporary files", what)
	}
	return connector.Retry(err, 0, "%s: the server cannot write its temporary files", what)
}
