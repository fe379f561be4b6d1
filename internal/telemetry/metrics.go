package telemetry

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluicehq/sluice/internal/observe"
)

// Buckets in seconds: work goes from milliseconds (a small text) to half an hour (a scanned book), requests from
// milliseconds to a minute.
var (
	workBuckets    = []float64{.005, .02, .1, .5, 2, 10, 60, 300, 1800}
	requestBuckets = []float64{.005, .025, .1, .5, 2, 10, 60}
)

// metrics are the instruments of a process. docs/operations.md says what each means and when it should alarm; a test
// compares the two.
type metrics struct {
	registry *prometheus.Registry

	running      limited[prometheus.Gauge]    // kind, queue
	files        limited[prometheus.Counter]  // outcome
	fileTime     prometheus.Observer          //
	nodes        limited[prometheus.Counter]  // type, subtype, outcome
	nodeTime     limited[prometheus.Observer] // type, subtype
	fetches      limited[prometheus.Counter]  // connector, outcome
	fetchTime    limited[prometheus.Observer] // connector
	writes       limited[prometheus.Counter]  // connector, outcome
	writeTime    limited[prometheus.Observer] // connector
	plans        limited[prometheus.Counter]  // connector, outcome
	removals     limited[prometheus.Counter]  // outcome
	listed       limited[prometheus.Counter]  // connector
	calls        limited[prometheus.Counter]  // provider, model, by
	tokens       limited[prometheus.Counter]  // provider, model, direction
	cost         limited[prometheus.Counter]  // provider, model
	children     prometheus.Gauge
	childStarts  prometheus.Counter
	childEnds    limited[prometheus.Counter]  // reason
	requests     limited[prometheus.Counter]  // method, route, status
	requestTime  limited[prometheus.Observer] // method, route
	blobTime     limited[prometheus.Observer] // operation
	blobFailures limited[prometheus.Counter]  // operation
}

func newMetrics(o Options) *metrics {
	r := prometheus.NewRegistry()
	m := &metrics{registry: r}
	counter := func(name, help string, labels ...string) limited[prometheus.Counter] {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(v)
		return limit(v.WithLabelValues)
	}
	seconds := func(name, help string, buckets []float64, labels ...string) limited[prometheus.Observer] {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		r.MustRegister(v)
		return limit(v.WithLabelValues)
	}

	running := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "sluice_tasks_running", Help: "Tasks at work in this process.",
	}, []string{"kind", "queue"})
	r.MustRegister(running)
	m.running = limit(running.WithLabelValues)

	m.files = counter("sluice_files_total", "Attempts to take a file through its nodes, by what came of them.", "outcome")
	for _, outcome := range []string{observe.OK, observe.Interrupted} { // an alarm for "none" needs a zero to see
		m.files.with(outcome)
	}
	m.fileTime = seconds("sluice_file_seconds", "Time of an attempt to take a file through its nodes.", workBuckets).with()
	m.nodes = counter("sluice_nodes_total", "Nodes run, by what came of them.", "type", "subtype", "outcome")
	m.nodeTime = seconds("sluice_node_seconds", "Time of one node of one file.", workBuckets, "type", "subtype")
	m.fetches = counter("sluice_fetches_total", "Files opened, by where from and what came of it.", "connector", "outcome")
	m.fetchTime = seconds("sluice_fetch_seconds", "Time to open a file.", workBuckets, "connector")
	m.writes = counter("sluice_writes_total", "Attempts to write a file to a destination, by its type and what came of them.", "connector", "outcome")
	m.writeTime = seconds("sluice_write_seconds", "Time to write a file to a destination.", workBuckets, "connector")
	m.plans = counter("sluice_listings_total", "Listings of sources, by type and what came of them.", "connector", "outcome")
	m.removals = counter("sluice_removals_total", "Removals of what left a source from the destinations, by what came of them.", "outcome")
	m.listed = counter("sluice_listed_documents_total", "Documents that sources have listed.", "connector")

	m.calls = counter("sluice_model_answers_total", "Answers of models, by who gave them: the provider, or the cache.", "provider", "model", "by")
	m.tokens = counter("sluice_model_tokens_total", "Tokens that providers counted, in and out.", "provider", "model", "direction")
	m.cost = counter("sluice_model_cost_dollars_total", "Cost of answers in US dollars, by list prices or those of --model-prices.", "provider", "model")

	m.children = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_parse_children", Help: "Parse children that live."})
	m.childStarts = prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_parse_children_started_total", Help: "Parse children started."})
	r.MustRegister(m.children, m.childStarts)
	m.childEnds = counter("sluice_parse_children_ended_total", "Parse children that ended, by why.", "reason")

	m.requests = counter("sluice_http_requests_total", "Requests answered.", "method", "route", "status")
	m.requestTime = seconds("sluice_http_request_seconds", "Time to answer a request.", requestBuckets, "method", "route")
	m.blobTime = seconds("sluice_blob_seconds", "Time of an operation on uploads and outputs.", requestBuckets, "operation")
	m.blobFailures = counter("sluice_blob_errors_total", "Operations on uploads and outputs that failed.", "operation")

	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sluice_build_info", Help: "1, with what runs as labels."},
		[]string{"version", "role", "go"})
	build.WithLabelValues(o.Version, o.Role, runtime.Version()).Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if o.Store != nil {
		r.MustRegister(newLoad(o.Store, o.Log))
	}
	return m
}

// work books a piece of work that has ended.
func (m *metrics) work(w observe.Work, e observe.End) {
	took := e.Took.Seconds()
	switch w.Kind {
	case observe.File:
		m.files.with(e.Outcome).Inc()
		m.fileTime.Observe(took)
	case observe.Node:
		m.nodes.with(w.Type, w.Subtype, e.Outcome).Inc()
		m.nodeTime.with(w.Type, w.Subtype).Observe(took)
	case observe.Fetch:
		kind := e.Connector
		if kind == "" {
			kind = "upload"
		}
		m.fetches.with(kind, e.Outcome).Inc()
		m.fetchTime.with(kind).Observe(took)
	case observe.Write:
		m.writes.with(e.Connector, e.Outcome).Inc()
		m.writeTime.with(e.Connector).Observe(took)
	case observe.Plan:
		m.plans.with(e.Connector, e.Outcome).Inc()
	case observe.Remove:
		m.removals.with(e.Outcome).Inc()
	}
}

// asked books answers of a model.
func (m *metrics) asked(a observe.Answers) {
	m.calls.with(a.Provider, a.Model, "provider").Add(float64(a.Calls))
	m.calls.with(a.Provider, a.Model, "cache").Add(float64(a.Cached))
	m.tokens.with(a.Provider, a.Model, "in").Add(float64(a.Input))
	m.tokens.with(a.Provider, a.Model, "out").Add(float64(a.Output))
	m.cost.with(a.Provider, a.Model).Add(a.Cost)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, MaxRequestsInFlight: 4, Timeout: 20 * time.Second,
	})
}
