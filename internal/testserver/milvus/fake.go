// Package milvus gives tests the REST interface of a Milvus on a port of the loopback: a fake in this process, and Milvus Lite behind a
// bridge, which checks rows and expressions as the server does (see lite.go).
package milvus

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

// Token is what a fake asks for.
const Token = "root:Milvus-s3cret"

const maxRequest = 64 << 20

// Field is one of a collection's schema.
type Field struct {
	Name     string
	Kind     string // VarChar, Int64, FloatVector and so on, as the interface has them
	Primary  bool
	Auto     bool // the server makes the values
	Nullable bool
	Length   int    // of texts, bytes
	Dim      int    // of vectors
	Inner    string // of an Array
}

// Standard are the fields of a collection as the documentation advises them.
func Standard(dim int) []Field {
	return []Field{
		{Name: "id", Kind: "VarChar", Primary: true, Length: 36}, {Name: "record_id", Kind: "VarChar", Length: 2048},
		{Name: "text", Kind: "VarChar", Length: 65535}, {Name: "embeddings", Kind: "FloatVector", Dim: dim},
	}
}

// Fake is a fake of the part of the interface that writing needs.
type Fake struct {
	*wire.Server

	mu          sync.RWMutex
	limited     int // calls that are answered with a code
	code        int
	collections map[string]*collection
}

type collection struct {
	fields   []Field
	dynamic  bool
	unloaded bool
	rows     map[string]map[string]any
	made     int
}

// StartFake starts a fake that lives as long as the test.
func StartFake(t testing.TB) *Fake {
	t.Helper()
	f := &Fake{collections: map[string]*collection{}}
	f.Server = wire.Start(t, http.HandlerFunc(f.serve))
	return f
}

// Address is that of the server.
func (f *Fake) Address() string { return f.URL }

// Limit makes the server answer so many calls with the code of a rate limit, under the status of a success.
func (f *Fake) Limit(calls int) { f.Code(1807, calls) }

// Code makes the server answer so many calls with a code, under the status of a success.
func (f *Fake) Code(code, calls int) {
	f.mu.Lock()
	f.limited, f.code = calls, code
	f.mu.Unlock()
}

// Create makes a collection, which is loaded.
func (f *Fake) Create(_ testing.TB, name string, dynamic bool, fields ...Field) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.collections[name] = &collection{fields: fields, dynamic: dynamic, rows: map[string]map[string]any{}}
}

// Release makes a collection one that cannot be asked.
func (f *Fake) Release(name string) {
	f.mu.Lock()
	f.collections[name].unloaded = true
	f.mu.Unlock()
}

// Rows lists what stands in a collection.
func (f *Fake) Rows(_ testing.TB, name string) []map[string]any {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return slices.Collect(maps.Values(f.collections[name].rows))
}

func failed(w http.ResponseWriter, code int, why string) {
	wire.JSON(w, http.StatusOK, map[string]any{"code": code, "message": why})
}

func done(w http.ResponseWriter, data any) {
	wire.JSON(w, http.StatusOK, map[string]any{"code": 0, "cost": 0, "data": data})
}

type ask struct {
	Collection string           `json:"collectionName"`
	Database   string           `json:"dbName"`
	Filter     string           `json:"filter"`
	Limit      int              `json:"limit"`
	Outputs    []string         `json:"outputFields"`
	Data       []map[string]any `json:"data"`
}

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+Token {
		wire.JSON(w, http.StatusUnauthorized, map[string]any{"code": 1800, "message": "user hasn't authenticated: " + r.Header.Get("Authorization")})
		return
	}
	var a ask
	if !wire.Body(w, r, maxRequest, &a) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.limited > 0 {
		f.limited--
		failed(w, f.code, "raw text of the server")
		return
	}
	c := f.collections[a.Collection]
	does := strings.TrimPrefix(r.URL.Path, "/v2/vectordb/")
	switch {
	case a.Database != "" && a.Database != "default":
		failed(w, 800, "database not found[database="+a.Database+"]")
	case c == nil:
		failed(w, 100, "can't find collection[database=default][collection="+a.Collection+"]")
	case does == "collections/describe":
		c.describe(w, a.Collection)
	case c.unloaded && (does == "entities/query" || does == "entities/delete"):
		failed(w, 101, "collection not loaded")
	case does == "entities/upsert", does == "entities/insert":
		c.write(w, a.Data, does == "entities/insert")
	case does == "entities/query":
		c.query(w, a)
	case does == "entities/delete":
		keep, err := c.matching(a.Filter)
		if err != nil {
			failed(w, 1100, err.Error())
			return
		}
		for _, key := range keep {
			delete(c.rows, key)
		}
		done(w, struct{}{})
	default:
		wire.JSON(w, http.StatusNotFound, map[string]any{"code": 404, "message": "page not found"})
	}
}

func (c *collection) primary() Field {
	for _, f := range c.fields {
		if f.Primary {
			return f
		}
	}
	return Field{}
}

func (c *collection) describe(w http.ResponseWriter, name string) {
	var fields []map[string]any
	for _, f := range c.fields {
		out := map[string]any{"name": f.Name, "type": f.Kind, "primaryKey": f.Primary, "autoId": f.Auto, "nullable": f.Nullable, "partitionKey": false}
		switch {
		case f.Length > 0:
			out["params"] = []any{map[string]string{"key": "max_length", "value": fmt.Sprint(f.Length)}}
		case f.Dim > 0:
			out["params"] = []any{map[string]string{"key": "dim", "value": fmt.Sprint(f.Dim)}}
		}
		if f.Inner != "" {
			out["elementType"] = f.Inner
		}
		fields = append(fields, out)
	}
	load := "LoadStateLoaded"
	if c.unloaded {
		load = "LoadStateNotLoad"
	}
	done(w, map[string]any{"collectionName": name, "fields": fields, "enableDynamicField": c.dynamic, "autoId": c.primary().Auto, "load": load})
}

// wrong says why a row does not fit the schema.
func (c *collection) wrong(row map[string]any) string {
	dynamic := 0
	for name, v := range row {
		i := slices.IndexFunc(c.fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			if !c.dynamic {
				return "has pass more field without dynamic schema, please check it: " + name
			}
			b, err := json.Marshal(v)
			if err != nil {
				return err.Error()
			}
			dynamic += len(name) + len(b)
			continue
		}
		f := c.fields[i]
		text, is := v.(string)
		number, isNumber := v.(float64)
		list, isList := v.([]any)
		switch {
		case f.Primary && f.Auto:
			return "the primary key is made by the server"
		case f.Kind == "VarChar" && (!is || len(text) > f.Length):
			return fmt.Sprintf("the length (%d) of field %s exceeds max length (%d)", len(text), name, f.Length)
		case f.Kind == "FloatVector" && (!isList || len(list) != f.Dim):
			return fmt.Sprintf("the length %d of float data should be the dim %d", len(list), f.Dim)
		case strings.HasPrefix(f.Kind, "Int") && (!isNumber || number != float64(int64(number))), (f.Kind == "Double" || f.Kind == "Float") && !isNumber:
			return "the value of " + name + " is no number of its kind"
		case f.Kind == "Array" && !isList:
			return "the value of " + name + " is no list"
		}
	}
	for _, f := range c.fields {
		if _, ok := row[f.Name]; !ok && !f.Nullable && !(f.Primary && f.Auto) {
			return "field " + f.Name + " has no value"
		}
	}
	if dynamic > 65536 {
		return "the dynamic field exceeds the limit"
	}
	return ""
}

func (c *collection) write(w http.ResponseWriter, rows []map[string]any, insert bool) {
	for _, row := range rows {
		if why := c.wrong(row); why != "" {
			failed(w, 1804, "fail to deal the insert data, error: "+why)
			return
		}
	}
	key := c.primary()
	if insert != key.Auto {
		failed(w, 1100, "the fake upserts rows with keys, and inserts those without")
		return
	}
	for _, row := range rows {
		if key.Auto {
			c.made++
			row[key.Name] = float64(c.made)
		}
		c.rows[fmt.Sprint(row[key.Name])] = row
	}
	done(w, map[string]any{"upsertCount": len(rows)})
}

var (
	equal = regexp.MustCompile(`^(\w+) == ("(?:[^"\\]|\\.)*")(?: and (\w+) >= ("[^"]*") and (\w+) < ("[^"]*"))?$`)
	among = regexp.MustCompile(`^(\w+) in (\[.*\])$`)
)

// matching lists the keys of the rows that an expression is true of, in no order, as servers give them.
func (c *collection) matching(filter string) ([]string, error) {
	var out []string
	if at := among.FindStringSubmatch(filter); at != nil && at[1] == c.primary().Name {
		err := json.Unmarshal([]byte(at[2]), &out)
		return out, err
	}
	at := equal.FindStringSubmatch(filter)
	if at == nil {
		return nil, fmt.Errorf("cannot parse expression: %s", filter)
	}
	var value, from, to string
	if err := json.Unmarshal([]byte(at[2]), &value); err != nil {
		return nil, fmt.Errorf("cannot parse expression: %s", filter)
	}
	if at[4] != "" {
		from, to = strings.Trim(at[4], `"`), strings.Trim(at[6], `"`)
	}
	for key, row := range c.rows {
		if row[at[1]] == value && (from == "" || key >= from && key < to) {
			out = append(out, key)
		}
	}
	return out, nil
}

func (c *collection) query(w http.ResponseWriter, a ask) {
	keys, err := c.matching(a.Filter)
	if err != nil || a.Limit < 1 || a.Limit > 16384 {
		failed(w, 1100, fmt.Sprint("invalid parameter: ", err))
		return
	}
	rows := []any{}
	for _, key := range keys[:min(a.Limit, len(keys))] {
		out := map[string]any{}
		for _, name := range a.Outputs {
			out[name] = c.rows[key][name]
		}
		rows = append(rows, out)
	}
	done(w, rows)
}
