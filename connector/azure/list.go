package azure

import (
	"bytes"
	"context"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// pageSize is how many blobs a page of a listing has: the most that the service gives.
const pageSize = 5000

// entry is one blob of a listing.
type entry struct {
	name              string
	etag              string
	size              int64
	created, modified time.Time
}

// page gets one page of a listing, calls look with the names of its blobs and then each with the blobs; next is the mark of
// the page after it, "" for none. look may be nil; each returns false to stop.
func (r *remote) page(ctx context.Context, prefix, mark string, flat bool, size int, look func(name string), each func(entry) bool) (next string, more bool, err error) {
	what := "list " + r.url(prefix)
	q := url.Values{"restype": {"container"}, "comp": {"list"}, "maxresults": {strconv.Itoa(size)}}
	if prefix != "" {
		q.Set("prefix", prefix)
	}
	if mark != "" {
		q.Set("marker", mark)
	}
	if !flat {
		q.Set("delimiter", "/")
	}
	a, err := r.client.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: r.path, Query: q})
	if err != nil {
		return "", false, err
	}
	body := bytes.TrimSpace(a.Body)
	if !bytes.Contains(body[:min(len(body), 300)], []byte("<EnumerationResults")) || !bytes.HasSuffix(body, []byte("</EnumerationResults>")) {
		return "", false, connector.Fail(nil, "%s: the answer is not that of Azure Blob Storage; check the account", what)
	}
	start := bytes.Index(body, []byte("<Blobs"))
	end := bytes.LastIndex(body, []byte("</Blobs>"))
	if start >= 0 && end > start {
		for rest := body[start:end]; look != nil; {
			inner, _, after, ok := cut(rest, "Blob")
			if !ok {
				break
			}
			rest = after
			look(blobOf(inner).name)
		}
		for rest := body[start:end]; ; {
			inner, _, after, ok := cut(rest, "Blob")
			if !ok {
				break
			}
			rest = after
			if !each(blobOf(inner)) {
				return "", false, nil
			}
		}
		body = body[end:]
	}
	text, _, _, _ := cut(body, "NextMarker")
	return html.UnescapeString(string(text)), true, nil
}

// cut finds the first element of a name in XML that a machine wrote, which has no two of a name in each other: what it
// holds, its attributes, and what follows it.
func cut(b []byte, name string) (inner, attributes, after []byte, ok bool) {
	for {
		i := bytes.Index(b, []byte("<"+name))
		if i < 0 {
			return nil, nil, nil, false
		}
		b = b[i+1+len(name):]
		if len(b) == 0 || b[0] == '>' || b[0] == ' ' || b[0] == '/' {
			break // else it is a longer name
		}
	}
	open := bytes.IndexByte(b, '>')
	if open < 0 {
		return nil, nil, nil, false
	}
	attributes, b = b[:open], b[open+1:]
	if bytes.HasSuffix(attributes, []byte("/")) {
		return nil, attributes, b, true
	}
	closing := bytes.Index(b, []byte("</"+name+">"))
	if closing < 0 {
		return nil, nil, nil, false
	}
	return b[:closing], attributes, b[closing+len(name)+3:], true
}

// blobOf reads one blob of a listing.
func blobOf(b []byte) entry {
	e := entry{}
	name, attributes, rest, _ := cut(b, "Name")
	e.name = html.UnescapeString(string(name))
	if bytes.Contains(attributes, []byte(`Encoded="true"`)) { // characters that XML cannot hold
		if plain, err := url.PathUnescape(e.name); err == nil {
			e.name = plain
		}
	}
	if properties, _, _, ok := cut(rest, "Properties"); ok {
		rest = properties
	}
	text := func(name string) string {
		t, _, _, _ := cut(rest, name)
		return string(t)
	}
	e.etag = html.UnescapeString(text("Etag"))
	e.size, _ = strconv.ParseInt(text("Content-Length"), 10, 64) // what is not a number is left out, as what is empty
	e.created, _ = time.Parse(time.RFC1123, text("Creation-Time"))
	e.modified, _ = time.Parse(time.RFC1123, text("Last-Modified"))
	return e
}
