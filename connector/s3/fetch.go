package s3

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/bucket"
)

// inMemory is the size in bytes up to which an object is held in memory.
const inMemory = 4 << 20

// Fetch reads an object whole. One that changed since it was listed comes with its new content and, in File.Found, its new
// version and date; bytes of two versions never mix.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	key, err := s.key(d)
	if err != nil {
		return document.File{}, err
	}
	what := "read " + s.url(key)
	content, head, err := s.store.Read(ctx, key, s.env.TempDir, inMemory)
	switch {
	case err == nil:
	case errors.Is(err, bucket.ErrChanges):
		return document.File{}, connector.Retry(nil, time.Minute, "%s: it changes while it is read", what)
	default:
		return document.File{}, s.failed(ctx, what, "s3:GetObject", err)
	}
	f := content.File(d.Name, mimeType(head.ContentType))
	f.Found = found(d, head)
	return f, nil
}

// found is what the object's own head tells beyond its listing.
func found(d document.Document, head *s3.GetObjectOutput) (f document.Found) {
	if v := bucket.Version(head.ETag); v != d.Version {
		f.Version = v
		if head.LastModified != nil {
			f.Modified = head.LastModified.UTC()
		}
	}
	if len(head.Metadata) > 0 {
		given := make(map[string]any, len(head.Metadata))
		for k, v := range head.Metadata {
			given[strings.ToValidUTF8(k, "\ufffd")] = strings.ToValidUTF8(v, "\ufffd")
		}
		f.RecordLocator = map[string]any{"metadata": given}
	}
	return f
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
