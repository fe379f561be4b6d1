// Package telemetry shows what a process does: Prometheus metrics, which wait to be fetched, and OpenTelemetry traces, which
// are sent only to an address that the operator names. Without one nothing leaves the process.
//
// It is told of the work through internal/observe and counts nothing itself. Every label has a bounded set of values: no id,
// no file name and no path of a request becomes one.
package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/internal/store"
)

// Options are what a Telemetry works with.
type Options struct {
	Version string
	Node    string      // id of this process
	Role    string      // all, api or worker
	Store   store.Store // its queues are counted at each fetch of the metrics; nil leaves them out
	OTLP    OTLP
	Log     *slog.Logger
}

// Telemetry is the metrics and traces of a process. It is safe for concurrent use.
type Telemetry struct {
	metrics *metrics
	traces  *traces // nil: off
}

var (
	_ observe.Observer = (*Telemetry)(nil)
	_ child.Watch      = (*Telemetry)(nil)
)

// New makes the metrics and, if there is an address for them, the traces. Close sends what is left of them.
func New(o Options) (*Telemetry, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	t := &Telemetry{metrics: newMetrics(o)}
	if o.OTLP.Endpoint == "" {
		return t, nil
	}
	var err error
	t.traces, err = newTraces(o)
	return t, err
}

// Close sends the traces that are left, for at most as long as ctx lasts.
func (t *Telemetry) Close(ctx context.Context) {
	if t.traces != nil {
		t.traces.close(ctx)
	}
}

// Metrics answers with the metrics in Prometheus' text form.
func (t *Telemetry) Metrics() http.Handler { return t.metrics.handler() }

// Begin implements observe.Observer.
func (t *Telemetry) Begin(ctx context.Context, w observe.Work) (context.Context, func(observe.End)) {
	endSpan := func(observe.End) {}
	if t.traces != nil {
		ctx, endSpan = t.traces.begin(ctx, w)
	}
	return ctx, func(e observe.End) {
		t.metrics.work(w, e)
		endSpan(e)
	}
}

// Listed implements observe.Observer.
func (t *Telemetry) Listed(connector string, documents int) {
	t.metrics.listed.with(connector).Add(float64(documents))
}

// Asked implements observe.ModelObserver.
func (t *Telemetry) Asked(a observe.Answers) { t.metrics.asked(a) }

// Task implements observe.Observer.
func (t *Telemetry) Task(kind, queue string) func() {
	if queue == "" {
		queue = string(store.QueueBulk)
	}
	running := t.metrics.running.with(kind, queue)
	running.Inc()
	return running.Dec
}

// ChildStarted implements child.Watch.
func (t *Telemetry) ChildStarted() {
	t.metrics.childStarts.Inc()
	t.metrics.children.Inc()
}

// ChildEnded implements child.Watch.
func (t *Telemetry) ChildEnded(why string) {
	t.metrics.childEnds.with(why).Inc()
	t.metrics.children.Dec()
}

// Request counts an answered HTTP request. route is the pattern of its path, "" when there is none.
func (t *Telemetry) Request(method, route string, status int, took time.Duration) {
	if route == "" {
		method, route = "any", "none"
	}
	t.metrics.requests.with(method, route, strconv.Itoa(status)).Inc()
	t.metrics.requestTime.with(method, route).Observe(took.Seconds())
}
