// Package chroma writes elements to a collection of a Chroma server, as records. Its type is "chroma", a destination that the
// contract's list of types does not have. It speaks the server's REST interface, version 2.
package chroma

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/connector/internal/vector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/spec"
)

// Type is the id of the connector.
const Type = "chroma"

const (
	service     = "Chroma"
	batchBytes  = 8 << 20
	recordBytes = 30 << 20 // of one: servers refuse requests of more than 40 MiB
	maxBatch    = 5000     // servers say how many they take, usually some more
	pageSize    = 300      // of a list and of a delete: what Chroma Cloud gives and takes at once
)

func init() {
	text := func(name, value, help string) spec.Field {
		return spec.Field{Name: name, Kind: spec.String, Default: value, Help: help}
	}
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Title: service, Doc: destinationDoc, NewDestination: newDestination,
		Spec: spec.Spec{Fields: []spec.Field{
			text("host", "localhost", "name or address of the server"),
			{Name: "port", Kind: spec.Int, Default: int64(8000), Min: spec.Limit(1), Max: spec.Limit(65535), Help: "TCP port"},
			{Name: "ssl", Kind: spec.Bool, Default: false, Help: "connect with TLS"},
			text("tenant", "default_tenant", "tenant of the database"),
			text("database", "default_database", "database of the collection"),
			{Name: "headers", Kind: spec.Any, Omit: true, Secret: true, Help: `headers of every request, an object or its JSON text, such as {"x-chroma-token": ...}`},
			{Name: "settings", Kind: spec.Any, Omit: true, Secret: true, Help: "settings of Chroma's Python client, an object or its JSON text: its credentials are taken"},
			{Name: "collection_name", Kind: spec.String, Required: true, Omit: true, Aliases: []string{"collection"}, Help: "name of the collection; made when it is not there"},
			{Name: "batch_size", Kind: spec.Int, Default: int64(100), Min: spec.Limit(1), Help: "records a request"},
		}},
	})
}

// destination writes the records of a collection.
type destination struct {
	vector.Destination
	name   string // of the collection
	path   string // of the database
	header http.Header
	seen   vector.Seen[collection]
}

// collection is what a write has to know of one, as the server describes it.
type collection struct {
	ID        string `json:"id"`
	Dimension int    `json:"dimension"` // 0 until the first record comes
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
	_ vector.Store          = (*destination)(nil)
)

var names = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]$`)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	host := vector.Setting(config, "host")
	scheme := "http"
	if ssl, _ := config["ssl"].(bool); ssl {
		scheme = "https"
	}
	if host == "" || strings.ContainsAny(host, "/,@ \\\x00") {
		return nil, connector.Fail(nil, "host: give the name or the address of the server, without a scheme or a port")
	}
	port, _ := config["port"].(int64)
	base, err := rest.Address("host", scheme+"://"+net.JoinHostPort(strings.Trim(host, "[]"), strconv.FormatInt(port, 10)), scheme)
	if err != nil {
		return nil, err
	}
	name := vector.Setting(config, "collection_name")
	if !names.MatchString(name) {
		return nil, connector.Fail(nil, "collection_name %q: a collection has a name of 3 to 512 letters, digits, points, hyphens and underscores that begins and ends with a letter or digit", name)
	}
	d := &destination{name: name, header: http.Header{}}
	d.path = "/api/v2/tenants/" + url.PathEscape(vector.Setting(config, "tenant")) + "/databases/" + url.PathEscape(vector.Setting(config, "database"))
	if err := d.sign(config); err != nil {
		return nil, err
	}
	d.Store = d
	d.Limits = vector.Limits{Name: fmt.Sprintf("collection %q", name), Records: vector.Batch(config, maxBatch), Bytes: batchBytes, Deletes: pageSize}
	d.Client = (&rest.Client{Service: service, Bases: []string{base}, Refuse: d.refuse,
		Sign: func(_ context.Context, r *http.Request, _ []byte) error {
			for name, values := range d.header {
				r.Header[name] = values
			}
			return nil
		}}).Open(env)
	return d, nil
}

// sign reads the headers of requests: those of the config, and those that the settings of Chroma's Python client mean.
func (d *destination) sign(config map[string]any) error {
	headers, err := object(config, "headers")
	if err != nil {
		return err
	}
	settings, err := object(config, "settings")
	if err != nil {
		return err
	}
	if credentials, ok := settings["chroma_client_auth_credentials"].(string); ok && credentials != "" {
		provider, _ := settings["chroma_client_auth_provider"].(string)
		transport, _ := settings["chroma_auth_token_transport_header"].(string)
		switch {
		case strings.Contains(strings.ToLower(provider), "basic"):
			d.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
		case strings.EqualFold(transport, "X-Chroma-Token"):
			d.header.Set("X-Chroma-Token", credentials)
		default:
			d.header.Set("Authorization", "Bearer "+credentials)
		}
	}
	for name, value := range headers {
		text, ok := value.(string)
		if !ok || name == "" || strings.ContainsAny(name, "\r\n\x00 :") || strings.ContainsAny(text, "\r\n\x00") {
			return connector.Fail(nil, "headers: give an object of names and texts")
		}
		switch key := http.CanonicalHeaderKey(name); key {
		case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Accept":
			return connector.Fail(nil, "headers: %s cannot be set", key)
		default:
			d.header.Set(key, text)
		}
	}
	return nil
}

// object reads a field that is an object or the JSON text of one.
func object(config map[string]any, name string) (map[string]any, error) {
	var out map[string]any
	switch v := config[name].(type) {
	case nil:
	case map[string]any:
		out = v
	case string:
		if strings.TrimSpace(v) != "" && json.Unmarshal([]byte(v), &out) != nil {
			return nil, connector.Fail(nil, "%s: give a JSON object", name)
		}
	default:
		return nil, connector.Fail(nil, "%s: give a JSON object", name)
	}
	return out, nil
}

// Check reads the collection, or where it would be made, and deletes a record that is not there.
func (d *destination) Check(ctx context.Context) error {
	d.Forget()
	what := fmt.Sprintf("write to collection %q", d.name)
	c, err := d.describe(ctx, what)
	if err != nil {
		return err
	}
	if c == nil {
		var database struct {
			ID string `json:"id"`
		}
		_, err := d.call(ctx, rest.Request{What: what, Method: http.MethodGet, Path: d.path}, &database)
		if err == nil && database.ID == "" {
			err = d.Client.Strange(what, "host and port")
		}
		return err
	}
	return d.remove(ctx, what, c, []string{uuid.NewString()})
}

// Forget implements vector.Store.
func (d *destination) Forget() { d.seen.Forget() }

// Dimensions implements vector.Store.
func (d *destination) Dimensions(ctx context.Context, what string, n int) (int, error) {
	c, err := d.look(ctx, what, n)
	if err != nil || c == nil {
		return 0, err
	}
	return c.Dimension, nil
}

// look finds the collection, and makes it for data with vectors (n above 0); nil for one that is not there. What it knows of one without
// vectors is not kept.
func (d *destination) look(ctx context.Context, what string, n int) (*collection, error) {
	var empty *collection
	c, err := d.seen.Get(func() (*collection, error) {
		c, err := d.describe(ctx, what)
		if err == nil && c == nil && n > 0 {
			c, err = d.create(ctx, what)
		}
		if c != nil && c.Dimension == 0 {
			empty, c = c, nil
		}
		return c, err
	})
	if err == nil && c == nil {
		c = empty
	}
	return c, err
}

// describe is nil for a collection that is not there.
func (d *destination) describe(ctx context.Context, what string) (*collection, error) {
	var c collection
	status, err := d.call(ctx, rest.Request{What: what, Method: http.MethodGet, Path: d.path + "/collections/" + url.PathEscape(d.name), OK: []int{http.StatusNotFound}}, &c)
	if err != nil || status == http.StatusNotFound {
		return nil, err
	}
	if c.ID == "" {
		return nil, d.Client.Strange(what, "host and port")
	}
	return &c, nil
}

// create makes the collection, or gives the one that another worker has made just before.
func (d *destination) create(ctx context.Context, what string) (*collection, error) {
	body, err := json.Marshal(map[string]any{"name": d.name, "get_or_create": true})
	if err != nil {
		return nil, err
	}
	var c collection
	what += ": create collection " + d.name
	if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.path + "/collections", Body: body}, &c); err != nil {
		return nil, err
	}
	if c.ID == "" {
		return nil, d.Client.Strange(what, "host and port")
	}
	return &c, nil
}

// row is a record between Append and Write.
type row struct {
	ID        string                     `json:"id"`
	Embedding json.RawMessage            `json:"embedding"`
	Document  string                     `json:"document"`
	Metadata  map[string]json.RawMessage `json:"metadata"`
}

// Append implements vector.Store. An element without embeddings is left out: the server makes none, and takes no record without.
func (d *destination) Append(b []byte, what string, e element.Element, id uuid.UUID, doc document.Document) ([]byte, error) {
	if len(e.Embeddings) == 0 {
		return b, nil
	}
	o, err := vector.Object(e)
	if err != nil {
		return nil, err
	}
	delete(o, "text")
	metadata := map[string]any{}
	vector.Flatten(metadata, "", o)
	for name, v := range metadata {
		if strings.HasPrefix(name, "#") || strings.HasPrefix(name, "$") || strings.HasPrefix(name, "chroma:") { // names that the server keeps for itself
			delete(metadata, name)
			metadata["_"+name] = v
		}
	}
	metadata["record_id"] = connector.RecordID(doc)
	text, err := vector.JSON(map[string]any{"id": id.String(), "embedding": json.RawMessage(vector.Floats(nil, e.Embeddings)), "document": e.Text, "metadata": metadata})
	if err != nil {
		return nil, err
	}
	if len(text) > recordBytes {
		return nil, connector.Fail(nil, "%s: an element makes a record of %d MB, and Chroma takes at most %d MB; chunk the document, or leave images out", what, len(text)>>20, recordBytes>>20)
	}
	return append(b, text...), nil
}

// Write implements vector.Store. The server keeps values of a record's metadata that a new write of it does not name: those are
// found first and taken out.
func (d *destination) Write(ctx context.Context, what string, records [][]byte) error {
	c, err := d.look(ctx, what, 1)
	if err != nil {
		return err
	}
	var ask struct {
		IDs        []string                     `json:"ids"`
		Embeddings []json.RawMessage            `json:"embeddings"`
		Documents  []string                     `json:"documents"`
		Metadatas  []map[string]json.RawMessage `json:"metadatas"`
	}
	at := map[string]int{}
	for i, text := range records {
		var r row
		if err := json.Unmarshal(text, &r); err != nil {
			return err
		}
		at[r.ID] = i
		ask.IDs, ask.Embeddings = append(ask.IDs, r.ID), append(ask.Embeddings, r.Embedding)
		ask.Documents, ask.Metadatas = append(ask.Documents, r.Document), append(ask.Metadatas, r.Metadata)
	}
	for from := 0; from < len(ask.IDs); from += pageSize {
		old, err := d.page(ctx, what, c, map[string]any{"ids": ask.IDs[from:min(from+pageSize, len(ask.IDs))], "include": []string{"metadatas"}})
		if err != nil {
			return err
		}
		for i, id := range old.IDs {
			n, ok := at[id]
			if !ok || i >= len(old.Metadatas) {
				continue
			}
			for name := range old.Metadatas[i] {
				if _, ok := ask.Metadatas[n][name]; !ok {
					ask.Metadatas[n][name] = json.RawMessage("null")
				}
			}
		}
	}
	body, err := vector.JSON(ask)
	if err != nil {
		return err
	}
	_, err = d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.of(c) + "/upsert", Body: body}, &struct{}{})
	return err
}

// of is the path of a collection's records.
func (d *destination) of(c *collection) string {
	return d.path + "/collections/" + url.PathEscape(c.ID)
}

type page struct {
	IDs       []string                     `json:"ids"`
	Metadatas []map[string]json.RawMessage `json:"metadatas"`
}

func (d *destination) page(ctx context.Context, what string, c *collection, ask map[string]any) (*page, error) {
	body, err := vector.JSON(ask)
	if err != nil {
		return nil, err
	}
	var out page
	_, err = d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.of(c) + "/get", Body: body}, &out)
	return &out, err
}

// Keys implements vector.Store.
func (d *destination) Keys(ctx context.Context, what string, doc document.Document) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		c, err := d.look(ctx, what, 0)
		if err != nil {
			yield("", err)
			return
		}
		if c == nil {
			return // nothing was ever written
		}
		ask := map[string]any{"where": map[string]any{"record_id": connector.RecordID(doc)}, "include": []string{}, "limit": pageSize}
		for offset := 0; ; offset += pageSize {
			ask["offset"] = offset
			found, err := d.page(ctx, what, c, ask)
			if err != nil {
				yield("", err)
				return
			}
			for _, id := range found.IDs {
				if !yield(id, nil) {
					return
				}
			}
			if len(found.IDs) < pageSize {
				return
			}
		}
	}
}

// Delete implements vector.Store.
func (d *destination) Delete(ctx context.Context, what string, keys []string) error {
	c, err := d.look(ctx, what, 0)
	if err != nil || c == nil {
		return err
	}
	return d.remove(ctx, what, c, keys)
}

func (d *destination) remove(ctx context.Context, what string, c *collection, keys []string) error {
	body, err := json.Marshal(map[string]any{"ids": keys})
	if err != nil {
		return err
	}
	_, err = d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: d.of(c) + "/delete", Body: body}, nil)
	return err
}

// call makes a request and decodes its answer into out when that is not nil.
func (d *destination) call(ctx context.Context, r rest.Request, out any) (int, error) {
	return d.Client.JSON(ctx, r, "host and port", out)
}

// refuse makes the error of an answer that is not a success.
func (d *destination) refuse(what string, a rest.Answer) error {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return connector.Fail(connector.ErrForbidden, "%s: Chroma does not accept the credentials (HTTP %d); check headers, such as x-chroma-token, or settings, tenant and database", what, a.Status)
	case http.StatusNotFound:
		return connector.Fail(connector.ErrNotFound, "%s: the server has no such tenant, database or collection (HTTP 404); check tenant and database. This creates a database: POST %s {\"name\": ...}",
			what, d.path[:strings.LastIndexByte(d.path, '/')])
	case http.StatusGone:
		return connector.Fail(nil, "%s: the server speaks an older interface of Chroma (HTTP 410); it needs version 0.6 or later", what)
	case http.StatusRequestEntityTooLarge:
		return connector.Fail(nil, "%s: it is larger than the server takes in one request; a smaller batch_size may help", what)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return connector.Fail(nil, "%s: Chroma refused it (HTTP %d): another dimension than the collection's, more than a quota allows, or more records than it takes at once (a smaller batch_size may help)",
			what, a.Status)
	}
	return rest.Refused(what, service, a)
}
