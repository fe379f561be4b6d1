package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/sluicehq/sluice/connector"
	_ "github.com/sluicehq/sluice/connector/all"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/answers"
	"github.com/sluicehq/sluice/internal/api"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/guard"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/pdf"
)

type serveCmd struct {
	database
	watching
	Addr       string        `env:"SLUICE_ADDR" default:"127.0.0.1:8080" help:"Address to listen on. :8080 listens on every interface."`
	BlobURL    string        `env:"SLUICE_BLOB_URL" placeholder:"URL" help:"Where uploads and outputs go; a folder in --data without it."`
	Role       string        `env:"SLUICE_ROLE" enum:"all,api,worker" default:"all" help:"What this process does: all, api or worker."`
	Limits     string        `env:"SLUICE_LIMITS" enum:"none,platform" default:"none" help:"Limits of on-demand jobs: none, or platform (10 files of 10 MB, 5 running, one launch a second)."`
	Workers    int           `env:"SLUICE_WORKERS" default:"0" help:"Files at once of large jobs, and as many of on-demand jobs; 0 is four a core."`
	AllowLocal []string      `env:"SLUICE_ALLOW_LOCAL" placeholder:"DIR" help:"Folder that connectors of type local may use. May be repeated."`
	AllowNet   []string      `name:"allow-network" env:"SLUICE_ALLOW_NETWORK" placeholder:"NET" help:"Network that connectors may reach besides public addresses: 10.0.0.0/8, one address, all, or none. May be repeated. Without it: none, or all on a loopback --addr."`
	CORSOrigin []string      `env:"SLUICE_CORS_ORIGIN" placeholder:"ORIGIN" help:"Origin that browsers may call from, or *. May be repeated; none without it."`
	Keep       string        `name:"keep-outputs" env:"SLUICE_KEEP_OUTPUTS" enum:"auto,all,last,failed" default:"auto" help:"Node outputs kept of files that ended well: all, last, failed, or auto (all for uploads, failed for sources, and of documents with permissions the last)."`
	Retain     time.Duration `env:"SLUICE_RETAIN" default:"336h" help:"How long outputs of ended jobs are kept."`
	ParseMB    int           `env:"SLUICE_PARSE_MB" default:"2048" help:"Memory that parsing one file may use, in megabytes."`
	ParseTime  time.Duration `env:"SLUICE_PARSE_TIME" default:"30m" help:"Time that parsing one file may take."`
	AnswersMB  int           `name:"answer-cache-mb" env:"SLUICE_ANSWER_CACHE_MB" default:"1024" help:"Size of the cache of models' answers in --data, in megabytes; 0 asks every time."`
	Prices     string        `name:"model-prices" env:"SLUICE_MODEL_PRICES" placeholder:"FILE" help:"Prices of models, in US dollars for a million tokens, over the built-in ones, which are of 2025 and for an estimate: {\"openai/gpt-4o\": {\"input\": 2.5, \"output\": 10}}."`
	Grace      time.Duration `env:"SLUICE_GRACE" default:"20s" help:"How long a stop waits for running files before it hands them back."`
	LogFormat  string        `env:"SLUICE_LOG_FORMAT" enum:"text,json" default:"text" help:"Form of the log: text or json."`
	LogLevel   slog.Level    `env:"SLUICE_LOG_LEVEL" default:"info" help:"debug, info, warn or error."`
}

// Help is shown under the flags.
func (serveCmd) Help() string {
	return `On an empty folder it makes what it needs and prints a first API key, once. Every flag has an environment
variable of the same name: --blob-url is SLUICE_BLOB_URL.`
}

// Run serves until the context ends.
func (c *serveCmd) Run(ctx context.Context, s streams) error {
	if c.Role != "all" {
		if c.DatabaseURL == "" {
			return fmt.Errorf("--role %s needs a database that processes can share: name a PostgreSQL server with --database-url, or use --role all", c.Role)
		}
		if c.BlobURL == "" {
			return fmt.Errorf("--role %s needs a place for uploads and outputs that all processes reach: name it with --blob-url", c.Role)
		}
	}
	networks, err := c.networks()
	if err != nil {
		return err
	}
	return c.host(ctx, host{
		log: c.logger(s.err), networks: networks,
		listen: func() (net.Listener, error) {
			l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
			if err != nil {
				return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --addr", c.Addr, err)
			}
			return l, nil
		},
		welcome: func(db store.Store, l net.Listener) error {
			if l == nil {
				_, err := fmt.Fprintln(s.out, "working")
				return err
			}
			key, err := firstKey(ctx, db)
			if err != nil {
				return err
			}
			greet(s.out, l.Addr(), key)
			return nil
		},
	})
}

// host is what a server has that runs in this process, besides its flags.
type host struct {
	log      *slog.Logger
	networks guard.Networks                             // that connectors may reach
	listen   func() (net.Listener, error)               // called unless the role is worker
	welcome  func(db store.Store, l net.Listener) error // called once the server stands; l is nil for a worker
	machine  string                                     // folder of the PDF engine's machine code; "" is one in the data folder
}

// host runs a server until the context ends, then lets running files finish.
func (c *serveCmd) host(ctx context.Context, h host) error {
	log := h.log
	db, err := c.create(ctx, newQueueLog(log))
	if err != nil {
		return err
	}
	defer db.Close()
	blobs, err := c.blobs(ctx, c.BlobURL)
	if err != nil {
		return err
	}
	defer blobs.Close()
	node := uuid.NewString()
	watch, err := c.telemetry(c.Role, node, db, log)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		watch.Close(end)
	}()
	blobs = watch.Blobs(blobs)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("cannot make the data folder %s: %w; choose another with --data", c.Data, bare(err))
	}
	secrets, err := c.openSecrets(ctx, db)
	if err != nil {
		return err
	}
	var listener net.Listener
	if c.Role != "worker" {
		if listener, err = h.listen(); err != nil {
			return err
		}
		defer listener.Close()
	}
	var working *atomic.Bool
	if c.Role != "api" {
		working = new(atomic.Bool)
	}
	health := readiness(db, blobs, working, log)
	hide, err := c.show(ctx, watch.Metrics(), health, log)
	if err != nil {
		return err
	}
	defer hide()
	cache, err := filepath.Abs(filepath.Join(c.Data, "cache"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return err
	}
	pool, err := child.NewPool(child.Config{
		Size: runtime.GOMAXPROCS(0), Memory: int64(c.ParseMB) << 20, Timeout: c.ParseTime, Log: log, ScratchDir: cmp.Or(h.machine, cache), Watch: watch,
	})
	if err != nil {
		return err
	}
	defer pool.Close()

	models := pipeline.Config{Blobs: blobs, Parser: pool, Log: log, HTTP: h.networks.Client(), Explain: connector.Explain}
	if err := c.answers(&models, log); err != nil {
		return err
	}
	runner := pipeline.New(models)
	limits := engine.Limits{}
	if c.Limits == "platform" {
		limits = engine.PlatformLimits
	}
	ready := make(chan struct{})
	jobs, err := engine.New(engine.Config{
		Store: db, Blobs: blobs, Pipeline: runner,
		Env: connector.Env{
			Dial: h.networks.Dial(), HTTP: h.networks.Client(),
			TempDir: cache, Log: log, Local: c.AllowLocal,
		},
		Secrets: secrets, Log: log, Node: node, Workers: c.workers(), Limits: limits,
		Retain: c.Retain, Keep: c.keep(), Grace: c.Grace, Observer: watch,
		Ready:  func() { working.Store(true); close(ready) },
		Shared: c.DatabaseURL != "",
	})
	if err != nil {
		return err
	}
	handler := api.New(api.Config{
		Store: db, Engine: jobs, Secrets: secrets, Parser: pool, Vision: runner, Limits: limits,
		Origins: c.CORSOrigin, Log: log, Version: version, Ready: health, Watch: watch,
	})
	welcome := func() error {
		if err := h.welcome(db, listener); err != nil {
			return err
		}
		if !pdf.Cached(cmp.Or(h.machine, cache)) {
			go warm(ctx, pool, log)
		}
		return nil
	}
	work := func(ctx context.Context) error {
		defer working.Store(false)
		return jobs.Run(ctx)
	}
	if c.Role == "api" {
		work = func(ctx context.Context) error {
			close(ready)
			<-ctx.Done()
			return nil
		}
	}
	stopping := func() time.Duration {
		health.Stop()
		return c.Drain
	}
	return serve(ctx, listener, handler, work, ready, welcome, stopping, log, c.Grace)
}

// answers sets how answers of models are kept and what they cost.
func (c *serveCmd) answers(p *pipeline.Config, log *slog.Logger) error {
	if c.AnswersMB < 0 {
		return errors.New("--answer-cache-mb is below zero; 0 turns the cache off")
	}
	if c.AnswersMB > 0 {
		cache, err := answers.New(filepath.Join(c.Data, "answers"), int64(c.AnswersMB)<<20, log)
		if err != nil {
			return err
		}
		p.Answers = cache
	}
	if c.Prices == "" {
		return nil
	}
	text, err := os.ReadFile(c.Prices)
	if err == nil {
		p.Prices, err = model.ParsePrices(text)
	}
	if err != nil {
		return fmt.Errorf("--model-prices %s: %w", c.Prices, bare(err))
	}
	return nil
}

// serve runs the work and, where there is a listener, the HTTP server until the context ends or one of them fails. The
// address and the first key are shown once nothing stands in the way any more: what is printed by a start that fails would
// be lost. stopping is called when the end begins; requests are answered for as long as it says.
func serve(ctx context.Context, l net.Listener, h http.Handler, run func(context.Context) error, ready <-chan struct{},
	welcome func() error, stopping func() (drain time.Duration), log *slog.Logger, grace time.Duration) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: api.ReadHeaderTimeout, IdleTimeout: api.IdleTimeout,
		MaxHeaderBytes: api.MaxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan error, 1)
	go func() {
		err := run(ctx)
		cancel(err)
		work <- err
	}()
	select {
	case <-ready:
	case <-ctx.Done():
		return <-work
	}
	if err := welcome(); err != nil {
		cancel(err)
		<-work //nolint:errcheck // the error of the welcome says more
		return err
	}
	if l == nil {
		<-ctx.Done()
		log.Info("stopping")
		stopping()
		return <-work
	}
	failed := make(chan error, 1)
	go func() {
		err := server.Serve(l)
		if !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
		failed <- err
	}()
	<-ctx.Done()
	log.Info("stopping")
	time.Sleep(stopping())
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer stop()
	if err := server.Shutdown(end); err != nil {
		server.Close()
	}
	err := <-work
	if serveErr := <-failed; err == nil && !errors.Is(serveErr, http.ErrServerClosed) {
		err = serveErr
	}
	return err
}

// emptyPDF has one page and nothing on it.
const emptyPDF = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n" +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"

// warm has a child compile the PDF engine, which takes seconds, before the first PDF arrives.
func warm(ctx context.Context, pool *child.Pool, log *slog.Logger) {
	f := document.NewFile("empty.pdf", "application/pdf", int64(len(emptyPDF)), strings.NewReader(emptyPDF))
	if _, err := partition.Collect(pool.Partition(ctx, f, partition.Options{Strategy: "fast"})); err != nil && ctx.Err() == nil {
		log.Warn("the PDF engine could not be prepared; the first PDF takes some seconds longer", "error", err)
	}
}

// firstKey makes the workspace and key of an empty database; "" when there is a workspace already.
func firstKey(ctx context.Context, db store.Store) (key string, err error) {
	err = db.InTx(ctx, func(tx store.Tx) error {
		all, err := tx.Workspaces(ctx)
		if err != nil || len(all) > 0 {
			return err
		}
		w := store.Workspace{ID: uuid.NewString(), Name: "default", CreatedAt: time.Now().UTC()}
		if err := tx.CreateWorkspace(ctx, w); err != nil {
			return err
		}
		key, err = createKey(ctx, tx, w.ID, "first", "admin")
		return err
	})
	if errors.Is(err, store.ErrConflict) { // another process was quicker, and shows its key
		return "", nil
	}
	return key, err
}

// greet prints the address and, once, the first key with what a user needs next.
func greet(out io.Writer, addr net.Addr, key string) {
	url := "http://" + addr.String()
	if a, ok := addr.(*net.TCPAddr); ok && a.IP.IsUnspecified() {
		url = fmt.Sprintf("http://localhost:%d", a.Port)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "listening on %s\n", url)
	if key != "" {
		fmt.Fprintf(&b, "first key: %s\n(shown this once; sluice key create makes more)\n\n", key)
		fmt.Fprintf(&b, "  SDK   UnstructuredClient(server_url=%q, api_key_auth=%q)\n", url, key)
		fmt.Fprintf(&b, "  curl  curl -H 'unstructured-api-key: %s' %s/api/v1/templates\n", key, url)
		fmt.Fprintf(&b, "  docs  %s/docs\n", url)
	}
	fmt.Fprint(out, b.String())
}

// networks are those that connectors may reach. A server that only its own machine can call may call what its users may.
func (c *serveCmd) networks() (guard.Networks, error) {
	n, err := guard.Parse(c.AllowNet)
	if err != nil {
		return n, fmt.Errorf("--allow-network: %w", err)
	}
	if host, _, err := net.SplitHostPort(c.Addr); err == nil && c.Role == "all" && len(c.AllowNet) == 0 {
		ip := net.ParseIP(host)
		n.All = host == "localhost" || ip != nil && ip.IsLoopback()
	}
	return n, nil
}

func (c *serveCmd) workers() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return 4 * runtime.GOMAXPROCS(0)
}

func (c *serveCmd) keep() engine.Keep {
	if c.Keep == "auto" {
		return engine.Keep{Uploaded: "all", Remote: "failed", Access: true}
	}
	return engine.Keep{Uploaded: c.Keep, Remote: c.Keep}
}

func (c *serveCmd) logger(out io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(observe.Log(slog.NewJSONHandler(out, o)))
	}
	return slog.New(observe.Log(slog.NewTextHandler(out, o)))
}
