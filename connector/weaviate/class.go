package weaviate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/connector/internal/vector"
)

// longestName is how long the name of a collection is at most, characters.
const longestName = 128

// className is the name as servers keep it: its first letter is a capital, and what they do not take is an underscore.
func className(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if name == "" {
		return ""
	}
	if first := name[0]; first < 'A' || first > 'Z' && first < 'a' || first > 'z' {
		name = "C" + name
	}
	return strings.ToUpper(name[:1]) + name[1:min(len(name), longestName)]
}

// slug keeps lower case letters and digits, and makes an underscore of what stands between them.
func slug(text string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(text), "_"), "_")
}

// shape is what a write has to know of a collection.
type shape struct {
	class  string
	vector string // name of its vector; "" for the unnamed one
}

// property is one of a collection, as its definition has it.
type property struct {
	Name            string     `json:"name"`
	DataType        []string   `json:"dataType"`
	Tokenization    string     `json:"tokenization,omitempty"`
	IndexFilterable *bool      `json:"indexFilterable,omitempty"`
	IndexSearchable *bool      `json:"indexSearchable,omitempty"`
	Nested          []property `json:"nestedProperties,omitempty"`
}

type definition struct {
	Class        string                     `json:"class"`
	Vectorizer   string                     `json:"vectorizer,omitempty"`
	VectorIndex  string                     `json:"vectorIndexType,omitempty"`
	VectorConfig map[string]json.RawMessage `json:"vectorConfig,omitempty"`
	Properties   []property                 `json:"properties"`
	MultiTenancy *tenancy                   `json:"multiTenancyConfig,omitempty"`
}

type tenancy struct {
	Enabled bool `json:"enabled"`
}

// own are the properties whose types the server must not guess: it takes a text that looks like a UUID or a date for one.
func (d *destination) own() []property {
	text := func(name, tokens string) property {
		p := property{Name: name, DataType: []string{"text"}, Tokenization: tokens}
		if tokens == "field" {
			p.IndexFilterable, p.IndexSearchable = new(true), new(false)
		}
		return p
	}
	inner := func(name string) property { return property{Name: name, DataType: []string{"text"}} }
	out := []property{text("record_id", "field"), text("element_id", "field"), text("type", "field"), text("text", "word")}
	if d.flat {
		for _, name := range []string{"parent_id", "filename", "page_number", "data_source_version", "data_source_url"} {
			out = append(out, text(name, "field"))
		}
		return out
	}
	return append(out, property{Name: "metadata", DataType: []string{"object"}, Nested: []property{
		inner("parent_id"), inner("filename"), inner("page_number"),
		{Name: "data_source", DataType: []string{"object"}, Nested: []property{inner("version"), inner("url")}},
	}})
}

// look finds the collection, once; nil for one that has no name and is not made yet. n is the length of the data's vectors, 0 for none,
// -1 when no data was seen.
func (d *destination) look(ctx context.Context, what string, n int) (*shape, error) {
	return d.shape.Get(func() (*shape, error) {
		select {
		case d.turn <- struct{}{}: // of many documents the first one makes the collection
			defer func() { <-d.turn }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		class := d.class
		if class == "" {
			var err error
			if class, err = d.name(ctx, what, n); class == "" || err != nil {
				return nil, err
			}
		}
		found, err := d.describe(ctx, what, class)
		if err != nil {
			return nil, err
		}
		if found == nil {
			if d.class != "" {
				return nil, d.absent(what)
			}
			return &shape{class: class}, d.create(ctx, what, class)
		}
		return d.use(ctx, what, found)
	})
}

// name is that of the collection which is made for this work: the one for vectors of n dimensions, or the one that an earlier write
// has made when no vectors were seen; "" for none.
func (d *destination) name(ctx context.Context, what string, n int) (string, error) {
	if n > 0 {
		if d.stem == "" {
			return "", connector.Fail(nil, "%s: no collection is given, and no workflow after which one could be named; set collection", what)
		}
		return d.stem + "_" + strconv.Itoa(n), nil
	}
	var all struct {
		Classes []definition `json:"classes"`
	}
	if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodGet, Path: "/v1/schema"}, &all); err != nil || d.stem == "" {
		return "", err
	}
	for _, x := range all.Classes {
		if tail, ok := strings.CutPrefix(x.Class, d.stem+"_"); ok {
			if _, err := strconv.ParseUint(tail, 10, 16); err == nil {
				return x.Class, nil
			}
		}
	}
	return "", nil
}

// describe is nil for a collection that is not there.
func (d *destination) describe(ctx context.Context, what, class string) (*definition, error) {
	var out definition
	status, err := d.call(ctx, rest.Request{What: what, Method: http.MethodGet, Path: "/v1/schema/" + class, OK: []int{http.StatusNotFound}}, &out)
	if err != nil || status == http.StatusNotFound {
		return nil, err
	}
	if out.Class == "" {
		return nil, d.Client.Strange(what, "cluster_url")
	}
	return &out, nil
}

func (d *destination) definition(class string) definition {
	return definition{Class: class, Vectorizer: "none", VectorIndex: "hnsw", Properties: d.own()}
}

// create makes a collection. Another worker may have made it just before.
func (d *destination) create(ctx context.Context, what, class string) error {
	body, err := json.Marshal(d.definition(class))
	if err != nil {
		return err
	}
	what += ": create collection " + class
	status, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: "/v1/schema", Body: body, OK: []int{http.StatusUnprocessableEntity}}, nil)
	if err != nil || status != http.StatusUnprocessableEntity {
		return err
	}
	found, err := d.describe(ctx, what, class)
	if err == nil && found == nil {
		err = connector.Fail(nil, "%s: Weaviate refused it (HTTP 422)", what)
	}
	return err
}

// use checks a collection and gives it the properties that it lacks.
func (d *destination) use(ctx context.Context, what string, found *definition) (*shape, error) {
	if found.MultiTenancy != nil && found.MultiTenancy.Enabled {
		return nil, connector.Fail(nil, "%s: collection %q is kept apart by tenants, and nothing says which of them takes the elements; use one without", what, found.Class)
	}
	s := &shape{class: found.Class}
	if len(found.VectorConfig) > 1 {
		return nil, connector.Fail(nil, "%s: collection %q has %d vectors an object, and nothing says which takes the embeddings; use one with a single vector",
			what, found.Class, len(found.VectorConfig))
	}
	for name := range found.VectorConfig {
		s.vector = name
	}
	have := map[string]property{}
	for _, p := range found.Properties {
		have[p.Name] = p
	}
	for _, p := range d.own() {
		known, ok := have[p.Name]
		switch {
		case ok && p.Name == "record_id" && known.IndexFilterable != nil && !*known.IndexFilterable:
			return nil, connector.Fail(nil, "%s: the property record_id of collection %q cannot be filtered by (indexFilterable), so old elements could not be found", what, found.Class)
		case ok:
			continue
		}
		body, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		status, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: "/v1/schema/" + found.Class + "/properties", Body: body,
			OK: []int{http.StatusForbidden, http.StatusUnprocessableEntity}}, nil)
		if err != nil {
			return nil, err
		}
		if status >= 300 && p.Name == "record_id" {
			if again, err := d.describe(ctx, what, found.Class); err != nil || again != nil && again.has("record_id") {
				if err != nil {
					return nil, err
				}
				continue // another worker has added it
			}
			return nil, connector.Fail(connector.ErrForbidden, "%s: collection %q needs a property by which the elements of a document are found: POST /v1/schema/%s/properties %s",
				what, found.Class, found.Class, body)
		}
	}
	return s, nil
}

func (x *definition) has(name string) bool {
	for _, p := range x.Properties {
		if p.Name == name {
			return true
		}
	}
	return false
}

// absent makes the error of a collection that is not there, with the request that creates one.
func (d *destination) absent(what string) error {
	x := definition{Class: d.class, Vectorizer: "none", VectorIndex: "hnsw", Properties: d.own()[:1]}
	body, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return connector.Fail(connector.ErrNotFound, "%s: collection %q does not exist. This creates it: POST /v1/schema %s. Without collection one is made on the way.", what, d.class, body)
}

// answer is that of a query.
type answer struct {
	Data struct {
		Get map[string][]hit `json:"Get"`
	} `json:"data"`
	Errors []struct {
		Message string `json:"message"`
	} `json:"errors"`
}

type hit struct {
	Record     string `json:"record_id"`
	Additional struct {
		ID      string               `json:"id"`
		Vector  []float32            `json:"vector"`
		Vectors map[string][]float32 `json:"vectors"`
	} `json:"_additional"`
}

func (d *destination) query(ctx context.Context, what, text string) (*answer, error) {
	body, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		return nil, err
	}
	var out answer
	if _, err := d.call(ctx, rest.Request{What: what, Method: http.MethodPost, Path: "/v1/graphql", Body: body}, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

func (a *answer) said() string {
	var out []string
	for _, e := range a.Errors {
		out = append(out, e.Message)
	}
	return strings.Join(out, "\n")
}

// errMost says that a query asks for more than the server gives at once.
var errMost = errors.New("more than the server gives")

// hits are the objects of a record id whose ids begin with a prefix, at most so many.
func (d *destination) hits(ctx context.Context, what string, s *shape, record, prefix string, limit int) ([]hit, error) {
	quoted, err := vector.JSON(record)
	if err != nil {
		return nil, err
	}
	where := fmt.Sprintf(`{path:["record_id"],operator:Equal,valueText:%s}`, quoted)
	if prefix != "" {
		where = fmt.Sprintf(`{operator:And,operands:[%s,{path:["id"],operator:Like,valueText:"%s*"}]}`, where, prefix)
	}
	out, err := d.query(ctx, what, fmt.Sprintf(`{Get{%s(limit:%d,where:%s){record_id _additional{id}}}}`, s.class, limit, where))
	if err != nil {
		return nil, err
	}
	switch said := out.said(); {
	case said == "":
		return out.Data.Get[s.class], nil
	case strings.Contains(said, "query maximum results exceeded") && limit > 10:
		return nil, errMost
	case strings.Contains(said, "stopwords"):
		return nil, connector.Fail(nil, `%s: collection %q cannot find this document, since its property record_id is split into words; make the collection anew with "tokenization": "field" for record_id`, what, s.class)
	default:
		return nil, d.failed(what, said)
	}
}

var lengths = regexp.MustCompile(`(\d+)\s*(?:vs\.?|!=)\s*(\d+)`)

// dimensions is the length of the vectors that a collection holds; nil when it holds none. Its definition does not say: objects do, and
// where the first have none, a search with a vector of the data's length n.
func (d *destination) dimensions(ctx context.Context, what string, s *shape, n int) (*int, error) {
	const sample = 10
	field := "vector"
	if s.vector != "" {
		field = "vectors{" + s.vector + "}"
	}
	out, err := d.query(ctx, what, fmt.Sprintf(`{Get{%s(limit:%d){_additional{%s}}}}`, s.class, sample, field))
	if err != nil {
		return nil, err
	}
	if said := out.said(); said != "" {
		return nil, d.failed(what, said)
	}
	hits := out.Data.Get[s.class]
	for _, h := range hits {
		if k := max(len(h.Additional.Vector), len(h.Additional.Vectors[s.vector])); k > 0 {
			return &k, nil
		}
	}
	if len(hits) < sample {
		return nil, nil
	}
	probe := make([]float32, n)
	probe[0] = 1
	target := ""
	if s.vector != "" {
		target = fmt.Sprintf(",targetVectors:[%q]", s.vector)
	}
	out, err = d.query(ctx, what, fmt.Sprintf(`{Get{%s(limit:1,nearVector:{vector:%s%s}){_additional{id}}}}`, s.class, vector.Floats(nil, probe), target))
	if err != nil {
		return nil, err
	}
	for _, pair := range lengths.FindAllStringSubmatch(out.said(), -1) {
		for _, text := range pair[1:] {
			if k, err := strconv.Atoi(text); err == nil && k != n && k > 0 {
				return &k, nil
			}
		}
	}
	return nil, nil // it fits, or the server has no vectors yet
}
