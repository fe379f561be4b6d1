// Package azuresearch is a fake of the part of Azure AI Search's REST interface that writing needs, with its limits: the key,
// sizes of requests, the types of fields, and searches that lag behind writes.
package azuresearch

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	// Key is an admin key, QueryKey one that only searches.
	Key      = "admin-key-of-the-service"
	QueryKey = "query-key-of-the-service"

	maxRequest = 16 << 20
	maxTerm    = 32766
	maxSkip    = 100_000
)

// Field is one of an index.
type Field struct {
	Name       string  `json:"name"`
	Type       string  `json:"type"`
	Key        bool    `json:"key"`
	Filterable bool    `json:"filterable"`
	Sortable   bool    `json:"sortable"`
	Dimensions int     `json:"dimensions,omitempty"`
	Fields     []Field `json:"fields,omitempty"`
}

// Server is a fake.
type Server struct {
	*wire.Server
	// PutOff is how many actions are answered with 503 before the next one is taken.
	PutOff atomic.Int64

	mu      sync.RWMutex
	indexes map[string]*index
}

type index struct {
	fields []Field
	key    Field
	docs   map[string]map[string]any
	seen   map[string]any // record ids that a search finds, by key: those of the search before
}

// Start starts a service that lives as long as the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{indexes: map[string]*index{}}
	s.Server = wire.Start(t, http.HandlerFunc(s.serve))
	return s
}

// Create makes an index.
func (s *Server) Create(name string, fields ...Field) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &index{fields: fields, docs: map[string]map[string]any{}, seen: map[string]any{}}
	for _, f := range fields {
		if f.Key {
			x.key = f
		}
	}
	s.indexes[name] = x
}

// Documents lists what stands in an index, as reads by key would find it.
func (s *Server) Documents(name string) []map[string]any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []map[string]any
	for _, d := range s.indexes[name].docs {
		out = append(out, d)
	}
	return out
}

var path = regexp.MustCompile(`^/indexes/([^/]+)(/docs/index|/docs/search)?$`)

func failed(w http.ResponseWriter, status int, why string) {
	wire.JSON(w, status, map[string]any{"error": map[string]string{"code": "", "message": why}})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Api-Key")
	at := path.FindStringSubmatch(r.URL.Path)
	switch {
	case key != Key && (key != QueryKey || at == nil || at[2] != "/docs/search"):
		w.WriteHeader(http.StatusForbidden)
		return
	case r.URL.Query().Get("api-version") == "":
		failed(w, http.StatusBadRequest, "api-version is missing")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at == nil || s.indexes[at[1]] == nil {
		failed(w, http.StatusNotFound, "No index with the name was found in the service")
		return
	}
	x := s.indexes[at[1]]
	switch r.Method + at[2] {
	case "GET":
		wire.JSON(w, http.StatusOK, map[string]any{"name": at[1], "fields": x.fields})
	case "POST/docs/index":
		s.write(w, r, x)
	case "POST/docs/search":
		x.search(w, r)
	default:
		failed(w, http.StatusMethodNotAllowed, "no such path")
	}
}

var validKey = regexp.MustCompile(`^[A-Za-z0-9_=-]+$`)

func (s *Server) write(w http.ResponseWriter, r *http.Request, x *index) {
	var ask struct {
		Value []map[string]any `json:"value"`
	}
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	if len(ask.Value) == 0 || len(ask.Value) > 1000 {
		failed(w, http.StatusBadRequest, "The request contains too many or no actions")
		return
	}
	for _, d := range ask.Value {
		key, _ := d[x.key.Name].(string)
		if !validKey.MatchString(key) || !valid(d, x.fields, true) {
			failed(w, http.StatusBadRequest, "The request is invalid. Details: a value or property does not fit the index: "+key)
			return
		}
	}
	status := http.StatusOK
	var items []map[string]any
	for _, d := range ask.Value {
		key, _ := d[x.key.Name].(string)
		item := map[string]any{"key": key, "status": true, "statusCode": 200, "errorMessage": nil}
		action := d["@search.action"]
		delete(d, "@search.action")
		switch {
		case s.PutOff.Load() > 0:
			s.PutOff.Add(-1)
			item["status"], item["statusCode"], status = false, 503, http.StatusMultiStatus
		case slices.ContainsFunc(x.fields, func(f Field) bool {
			text, _ := d[f.Name].(string)
			return (f.Filterable || f.Sortable) && len(text) > maxTerm
		}):
			item["status"], item["statusCode"], status = false, 400, http.StatusMultiStatus
		case action == "delete":
			delete(x.docs, key)
		default:
			x.docs[key] = d
		}
		items = append(items, item)
	}
	wire.JSON(w, status, map[string]any{"value": items})
}

// valid says whether an object has no other members than fields, each of its type.
func valid(object map[string]any, fields []Field, root bool) bool {
	for name, value := range object {
		if root && name == "@search.action" {
			if value != "upload" && value != "delete" {
				return false
			}
			continue
		}
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
		if i < 0 || !is(value, fields[i].Type, fields[i]) {
			return false
		}
	}
	return true
}

func is(value any, kind string, f Field) bool {
	if inner, ok := strings.CutPrefix(kind, "Collection("); ok {
		list, ok := value.([]any)
		if !ok || f.Dimensions > 0 && len(list) != f.Dimensions {
			return false
		}
		return !slices.ContainsFunc(list, func(v any) bool { return !is(v, strings.TrimSuffix(inner, ")"), f) })
	}
	switch v := value.(type) {
	case string:
		if kind == "Edm.DateTimeOffset" {
			_, err := time.Parse(time.RFC3339Nano, v)
			return err == nil
		}
		return kind == "Edm.String"
	case float64:
		return kind == "Edm.Double" || kind == "Edm.Single" || strings.HasPrefix(kind, "Edm.Int") && v == float64(int64(v))
	case bool:
		return kind == "Edm.Boolean"
	case map[string]any:
		return kind == "Edm.ComplexType" && valid(v, f.Fields, false)
	}
	return false
}

var filter = regexp.MustCompile(`^record_id eq '((?:[^']|'')*)'(?: and (\w+) gt '([^']*)')?$`)

// search finds what stood there when the last search from the start began.
func (x *index) search(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Search, Filter, Select, Orderby string
		Top, Skip                       int
	}
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	f := filter.FindStringSubmatch(ask.Filter)
	filterable := slices.ContainsFunc(x.fields, func(f Field) bool { return f.Name == "record_id" && f.Filterable })
	switch {
	case f == nil || !filterable || f[2] != "" && (f[2] != x.key.Name || !x.key.Filterable),
		ask.Orderby != "" && (ask.Orderby != x.key.Name+" asc" || !x.key.Sortable), ask.Top < 1 || ask.Top > 1000, ask.Skip > maxSkip:
		failed(w, http.StatusBadRequest, "Invalid expression: "+ask.Filter)
		return
	}
	var keys []string
	for key, record := range x.seen {
		if record == strings.ReplaceAll(f[1], "''", "'") && key > f[3] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	keys = keys[min(ask.Skip, len(keys)):]
	keys = keys[:min(ask.Top, len(keys))]
	if ask.Skip == 0 && f[2] == "" {
		defer func() {
			x.seen = map[string]any{}
			for key, d := range x.docs {
				x.seen[key] = d["record_id"]
			}
		}()
	}
	value := make([]json.RawMessage, len(keys))
	for i, key := range keys {
		value[i], _ = json.Marshal(map[string]any{"@search.score": 1, x.key.Name: key}) // texts and numbers are always written
	}
	wire.JSON(w, http.StatusOK, map[string]any{"value": value})
}
