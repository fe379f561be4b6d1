package program_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Of a job on two workers the metrics add up, a file is one trace though another worker wrote it, and a process says that
// it is not ready while its database is away.
func TestClusterIsWatched(t *testing.T) {
	t.Parallel()
	type seen struct {
		*tracepb.Span
		instance string
	}
	var mu sync.Mutex
	traces := map[string][]seen{}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var data tracepb.TracesData
		if err := proto.Unmarshal(body, &data); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range data.ResourceSpans {
			instance := ""
			for _, a := range resource.Resource.Attributes {
				if a.Key == "service.instance.id" {
					instance = a.Value.GetStringValue()
				}
			}
			for _, scope := range resource.ScopeSpans {
				for _, s := range scope.Spans {
					traces[string(s.TraceId)] = append(traces[string(s.TraceId)], seen{s, instance})
				}
			}
		}
	}))
	defer collector.Close()

	const files = 80
	c := newCluster(t)
	dir, names := c.documents(files)
	out := c.folderSink("out")
	watched := flags("--metrics-addr", "127.0.0.1:0", "--otlp-endpoint", collector.URL)
	workers := []*server{c.worker(watched), c.worker(watched)}
	c.whole(c.run([]string{c.folderSource(dir)}, []string{out.id}), names, out.held)

	sums := map[string]float64{}
	for _, w := range workers {
		_, metrics := get(t, metricsURL(t, w)+"/metrics")
		for _, series := range []string{
			`sluice_files_total{outcome="ok"}`, `sluice_writes_total{connector="local",outcome="ok"}`,
			`sluice_listed_documents_total{connector="local"}`, `sluice_listings_total{connector="local",outcome="ok"}`,
		} {
			sums[series] += max(value(metrics, series), 0)
		}
		if n := value(metrics, `sluice_open_files{queue="bulk"}`); n != 0 {
			t.Errorf("%v files are open after the job", n)
		}
	}
	for series, want := range map[string]float64{
		`sluice_files_total{outcome="ok"}`: files, `sluice_writes_total{connector="local",outcome="ok"}`: files,
		`sluice_listed_documents_total{connector="local"}`: files, `sluice_listings_total{connector="local",outcome="ok"}`: 1,
	} {
		if sums[series] != want {
			t.Errorf("%s: %v, want %v", series, sums[series], want)
		}
	}

	ask := func(s string) string {
		status, body := get(t, s+"/readyz")
		if (status == http.StatusOK) != strings.Contains(body, `"status":"ready"`) {
			t.Errorf("%d %s", status, body)
		}
		return body
	}
	url := metricsURL(t, workers[0])
	if body := ask(url); body != `{"status":"ready","checks":{"blobs":"ok","database":"ok","schema":"ok","work":"ok"}}` {
		t.Errorf("a worker: %s", body)
	}
	if body := ask(c.api.url); body != `{"status":"ready","checks":{"blobs":"ok","database":"ok","schema":"ok"}}` {
		t.Errorf("the api: %s", body)
	}
	if err := c.database.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{url, c.api.url} {
		eventually(t, "not ready without a database", func() bool {
			body := ask(s)
			return strings.Contains(body, `"status":"not ready"`) && !strings.Contains(body, `"database":"ok"`) && strings.Contains(body, `"blobs":"ok"`)
		})
		if body := ask(s); strings.Contains(body, "127.0.0.1") || strings.Contains(body, c.database.Password()) {
			t.Errorf("it tells too much: %s", body)
		}
	}
	if err := c.database.Run(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{url, c.api.url} {
		eventually(t, "ready again", func() bool { return strings.Contains(ask(s), `"status":"ready"`) })
	}

	for _, w := range workers {
		if status := w.signal(syscall.SIGTERM); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	whole, both := 0, 0
	for _, spans := range traces {
		byID, instances := map[string]string{}, map[string]bool{}
		for _, s := range spans {
			byID[string(s.SpanId)] = s.Name
			instances[s.instance] = true
		}
		count := map[string]int{}
		for _, s := range spans {
			// A write that met the clean-up of the other worker in the same folder is tried again.
			if !strings.Contains(s.String(), `"interrupted"`) {
				count[s.Name+" in "+byID[string(s.ParentSpanId)]]++
			}
		}
		if count["file in "] == 1 && count["write in file"] == 1 && count["fetch in node partition"] == 1 {
			whole++
		}
		if len(instances) == 2 {
			both++
		}
	}
	if whole != files || len(traces) != files+1 {
		t.Errorf("%d traces, %d of whole files; want %d", len(traces), whole, files)
	}
	t.Logf("%d of %d files were processed by one worker and written by the other", both, files)
	if both == 0 {
		t.Error("no trace has spans of two processes")
	}
}
