package program_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// get asks a URL without a key.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err.Error()
	}
	return a.StatusCode, string(b)
}

// value is one series of the metrics, -1 when it is not there.
func value(metrics, series string) float64 {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(metrics)
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return -1
	}
	return v
}

// metricsURL is the address of the metrics, as the log says it.
func metricsURL(t *testing.T, s *server) string {
	t.Helper()
	m := regexp.MustCompile(`msg="metrics are served" address=(\S+)`).FindStringSubmatch(s.log.String())
	if m == nil {
		t.Fatalf("the log does not say where the metrics are:\n%s", s.log.String())
	}
	return "http://" + m[1]
}

// A server shows what it does on an address of its own, sends traces where it is told to, and is not ready from the moment
// it is asked to stop.
func TestWatched(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	names := map[string]int{}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var data tracepb.TracesData
		if err := proto.Unmarshal(body, &data); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("x-team") != "search 7" {
			t.Errorf("%s %v: %v", r.URL.Path, r.Header, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range data.ResourceSpans {
			if about := fmt.Sprint(resource.Resource); !strings.Contains(about, `"sluice"`) || !strings.Contains(about, version) {
				t.Errorf("the resource is %s", about)
			}
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					names[span.Name]++
				}
			}
		}
	}))
	defer collector.Close()
	s := serve(t, t.TempDir(), flags("--metrics-addr", "127.0.0.1:0", "--drain", "3s", "--log-level", "debug", "--log-format", "text"),
		variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL), variable("OTEL_EXPORTER_OTLP_HEADERS", "x-team=search%207"))
	url := metricsURL(t, s)
	if status, body := get(t, url+"/readyz"); status != 200 ||
		body != `{"status":"ready","checks":{"blobs":"ok","database":"ok","schema":"ok","work":"ok"}}` {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, body := get(t, url+"/healthz"); status != 200 || !strings.Contains(body, `"ok"`) {
		t.Errorf("healthz: %d %s", status, body)
	}
	if status, _ := get(t, url+"/api/v1/jobs"); status != http.StatusNotFound {
		t.Errorf("the address of the metrics answers requests of the API with status %d", status)
	}
	if status, _ := get(t, s.url+"/metrics"); status != http.StatusNotFound {
		t.Errorf("the address of the API answers /metrics with status %d", status)
	}

	const files = 12
	broken := filepath.Join(t.TempDir(), "broken.pdf")
	if err := os.WriteFile(broken, []byte("%PDF-1.7 and no more"), 0o644); err != nil {
		t.Fatal(err)
	}
	j := s.complete(t, s.create(t, letters(files)).ID)
	bad := s.create(t, uploads(t, broken))
	s.finish(t, bad.ID)
	_, metrics := get(t, url+"/metrics")
	for series, want := range map[string]float64{
		`sluice_files_total{outcome="ok"}`:                                                        files,
		`sluice_files_total{outcome="corrupt"}`:                                                   1,
		`sluice_file_seconds_count`:                                                               files + 1,
		`sluice_fetches_total{connector="upload",outcome="ok"}`:                                   files + 1,
		`sluice_nodes_total{outcome="ok",subtype="chunk_by_title",type="chunk"}`:                  files,
		`sluice_http_requests_total{method="POST",route="/api/v1/jobs",status="200"}`:             2,
		`sluice_blob_errors_total{operation="put"}`:                                               -1,
		`sluice_database_up`:                                                                      1,
		`sluice_open_files{queue="demand"}`:                                                       0,
		`sluice_tasks{queue="bulk",state="waiting"}`:                                              0,
		`sluice_build_info{go="` + goVersion(metrics) + `",role="all",version="` + version + `"}`: 1,
	} {
		if got := value(metrics, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	if n := value(metrics, "sluice_parse_children"); n < 1 {
		t.Errorf("%v parse children", n)
	}
	if n := value(metrics, "process_resident_memory_bytes"); n < 1<<20 {
		t.Errorf("%v bytes of memory", n)
	}
	for _, secret := range []string{j.ID, s.key, s.dir} {
		if strings.Contains(metrics, secret) {
			t.Errorf("the metrics hold %s", secret)
		}
	}

	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{url, s.url} {
		eventually(t, base+" is not ready", func() bool {
			status, body := get(t, base+"/readyz")
			return status == http.StatusServiceUnavailable && body == `{"status":"stopping","checks":{}}`
		})
	}
	if status, _ := s.send(t, http.MethodGet, "/api/v1/jobs/"+j.ID, "", nil); status != http.StatusOK {
		t.Errorf("a request while it drains: status %d", status)
	}
	if status := s.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	mu.Lock()
	defer mu.Unlock()
	if names["file"] != files+1 || names["node partition"] != files+1 || names["node chunk"] != files || names["fetch"] != files+1 {
		t.Errorf("spans: %v", names)
	}
	requests := 0
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, "msg=request ") {
			requests++
			if !regexp.MustCompile(` request=\S+ method=\S+ path=\S+ .*status=\d+ ms=\d+`).MatchString(line) {
				t.Errorf("the line of a request: %s", line)
			}
		}
		if strings.Contains(line, "msg=\"file failed\"") && !strings.Contains(line, "job="+bad.ID) {
			t.Errorf("no job in: %s", line)
		}
	}
	if requests < 3 {
		t.Errorf("%d lines of requests", requests)
	}
}

func goVersion(metrics string) string {
	m := regexp.MustCompile(`sluice_build_info\{go="([^"]+)"`).FindStringSubmatch(metrics)
	if m == nil {
		return ""
	}
	return m[1]
}

// What can never be sent is refused at the start, without the values of the variables.
func TestWrongTraceAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, words string }{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "user:hunter2@collector", "write http://host:4318"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf only"},
		{"OTEL_TRACES_SAMPLER", "sometimes", "always_on"},
	} {
		s := launch(t, t.TempDir(), variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), variable(c.name, c.value))
		if status := s.wait(); status != 1 || !strings.Contains(s.log.String(), c.words) || strings.Contains(s.log.String(), "hunter2") {
			t.Errorf("%s=%s: status %d: %s", c.name, c.value, status, s.log.String())
		}
	}
}

// The docs of the operator and the metrics name each other's.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, t.TempDir(), flags("--metrics-addr", "127.0.0.1:0"))
	url := metricsURL(t, s)
	contentType, body := form(t, partitionAndChunk, letters(1))
	status, answer := s.send(t, http.MethodPost, "/api/v1/jobs/", contentType, body)
	var j struct{ ID string }
	if err := json.Unmarshal(answer, &j); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	s.complete(t, j.ID)
	_, metrics := get(t, url+"/metrics")
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (sluice_\S+) `).FindAllStringSubmatch(metrics, -1) {
		if !strings.Contains(string(page), "`"+m[1]) {
			t.Errorf("docs/operations.md does not say what %s is", m[1])
		}
	}
	known, err := os.ReadFile(filepath.Join("..", "..", "internal", "telemetry", "metrics.go"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := os.ReadFile(filepath.Join("..", "..", "internal", "telemetry", "load.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`(sluice_[a-z_]+)").FindAllStringSubmatch(string(page), -1) {
		name := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(m[1], "")
		if !strings.Contains(string(known)+string(more), `"`+name+`"`) {
			t.Errorf("docs/operations.md speaks of %s, which does not exist", m[1])
		}
	}
}
