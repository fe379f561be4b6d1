package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// PartSize is how much is held in memory and sent at once. The service takes parts of 5 MiB and more.
	PartSize = 8 << 20
	// maxParts is the service's limit.
	maxParts = 10_000
	// abortTime is how long the removal of what was sent may take when a write is given up.
	abortTime = 15 * time.Second
)

// ErrTooLong is an object of more than PartSize times 10,000 bytes.
var ErrTooLong = errors.New("the object is too long")

// Writer takes the content of one object whose length need not be known beforehand: it is sent in one request as long as it
// fits in memory, in parts beyond, and appears whole when it is committed, or not at all. Commit or Abort ends it. It is not safe for concurrent use.
type Writer struct {
	ctx      context.Context
	bucket   *Bucket
	key      string
	mime     *string
	buf      bytes.Buffer
	uploadID string // "" until the content has more than one part
	parts    []types.CompletedPart
	size     int64
	err      error
	done     bool
}

var _ io.Writer = (*Writer)(nil)

// Write begins an object. Its requests end with ctx. mimeType may be "".
func (b *Bucket) Write(ctx context.Context, key, mimeType string) *Writer {
	w := &Writer{ctx: ctx, bucket: b, key: key}
	if mimeType != "" {
		w.mime = &mimeType
	}
	return w
}

// Size is the number of bytes that were written.
func (w *Writer) Size() int64 { return w.size }

// Write implements io.Writer. The first error stays.
func (w *Writer) Write(p []byte) (int, error) {
	written := 0
	for w.err == nil && len(p) > 0 {
		if w.buf.Len() == PartSize {
			if w.err = w.sendPart(); w.err != nil {
				break
			}
		}
		n := min(len(p), PartSize-w.buf.Len())
		w.buf.Write(p[:n])
		p = p[n:]
		written += n
		w.size += int64(n)
	}
	return written, w.err
}

// Commit makes the object appear, in place of an older one. On an error nothing has changed, unless the connection broke
// after the service had done its work.
func (w *Writer) Commit() error {
	if w.done {
		return w.err
	}
	if w.err == nil && w.ctx.Err() != nil {
		w.err = context.Cause(w.ctx)
	}
	if w.err == nil && w.uploadID != "" {
		w.err = w.sendPart() // a full buffer is sent by the next Write only: something is left
	}
	if w.err != nil {
		w.Abort()
		return w.err
	}
	if w.uploadID == "" {
		w.err = w.bucket.Do(w.ctx, func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{
				Bucket: &w.bucket.Name, Key: &w.key, ContentType: w.mime, Body: bytes.NewReader(w.buf.Bytes()),
			})
			return err
		})
	} else {
		w.err = w.bucket.Do(w.ctx, func(ctx context.Context, c *s3.Client) error {
			_, err := c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
				Bucket: &w.bucket.Name, Key: &w.key, UploadId: &w.uploadID,
				MultipartUpload: &types.CompletedMultipartUpload{Parts: w.parts},
			})
			return err
		})
	}
	if w.err != nil {
		w.Abort()
		return w.err
	}
	w.done = true
	return nil
}

// Abort gives the write up and has the service forget the parts that it got, also when the context has ended. After
// Commit it is without effect.
func (w *Writer) Abort() {
	if w.done {
		return
	}
	w.done = true
	if w.err == nil {
		w.err = errors.New("the write was given up")
	}
	w.buf = bytes.Buffer{}
	if w.uploadID == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), abortTime)
	defer cancel()
	// Parts that stay are not seen by readers; the bucket's lifecycle rule removes them.
	_ = w.bucket.Do(ctx, func(ctx context.Context, c *s3.Client) error {
		_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
			Bucket: &w.bucket.Name, Key: &w.key, UploadId: &w.uploadID,
		})
		return err
	})
}

// sendPart sends what is held.
func (w *Writer) sendPart() error {
	if len(w.parts) == maxParts {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLong, int64(maxParts)*PartSize)
	}
	if w.uploadID == "" {
		err := w.bucket.Do(w.ctx, func(ctx context.Context, c *s3.Client) error {
			out, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
				Bucket: &w.bucket.Name, Key: &w.key, ContentType: w.mime,
			})
			if err == nil && (out.UploadId == nil || *out.UploadId == "") {
				err = errors.New("the service gave an upload without an id")
			}
			if err == nil {
				w.uploadID = *out.UploadId
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	number := int32(len(w.parts) + 1)
	err := w.bucket.Do(w.ctx, func(ctx context.Context, c *s3.Client) error {
		out, err := c.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &w.bucket.Name, Key: &w.key, UploadId: &w.uploadID, PartNumber: &number, Body: bytes.NewReader(w.buf.Bytes()),
		})
		if err == nil {
			w.parts = append(w.parts, types.CompletedPart{
				PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC64NVME: out.ChecksumCRC64NVME,
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	w.buf.Reset()
	return nil
}
