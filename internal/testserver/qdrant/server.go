// Package qdrant is a fake of the part of Qdrant's REST interface that writing needs, with the limits of the server: the key,
// the dimension, the size of a request, the kinds of ids, and filters that need an index.
package qdrant

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	// Key may write, ReadKey only read, and WriteKey not manage collections.
	Key      = "full-access-key"
	ReadKey  = "read-only-key"
	WriteKey = "read-write-key"
	// MaxRequest is the largest request, bytes (service.max_request_size_mb).
	MaxRequest = 32 << 20
)

// Point is one as it stands there.
type Point struct {
	ID      string
	Vector  []float32 // nil for none
	Payload map[string]any
}

// Server is a fake.
type Server struct {
	*wire.Server

	mu          sync.RWMutex
	collections map[string]*collection
}

type collection struct {
	name    string // of the vector; "" for the unnamed one
	size    int
	others  int // vectors beside it
	points  map[string]Point
	indexed bool
	strict  bool // filters need an index
	most    int  // points of an upsert; 0 is any number
}

// Start starts a server that lives as long as the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{collections: map[string]*collection{}}
	s.Server = wire.Start(t, http.HandlerFunc(s.serve))
	return s
}

// Options of a collection.
type Options struct {
	Vector   string // name of the vector; "" is the unnamed one
	Others   int    // vectors beside it
	Strict   bool   // filters on what is not indexed are refused
	MaxBatch int    // points of a request; 0 is any number
}

// Create makes a collection.
func (s *Server) Create(name string, size int, o Options) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collections[name] = &collection{name: o.Vector, size: size, others: o.Others, points: map[string]Point{}, strict: o.Strict, most: o.MaxBatch}
}

// Indexed says whether a collection has the payload index of record_id.
func (s *Server) Indexed(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.collections[name].indexed
}

// Points lists what stands in a collection.
func (s *Server) Points(name string) []Point {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Point
	for _, p := range s.collections[name].points {
		out = append(out, p)
	}
	return out
}

var path = regexp.MustCompile(`^/collections/([^/]+)(/.*)?$`)

func failed(w http.ResponseWriter, status int, why string) {
	wire.JSON(w, status, map[string]any{"status": map[string]string{"error": why}, "time": 0})
}

func done(w http.ResponseWriter, result any) {
	wire.JSON(w, http.StatusOK, map[string]any{"result": result, "status": "ok", "time": 0.001})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Api-Key")
	if key != Key && key != ReadKey && key != WriteKey {
		failed(w, http.StatusUnauthorized, "Must provide an API key or an Authorization bearer token: "+key)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := path.FindStringSubmatch(r.URL.Path)
	if at == nil {
		failed(w, http.StatusNotFound, "no such path")
		return
	}
	c := s.collections[at[1]]
	if c == nil {
		failed(w, http.StatusNotFound, "Not found: Collection `"+at[1]+"` doesn't exist!")
		return
	}
	does := r.Method + " " + at[2]
	writes := does == "PUT /points" || does == "POST /points/delete" || does == "PUT /index"
	if writes && (key == ReadKey || does == "PUT /index" && key == WriteKey) {
		failed(w, http.StatusForbidden, "Forbidden: Global manage access is required")
		return
	}
	if writes && r.URL.Query().Get("wait") != "true" {
		failed(w, http.StatusBadRequest, "the fake has no queue: wait=true")
		return
	}
	switch does {
	case "GET ":
		c.describe(w)
	case "PUT /index":
		var ask map[string]string
		if wire.Body(w, r, MaxRequest, &ask) {
			c.indexed = ask["field_name"] == "record_id" && ask["field_schema"] == "keyword"
			done(w, map[string]any{"operation_id": 1, "status": "completed"})
		}
	case "PUT /points":
		c.upsert(w, r)
	case "POST /points/scroll":
		c.scroll(w, r)
	case "POST /points/delete":
		c.delete(w, r)
	default:
		failed(w, http.StatusNotFound, "no such path")
	}
}

func (c *collection) describe(w http.ResponseWriter) {
	one := map[string]any{"size": c.size, "distance": "Cosine"}
	var vectors any = one
	if c.name != "" || c.others > 0 {
		named := map[string]any{c.name: one}
		for i := range c.others {
			named["other-"+string(rune('a'+i))] = one
		}
		vectors = named
	}
	schema := map[string]any{}
	if c.indexed {
		schema["record_id"] = map[string]any{"data_type": "keyword", "points": len(c.points)}
	}
	done(w, map[string]any{"status": "green", "config": map[string]any{"params": map[string]any{"vectors": vectors}}, "payload_schema": schema})
}

// known makes a key of an id, which is a UUID or a number.
func known(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		id, err := uuid.Parse(text)
		return id.String(), err == nil
	}
	var n uint64
	return string(raw), json.Unmarshal(raw, &n) == nil
}

func (c *collection) upsert(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Points []struct {
			ID      json.RawMessage `json:"id"`
			Vector  json.RawMessage `json:"vector"`
			Payload map[string]any  `json:"payload"`
		} `json:"points"`
	}
	if !wire.Body(w, r, MaxRequest, &ask) {
		return
	}
	if len(ask.Points) == 0 || c.most > 0 && len(ask.Points) > c.most {
		failed(w, http.StatusBadRequest, "Wrong input: Empty update request, or upsert limit exceeded")
		return
	}
	fresh := map[string]Point{}
	for _, p := range ask.Points {
		id, ok := known(p.ID)
		if !ok {
			failed(w, http.StatusBadRequest, "value "+string(p.ID)+" is not a valid point ID")
			return
		}
		point := Point{ID: id, Payload: p.Payload}
		raw := p.Vector
		if bytes.HasPrefix(raw, []byte("{")) {
			var named map[string]json.RawMessage
			_ = json.Unmarshal(raw, &named) // it was JSON
			if raw, ok = named[c.name]; !ok && len(named) > 0 || ok && c.name == "" {
				failed(w, http.StatusBadRequest, "Wrong input: Not existing vector name error")
				return
			}
		} else if c.name != "" {
			failed(w, http.StatusBadRequest, "Wrong input: Not existing vector name error: ")
			return
		}
		if raw != nil {
			if json.Unmarshal(raw, &point.Vector) != nil || len(point.Vector) != c.size {
				failed(w, http.StatusBadRequest, "Wrong input: Vector dimension error")
				return
			}
		}
		fresh[id] = point
	}
	for id, p := range fresh {
		c.points[id] = p
	}
	done(w, map[string]any{"operation_id": 1, "status": "completed"})
}

func (c *collection) scroll(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Limit  int             `json:"limit"`
		Offset json.RawMessage `json:"offset"`
		Filter struct {
			Must []struct {
				Key   string `json:"key"`
				Match struct {
					Value string `json:"value"`
				} `json:"match"`
			} `json:"must"`
		} `json:"filter"`
	}
	if !wire.Body(w, r, MaxRequest, &ask) {
		return
	}
	if len(ask.Filter.Must) != 1 || ask.Filter.Must[0].Key != "record_id" || ask.Limit < 1 {
		failed(w, http.StatusBadRequest, "the fake knows one filter")
		return
	}
	if c.strict && !c.indexed {
		failed(w, http.StatusBadRequest, "Bad request: Index required but not found for \"record_id\" of one of the following types: [keyword]")
		return
	}
	var ids []string
	for id, p := range c.points {
		if p.Payload["record_id"] == ask.Filter.Must[0].Match.Value {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if from := strings.Trim(string(ask.Offset), `"`); from != "" {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id < from })
	}
	var next any
	if len(ids) > ask.Limit {
		next, ids = ids[ask.Limit], ids[:ask.Limit]
	}
	points := make([]map[string]any, len(ids))
	for i, id := range ids {
		points[i] = map[string]any{"id": id}
	}
	done(w, map[string]any{"points": points, "next_page_offset": next})
}

func (c *collection) delete(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Points []json.RawMessage `json:"points"`
	}
	if !wire.Body(w, r, MaxRequest, &ask) {
		return
	}
	for _, raw := range ask.Points {
		id, ok := known(raw)
		if !ok {
			failed(w, http.StatusBadRequest, "value "+string(raw)+" is not a valid point ID")
			return
		}
		delete(c.points, id)
	}
	done(w, map[string]any{"operation_id": 1, "status": "completed"})
}
