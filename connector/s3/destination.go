package s3

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

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
	// probeTime is how long the removal of a probe may take.
	probeTime = 5 * time.Second
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
	d := &destination{remote: r, env: env, folder: r.prefix}
	if d.folder != "" && !strings.HasSuffix(d.folder, "/") {
		d.folder += "/"
	}
	for name := range strings.SplitSeq(d.folder, "/") {
		if slices.Contains([]string{".", ".."}, name) {
			return nil, connector.Fail(nil, "remote_url: a prefix to write to has no parts . and ..")
		}
	}
	return d, nil
}

// Guarantee implements connector.Destination: an object is replaced whole.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check writes a probe under a name of its own and removes it. The right to delete is not needed to write: without it the
// check succeeds, and the log names the probe that stays.
func (d *destination) Check(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	probe := d.folder + output.Reserved + "probe-" + rand.Text()
	w := d.store.Write(ctx, probe, "application/json")
	_, _ = w.Write([]byte("[]")) // its error stays with w
	err := w.Commit()
	if refused := errors.As(err, new(smithy.APIError)); !refused { // else the object may be there, whatever became of the answer
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTime)
		defer cancel()
		if left := d.delete(clean, probe); left != nil && err == nil && d.env.Log != nil {
			d.env.Log.WarnContext(ctx, "the probe of a check stays in the bucket", "object", d.url(probe),
				"error", d.failed(clean, "delete it", "s3:DeleteObject", left))
		}
	}
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
