package engine_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/telemetry"
)

// collector takes traces as an OpenTelemetry collector does.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
}

func newCollector(t testing.TB) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var data tracepb.TracesData
		if err := proto.Unmarshal(body, &data); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, r := range data.ResourceSpans {
			for _, s := range r.ScopeSpans {
				c.spans = append(c.spans, s.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// attribute is the text of a span's attribute, "" when it has none.
func attribute(s *tracepb.Span, name string) string {
	for _, a := range s.Attributes {
		if a.Key == name {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// TestObserved follows a job with a good and a broken file and a good and a broken destination through its metrics and
// traces.
func TestObserved(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	watch, err := telemetry.New(telemetry.Options{OTLP: telemetry.OTLP{Endpoint: c.URL + "/v1/traces"}})
	must(t, err)
	b := newBench(t, func(s *setup) {
		s.config.Observer = watch
		s.blobs = func(b blob.Store) blob.Store { return watch.Blobs(b) }
	})
	in, _, source, good := b.folders("a.txt")
	must(t, os.WriteFile(filepath.Join(in, "b.pdf"), []byte("%PDF-1.7 and no more"), 0o644))
	blocked := filepath.Join(b.open, "blocked")
	must(t, os.WriteFile(blocked, []byte("a file where a folder should be"), 0o644))
	bad := b.connector(store.SideDestination, "local", map[string]any{"path": blocked})
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.Nodes = []string{source}, []string{good, bad}, nodes(t, "chunk_by_title")
	})
	j := b.run(w)
	if j.Status != store.Failed || j.Failed != 2 {
		t.Fatalf("%+v", j)
	}
	files := b.files(j.ID)
	b.stop()

	a := httptest.NewRecorder()
	watch.Metrics().ServeHTTP(a, httptest.NewRequest("GET", "/metrics", nil))
	text := a.Body.String()
	for _, line := range []string{
		`sluice_files_total{outcome="ok"} 1`,
		`sluice_files_total{outcome="corrupt"} 1`,
		`sluice_file_seconds_count 2`,
		`sluice_nodes_total{outcome="ok",subtype="chunk_by_title",type="chunk"} 1`,
		`sluice_fetches_total{connector="local",outcome="ok"} 2`,
		`sluice_writes_total{connector="local",outcome="ok"} 1`,
		`sluice_writes_total{connector="local",outcome="failed"} 1`,
		`sluice_listings_total{connector="local",outcome="ok"} 1`,
		`sluice_listed_documents_total{connector="local"} 2`,
		`sluice_tasks_running{kind="file",queue="bulk"} 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
	if m := regexp.MustCompile(`sluice_blob_seconds_count\{operation="put"\} (\d+)`).FindStringSubmatch(text); m == nil || m[1] != "3" {
		t.Errorf("blobs put: %v", m)
	}
	for _, secret := range []string{j.ID, b.dir, "a.txt"} {
		if strings.Contains(text, secret) {
			t.Errorf("the metrics hold %s", secret)
		}
	}

	watch.Close(context.WithoutCancel(t.Context()))
	byID := map[string]*tracepb.Span{}
	for _, s := range c.spans {
		byID[string(s.SpanId)] = s
	}
	var tree []string
	for _, s := range c.spans {
		line := s.Name + " " + attribute(s, "sluice.outcome")
		if attribute(s, "sluice.job.id") != j.ID {
			t.Errorf("%s is of job %q", s.Name, attribute(s, "sluice.job.id"))
		}
		for _, f := range files {
			if attribute(s, "sluice.file.id") == f.ID {
				line += " " + f.Name
			}
		}
		if len(s.ParentSpanId) > 0 {
			parent := byID[string(s.ParentSpanId)]
			if parent == nil || string(parent.TraceId) != string(s.TraceId) {
				t.Errorf("the parent of %s is not there", s.Name)
				continue
			}
			line += " in " + parent.Name
		}
		if strings.Contains(s.String(), "a.txt") || strings.Contains(s.String(), b.dir) {
			t.Errorf("a span tells more than ids: %s", s)
		}
		tree = append(tree, line)
	}
	slices.Sort(tree)
	want := []string{
		"fetch ok a.txt in node partition", "fetch ok b.pdf in node partition", "file corrupt b.pdf", "file ok a.txt",
		"node chunk ok a.txt in file", "node partition corrupt b.pdf in file", "node partition ok a.txt in file", "plan ok",
		"write failed a.txt in file", "write ok a.txt in file",
	}
	if !slices.Equal(tree, want) {
		t.Errorf("spans\n%s\nwant\n%s", strings.Join(tree, "\n"), strings.Join(want, "\n"))
	}
}
