package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// pageSize is how many documents a page of a listing has. The servers' own limit is 10,000.
	pageSize = 2000
	// largestDocument bounds a document that is read: the servers take 100 MB in a request.
	largestDocument = 256 << 20
	// inMemory is the size in bytes up to which a document's text is held in memory.
	inMemory = 4 << 20
)

// source lists and reads the documents of an index.
type source struct {
	*index
	env    connector.Env
	fields []string // as chosen; nil is all
	suffix string   // of identifiers, from the fields
}

// NewSource makes the source of an index. fields are the fields to read; nil is all.
func NewSource(s Settings, fields []string, env connector.Env) (connector.Source, error) {
	s.WriteRights = ""
	x, err := open(s, env)
	if err != nil {
		return nil, err
	}
	out := &source{index: x, env: env, fields: fields}
	if fields != nil {
		sum := sha256.Sum256([]byte(strings.Join(fields, ",")))
		out.suffix = "-" + hex.EncodeToString(sum[:4])
	}
	return out, nil
}

// Check looks the index up and reads a document of it.
func (s *source) Check(ctx context.Context) error {
	what := fmt.Sprintf("read index %q", s.IndexName)
	if _, err := s.parts(ctx, what); err != nil {
		return err
	}
	_, err := s.search(ctx, what, "", `{"size":1,"_source":false}`, 0)
	return err
}

// answer is what a search gives.
type answer struct {
	Scroll string `json:"_scroll_id"`
	Shards struct {
		Failed int `json:"failed"`
	} `json:"_shards"`
	TimedOut bool `json:"timed_out"`
	Hits     struct {
		Hits []hit `json:"hits"`
	} `json:"hits"`
}

type hit struct {
	Index   string          `json:"_index"`
	ID      string          `json:"_id"`
	Routing string          `json:"_routing"`
	Version int64           `json:"_version"`
	Seq     int64           `json:"_seq_no"`
	Term    int64           `json:"_primary_term"`
	Source  json.RawMessage `json:"_source"`
}

// search runs a search on an index behind the name, or on all of them when part is "".
func (x *index) search(ctx context.Context, what, part, body string, limit int64, query ...string) (*answer, error) {
	path := x.path
	if part != "" {
		path = "/" + url.PathEscape(part)
	}
	q := url.Values{"allow_partial_search_results": {"false"}}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	var out answer
	err := x.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: path + "/_search", Query: q, Body: []byte(body), Limit: limit}, &out)
	if err != nil {
		return nil, err
	}
	if out.TimedOut || out.Shards.Failed > 0 {
		return nil, connector.Retry(nil, 0, "%s: some shards of the index did not answer", what)
	}
	return &out, nil
}

// position is where a listing stands: after a sequence number in a shard of an index.
type position struct {
	index string
	shard int
	seq   int64 // of the last document; -1 is the start
}

func (p position) cursor() string {
	return strconv.Itoa(p.shard) + ":" + strconv.FormatInt(p.seq, 10) + ":" + p.index
}

func parse(c connector.Cursor) (p position, ok bool) {
	shard, rest, _ := strings.Cut(string(c), ":")
	seq, index, _ := strings.Cut(rest, ":")
	var err error
	if p.shard, err = strconv.Atoi(shard); err != nil {
		return p, false
	}
	if p.seq, err = strconv.ParseInt(seq, 10, 64); err != nil {
		return p, false
	}
	p.index = index
	return p, index != ""
}

// Index lists documents shard by shard in the order in which they were last written. A document that is written while the
// listing runs may be listed with its new version, once more by the next run.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		if err := s.list(ctx, from, yield); err != nil {
			yield(document.Document{}, err)
		}
	}
}

func (s *source) list(ctx context.Context, from connector.Cursor, yield func(document.Document, error) bool) error {
	what := fmt.Sprintf("list index %q", s.IndexName)
	at := position{seq: -1}
	if from != "" {
		var ok bool
		if at, ok = parse(from); !ok {
			return connector.Fail(nil, "%s: this position is not one of a listing of an index", what)
		}
	}
	parts, err := s.parts(ctx, what)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.name < at.index {
			continue
		}
		for shard := range p.shards {
			after := position{index: p.name, shard: shard, seq: -1}
			if p.name == at.index {
				if shard < at.shard {
					continue
				}
				if shard == at.shard {
					after.seq = at.seq
				}
			}
			if more, err := s.shard(ctx, what, after, yield); err != nil || !more {
				return err
			}
		}
	}
	return nil
}

// shard lists the rest of one shard; more is false when the reader has enough.
func (s *source) shard(ctx context.Context, what string, at position, yield func(document.Document, error) bool) (more bool, err error) {
	for {
		body := fmt.Sprintf(`{"size":%d,"_source":false,"version":true,"seq_no_primary_term":true,"track_total_hits":false,"sort":["_seq_no"],"query":{"range":{"_seq_no":{"gt":%d}}}}`,
			pageSize, at.seq)
		page, err := s.search(ctx, what, at.index, body, 0, "preference", "_shards:"+strconv.Itoa(at.shard))
		if err != nil {
			return false, err
		}
		for _, h := range page.Hits.Hits {
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
			if h.Seq <= at.seq {
				return false, connector.Fail(nil, "%s: the server does not list in the order that was asked for", what)
			}
			at.seq = h.Seq
			if !utf8.ValidString(h.ID) || h.ID == "" {
				continue
			}
			if !yield(s.document(h, at), nil) {
				return false, nil
			}
		}
		if len(page.Hits.Hits) < pageSize {
			return true, nil
		}
	}
}

func (s *source) document(h hit, at position) document.Document {
	identifier := s.IndexName + "-" + h.ID + s.suffix
	name := record.FileName(identifier, ".txt")
	hosts := make([]any, len(s.Hosts))
	for i, base := range s.client.Bases {
		hosts[i] = base
	}
	return document.Document{
		Identifier: identifier, Name: name, Path: name, Version: strconv.FormatInt(h.Version, 10), MIMEType: "text/plain",
		URL:           s.client.Bases[0] + s.path,
		RecordLocator: map[string]any{"hosts": hosts[:len(s.client.Bases)], "index_name": s.IndexName, "document_id": h.ID},
		Cursor:        at.cursor(),
	}
}

// Fetch reads a document and gives the values of its fields, each on a line of its own.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	what := fmt.Sprintf("read document %q", d.Identifier)
	id, ok := strings.CutPrefix(d.Identifier, s.IndexName+"-")
	if ok {
		id, ok = strings.CutSuffix(id, s.suffix)
	}
	if !ok {
		return document.File{}, connector.Fail(connector.ErrNotFound, "%s: it is not of index %q with these fields; list the source again", what, s.IndexName)
	}
	query := map[string]any{
		"size": 1, "version": true, "query": map[string]any{"ids": map[string]any{"values": []string{id}}},
	}
	if s.fields != nil {
		query["_source"] = s.fields
	}
	body, err := json.Marshal(query)
	if err != nil {
		return document.File{}, err
	}
	found, err := s.search(ctx, what, "", string(body), largestDocument)
	if err != nil {
		return document.File{}, err
	}
	if len(found.Hits.Hits) == 0 {
		return document.File{}, connector.Fail(connector.ErrNotFound, "%s: it is not there, or not any more", what)
	}
	h := found.Hits.Hits[0]
	content := spool.New(s.env.TempDir, inMemory)
	defer content.Close() // after the hand-over without effect
	if err := writeValues(content, h.Source); err != nil {
		if connectorFault(err) {
			return document.File{}, connector.Retry(err, 0, "%s: no temporary file can be written on the machine that runs sluice", what)
		}
		return document.File{}, connector.Fail(nil, "%s: the server gave a document that is not JSON", what)
	}
	f := content.File(d.Name, "text/plain")
	if v := strconv.FormatInt(h.Version, 10); v != d.Version {
		f.Found.Version = v
	}
	return f, nil
}
