// Package pinecone is a fake of Pinecone's REST interface with its limits: the key, sizes of requests, metadata and ids, the
// dimension, and lists that lag behind writes.
package pinecone

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	// Key may do everything, ReadKey only read.
	Key     = "pcsk_full_access"
	ReadKey = "pcsk_read_only"
	// Control is the host of the control plane; those of indexes end with Data.
	Control = "api.pinecone.io"
	Data    = ".svc.aped-4627-b74a.pinecone.io"

	maxRequest  = 2 << 20
	maxMetadata = 40960
)

// Record is one as it stands there.
type Record struct {
	ID       string
	Values   []float32
	Metadata map[string]any
}

// Server is a fake.
type Server struct {
	*wire.Server

	mu      sync.RWMutex
	indexes map[string]*index
}

type index struct {
	dimension int
	pods      bool
	waits     int // descriptions until it is ready
	spaces    map[string]*namespace
}

type namespace struct {
	records map[string]Record
	listed  []string            // ids that a list shows: those of the list before
	pages   map[string][]string // rest of a list, by its token
}

// Start starts a service that lives as long as the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{indexes: map[string]*index{}}
	s.Server = wire.Start(t, http.HandlerFunc(s.serve))
	return s
}

// Client sends what goes to Pinecone to the fake, whose hosts are names.
func (s *Server) Client() *http.Client { return Client(s.URL) }

// Client is Server.Client of the fake at an address, for another process.
func Client(url string) *http.Client {
	return &http.Client{Transport: way(strings.TrimPrefix(url, "http://"))}
}

// way leads to a fake at host:port.
type way string

// RoundTrip implements http.RoundTripper.
func (to way) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.URL.Scheme != "https" || r.URL.Host != Control && !strings.HasSuffix(r.URL.Host, Data) {
		return nil, http.ErrNotSupported
	}
	r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "http", string(to)
	return http.DefaultTransport.RoundTrip(r)
}

// Create makes an index.
func (s *Server) Create(name string, dimension int, pods bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indexes[name] = &index{dimension: dimension, pods: pods, spaces: map[string]*namespace{}}
}

// Indexes lists the names of the indexes.
func (s *Server) Indexes() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []string
	for name := range s.indexes {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Records lists what stands in a namespace, as reads by id would find it.
func (s *Server) Records(name, space string) []Record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Record
	if n := s.indexes[name].spaces[space]; n != nil {
		for _, r := range n.records {
			out = append(out, r)
		}
	}
	return out
}

func failed(w http.ResponseWriter, status int, why string) {
	wire.JSON(w, status, map[string]any{"code": 3, "message": why, "details": []any{}})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Api-Key")
	if key != Key && key != ReadKey {
		failed(w, http.StatusUnauthorized, "Invalid API Key "+key)
		return
	}
	if r.Header.Get("X-Pinecone-Api-Version") == "" {
		failed(w, http.StatusBadRequest, "the fake wants a version")
		return
	}
	if key == ReadKey && r.Method != http.MethodGet {
		failed(w, http.StatusForbidden, "Forbidden")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Host == Control {
		s.control(w, r)
		return
	}
	x := s.indexes[strings.TrimSuffix(r.Host, "-1a2b3c"+Data)]
	if x == nil {
		failed(w, http.StatusNotFound, "no such host")
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /vectors/upsert":
		x.upsert(w, r)
	case "GET /vectors/list":
		x.list(w, r)
	case "POST /vectors/delete":
		x.delete(w, r)
	default:
		failed(w, http.StatusNotFound, "no such path")
	}
}

func (x *index) describe(name string) map[string]any {
	ready := x.waits <= 0
	x.waits--
	out := map[string]any{"name": name, "dimension": x.dimension, "metric": "cosine", "vector_type": "dense", "host": name + "-1a2b3c" + Data,
		"status": map[string]any{"ready": ready, "state": map[bool]string{true: "Ready", false: "Initializing"}[ready]},
		"spec":   map[string]any{"serverless": map[string]string{"cloud": "aws", "region": "us-east-1"}}}
	if x.pods {
		out["spec"] = map[string]any{"pod": map[string]any{"environment": "us-east1-gcp", "pod_type": "p1.x1"}}
	}
	return out
}

func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/indexes/")
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/indexes":
		all := []any{}
		for name, x := range s.indexes {
			all = append(all, x.describe(name))
		}
		wire.JSON(w, http.StatusOK, map[string]any{"indexes": all})
	case r.Method == http.MethodGet:
		if x := s.indexes[name]; x != nil {
			wire.JSON(w, http.StatusOK, x.describe(name))
			return
		}
		failed(w, http.StatusNotFound, "Resource "+name+" not found")
	case r.Method == http.MethodPost && r.URL.Path == "/indexes":
		var ask struct {
			Name      string `json:"name"`
			Dimension int    `json:"dimension"`
			Metric    string `json:"metric"`
			Spec      struct {
				Serverless map[string]string `json:"serverless"`
			} `json:"spec"`
		}
		if !wire.Body(w, r, maxRequest, &ask) {
			return
		}
		bad := func(c rune) bool { return c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') }
		switch {
		case s.indexes[ask.Name] != nil:
			failed(w, http.StatusConflict, "Resource already exists")
		case len(ask.Name) == 0 || len(ask.Name) > 45 || strings.ContainsFunc(ask.Name, bad), ask.Dimension < 1 || ask.Dimension > 20000,
			ask.Spec.Serverless["region"] != "us-east-1", ask.Metric != "cosine":
			failed(w, http.StatusBadRequest, "Name must consist of lower case alphanumeric characters or '-'")
		default:
			x := &index{dimension: ask.Dimension, waits: 2, spaces: map[string]*namespace{}}
			s.indexes[ask.Name] = x
			wire.JSON(w, http.StatusCreated, x.describe(ask.Name))
		}
	default:
		failed(w, http.StatusNotFound, "no such path")
	}
}

func (x *index) upsert(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Namespace string `json:"namespace"`
		Vectors   []struct {
			ID       string          `json:"id"`
			Values   []float32       `json:"values"`
			Metadata json.RawMessage `json:"metadata"`
		} `json:"vectors"`
	}
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	if len(ask.Vectors) == 0 || len(ask.Vectors) > 1000 {
		failed(w, http.StatusBadRequest, "Request must contain 1 to 1000 vectors")
		return
	}
	var fresh []Record
	for _, v := range ask.Vectors {
		one := Record{ID: v.ID, Values: v.Values}
		ascii := !strings.ContainsFunc(v.ID, func(c rune) bool { return c == 0 || c > 127 })
		zero := !slices.ContainsFunc(v.Values, func(f float32) bool { return f != 0 })
		switch {
		case v.ID == "" || len(v.ID) > 512 || !ascii:
			failed(w, http.StatusBadRequest, "Vector ID must be ASCII, but got '"+v.ID+"'")
			return
		case len(v.Values) != x.dimension || zero:
			failed(w, http.StatusBadRequest, "Vector dimension "+strconv.Itoa(len(v.Values))+" does not match the dimension of the index")
			return
		case len(v.Metadata) > maxMetadata || json.Unmarshal(v.Metadata, &one.Metadata) != nil:
			failed(w, http.StatusBadRequest, "metadata size exceeds the limit of 40960 bytes per vector")
			return
		}
		for key, value := range one.Metadata {
			switch value.(type) {
			case string, float64, bool:
			default:
				failed(w, http.StatusBadRequest, "Metadata value must be a string, number, boolean or list of strings, got it for field '"+key+"'")
				return
			}
		}
		fresh = append(fresh, one)
	}
	n := x.spaces[ask.Namespace]
	if n == nil {
		n = &namespace{records: map[string]Record{}, pages: map[string][]string{}}
		x.spaces[ask.Namespace] = n
	}
	for _, one := range fresh {
		n.records[one.ID] = one
	}
	wire.JSON(w, http.StatusOK, map[string]int{"upsertedCount": len(fresh)})
}

// list gives what stood there when the last list began, as a service does whose reads lag behind its writes.
func (x *index) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	n := x.spaces[q.Get("namespace")]
	limit, err := strconv.Atoi(q.Get("limit"))
	switch {
	case x.pods:
		failed(w, http.StatusBadRequest, "list is not supported for pod-based indexes")
		return
	case err != nil || limit < 1 || limit > 100:
		failed(w, http.StatusBadRequest, "limit must be between 1 and 100")
		return
	case n == nil:
		failed(w, http.StatusNotFound, "Namespace not found")
		return
	}
	var ids []string
	if token := q.Get("paginationToken"); token != "" {
		ids = n.pages[token]
		delete(n.pages, token)
	} else {
		for _, id := range n.listed {
			if strings.HasPrefix(id, q.Get("prefix")) {
				ids = append(ids, id)
			}
		}
		n.listed = nil
		for id := range n.records {
			n.listed = append(n.listed, id)
		}
		slices.Sort(n.listed)
	}
	out := map[string]any{"namespace": q.Get("namespace"), "usage": map[string]int{"readUnits": 1}}
	page := ids[:min(limit, len(ids))]
	if len(ids) > limit {
		token := "token-" + ids[limit] + strconv.Itoa(len(n.pages)) + strconv.FormatUint(uint64(len(n.records)), 10)
		for n.pages[token] != nil {
			token += "+"
		}
		n.pages[token] = ids[limit:]
		out["pagination"] = map[string]string{"next": token}
	}
	vectors := make([]map[string]string, len(page))
	for i, id := range page {
		vectors[i] = map[string]string{"id": id}
	}
	out["vectors"] = vectors
	wire.JSON(w, http.StatusOK, out)
}

func (x *index) delete(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		IDs       []string `json:"ids"`
		Namespace string   `json:"namespace"`
		Filter    map[string]struct {
			Eq string `json:"$eq"`
		} `json:"filter"`
	}
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	if len(ask.IDs) > 1000 || (len(ask.IDs) == 0) == (ask.Filter == nil) {
		failed(w, http.StatusBadRequest, "Request must contain 1 to 1000 ids")
		return
	}
	n := x.spaces[ask.Namespace]
	if n == nil {
		failed(w, http.StatusNotFound, "Namespace not found")
		return
	}
	for _, id := range ask.IDs {
		delete(n.records, id)
	}
	for id, one := range n.records {
		if ask.Filter != nil && one.Metadata["record_id"] == ask.Filter["record_id"].Eq {
			delete(n.records, id)
		}
	}
	wire.JSON(w, http.StatusOK, map[string]any{})
}
