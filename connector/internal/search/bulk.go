package search

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

const (
	bulkBytes = 5 << 20 // of a batch; one document may be larger
	bulkCount = 1000    // operations of a batch
)

const (
	opIndex  = "index"
	opDelete = "delete"
)

// batch is a bulk request. It is not safe for concurrent use.
type batch struct {
	*index
	what string
	body []byte
	ends []int // of each operation in body
}

func (x *index) batch(what string) *batch { return &batch{index: x, what: what} }

// add appends an operation on the document of an id. at names where a document that is deleted was found, and as which it
// was seen: one that another writer has written since stays.
func (b *batch) add(op, id string, at *hit, source []byte) {
	target := map[string]any{"_id": id}
	if at != nil {
		target["_index"], target["if_seq_no"], target["if_primary_term"] = at.Index, at.Seq, at.Term
		if at.Routing != "" {
			target["routing"] = at.Routing
		}
	}
	if op == opIndex { // ids are hexadecimal
		b.body = append(append(append(b.body, `{"index":{"_id":"`...), id...), "\"}}\n"...)
	} else {
		line, _ := json.Marshal(map[string]any{op: target}) // strings and numbers are always written
		b.body = append(append(b.body, line...), '\n')
	}
	if source != nil {
		b.body = append(append(b.body, source...), '\n')
	}
	b.ends = append(b.ends, len(b.body))
}

func (b *batch) full() bool { return len(b.body) >= bulkBytes || len(b.ends) >= bulkCount }

const (
	itemPatience = 60 * time.Second // that operations are tried again which a busy server has put off
	itemPause    = 250 * time.Millisecond
)

// send carries the operations out, and those again that the server has put off, until all are done. It leaves the batch
// empty.
func (b *batch) send(ctx context.Context) error {
	pause := itemPause
	for begin := time.Now(); len(b.ends) > 0; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var out struct {
			Errors *bool `json:"errors"`
			Items  []map[string]struct {
				Status int `json:"status"`
				Error  struct {
					Type string `json:"type"`
				} `json:"error"`
			} `json:"items"`
		}
		a, err := b.client.Do(ctx, rest.Request{
			What: b.what, Method: http.MethodPost, Path: b.path + "/_bulk", Body: b.body,
			Query:  url.Values{"filter_path": {"errors,items.*.status,items.*.error.type"}},
			Header: http.Header{"Content-Type": {"application/x-ndjson"}, "Accept": {"application/json"}},
		})
		if err != nil {
			return err
		}
		if json.Unmarshal(a.Body, &out) != nil || out.Errors == nil || *out.Errors && len(out.Items) != len(b.ends) {
			return connector.Fail(nil, "%s: the answer is not that of %s; check hosts", b.what, b.Service)
		}
		if !*out.Errors {
			break
		}
		left := b.index.batch(b.what)
		start := 0
		for i, end := range b.ends {
			for op, item := range out.Items[i] {
				switch again, err := b.item(op, item.Status, item.Error.Type); {
				case err != nil:
					return err
				case again:
					left.body = append(left.body, b.body[start:end]...)
					left.ends = append(left.ends, len(left.body))
				}
			}
			start = end
		}
		b.body, b.ends = left.body, left.ends
		if len(b.ends) == 0 {
			break
		}
		if time.Since(begin)+pause > itemPatience {
			return connector.Retry(nil, 0, "%s: the server is too busy for %d of its elements", b.what, len(b.ends))
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		pause = min(2*pause, 10*time.Second)
	}
	b.body, b.ends = b.body[:0], b.ends[:0]
	return nil
}

// item says whether an operation is to be tried again, or how it failed for good.
func (b *batch) item(op string, status int, kind string) (again bool, err error) {
	if !reasonCode.MatchString(kind) {
		kind = fmt.Sprintf("HTTP %d", status)
	}
	switch {
	case status >= 200 && status < 300:
		return false, nil
	case op == opDelete && (status == http.StatusNotFound || status == http.StatusConflict):
		return false, nil // gone, or another writer's by now
	case status == http.StatusTooManyRequests, status >= 500:
		return true, nil
	case strings.Contains(kind, "cluster_block"):
		return true, nil
	case status == http.StatusForbidden:
		return false, connector.Fail(connector.ErrForbidden, "%s: access refused; the credentials need %s on index %q", b.what, b.rights(), b.IndexName)
	case status == http.StatusNotFound:
		return false, connector.Fail(connector.ErrNotFound, "%s: index %q does not exist", b.what, b.IndexName)
	case strings.Contains(kind, "parsing_exception"):
		return false, connector.Fail(nil, "%s: a value does not fit the mapping of index %q (%s); the mapping of a field of its metadata, or the dimension of embeddings, is another",
			b.what, b.IndexName, kind)
	}
	return false, connector.Fail(nil, "%s: %s refused an element (%s)", b.what, b.Service, kind)
}
