package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicehq/sluice/internal/store"
)

const (
	loadFresh   = 2 * time.Second // what was counted so long ago is good enough
	loadTimeout = 5 * time.Second
	loadLogs    = time.Minute // between two lines about a database that does not answer
)

// load counts what stands in the queues, of the whole installation, when somebody fetches the metrics.
type load struct {
	store store.Store
	log   *slog.Logger

	mu     sync.Mutex
	at     time.Time
	said   time.Time
	queues map[store.Queue]store.Load
	err    error
}

var (
	upDesc    = prometheus.NewDesc("sluice_database_up", "1 when the queues could be counted, else 0.", nil, nil)
	tasksDesc = prometheus.NewDesc("sluice_tasks", "Tasks in the queue, of all processes: waiting or running.", []string{"queue", "state"}, nil)
	jobsDesc  = prometheus.NewDesc("sluice_open_jobs", "Jobs that have not ended.", []string{"queue"}, nil)
	filesDesc = prometheus.NewDesc("sluice_open_files", "Files that have not ended, the backlog of open jobs included.", []string{"queue"}, nil)
)

func newLoad(s store.Store, log *slog.Logger) *load { return &load{store: s, log: log} }

// Describe implements prometheus.Collector.
func (l *load) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, tasksDesc, jobsDesc, filesDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (l *load) Collect(out chan<- prometheus.Metric) {
	queues, err := l.count()
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	if err != nil {
		gauge(upDesc, 0)
		return
	}
	gauge(upDesc, 1)
	for q, n := range queues {
		gauge(tasksDesc, n.Waiting, string(q), "waiting")
		gauge(tasksDesc, n.Running, string(q), "running")
		gauge(jobsDesc, n.Jobs, string(q))
		gauge(filesDesc, n.Files, string(q))
	}
}

func (l *load) count() (map[store.Queue]store.Load, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.at.IsZero() && time.Since(l.at) < loadFresh {
		return l.queues, l.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	l.err = l.store.View(ctx, func(r store.Reader) (err error) {
		l.queues, err = r.Load(ctx)
		return err
	})
	l.at = time.Now()
	if l.err != nil && l.at.Sub(l.said) > loadLogs {
		l.said = l.at
		l.log.Warn("the queues cannot be counted for the metrics", "error", l.err)
	}
	return l.queues, l.err
}
