package chroma

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

// Token is what a fake asks for, in the header X-Chroma-Token.
const Token = "ck-token-of-the-cloud"

const (
	maxRequest = 40 << 20
	maxBatch   = 300 // records of a request, as Chroma Cloud has it
)

// Record is one as it stands there.
type Record struct {
	Embedding []float32
	Document  string
	Metadata  map[string]any
}

// Fake is a fake of the part of the interface that writing needs, as Chroma 1.5 was seen to answer, with the quotas of Chroma Cloud.
type Fake struct {
	*wire.Server

	mu          sync.RWMutex
	collections map[string]*collection // by name
}

type collection struct {
	id        string
	dimension int
	records   map[string]Record
}

// StartFake starts a fake that lives as long as the test. It has the default tenant and database.
func StartFake(t testing.TB) *Fake {
	t.Helper()
	f := &Fake{collections: map[string]*collection{}}
	f.Server = wire.Start(t, http.HandlerFunc(f.serve))
	return f
}

// Address is host:port of the server.
func (f *Fake) Address() string { return strings.TrimPrefix(f.URL, "http://") }

// Records lists what stands in a collection, by id.
func (f *Fake) Records(_ testing.TB, name string) map[string]Record {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if c := f.collections[name]; c != nil {
		return maps.Clone(c.records)
	}
	return nil
}

func failed(w http.ResponseWriter, status int, kind, why string) {
	wire.JSON(w, status, map[string]string{"error": kind, "message": why})
}

const base = "/api/v2/tenants/default_tenant/databases/default_database"

var path = regexp.MustCompile(`^/collections(?:/([^/]+))?(?:/(get|upsert|delete))?$`)

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Chroma-Token") != Token {
		failed(w, http.StatusForbidden, "AuthError", "Permission denied for "+r.Header.Get("X-Chroma-Token"))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	under, ok := strings.CutPrefix(r.URL.Path, base)
	at := path.FindStringSubmatch(under)
	switch {
	case ok && under == "":
		wire.JSON(w, http.StatusOK, map[string]string{"id": uuid.NewString(), "name": "default_database", "tenant": "default_tenant"})
	case !ok || at == nil:
		failed(w, http.StatusNotFound, "NotFoundError", "Database not found")
	case at[1] == "" && r.Method == http.MethodPost:
		f.create(w, r)
	case at[2] == "" && r.Method == http.MethodGet:
		f.describe(w, at[1])
	default:
		f.records(w, r, at[1], at[2])
	}
}

func (f *Fake) describe(w http.ResponseWriter, name string) {
	c := f.collections[name]
	if c == nil {
		failed(w, http.StatusNotFound, "NotFoundError", "Collection ["+name+"] does not exist")
		return
	}
	out := map[string]any{"id": c.id, "name": name, "dimension": nil}
	if c.dimension > 0 {
		out["dimension"] = c.dimension
	}
	wire.JSON(w, http.StatusOK, out)
}

func (f *Fake) create(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Name string `json:"name"`
		Get  bool   `json:"get_or_create"`
	}
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	if f.collections[ask.Name] != nil && !ask.Get {
		failed(w, http.StatusConflict, "ChromaError", "Collection ["+ask.Name+"] already exists")
		return
	}
	if f.collections[ask.Name] == nil {
		f.collections[ask.Name] = &collection{id: uuid.NewString(), records: map[string]Record{}}
	}
	f.describe(w, ask.Name)
}

type ask struct {
	IDs        []string                     `json:"ids"`
	Embeddings [][]float32                  `json:"embeddings"`
	Documents  []string                     `json:"documents"`
	Metadatas  []map[string]json.RawMessage `json:"metadatas"`
	Where      map[string]string            `json:"where"`
	Include    []string                     `json:"include"`
	Limit      int                          `json:"limit"`
	Offset     int                          `json:"offset"`
}

func (f *Fake) records(w http.ResponseWriter, r *http.Request, id, does string) {
	var c *collection
	for _, x := range f.collections {
		if x.id == id {
			c = x
		}
	}
	if c == nil {
		failed(w, http.StatusNotFound, "NotFoundError", "Collection ["+id+"] does not exist")
		return
	}
	var a ask
	if !wire.Body(w, r, maxRequest, &a) {
		return
	}
	if len(a.IDs) > maxBatch || a.Limit > maxBatch {
		failed(w, http.StatusBadRequest, "InvalidArgumentError", "Quota exceeded: 'Number of records'")
		return
	}
	switch does {
	case "upsert":
		c.upsert(w, a)
	case "get":
		c.get(w, a)
	case "delete":
		for _, id := range a.IDs {
			delete(c.records, id)
		}
		wire.JSON(w, http.StatusOK, map[string]int{"deleted": len(a.IDs)})
	default:
		failed(w, http.StatusNotFound, "NotFoundError", "no such path")
	}
}

// upsert keeps the values of metadata that the new record does not name, as the server does; null takes one out.
func (c *collection) upsert(w http.ResponseWriter, a ask) {
	for i := range a.IDs {
		n := c.dimension
		if n == 0 {
			n = len(a.Embeddings[0])
		}
		if len(a.Embeddings) != len(a.IDs) || len(a.Documents) != len(a.IDs) || len(a.Metadatas) != len(a.IDs) || len(a.Embeddings[i]) != n || n == 0 {
			failed(w, http.StatusBadRequest, "InvalidArgumentError", "Collection expecting embedding with another dimension, or lists of one length")
			return
		}
		for _, raw := range a.Metadatas[i] {
			if raw[0] == '{' || raw[0] == '[' {
				failed(w, http.StatusUnprocessableEntity, "ChromaError", "Failed to deserialize the JSON body into the target type: metadatas")
				return
			}
		}
	}
	for i, id := range a.IDs {
		c.dimension = len(a.Embeddings[i])
		metadata := map[string]any{}
		maps.Copy(metadata, c.records[id].Metadata)
		for name, raw := range a.Metadatas[i] {
			var v any
			if _ = json.Unmarshal(raw, &v); v == nil { // it was JSON
				delete(metadata, name)
			} else {
				metadata[name] = v
			}
		}
		c.records[id] = Record{Embedding: a.Embeddings[i], Document: a.Documents[i], Metadata: metadata}
	}
	wire.JSON(w, http.StatusOK, struct{}{})
}

func (c *collection) get(w http.ResponseWriter, a ask) {
	var ids []string
	for id, r := range c.records {
		if len(a.Where) > 0 && r.Metadata["record_id"] == a.Where["record_id"] || len(a.Where) == 0 && slices.Contains(a.IDs, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = ids[min(a.Offset, len(ids)):]
	if a.Limit > 0 {
		ids = ids[:min(a.Limit, len(ids))]
	}
	out := map[string]any{"ids": ids, "metadatas": nil}
	if slices.Contains(a.Include, "metadatas") {
		list := []any{}
		for _, id := range ids {
			list = append(list, c.records[id].Metadata)
		}
		out["metadatas"] = list
	}
	wire.JSON(w, http.StatusOK, out)
}
