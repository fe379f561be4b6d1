package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/internal/api"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/health"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/telemetry"
)

// watching are the flags that say how a server is watched.
type watching struct {
	MetricsAddr  string        `env:"SLUICE_METRICS_ADDR" placeholder:"ADDR" help:"Address of /metrics, /healthz and /readyz without a key, 127.0.0.1:9090 for one; keep it inside your network. Off without it."`
	OTLPEndpoint string        `name:"otlp-endpoint" env:"SLUICE_OTLP_ENDPOINT,OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"OpenTelemetry collector that traces are sent to by HTTP, http://127.0.0.1:4318 for one. Without it nothing is sent anywhere."`
	Drain        time.Duration `env:"SLUICE_DRAIN" default:"0s" help:"How long a stop goes on answering requests, not ready, before it closes its address: the time in which load balancers look elsewhere."`
}

// telemetry makes the metrics and traces of this process.
func (w watching) telemetry(role, node string, db store.Store, log *slog.Logger) (*telemetry.Telemetry, error) {
	otlp, err := telemetry.OTLPFromEnvironment(w.OTLPEndpoint)
	if err != nil {
		return nil, err
	}
	return telemetry.New(telemetry.Options{Version: version, Node: node, Role: role, Store: db, OTLP: otlp, Log: log})
}

// readiness is what this process needs to do its work. working says whether it takes tasks; nil when it never does.
func readiness(db store.Store, blobs blob.Store, working *atomic.Bool, log *slog.Logger) *health.Readiness {
	checks := []health.Check{health.Database(db), health.Schema(db), health.Blobs(blobs)}
	if working != nil {
		checks = append(checks, health.Work(working))
	}
	return health.New(log, checks...)
}

// show answers /metrics, /healthz and /readyz on the address that the operator set for them. stop ends it.
func (w watching) show(ctx context.Context, metrics http.Handler, ready *health.Readiness, log *slog.Logger) (stop func(), err error) {
	if w.MetricsAddr == "" {
		return func() {}, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --metrics-addr", w.MetricsAddr, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok", "version": version})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		report := ready.Report(r.Context())
		status := http.StatusOK
		if !report.Ready {
			status = http.StatusServiceUnavailable
		}
		answer(w, status, report)
	})
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: api.ReadHeaderTimeout, ReadTimeout: api.ReadHeaderTimeout, WriteTimeout: time.Minute,
		IdleTimeout: api.IdleTimeout, MaxHeaderBytes: api.MaxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // it ends by stop
	}()
	log.Info("metrics are served", "address", l.Addr().String())
	return func() {
		server.Close()
		<-done
	}, nil
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
