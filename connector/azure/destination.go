package azure

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

const (
	// maxName is the longest name of a blob, in characters; bytes are never fewer.
	maxName = 1024
	// block is the size in bytes of what is sent in one request, and of what is held in memory of an output. The service
	// takes 50,000 blocks a blob.
	block     = 8 << 20
	maxBlocks = 50_000
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

// Guarantee implements connector.Destination: a blob is replaced whole.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check implements connector.Destination, see output.Probe.
func (d *destination) Check(ctx context.Context) error {
	return output.Probe(ctx, d.folder, output.Store{
		Write: func(ctx context.Context, name string, content []byte) error {
			return d.put(ctx, "write to "+d.url(d.folder), name, content)
		},
		Remove: func(ctx context.Context, name string) error { return d.delete(ctx, "delete "+d.url(name), name) },
		// A request that was broken off may have been carried out.
		Refused: func(error) bool { return ctx.Err() == nil },
		URL:     d.url, Log: d.env.Log,
	})
}

// put writes a blob in one request.
func (d *destination) put(ctx context.Context, what, name string, body []byte) error {
	_, err := d.client.Do(ctx, rest.Request{What: what, Method: http.MethodPut, Path: d.blob(name), Body: body,
		Header: http.Header{"X-Ms-Blob-Type": {"BlockBlob"}, "Content-Type": {"application/json"}}})
	return err
}

// delete removes a blob. One that is not there is no error; a container that is not there is.
func (d *destination) delete(ctx context.Context, what, name string) error {
	a, err := d.client.Do(ctx, rest.Request{What: what, Method: http.MethodDelete, Path: d.blob(name), OK: []int{http.StatusNotFound},
		Header: http.Header{"X-Ms-Delete-Snapshots": {"include"}}})
	if err == nil && a.Status == http.StatusNotFound && a.Header.Get("X-Ms-Error-Code") != "BlobNotFound" {
		return d.refuse(what, a)
	}
	return err
}

// Replace writes the blob of a document: readers see the old elements or the new ones, whole.
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	name := d.name(doc)
	what := "write " + d.url(name)
	whole, err := output.Spool(ctx, what, d.env.TempDir, block, elements)
	if err != nil {
		return err
	}
	defer whole.Close()
	content := whole.Reader()
	if whole.Size() <= block {
		body := make([]byte, whole.Size())
		if _, err := io.ReadFull(content, body); err != nil {
			return rest.Disk(what, err)
		}
		failpoint.Hit(failpoint.MidReplace)
		return d.put(ctx, what, name, body)
	}
	return d.blocks(ctx, what, name, content)
}

// blocks writes a blob in several requests. Only the last of them makes it visible; what was sent by a process that died
// is dropped by the service after a week.
func (d *destination) blocks(ctx context.Context, what, name string, content io.Reader) error {
	run := rand.Text()[:8] // so that two writers of a name do not mix their blocks
	var list strings.Builder
	list.WriteString(`<?xml version="1.0" encoding="utf-8"?><BlockList>`)
	body := make([]byte, block)
	for n := 0; ; n++ {
		size, err := io.ReadFull(content, body)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return rest.Disk(what, err)
		}
		if n == maxBlocks {
			return connector.Fail(nil, "%s: the elements take more room than a blob can have", what)
		}
		id := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s-%05d", run, n))
		_, err = d.client.Do(ctx, rest.Request{What: what, Method: http.MethodPut, Path: d.blob(name), Body: body[:size],
			Query: url.Values{"comp": {"block"}, "blockid": {id}}, Header: http.Header{"Content-Type": {"application/octet-stream"}}})
		if err != nil {
			return err
		}
		list.WriteString("<Uncommitted>" + id + "</Uncommitted>")
	}
	list.WriteString("</BlockList>")
	failpoint.Hit(failpoint.MidReplace)
	_, err := d.client.Do(ctx, rest.Request{What: what, Method: http.MethodPut, Path: d.blob(name), Body: []byte(list.String()),
		Query: url.Values{"comp": {"blocklist"}}, Header: http.Header{"X-Ms-Blob-Content-Type": {"application/json"}, "Content-Type": {"application/xml"}}})
	return err
}

// Remove deletes a document's blob. One that is not there is no error.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	name := d.name(doc)
	return d.delete(ctx, "delete "+d.url(name), name)
}

// name is where the blob of a document stands. A path that makes it too long gives way to its hash. The service drops dots at
// the end of a part and takes backslashes for slashes; output.Path has no backslashes.
func (d *destination) name(doc document.Document) string {
	p := output.Path(doc)
	if len(d.folder)+len(p) > maxName || strings.Contains(p, "./") {
		sum := sha256.Sum256([]byte(p))
		p = "long-" + hex.EncodeToString(sum[:]) + ".json"
	}
	return d.folder + p
}
