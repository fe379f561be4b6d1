package api

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/sluicehq/sluice/partition"
)

//go:embed docs.html
var docsPage []byte

func (s *server) getOpenAPI(w http.ResponseWriter, _ *request) error {
	return raw(w, "application/json", s.openapi)
}

// getDocs shows the description as a page that loads nothing from elsewhere.
func (s *server) getDocs(w http.ResponseWriter, _ *request) error {
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'")
	return raw(w, "text/html; charset=utf-8", docsPage)
}

func raw(w http.ResponseWriter, contentType string, b []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(b)
	return nil
}

func (s *server) healthcheck(w http.ResponseWriter, _ *request) error {
	return respond(w, http.StatusOK, map[string]string{"healthcheck": "HEALTHCHECK STATUS: EVERYTHING OK!"})
}

func (s *server) healthz(w http.ResponseWriter, _ *request) error {
	return respond(w, http.StatusOK, map[string]string{"status": "ok", "version": s.Version})
}

func (s *server) readyz(w http.ResponseWriter, r *request) error {
	report := s.Ready.Report(r.Context())
	if !report.Ready {
		return respond(w, http.StatusServiceUnavailable, report)
	}
	return respond(w, http.StatusOK, report)
}

// schema is a JSON object of the document.
type schema = map[string]any

// describe makes the OpenAPI document of the route table.
func (s *server) describe() []byte {
	paths := schema{}
	for _, r := range s.routes {
		path := "/api/v1" + r.path
		if r.outside {
			path = r.path
		}
		item, ok := paths[path].(schema)
		if !ok {
			item = schema{}
			paths[path] = item
		}
		item[lower(r.method)] = r.describe()
	}
	doc := schema{
		"openapi": "3.1.0",
		"info": schema{
			"title": "Sluice", "version": s.Version,
			"description": "Workflow operations: sources, destinations, workflows, jobs, templates. " +
				"Collections answer with and without a slash at the end.",
		},
		"security": []any{schema{"key": []any{}}, schema{"bearer": []any{}}},
		"paths":    paths,
		"components": schema{
			"securitySchemes": schema{
				"key":    schema{"type": "apiKey", "in": "header", "name": "unstructured-api-key"},
				"bearer": schema{"type": "http", "scheme": "bearer"},
			},
			"schemas": schemas(),
		},
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic("api: the OpenAPI document: " + err.Error()) // only strings and numbers
	}
	return b
}

func lower(method string) string {
	b := []byte(method)
	for i := range b {
		b[i] |= 0x20
	}
	return string(b)
}

func ref(name string) schema { return schema{"$ref": "#/components/schemas/" + name} }

func (r route) describe() schema {
	out := schema{"operationId": r.id, "tags": []any{r.tag}, "summary": r.summary}
	if r.open {
		out["security"] = []any{}
	}
	var parameters []any
	for _, p := range r.parameters() {
		parameters = append(parameters, schema{
			"name": p.name, "in": p.in, "required": p.required, "description": p.help, "schema": p.schema(),
		})
	}
	if parameters != nil {
		out["parameters"] = parameters
	}
	if r.body != "" {
		out["requestBody"] = schema{"required": true, "content": schema{"application/json": schema{"schema": ref(r.body)}}}
	}
	if r.form != nil {
		properties, required := schema{}, []any{}
		for _, p := range r.form {
			field := p.schema()
			if p.help != "" {
				field["description"] = p.help
			}
			properties[p.name] = field
			if p.required {
				required = append(required, p.name)
			}
		}
		out["requestBody"] = schema{"content": schema{"multipart/form-data": schema{
			"schema": schema{"type": "object", "properties": properties, "required": required},
		}}}
	}
	var answer schema
	switch {
	case r.answer == "":
		answer = schema{}
	case r.list:
		answer = schema{"type": "array", "items": ref(r.answer)}
	default:
		answer = ref(r.answer)
	}
	responses := schema{
		strconv.Itoa(r.status): schema{"description": "Success", "content": schema{"application/json": schema{"schema": answer}}},
	}
	if !r.open {
		responses["401"] = schema{"description": "The key is missing or wrong", "content": schema{"application/json": schema{"schema": ref("Error")}}}
	}
	if len(r.parameters()) > 0 || r.body != "" || r.form != nil {
		responses["422"] = schema{"description": "What is wrong with the request", "content": schema{"application/json": schema{"schema": ref("HTTPValidationError")}}}
	}
	out["responses"] = responses
	return out
}

func (p parameter) schema() schema {
	s := schema{"type": "string"}
	if p.kind != "" {
		s["type"] = p.kind
	}
	if p.format != "" {
		s["format"] = p.format
	}
	if p.many {
		return schema{"type": "array", "items": s}
	}
	return s
}

// partitionForm lists the parameters of the partition endpoint.
func partitionForm() []parameter {
	out := []parameter{{name: "files", in: "form", format: "binary", many: true, required: true, help: "one file, or several"}}
	for _, name := range partition.Parameters() {
		if name != "chunking_strategy" && name != "include_orig_elements" {
			out = append(out, parameter{name: name, in: "form"})
		}
	}
	for _, name := range []string{
		"chunking_strategy", "max_characters", "new_after_n_chars", "overlap", "overlap_all", "combine_under_n_chars",
		"max_tokens", "new_after_n_tokens", "tokenizer", "multipage_sections", "include_orig_elements", "similarity_threshold",
		"contextual_chunking_strategy", "repeat_table_headers", "isolate_table", "skip_table_chunking", "output_format",
	} {
		out = append(out, parameter{name: name, in: "form"})
	}
	return out
}
