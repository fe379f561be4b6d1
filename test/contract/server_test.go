// Package contract_test holds the acceptance checks of the wire contract, one subtest a check, over the real handler,
// engine, database and parser. The checks that need the official SDK are in test/sdk.
package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	_ "github.com/sluicehq/sluice/connector/all"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/answers"
	"github.com/sluicehq/sluice/internal/api"
	"github.com/sluicehq/sluice/internal/auth"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/internal/secret"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/sqlite"
)

// server is a whole installation on loopback.
type server struct {
	t          *testing.T
	url        string
	key, other string // keys of two workspaces
	reader     string // a key of the first workspace that may only read
	folder     string // open to the local connector
	gate       *gate
	db         store.Store
	dir        string
	stop       func()
}

// gate is a parser that holds files whose name begins with "slow" until it is opened.
type gate struct {
	child.Parser
	open chan struct{}
	once sync.Once
}

func (g *gate) Parse(ctx context.Context, f document.File, r child.Request) child.Stream {
	if strings.HasPrefix(f.Name, "slow") {
		select {
		case <-g.open:
		case <-ctx.Done():
		}
	}
	return g.Parser.Parse(ctx, f, r)
}

func (g *gate) release() { g.once.Do(func() { close(g.open) }) }

type option func(*engine.Limits, *[]string)

func withLimits(l engine.Limits) option { return func(to *engine.Limits, _ *[]string) { *to = l } }
func withOrigin(o string) option {
	return func(_ *engine.Limits, to *[]string) { *to = append(*to, o) }
}

func start(t *testing.T, options ...option) *server {
	t.Helper()
	return startIn(t, t.TempDir(), options...)
}

func startIn(t *testing.T, dir string, options ...option) *server {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &server{t: t, dir: dir, folder: filepath.Join(dir, "open"), gate: &gate{Parser: child.Direct{}, open: make(chan struct{})}}
	must(os.MkdirAll(s.folder, 0o755))
	ctx, cancel := context.WithCancel(context.Background())
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	must(err)
	s.db = db
	blobs, err := blob.Open(ctx, filepath.Join(dir, "blobs"))
	must(err)
	secrets, err := secret.Load(filepath.Join(dir, "keyset.json"))
	must(err)
	var limits engine.Limits
	var origins []string
	for _, o := range options {
		o(&limits, &origins)
	}
	cache, err := answers.New(filepath.Join(dir, "answers"), 64<<20, nil)
	must(err)
	jobs, err := engine.New(engine.Config{
		Store: db, Blobs: blobs, Pipeline: pipeline.New(pipeline.Config{Blobs: blobs, Parser: s.gate, Answers: cache, Patience: 10 * time.Millisecond}),
		Env: connector.Env{TempDir: dir, Local: []string{s.folder}}, Secrets: secrets, Workers: 4, Limits: limits, Grace: time.Second,
	})
	must(err)
	done := make(chan error, 1)
	go func() { done <- jobs.Run(ctx) }()
	h := httptest.NewServer(api.New(api.Config{
		Store: db, Engine: jobs, Secrets: secrets, Parser: s.gate, Limits: limits, Origins: origins, Version: "test",
	}))
	s.url = h.URL
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			h.Close()
			s.gate.release()
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			_ = blobs.Close()
		})
	}
	t.Cleanup(s.stop)
	s.key, s.reader, s.other = s.makeKey("one", "admin"), s.makeKey("one", "reader"), s.makeKey("two", "admin")
	return s
}

// makeKey makes a key in a workspace, which is made when absent.
func (s *server) makeKey(workspace, role string) string {
	s.t.Helper()
	key, hash, hint := auth.Generate()
	err := s.db.InTx(context.Background(), func(tx store.Tx) error {
		w, err := tx.WorkspaceByName(s.t.Context(), workspace)
		if err != nil {
			w = store.Workspace{ID: uuid.NewString(), Name: workspace, CreatedAt: time.Now().UTC()}
			if err := tx.CreateWorkspace(s.t.Context(), w); err != nil {
				return err
			}
		}
		return tx.CreateKey(s.t.Context(), store.Key{
			ID: uuid.NewString(), Workspace: w.ID, Name: uuid.NewString(), Role: role, Hash: hash, Hint: hint, CreatedAt: time.Now().UTC(),
		})
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// call sends a request with a key ("" for none) and a body: nil, a string as it is, a *form, or a value as JSON.
func (s *server) call(t testing.TB, method, path, key string, body any, headers ...string) answer {
	t.Helper()
	var r io.Reader
	contentType := ""
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case *form:
		r, contentType = b.finish()
	case url.Values:
		r, contentType = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		r, contentType = bytes.NewReader(text), "application/json"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, r)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("unstructured-api-key", key)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{t, res.StatusCode, res.Header, text}
	checkEvery(t, method, path, a)
	return a
}

// checkEvery holds checks 9 and 10 over every answer that any test sees.
func checkEvery(t testing.TB, method, path string, a answer) {
	t.Helper()
	if a.status == http.StatusNoContent && method == http.MethodOptions {
		return
	}
	if a.status == 201 || a.status == 204 || a.status/100 == 3 || a.header.Get("Location") != "" {
		t.Errorf("%s %s: status %d, Location %q", method, path, a.status, a.header.Get("Location"))
	}
	kind := a.header.Get("Content-Type")
	asked := strings.Contains(path, "format=") || strings.Contains(path, "/general") // for another form of the elements
	if !strings.HasPrefix(kind, "application/json") && !strings.HasSuffix(path, "/docs") && !(asked && a.status == 200) {
		t.Errorf("%s %s: content type %q", method, path, kind)
	}
}

// want fails the test unless the status is the expected one.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

func (a answer) object() map[string]any {
	a.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

func (a answer) list() []map[string]any {
	a.t.Helper()
	var v []map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil || v == nil {
		a.t.Fatalf("not an array of objects: %v: %.300s", err, a.body)
	}
	return v
}

// id is the id of the object.
func (a answer) id() string {
	a.t.Helper()
	id, _ := a.object()["id"].(string)
	if id == "" {
		a.t.Fatalf("no id: %s", a.body)
	}
	return id
}

// detail is the text of an error.
func (a answer) detail() string {
	a.t.Helper()
	text, ok := a.object()["detail"].(string)
	if !ok {
		a.t.Fatalf("detail is no text: %s", a.body)
	}
	return text
}

// locs are the places of a validation error, each as words joined by dots.
func (a answer) locs() []string {
	a.t.Helper()
	list, ok := a.object()["detail"].([]any)
	if !ok {
		a.t.Fatalf("detail is no list: %s", a.body)
	}
	var out []string
	for _, d := range list {
		var words []string
		e := d.(map[string]any)
		for _, field := range []string{"type", "msg"} {
			if text, _ := e[field].(string); text == "" {
				a.t.Errorf("no %s: %s", field, a.body)
			}
		}
		for _, w := range e["loc"].([]any) {
			words = append(words, fmt.Sprint(w))
		}
		out = append(out, strings.Join(words, "."))
	}
	return out
}

// wantLoc fails unless the answer is a 422 at exactly these places.
func (a answer) wantLoc(places ...string) {
	a.t.Helper()
	a.want(422)
	if got := a.locs(); strings.Join(got, " ") != strings.Join(places, " ") {
		a.t.Errorf("places %v, want %v: %s", got, places, a.body)
	}
}

// form builds a multipart body.
type form struct {
	buf bytes.Buffer
	w   *multipart.Writer
}

func newForm() *form {
	f := &form{}
	f.w = multipart.NewWriter(&f.buf)
	return f
}

func (f *form) field(name, value string) *form {
	_ = f.w.WriteField(name, value)
	return f
}

// file adds a file with the name exactly as given.
func (f *form) file(field, name, contentType, content string) *form {
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, field, name))
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	part, _ := f.w.CreatePart(h)
	_, _ = io.WriteString(part, content)
	return f
}

func (f *form) finish() (io.Reader, string) {
	_ = f.w.Close()
	return &f.buf, f.w.FormDataContentType()
}

const text = "Yearly report\n\nThe keeper opened the gate in the morning and closed it again at night.\n\nIt rained all day.\n"

// partitionNode and chunkNode are nodes as a client writes them.
func partitionNode(settings ...any) map[string]any {
	return node("Partitioner", "partition", "unstructured_api", append([]any{"strategy", "fast"}, settings...)...)
}

func chunkNode(subtype string, settings ...any) map[string]any {
	return node("Chunker", "chunk", subtype, settings...)
}

func node(name, kind, subtype string, settings ...any) map[string]any {
	set := map[string]any{}
	for i := 0; i+1 < len(settings); i += 2 {
		set[settings[i].(string)] = settings[i+1]
	}
	return map[string]any{"name": name, "type": kind, "subtype": subtype, "settings": set}
}

// jobForm is a form with request_data over nodes.
func jobForm(nodes ...map[string]any) *form {
	text, _ := json.Marshal(map[string]any{"job_nodes": nodes})
	return newForm().field("request_data", string(text))
}

func templateForm(id string) *form {
	return newForm().field("request_data", fmt.Sprintf(`{"template_id": %q}`, id))
}

// finish polls a job until it ends.
func (s *server) finish(t testing.TB, id string) map[string]any {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		j := s.call(t, "GET", "/api/v1/jobs/"+id, s.key, nil).want(200).object()
		switch j["status"] {
		case "SCHEDULED", "IN_PROGRESS":
		default:
			return j
		}
		if time.Now().After(deadline) {
			t.Fatalf("the job did not end: %v", j)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// run creates a job and waits for its end.
func (s *server) run(t testing.TB, f *form) map[string]any {
	t.Helper()
	return s.finish(t, s.call(t, "POST", "/api/v1/jobs/", s.key, f).want(200).id())
}

// download returns the elements of a job's file; node "" is the last.
func (s *server) download(t testing.TB, job map[string]any, file int, node string) []map[string]any {
	t.Helper()
	q := url.Values{"file_id": {job["input_file_ids"].([]any)[file].(string)}}
	if node != "" {
		q.Set("node_id", node)
	}
	return s.call(t, "GET", "/api/v1/jobs/"+job["id"].(string)+"/download?"+q.Encode(), s.key, nil).want(200).list()
}

// eventually waits until fn is true.
func eventually(t testing.TB, what string, fn func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !fn(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}
