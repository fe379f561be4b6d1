package api

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.routes = s.table()
	type operation struct {
		OperationID string `json:"operationId"`
		Security    *[]any
		Parameters  []struct {
			Name, In string
			Required bool
		}
		RequestBody struct {
			Content map[string]struct{ Schema map[string]any }
		} `json:"requestBody"`
		Responses map[string]any
	}
	var doc struct {
		Paths      map[string]map[string]operation
		Components struct{ Schemas map[string]any }
	}
	text := s.describe()
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}

	shown, ids := map[string]operation{}, map[string]bool{}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			shown[strings.ToUpper(method)+" "+path] = o
			if o.OperationID == "" || ids[o.OperationID] {
				t.Errorf("%s %s: the operation id %q is empty or stands twice", method, path, o.OperationID)
			}
			ids[o.OperationID] = true
			if r, _, err := s.match(strings.ToUpper(method), canonical(path)); err != nil || r.id != o.OperationID {
				t.Errorf("%s %s is shown and leads to %q: %v", method, path, r.id, err)
			}
			for _, p := range o.Parameters {
				if p.In == "path" != strings.Contains(path, "{"+p.Name+"}") || p.In == "path" && !p.Required {
					t.Errorf("%s %s: parameter %+v", method, path, p)
				}
			}
		}
	}
	for _, r := range s.routes {
		path := "/api/v1" + r.path
		if r.outside {
			path = r.path
		}
		o, ok := shown[r.method+" "+path]
		if !ok {
			t.Errorf("%s %s is not shown", r.method, path)
		}
		if open := o.Security != nil && len(*o.Security) == 0; open != r.open {
			t.Errorf("%s %s: shown as open: %v", r.method, path, open)
		}
		if _, ok := o.Responses["401"]; ok == r.open {
			t.Errorf("%s %s: 401 shown: %v", r.method, path, ok)
		}
	}
	if len(shown) != len(s.routes) {
		t.Errorf("%d operations are shown, %d are served", len(shown), len(s.routes))
	}

	form := shown["POST "+general].RequestBody.Content["multipart/form-data"].Schema
	properties, _ := form["properties"].(map[string]any)
	for _, name := range []string{"files", "strategy", "languages", "chunking_strategy", "max_characters", "output_format", "coordinates"} {
		if properties[name] == nil {
			t.Errorf("the partition form does not show %s", name)
		}
	}

	var all any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	references(all, used)
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if doc.Components.Schemas[strings.TrimPrefix(name, "#/components/schemas/")] == nil {
			t.Errorf("%s leads nowhere", name)
		}
	}
	for name := range doc.Components.Schemas {
		if !used["#/components/schemas/"+name] {
			t.Errorf("nothing uses the schema %s", name)
		}
	}
}

// references collects every $ref below v.
func references(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if text, ok := member.(string); ok && k == "$ref" {
				into[text] = true
			}
			references(member, into)
		}
	case []any:
		for _, member := range v {
			references(member, into)
		}
	}
}

// The page asks for openapi.json beside itself, so every address of the page needs the document beside it.
func TestDocsFindTheDocument(t *testing.T) {
	t.Parallel()
	h := New(Config{Version: "1"})
	for page, document := range map[string]string{
		"/docs": "/openapi.json", "/docs/": "/docs/openapi.json", "/api/v1/docs": "/api/v1/openapi.json",
		"/general/docs": "/general/openapi.json", "/general/docs/": "/general/docs/openapi.json",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", page, nil))
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") ||
			!strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", page, w.Code, w.Header())
		}
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", document, nil))
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %v", document, w.Code, w.Header())
		}
	}
}
