// Package milvus writes elements to a collection of a Milvus server or of Zilliz Cloud, as rows. Its type is "milvus", a destination.
// It speaks the server's REST interface, version 2.
package milvus

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/connector/internal/vector"
	"github.com/sluicehq/sluice/document"
)

// Type is the id of the connector.
const Type = "milvus"

const (
	service     = "Milvus"
	batchCount  = 500      // rows of a request
	batchBytes  = 8 << 20  // of them
	rowBytes    = 30 << 20 // of one: servers refuse requests of more than 64 MB
	deleteCount = 500      // keys of a request, which stand in an expression
	mostListed  = 16_384   // rows of a query
)

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination})
}

// destination writes the rows of a collection.
type destination struct {
	vector.Destination
	collection string
	database   string // "" is the default one
	record     string // field of the document's identifier
	flat       bool   // metadata in one level
	include    []string
	shape      vector.Seen[shape]
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
	_ vector.Store          = (*destination)(nil)
)

var names = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,254}$`)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	uri := vector.Setting(config, "uri")
	base, err := rest.Address("uri", uri, "https")
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(base); err != nil || u.Path != "" {
		return nil, connector.Fail(nil, "uri: write https://host or https://host:port, without a path; files of Milvus Lite are not written")
	}
	token, err := vector.Secret(config, "token")
	if err != nil {
		return nil, err
	}
	if user := vector.Setting(config, "user"); token == "" && user != "" {
		password, err := vector.Secret(config, "password")
		if err != nil {
			return nil, err
		}
		token = user + ":" + password
	}
	d := &destination{collection: vector.Setting(config, "collection_name"), database: vector.Setting(config, "db_name"), record: vector.Setting(config, "record_id_key")}
	if !names.MatchString(d.collection) {
		return nil, connector.Fail(nil, "collection_name %q: a collection has a name of at most 255 letters, digits and underscores that begins with no digit", d.collection)
	}
	if !names.MatchString(d.record) {
		return nil, connector.Fail(nil, "record_id_key %q: a field has a name of at most 255 letters, digits and underscores that begins with no digit", d.record)
	}
	flat, given := config["flatten_metadata"].(bool)
	d.flat = flat || !given
	include, _ := config["fields_to_include"].([]any)
	for _, name := range include {
		if name, ok := name.(string); ok {
			d.include = append(d.include, name)
		}
	}
	d.Store = d
	d.Limits = vector.Limits{Name: fmt.Sprintf("collection %q", d.collection), Records: batchCount, Bytes: batchBytes, Deletes: deleteCount, Late: true}
	d.Client = (&rest.Client{Service: service, Bases: []string{base}, Refuse: d.refuse, Failed: func(a rest.Answer) bool { return codeOf(a) != 0 },
		Retryable: func(a rest.Answer) bool { return busy[codeOf(a)] },
		Sign: func(_ context.Context, r *http.Request, _ []byte) error {
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			return nil
		}}).Open(env)
	return d, nil
}

// Check reads the collection and deletes rows that are not there.
func (d *destination) Check(ctx context.Context) error {
	d.Forget()
	what := fmt.Sprintf("write to collection %q", d.collection)
	s, err := d.look(ctx, what, -1)
	if err != nil {
		return err
	}
	if s.unloaded {
		return d.notLoaded(what)
	}
	return d.remove(ctx, what, d.record+" == "+quoted("sluice-check-"+uuid.NewString()))
}

// Replace implements connector.Destination.
func (d *destination) Replace(ctx context.Context, doc document.Document, elements vector.Elements) error {
	what := vector.Writes(doc)
	limits, err := d.limitsOf(ctx, what)
	if err != nil {
		return err
	}
	return vector.Replace(ctx, d, limits, what, doc, elements)
}

// Remove implements connector.Remover.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	what := vector.Removes(doc)
	limits, err := d.limitsOf(ctx, what)
	if err != nil {
		return err
	}
	return vector.Remove(ctx, d, limits, what, doc)
}

// limitsOf are those of the collection, which is looked at first. One whose keys the server makes, or that are numbers, gets a document's old
// rows deleted before the new ones come.
func (d *destination) limitsOf(ctx context.Context, what string) (vector.Limits, error) {
	limits := d.Limits
	if ctx.Err() != nil {
		return limits, context.Cause(ctx)
	}
	s, err := d.look(ctx, what, -1)
	if err == nil && !s.listed {
		limits.Late, limits.Clear = false, d.clear
	}
	return limits, err
}

// Forget implements vector.Store.
func (d *destination) Forget() { d.shape.Forget() }

// Dimensions implements vector.Store.
func (d *destination) Dimensions(ctx context.Context, what string, n int) (int, error) {
	s, err := d.look(ctx, what, n)
	if err != nil {
		return 0, err
	}
	return s.dimensions, nil
}

// ask begins the body of a call.
func (d *destination) ask() map[string]any {
	out := map[string]any{"collectionName": d.collection}
	if d.database != "" {
		out["dbName"] = d.database
	}
	return out
}

// Write implements vector.Store. Rows under keys of ours stand once however often they are sent; others are not sent again when it is
// not known whether the server has them.
func (d *destination) Write(ctx context.Context, what string, records [][]byte) error {
	s := d.shape.Last()
	head, err := json.Marshal(d.ask())
	if err != nil {
		return err
	}
	path := "/v2/vectordb/entities/upsert"
	if s.auto {
		path = "/v2/vectordb/entities/insert"
	}
	return d.call(ctx, rest.Request{What: what, Path: path, Once: s.auto, Body: vector.Join(string(head[:len(head)-1])+`,"data":[`, records, "]}")}, nil)
}

// Keys implements vector.Store. A query has no pages beyond what it gives at most: where that is not all, the keys are asked for by
// their beginnings.
func (d *destination) Keys(ctx context.Context, what string, doc document.Document) iter.Seq2[string, error] {
	return vector.ByPrefix(func(prefix string) ([]string, bool, error) {
		s, err := d.look(ctx, what, -1)
		if err != nil {
			return nil, false, err
		}
		ask := d.ask()
		filter := d.record + " == " + quoted(connector.RecordID(doc))
		if prefix != "" {
			filter += " and " + s.key.Name + " >= " + quoted(prefix) + " and " + s.key.Name + " < " + quoted(prefix+"g") // behind every digit
		}
		ask["filter"], ask["limit"], ask["outputFields"], ask["consistencyLevel"] = filter, mostListed, []string{s.key.Name}, "Strong"
		body, err := vector.JSON(ask)
		if err != nil {
			return nil, false, err
		}
		var rows []map[string]json.RawMessage
		if err := d.call(ctx, rest.Request{What: what, Path: "/v2/vectordb/entities/query", Body: body}, &rows); err != nil {
			return nil, false, err
		}
		keys := make([]string, len(rows))
		for i, row := range rows {
			if json.Unmarshal(row[s.key.Name], &keys[i]) != nil {
				return nil, false, d.Client.Strange(what, "uri")
			}
		}
		return keys, len(rows) >= mostListed, nil
	})
}

// Delete implements vector.Store.
func (d *destination) Delete(ctx context.Context, what string, keys []string) error {
	s, err := d.look(ctx, what, -1)
	if err != nil {
		return err
	}
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = quoted(key)
	}
	return d.remove(ctx, what, s.key.Name+" in ["+strings.Join(list, ",")+"]")
}

// clear deletes all rows of a document.
func (d *destination) clear(ctx context.Context, what string, doc document.Document) error {
	return d.remove(ctx, what, d.record+" == "+quoted(connector.RecordID(doc)))
}

func (d *destination) remove(ctx context.Context, what, filter string) error {
	ask := d.ask()
	ask["filter"] = filter
	body, err := vector.JSON(ask)
	if err != nil {
		return err
	}
	return d.call(ctx, rest.Request{What: what, Path: "/v2/vectordb/entities/delete", Body: body}, nil)
}

// quoted is a text in an expression, whose escapes are those of JSON.
func quoted(text string) string {
	b, err := vector.JSON(text)
	if err != nil { // no text comes here
		return `""`
	}
	return string(b)
}

// call makes a request and decodes the data of its answer into out when that is not nil.
func (d *destination) call(ctx context.Context, r rest.Request, out any) error {
	r.Method = http.MethodPost
	var answer struct {
		Code *int            `json:"code"`
		Data json.RawMessage `json:"data"`
	}
	if _, err := d.Client.JSON(ctx, r, "uri", &answer); err != nil {
		return err
	}
	if answer.Code == nil || out != nil && json.Unmarshal(answer.Data, out) != nil {
		return d.Client.Strange(r.What, "uri")
	}
	return nil
}
