package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/bucket"
	"github.com/sluicehq/sluice/internal/failpoint"
)

const (
	// maxKey is the longest key of the service, in bytes.
	maxKey = 1024
)

// destination writes one JSON array of elements a document, at the document's path below the prefix with ".json" added.
type destination struct {
	*remote
	env    connector.Env
	folder string // "", or the prefix with a slash at its end
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	r, err := open(config, env)
	if err != nil {
		return nil, err
	}
	folder, ok := output.Folder(r.prefix)
	if !ok {
		return nil, connector.Fail(nil, "remote_url: a prefix to write to has no parts . and ..")
	}
	return &destination{remote: r, env: env, folder: folder}, nil
}

// Guarantee implements connector.Destination: an object is replaced whole.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check implements connector.Destination, see output.Probe.
func (d *destination) Check(ctx context.Context) error {
	err := output.Probe(ctx, d.folder, output.Store{
		Write: func(ctx context.Context, key string, content []byte) error {
			w := d.store.Write(ctx, key, "application/json")
			_, _ = w.Write(content) // its error stays with w
			return w.Commit()
		},
		Remove: func(ctx context.Context, key string) error {
			if err := d.delete(ctx, key); err != nil {
				return d.failed(ctx, "delete it", "s3:DeleteObject", err)
			}
			return nil
		},
		Refused: func(err error) bool { return errors.As(err, new(smithy.APIError)) },
		URL:     d.url, Log: d.env.Log,
	})
	if err != nil {
		return d.failed(ctx, "write to "+d.url(d.folder), "s3:PutObject", err)
	}
	return nil
}

func (d *destination) delete(ctx context.Context, key string) error {
	return d.store.Do(ctx, func(ctx context.Context, c *s3.Client) error {
		_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &d.bucket, Key: &key})
		return err
	})
}

// Replace writes the object of a document: readers see the old elements or the new ones, whole.
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	key := d.key(doc)
	w := d.store.Write(ctx, key, "application/json")
	defer w.Abort()
	err := output.Write(ctx, w, elements)
	if err == nil {
		failpoint.Hit(failpoint.MidReplace)
		err = w.Commit()
	}
	var source *output.StreamError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &source):
		return source.Err
	case errors.Is(err, bucket.ErrTooLong):
		return connector.Fail(nil, "write %s: the elements take more room than an object can have", d.url(key))
	}
	return d.failed(ctx, "write "+d.url(key), "s3:PutObject", err)
}

// Remove deletes a document's object. One that is not there is no error.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	key := d.key(doc)
	err := d.delete(ctx, key)
	if err == nil || bucket.Code(err) == "NoSuchKey" {
		return nil
	}
	return d.failed(ctx, "delete "+d.url(key), "s3:DeleteObject", err)
}

// key is where the object of a document stands. A path that makes it too long gives way to its hash.
func (d *destination) key(doc document.Document) string {
	p := output.Path(doc)
	if len(d.folder)+len(p) > maxKey {
		sum := sha256.Sum256([]byte(p))
		p = "long-" + hex.EncodeToString(sum[:]) + ".json"
	}
	return d.folder + p
}
