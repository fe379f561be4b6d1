package telemetry

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/store/sqlite"
)

func scrape(t *testing.T, w *Telemetry) string {
	t.Helper()
	a := httptest.NewRecorder()
	w.Metrics().ServeHTTP(a, httptest.NewRequest("GET", "/metrics", nil))
	if a.Code != http.StatusOK {
		t.Fatalf("status %d: %s", a.Code, a.Body)
	}
	return a.Body.String()
}

// Whatever labels are made of, their number is bounded and the metrics can be read.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	w, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxSeries {
		w.Request("GET", fmt.Sprint("/", i), 200, time.Millisecond)
	}
	ctx, end := w.Begin(t.Context(), observe.Work{Kind: observe.Node, Type: "bad \xff\xfe", Subtype: strings.Repeat("ü", 1000)})
	end(observe.End{Outcome: "ok"})
	if _, ok := observe.Current(ctx); ok {
		t.Error("the observer put work into the context")
	}
	w.Listed("", 3)
	w.Asked(observe.Answers{Provider: "openai", Model: "gpt-4o", Calls: 2, Cached: 5, Input: 40, Output: 6, Cost: 0.25})
	_, end = w.Begin(t.Context(), observe.Work{Kind: observe.Remove, Job: "j", Target: "r"})
	end(observe.End{Outcome: observe.Failed})
	text := scrape(t, w)
	if n := strings.Count(text, "sluice_http_requests_total{"); n != maxSeries+1 {
		t.Errorf("%d series of requests, want %d", n, maxSeries+1)
	}
	for _, line := range []string{
		fmt.Sprintf(`sluice_http_requests_total{method="other",route="other",status="other"} %d`, 2*maxSeries),
		`sluice_listed_documents_total{connector="none"} 3`,
		`sluice_model_answers_total{by="cache",model="gpt-4o",provider="openai"} 5`,
		`sluice_model_answers_total{by="provider",model="gpt-4o",provider="openai"} 2`,
		`sluice_model_tokens_total{direction="out",model="gpt-4o",provider="openai"} 6`,
		`sluice_model_cost_dollars_total{model="gpt-4o",provider="openai"} 0.25`,
		`type="bad _"} 1`,
		`sluice_removals_total{outcome="failed"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

func TestNothingIsSentWithoutAnAddress(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "") // main reads it, as the value of its flag
	for _, c := range []struct {
		set, endpoint, want string
	}{
		{"", "", ""},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c/own", "", "http://c/own"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c/own", "http://d", "http://c/own"},
		{"", "http://d/base/", "http://d/base/v1/traces"},
		{"OTEL_SDK_DISABLED=true", "http://d", ""},
		{"OTEL_TRACES_EXPORTER=none", "http://d", ""},
	} {
		t.Run(c.set+c.endpoint, func(t *testing.T) {
			if name, value, ok := strings.Cut(c.set, "="); ok {
				t.Setenv(name, value)
			}
			o, err := OTLPFromEnvironment(c.endpoint)
			if err != nil || o.Endpoint != c.want {
				t.Fatalf("%q %v, want %q", o.Endpoint, err, c.want)
			}
			w, err := New(Options{OTLP: o})
			if err != nil || (w.traces != nil) != (c.want != "") {
				t.Errorf("traces %v, %v", w.traces, err)
			}
		})
	}
}

func TestHeadersFromEnvironment(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc=, x = y")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1500")
	o, err := OTLPFromEnvironment("http://d")
	if err != nil || o.Headers["authorization"] != "Basic abc=" || o.Headers["x"] != "y" || !o.Gzip || o.Timeout != 1500*time.Millisecond {
		t.Errorf("%+v %v", o, err)
	}
}

// upload sends one span to a handler.
func upload(t *testing.T, h http.HandlerFunc, change func(*OTLP)) error {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	o := OTLP{Endpoint: s.URL + "/v1/traces", Headers: map[string]string{"authorization": "Bearer hunter2"}}
	if change != nil {
		change(&o)
	}
	c, err := newClient(o)
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	return c.UploadTraces(t.Context(), []*tracepb.ResourceSpans{{SchemaUrl: "here"}})
}

func TestUpload(t *testing.T) {
	t.Parallel()
	t.Run("again while the collector is busy", func(t *testing.T) {
		t.Parallel()
		var n atomic.Int32
		err := upload(t, func(w http.ResponseWriter, r *http.Request) {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body, _ := io.ReadAll(z)
			var data tracepb.TracesData
			if err := proto.Unmarshal(body, &data); err != nil || len(data.ResourceSpans) != 1 || data.ResourceSpans[0].SchemaUrl != "here" {
				t.Errorf("%v %v", &data, err)
			}
			if n.Add(1) < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, func(o *OTLP) { o.Gzip = true })
		if err != nil || n.Load() != 3 {
			t.Errorf("%v after %d tries", err, n.Load())
		}
	})
	t.Run("not for ever", func(t *testing.T) {
		t.Parallel()
		var n atomic.Int32
		err := upload(t, func(w http.ResponseWriter, _ *http.Request) {
			n.Add(1)
			w.WriteHeader(http.StatusBadGateway)
		}, nil)
		if err == nil || n.Load() != tries || !strings.Contains(err.Error(), "HTTP 502") {
			t.Errorf("%v after %d tries", err, n.Load())
		}
	})
	t.Run("refused once", func(t *testing.T) {
		t.Parallel()
		var n atomic.Int32
		err := upload(t, func(w http.ResponseWriter, _ *http.Request) {
			n.Add(1)
			w.WriteHeader(http.StatusUnauthorized)
		}, nil)
		if err == nil || n.Load() != 1 || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v after %d tries", err, n.Load())
		}
	})
	t.Run("the key stays with its address", func(t *testing.T) {
		t.Parallel()
		elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			t.Errorf("a redirect was followed with %v", r.Header)
		}))
		defer elsewhere.Close()
		err := upload(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer hunter2" {
				t.Errorf("headers %v", r.Header)
			}
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, nil)
		if err == nil {
			t.Error("a redirect counts as success")
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		err := upload(t, nil, func(o *OTLP) { o.Endpoint = "http://hunter2:hunter2@127.0.0.1:1/" })
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	})
}

// The ratio of a sampler is that of the files, and a file's writes follow it in whichever process they run.
func TestSampling(t *testing.T) {
	t.Parallel()
	s, err := samplerOf("parentbased_traceidratio", "0.25")
	if err != nil {
		t.Fatal(err)
	}
	tr := &traces{sampler: s}
	sampled := 0
	const files = 4000
	for i := range files {
		id := fmt.Sprintf("0198c5f0-0000-7000-8000-%012d", i)
		parent := tr.parent(id, 1)
		direct := s.ShouldSample(sdktrace.SamplingParameters{TraceID: traceOf(id)}).Decision == sdktrace.RecordAndSample
		if parent.IsSampled() != direct || !parent.IsValid() || parent.TraceID() != traceOf(id) || parent.SpanID() == tr.parent(id, 2).SpanID() {
			t.Fatalf("%s: %v", id, parent)
		}
		if direct {
			sampled++
		}
	}
	if sampled < files/5 || sampled > files*3/10 {
		t.Errorf("%d of %d files are sampled, want a quarter", sampled, files)
	}
	for _, wrong := range [][2]string{{"traceidratio", "2"}, {"traceidratio", "x"}, {"jaeger_remote", ""}} {
		if _, err := samplerOf(wrong[0], wrong[1]); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

func TestBlobFailures(t *testing.T) {
	t.Parallel()
	w, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	blobs := w.Blobs(s)
	defer blobs.Close()
	if _, _, err := blobs.Put(t.Context(), "a/b", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	fault := errors.New("the upload broke off")
	if _, _, err := blobs.Put(t.Context(), "a/c", io.MultiReader(strings.NewReader("x"), failing{fault})); !errors.Is(err, fault) {
		t.Errorf("got %v", err)
	}
	if _, err := blobs.Open(t.Context(), "a/none"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = blobs.Get(canceled, "a/b", 0)
	if err := blobs.Delete(t.Context(), "a//b"); err == nil {
		t.Error("a wrong key was taken")
	}
	text := scrape(t, w)
	if !strings.Contains(text, `sluice_blob_errors_total{operation="delete"} 1`+"\n") || strings.Count(text, "sluice_blob_errors_total{") != 1 {
		t.Errorf("only the delete failed by the store's fault:\n%s", text)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// The queues are counted when somebody asks, and a database that is gone is a figure too.
func TestLoad(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(Options{Store: db})
	if err != nil {
		t.Fatal(err)
	}
	text := scrape(t, w)
	for _, line := range []string{"sluice_database_up 1", `sluice_tasks{queue="bulk",state="waiting"} 0`, `sluice_open_files{queue="demand"} 0`} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if w, err = New(Options{Store: db}); err != nil {
		t.Fatal(err)
	}
	if text = scrape(t, w); !strings.Contains(text, "sluice_database_up 0\n") || strings.Contains(text, "sluice_tasks{") {
		t.Errorf("without a database:\n%s", text)
	}
}
