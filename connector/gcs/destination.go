package gcs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

const (
	maxName = 1024 // the longest name of an object, in bytes
	// chunk is the size in bytes of what is sent in one request, and of what is held in memory of an output: a multiple of
	// 256 KiB, as the service asks.
	chunk = 8 << 20
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
	r, err := open(config, false, env)
	if err != nil {
		return nil, err
	}
	folder, ok := output.Folder(r.prefix)
	if !ok {
		return nil, connector.Fail(nil, "remote_url: a path to write to has no parts . and ..")
	}
	return &destination{remote: r, env: env, folder: folder}, nil
}

// Guarantee implements connector.Destination: an object is replaced whole.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check implements connector.Destination, see output.Probe.
func (d *destination) Check(ctx context.Context) error {
	return output.Probe(ctx, d.folder, output.Store{
		Write: func(ctx context.Context, name string, content []byte) error {
			return d.put(ctx, "write to "+d.url(d.folder), name, content)
		},
		Remove: d.delete,
		// A request that was broken off may have been carried out.
		Refused: func(error) bool { return ctx.Err() == nil },
		URL:     d.url, Log: d.env.Log,
	})
}

func (d *destination) upload() string { return "/upload" + d.path }

// put writes an object in one request.
func (d *destination) put(ctx context.Context, what, name string, body []byte) error {
	_, err := d.client.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.upload(), Body: body,
		Query: url.Values{"uploadType": {"media"}, "name": {name}}, Header: http.Header{"Content-Type": {"application/json"}}})
	return err
}

// delete removes an object. One that is not there is no error; a bucket that is not there is.
func (d *destination) delete(ctx context.Context, name string) error {
	a, err := d.client.Do(ctx, rest.Request{What: "delete " + d.url(name), Method: http.MethodDelete, Path: d.object(name), OK: []int{http.StatusNotFound}})
	if err == nil && a.Status == http.StatusNotFound {
		_, err = d.page(ctx, d.folder, "", "", true, 1)
	}
	return err
}

// Replace writes the object of a document: readers see the old elements or the new ones, whole.
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	name := d.name(doc)
	what := "write " + d.url(name)
	whole, err := output.Spool(ctx, what, d.env.TempDir, chunk, elements)
	if err != nil {
		return err
	}
	defer whole.Close()
	if whole.Size() <= chunk {
		body := make([]byte, whole.Size())
		if _, err := io.ReadFull(whole.Reader(), body); err != nil {
			return rest.Disk(what, err)
		}
		failpoint.Hit(failpoint.MidReplace)
		return d.put(ctx, what, name, body)
	}
	return d.chunks(ctx, what, name, whole.Reader())
}

// chunks writes an object in several requests (a resumable upload). Only the last of them makes it visible; what was sent by
// a process that died is dropped by the service after a week.
func (d *destination) chunks(ctx context.Context, what, name string, content *io.SectionReader) error {
	a, err := d.client.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.upload(), Body: []byte{},
		Query:  url.Values{"uploadType": {"resumable"}, "name": {name}},
		Header: http.Header{"X-Upload-Content-Type": {"application/json"}, "X-Upload-Content-Length": {strconv.FormatInt(content.Size(), 10)}}})
	if err != nil {
		return err
	}
	session, err := url.Parse(a.Header.Get("Location"))
	if err != nil || session.Path == "" {
		return connector.Fail(nil, "%s: the answer is not that of Google Cloud Storage; check endpoint_url", what)
	}
	body := make([]byte, chunk)
	for at, stuck := int64(0), 0; ; {
		n, err := content.ReadAt(body, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return rest.Disk(what, err)
		}
		if at+int64(n) == content.Size() {
			failpoint.Hit(failpoint.MidReplace)
		}
		a, err := d.client.Do(ctx, rest.Request{What: what, Method: http.MethodPut, Path: session.EscapedPath(), Query: session.Query(), Body: body[:n],
			Header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", at, at+int64(n)-1, content.Size())}},
			OK:     []int{http.StatusPermanentRedirect}}) // "resume incomplete" here
		if err != nil {
			return err
		}
		if a.Status != http.StatusPermanentRedirect {
			return nil
		}
		next := int64(0) // the service has kept bytes=0-LAST, or nothing
		if _, last, ok := strings.Cut(a.Header.Get("Range"), "-"); ok {
			if next, err = strconv.ParseInt(last, 10, 64); err != nil {
				next = -1
			}
			next++
		}
		if next <= at {
			stuck++
		}
		if next < 0 || next > at+int64(n) || next == content.Size() || stuck > 3 {
			return connector.Retry(nil, 0, "%s: the service does not go on with the upload", what)
		}
		at = next
	}
}

// Remove deletes a document's object. One that is not there is no error.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	return d.delete(ctx, d.name(doc))
}

// name is where the object of a document stands. A path that makes it too long gives way to its hash.
func (d *destination) name(doc document.Document) string {
	p := output.Path(doc)
	if len(d.folder)+len(p) > maxName {
		sum := sha256.Sum256([]byte(p))
		p = "long-" + hex.EncodeToString(sum[:]) + ".json"
	}
	return d.folder + p
}
