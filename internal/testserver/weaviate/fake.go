package weaviate

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const maxRequest = 100 << 20

// Fake is a fake of the part of the interface that writing needs: the schema, batches, deletes by filter and the queries that the
// connector asks, with the limits of a server.
type Fake struct {
	*wire.Server
	// Most is how many objects a query gives at most (QUERY_MAXIMUM_RESULTS).
	Most int

	mu      sync.RWMutex
	classes map[string]*class
}

type class struct {
	definition map[string]any
	objects    map[string]Object
	lost       map[string]bool // ids that no filter finds
}

// Lose takes so many objects of a collection out of the indexes, as a server that is killed may: no filter finds them, and the same
// object written again does not come back.
func (f *Fake) Lose(name string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.classes[name]
	for id := range c.objects {
		if len(c.lost) < n {
			c.lost[id] = true
		}
	}
}

// StartFake starts a fake that lives as long as the test.
func StartFake(t testing.TB) *Fake {
	t.Helper()
	f := &Fake{classes: map[string]*class{}, Most: 10_000}
	f.Server = wire.Start(t, http.HandlerFunc(f.serve))
	return f
}

// Address is that of the server.
func (f *Fake) Address() string { return f.URL }

// Create makes a collection; properties are its definition beside its name.
func (f *Fake) Create(_ testing.TB, name string, definition map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.create(name, definition)
}

func (f *Fake) create(name string, definition map[string]any) {
	definition = maps.Clone(definition)
	if definition == nil {
		definition = map[string]any{}
	}
	definition["class"] = name
	f.classes[name] = &class{definition: definition, objects: map[string]Object{}, lost: map[string]bool{}}
}

// Classes lists the names of the collections.
func (f *Fake) Classes(testing.TB) []string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return slices.Sorted(maps.Keys(f.classes))
}

// Objects lists what stands in a collection.
func (f *Fake) Objects(_ testing.TB, name string) []Object {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return slices.Collect(maps.Values(f.classes[name].objects))
}

func failed(w http.ResponseWriter, status int, why string) {
	wire.JSON(w, status, map[string]any{"error": []any{map[string]string{"message": why}}})
}

var object = regexp.MustCompile(`^/v1/objects/([^/]+)/([0-9a-f-]+)$`)

var schema = regexp.MustCompile(`^/v1/schema(?:/([^/]+))?(/properties)?$`)

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case key != Key && key != ReadKey:
		failed(w, http.StatusUnauthorized, "anonymous access not enabled, or wrong key "+key)
		return
	case key == ReadKey && r.Method != http.MethodGet && r.URL.Path != "/v1/graphql":
		failed(w, http.StatusForbidden, "rbac: forbidden")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at, single := schema.FindStringSubmatch(r.URL.Path), object.FindStringSubmatch(r.URL.Path)
	switch does := r.Method + " " + r.URL.Path; {
	case does == "GET /v1/meta":
		wire.JSON(w, http.StatusOK, map[string]string{"hostname": "http://[::]:8080", "version": Version})
	case does == "POST /v1/batch/objects":
		f.batch(w, r)
	case does == "DELETE /v1/batch/objects":
		f.remove(w, r)
	case does == "POST /v1/graphql":
		f.query(w, r)
	case single != nil && r.Method == http.MethodDelete:
		c := f.classes[single[1]]
		if c == nil || c.objects[single[2]].ID == "" {
			failed(w, http.StatusNotFound, "no such object")
			return
		}
		delete(c.objects, single[2])
		delete(c.lost, single[2])
		w.WriteHeader(http.StatusNoContent)
	case at != nil:
		f.schema(w, r, at[1], at[2] != "")
	default:
		failed(w, http.StatusNotFound, "no such path")
	}
}

func (f *Fake) schema(w http.ResponseWriter, r *http.Request, name string, properties bool) {
	if name != "" && f.classes[name] == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method == http.MethodGet {
		if name != "" {
			wire.JSON(w, http.StatusOK, f.classes[name].definition)
			return
		}
		all := []any{}
		for _, c := range f.classes {
			all = append(all, c.definition)
		}
		wire.JSON(w, http.StatusOK, map[string]any{"classes": all})
		return
	}
	var ask map[string]any
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	if properties {
		d := f.classes[name].definition
		list, _ := d["properties"].([]any)
		d["properties"] = append(list, ask)
		wire.JSON(w, http.StatusOK, ask)
		return
	}
	made, _ := ask["class"].(string)
	if f.classes[made] != nil {
		failed(w, http.StatusUnprocessableEntity, "class name "+made+" already exists")
		return
	}
	f.create(made, ask)
	wire.JSON(w, http.StatusOK, ask)
}

var propertyName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)

// fits says what of a value the server would not take.
func fits(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case map[string]any:
		for name, inner := range v {
			if !propertyName.MatchString(name) {
				return "'" + name + "' is not a valid property name"
			}
			if why := fits(inner); why != "" {
				return why
			}
		}
	case []any:
		for _, inner := range v {
			if _, ok := inner.([]any); ok {
				return "unsupported type of list"
			}
			if why := fits(inner); why != "" {
				return why
			}
		}
	}
	return ""
}

func (f *Fake) batch(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Objects []struct {
			Class      string               `json:"class"`
			ID         string               `json:"id"`
			Properties map[string]any       `json:"properties"`
			Vector     []float32            `json:"vector"`
			Vectors    map[string][]float32 `json:"vectors"`
		} `json:"objects"`
	}
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	out := []any{}
	for _, o := range ask.Objects {
		result := map[string]any{"status": "SUCCESS"}
		var why string
		c := f.classes[o.Class]
		vector := o.Vector
		for _, v := range o.Vectors {
			vector = v
		}
		if id, err := uuid.Parse(o.ID); c == nil || err != nil || id.String() != o.ID {
			why = "no such class or id"
		} else if why = fits(o.Properties); why == "" {
			for _, x := range c.objects {
				if len(x.Vector) > 0 && len(vector) > 0 && len(x.Vector) != len(vector) {
					why = fmt.Sprintf("vector lengths don't match: %d vs %d", len(x.Vector), len(vector))
				}
				break
			}
		}
		if why != "" {
			result = map[string]any{"status": "FAILED", "errors": map[string]any{"error": []any{map[string]string{"message": why}}}}
		} else {
			c.objects[o.ID] = Object{ID: o.ID, Properties: o.Properties, Vector: vector}
		}
		out = append(out, map[string]any{"id": o.ID, "class": o.Class, "result": result})
	}
	wire.JSON(w, http.StatusOK, out)
}

func (f *Fake) remove(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Match struct {
			Class string `json:"class"`
			Where struct {
				Path     []string `json:"path"`
				Operator string   `json:"operator"`
				Values   []string `json:"valueTextArray"`
			} `json:"where"`
		} `json:"match"`
	}
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	c := f.classes[ask.Match.Class]
	if c == nil || !slices.Equal(ask.Match.Where.Path, []string{"id"}) || ask.Match.Where.Operator != "ContainsAny" || len(ask.Match.Where.Values) > f.Most {
		failed(w, http.StatusUnprocessableEntity, "the fake knows one filter")
		return
	}
	n := 0
	for _, id := range ask.Match.Where.Values {
		if _, ok := c.objects[id]; ok && !c.lost[id] {
			n++
			delete(c.objects, id)
		}
	}
	wire.JSON(w, http.StatusOK, map[string]any{"results": map[string]int{"matches": n, "successful": n, "failed": 0}})
}

var (
	byRecord = regexp.MustCompile(`^\{Get\{(\w+)\(limit:(\d+),where:(.*)\)\{record_id _additional\{id\}\}\}\}$`)
	equal    = regexp.MustCompile(`\{path:\["record_id"\],operator:Equal,valueText:("(?:[^"\\]|\\.)*")\}`)
	like     = regexp.MustCompile(`\{path:\["id"\],operator:Like,valueText:"([0-9a-f-]*)\*"\}`)
	sample   = regexp.MustCompile(`^\{Get\{(\w+)\(limit:(\d+)\)\{_additional\{(vector|vectors\{\w+\})\}\}\}\}$`)
	near     = regexp.MustCompile(`^\{Get\{(\w+)\(limit:1,nearVector:\{vector:(\[.*?\]).*\}\)\{_additional\{id\}\}\}\}$`)
)

func (f *Fake) query(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Query string `json:"query"`
	}
	if !wire.Body(w, r, maxRequest, &ask) {
		return
	}
	wrong := func(why string) {
		wire.JSON(w, http.StatusOK, map[string]any{"data": nil, "errors": []any{map[string]string{"message": why}}})
	}
	done := func(name string, hits []any) {
		wire.JSON(w, http.StatusOK, map[string]any{"data": map[string]any{"Get": map[string]any{name: hits}}})
	}
	c := &class{}
	of := func(name string) map[string]Object {
		if f.classes[name] != nil {
			c = f.classes[name]
		}
		return c.objects
	}
	hits := []any{}
	if at := byRecord.FindStringSubmatch(ask.Query); at != nil {
		limit, _ := strconv.Atoi(at[2]) // digits
		if limit > f.Most {
			wrong("query maximum results exceeded")
			return
		}
		record, prefix := "", ""
		if e := equal.FindStringSubmatch(at[3]); e == nil || json.Unmarshal([]byte(e[1]), &record) != nil {
			wrong("Syntax Error GraphQL: " + ask.Query)
			return
		}
		if l := like.FindStringSubmatch(at[3]); l != nil {
			prefix = l[1]
		}
		for id, o := range of(at[1]) {
			if o.Properties["record_id"] == record && strings.HasPrefix(id, prefix) && !c.lost[id] && len(hits) < limit {
				hits = append(hits, map[string]any{"record_id": record, "_additional": map[string]string{"id": id}})
			}
		}
		done(at[1], hits)
		return
	}
	if at := sample.FindStringSubmatch(ask.Query); at != nil {
		limit, _ := strconv.Atoi(at[2]) // digits
		for _, o := range of(at[1]) {
			if len(hits) == limit {
				break
			}
			additional := map[string]any{"vector": o.Vector}
			if name, ok := strings.CutPrefix(at[3], "vectors{"); ok {
				additional = map[string]any{"vectors": map[string]any{strings.TrimSuffix(name, "}"): o.Vector}}
			}
			hits = append(hits, map[string]any{"_additional": additional})
		}
		done(at[1], hits)
		return
	}
	if at := near.FindStringSubmatch(ask.Query); at != nil {
		var vector []float32
		if json.Unmarshal([]byte(at[2]), &vector) == nil {
			for _, o := range of(at[1]) {
				if n := len(o.Vector); n > 0 && n != len(vector) {
					wrong(fmt.Sprintf("explorer: get class: vector search: knn search: distance between entrypoint and query node: vector lengths don't match: %d vs %d", n, len(vector)))
					return
				}
			}
			done(at[1], hits)
			return
		}
	}
	wrong("the fake knows three queries, and not " + ask.Query)
}
