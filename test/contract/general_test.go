package contract_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

var collections = []string{"sources", "destinations", "workflows", "jobs", "templates"}

func TestGeneral(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigin("https://app.example"))
	const v1 = "/api/v1"

	t.Run("01 no key", func(t *testing.T) {
		for _, c := range collections {
			a := s.call(t, "GET", v1+"/"+c, "", nil).want(401)
			if string(a.body) != `{"detail":"API key is missing, please provide an API key in the header."}` {
				t.Errorf("%s: %s", c, a.body)
			}
			if a.header.Get("Content-Type") != "application/json" {
				t.Error(a.header.Get("Content-Type"))
			}
		}
	})
	t.Run("02 malformed and unknown key", func(t *testing.T) {
		const malformed = "API key is malformed, please type the API key correctly in the header."
		for _, key := range []string{"x", "slc_", s.key + "x", strings.ToUpper(s.key), "Bearer " + s.key} {
			if got := s.call(t, "GET", v1+"/jobs", key, nil).want(401).detail(); got != malformed {
				t.Errorf("%q: %s", key, got)
			}
		}
		unknown := s.key[:len(s.key)-2] + "AA"
		if got := s.call(t, "GET", v1+"/jobs", unknown, nil).want(401).detail(); !strings.HasPrefix(got, "API key is invalid") {
			t.Error(got)
		}
	})
	t.Run("03 bearer", func(t *testing.T) {
		s.call(t, "GET", v1+"/sources", "", nil, "Authorization", "Bearer "+s.key).want(200)
		s.call(t, "GET", v1+"/sources", "", nil, "Authorization", "bearer "+s.key).want(200)
		s.call(t, "GET", v1+"/sources", "", nil, "Authorization", "Bearer nonsense").want(401)
		s.call(t, "GET", v1+"/sources", "", nil, "Authorization", "Basic YTpi").want(401)
	})
	t.Run("04 slash and no slash", func(t *testing.T) {
		for _, c := range collections {
			a := s.call(t, "GET", v1+"/"+c, s.key, nil).want(200)
			b := s.call(t, "GET", v1+"/"+c+"/", s.key, nil).want(200)
			if string(a.body) != string(b.body) {
				t.Errorf("%s: %s and %s", c, a.body, b.body)
			}
		}
	})
	t.Run("05 post on both slash forms", func(t *testing.T) {
		for _, slash := range []string{"", "/"} {
			s.call(t, "POST", v1+"/sources"+slash, s.key, map[string]any{"name": "a", "type": "s3", "config": map[string]any{}}).want(200)
			s.call(t, "POST", v1+"/destinations"+slash, s.key, map[string]any{"name": "a", "type": "s3", "config": map[string]any{}}).want(200)
			s.call(t, "POST", v1+"/workflows"+slash, s.key, map[string]any{"name": "a", "workflow_type": "basic"}).want(200)
			s.call(t, "POST", v1+"/jobs"+slash, s.key, jobForm(partitionNode())).want(200)
		}
	})
	t.Run("06 doubled prefix, forgotten prefix", func(t *testing.T) {
		want := s.call(t, "GET", v1+"/templates/", s.key, nil).want(200)
		for _, path := range []string{"/api/v1/api/v1/templates/", "/templates", "/templates/", "/api/v1/api/v1/api/v1/templates"} {
			if got := s.call(t, "GET", path, s.key, nil).want(200); string(got.body) != string(want.body) {
				t.Errorf("%s: %s", path, got.body)
			}
		}
	})
	t.Run("07 double slash", func(t *testing.T) {
		s.call(t, "GET", v1+"//sources", s.key, nil).want(200)
		s.call(t, "GET", "//api//v1//jobs//", s.key, nil).want(200)
	})
	t.Run("08 unknown route, wrong method", func(t *testing.T) {
		for _, path := range []string{"/", "/api/v1", "/api/v1/nothing", "/api/v1/jobs/" + uuid.NewString() + "/nothing"} {
			if a := s.call(t, "GET", path, s.key, nil).want(404); string(a.body) != `{"detail":"Not Found"}` {
				t.Errorf("%s: %s", path, a.body)
			}
		}
		a := s.call(t, "DELETE", v1+"/jobs", s.key, nil).want(405)
		if a.header.Get("Allow") != "GET, POST" || a.detail() != "Method Not Allowed" {
			t.Errorf("%v %s", a.header, a.body)
		}
		if a := s.call(t, "GET", "/general/v0/general", s.key, nil).want(405); a.detail() != "Only POST requests are supported." {
			t.Error(a.detail())
		}
	})
	// 09 and 10 are asserted on every answer, see checkEvery.
	t.Run("11 unknown and malformed ids", func(t *testing.T) {
		id := uuid.NewString()
		for method, paths := range map[string][]string{
			"GET": {
				"/sources/*", "/sources/*/connection-check", "/destinations/*", "/destinations/*/connection-check",
				"/workflows/*", "/jobs/*", "/jobs/*/details", "/jobs/*/failed-files", "/jobs/*/download?file_id=x",
			},
			"PUT":    {"/sources/*", "/destinations/*", "/workflows/*"},
			"DELETE": {"/sources/*", "/destinations/*", "/workflows/*"},
			"POST":   {"/sources/*/connection-check", "/destinations/*/connection-check", "/workflows/*/run", "/jobs/*/cancel", "/jobs/*/retry"},
		} {
			for _, p := range paths {
				var body any
				if method == "PUT" {
					body = map[string]any{"config": map[string]any{}}
				}
				if got := s.call(t, method, v1+strings.Replace(p, "*", id, 1), s.key, body).want(404).detail(); got == "Not Found" {
					t.Errorf("%s %s: the route is missing", method, p)
				}
				if p == "/workflows/*/run" {
					body = newForm().file("input_files", "a.txt", "", text)
				}
				got := s.call(t, method, v1+strings.Replace(p, "*", "not-a-uuid", 1), s.key, body).want(422).locs()
				if len(got) != 1 || !strings.HasPrefix(got[0], "path.") {
					t.Errorf("%s %s: %v", method, p, got)
				}
			}
		}
		s.call(t, "GET", v1+"/templates/not-a-uuid", s.key, nil).want(404)
	})
	t.Run("12 preflight", func(t *testing.T) {
		a := s.call(t, "OPTIONS", v1+"/jobs/", "", nil, "Origin", "https://app.example", "Access-Control-Request-Method", "POST").want(204)
		if a.header.Get("Access-Control-Allow-Origin") != "https://app.example" ||
			!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "unstructured-api-key") ||
			!strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "DELETE") {
			t.Errorf("%v", a.header)
		}
		a = s.call(t, "GET", v1+"/jobs/", s.key, nil, "Origin", "https://app.example").want(200)
		if a.header.Get("Access-Control-Allow-Origin") != "https://app.example" {
			t.Errorf("%v", a.header)
		}
		a = s.call(t, "GET", v1+"/jobs/", s.key, nil, "Origin", "https://evil.example").want(200)
		if a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%v", a.header)
		}
	})
	t.Run("13 open routes", func(t *testing.T) {
		for _, path := range []string{"/openapi.json", "/healthcheck", "/docs", "/healthz", "/readyz", "/api/v1/openapi.json"} {
			s.call(t, "GET", path, "", nil).want(200)
		}
		if got := s.call(t, "GET", "/healthcheck", "", nil).object()["healthcheck"]; got != "HEALTHCHECK STATUS: EVERYTHING OK!" {
			t.Error(got)
		}
	})
	t.Run("14 two workspaces", func(t *testing.T) {
		source := s.call(t, "POST", v1+"/sources", s.key, map[string]any{"name": "mine", "type": "s3", "config": map[string]any{}}).want(200).id()
		destination := s.call(t, "POST", v1+"/destinations", s.key, map[string]any{"name": "mine", "type": "s3", "config": map[string]any{}}).want(200).id()
		flow := s.call(t, "POST", v1+"/workflows", s.key, map[string]any{"name": "mine", "workflow_type": "basic"}).want(200).id()
		job := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text))
		id := job["id"].(string)
		file := job["input_file_ids"].([]any)[0].(string)
		for method, paths := range map[string][]string{
			"GET": {
				"/sources/" + source, "/destinations/" + destination, "/workflows/" + flow, "/jobs/" + id, "/jobs/" + id + "/details",
				"/jobs/" + id + "/failed-files", "/jobs/" + id + "/download?file_id=" + file, "/sources/" + source + "/connection-check",
			},
			"PUT":    {"/sources/" + source, "/destinations/" + destination, "/workflows/" + flow},
			"DELETE": {"/sources/" + source, "/destinations/" + destination, "/workflows/" + flow},
			"POST": {
				"/sources/" + source + "/connection-check", "/workflows/" + flow + "/run", "/jobs/" + id + "/cancel", "/jobs/" + id + "/retry",
			},
		} {
			for _, p := range paths {
				var body any
				if method == "PUT" {
					body = map[string]any{"config": map[string]any{}}
				}
				s.call(t, method, v1+p, s.other, body).want(404)
			}
		}
		for _, c := range []string{"sources", "destinations", "workflows", "jobs"} {
			if got := s.call(t, "GET", v1+"/"+c, s.other, nil).want(200).list(); len(got) != 0 {
				t.Errorf("%s: %v", c, got)
			}
		}
		for _, field := range []string{"source_id", "destination_id"} {
			id := map[string]string{"source_id": source, "destination_id": destination}[field]
			s.call(t, "POST", v1+"/workflows", s.other, map[string]any{"name": "theirs", "workflow_type": "basic", field: id}).want(404)
		}
		s.call(t, "GET", v1+"/workflows/"+flow, s.key, nil).want(200)
	})
	t.Run("a reader changes nothing", func(t *testing.T) {
		s.call(t, "GET", v1+"/jobs", s.reader, nil).want(200)
		s.call(t, "POST", v1+"/workflows", s.reader, map[string]any{"name": "x", "workflow_type": "basic"}).want(403)
	})
	t.Run("a large body with a wrong key is refused, not broken off", func(t *testing.T) {
		f := jobForm(partitionNode()).file("input_files", "a.txt", "", strings.Repeat(text, 100_000))
		s.call(t, "POST", v1+"/jobs/", "wrong", f).want(401)
	})
	t.Run("openapi has every route and every reference", func(t *testing.T) {
		doc := s.call(t, "GET", "/openapi.json", "", nil).want(200)
		var d struct {
			Paths      map[string]map[string]any
			Components struct{ Schemas map[string]any }
		}
		if err := json.Unmarshal(doc.body, &d); err != nil {
			t.Fatal(err)
		}
		n := 0
		for path, item := range d.Paths {
			for method := range item {
				n++
				filled := strings.NewReplacer("{source_id}", uuid.NewString(), "{destination_id}", uuid.NewString(),
					"{workflow_id}", uuid.NewString(), "{job_id}", uuid.NewString(), "{template_id}", "x").Replace(path)
				if a := s.call(t, strings.ToUpper(method), filled, s.key, nil); a.status == http.StatusMethodNotAllowed ||
					a.status == 404 && a.detail() == "Not Found" {
					t.Errorf("%s %s is described but not served", method, path)
				}
			}
		}
		if n < 35 {
			t.Errorf("%d operations", n)
		}
		for _, ref := range strings.Split(string(doc.body), `"#/components/schemas/`)[1:] {
			name, _, _ := strings.Cut(ref, `"`)
			if d.Components.Schemas[name] == nil {
				t.Errorf("schema %s is missing", name)
			}
		}
	})
	t.Run("connector types", func(t *testing.T) {
		all := s.call(t, "GET", v1+"/connector-types", s.key, nil).want(200).object()
		if len(all["sources"].([]any)) < 23 || len(all["destinations"].([]any)) < 25 {
			t.Errorf("%d sources, %d destinations", len(all["sources"].([]any)), len(all["destinations"].([]any)))
		}
		for _, v := range all["destinations"].([]any) {
			k := v.(map[string]any)
			if built := k["built"] == true; built != (k["guarantee"] != nil) || built != (k["permissions"] != nil) || built != (k["example"] != nil) {
				t.Errorf("%v: built %v, guarantee %v, permissions %v", k["type"], k["built"], k["guarantee"], k["permissions"])
			}
		}
	})
}
