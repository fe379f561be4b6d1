package program_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/internal/secret"
	"github.com/sluicehq/sluice/internal/testserver/postgres"
	"github.com/sluicehq/sluice/internal/testserver/s3"
)

// cluster is an installation of several processes: PostgreSQL, a place for blobs, one process that answers requests and
// those that work.
type cluster struct {
	tb       testing.TB
	database *postgres.Server
	url      string // of the database
	blobs    string
	keyset   string
	open     string     // folder of connectors of type local, in reach of all
	s3       *s3.Server // of the blobs, if they stand in a bucket
	api      *server
	mu       sync.Mutex
	workers  []*server
}

// newCluster starts all but the workers. Blobs stand in a folder that all processes share.
func newCluster(tb testing.TB) *cluster {
	tb.Helper()
	return clusterOver(tb, nil)
}

// newCloud is a cluster whose blobs stand in a bucket.
func newCloud(tb testing.TB) *cluster {
	tb.Helper()
	return clusterOver(tb, s3.StartReal(tb))
}

func clusterOver(tb testing.TB, store *s3.Server) *cluster {
	tb.Helper()
	keyset, err := secret.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	c := &cluster{tb: tb, database: postgres.Start(tb), keyset: string(keyset), open: tb.TempDir(), s3: store}
	c.url = c.database.Empty(tb)
	c.blobs = "file://" + tb.TempDir()
	if store != nil {
		c.blobs = "s3://" + store.Bucket(tb) + "/sluice?use_path_style=true&region=" + store.Region + "&endpoint=" + store.Endpoint
	}
	c.api = serve(tb, tb.TempDir(), c.setups("api")...)
	return c
}

func (c *cluster) setups(role string) []setup {
	setups := []setup{
		flags("--role", role, "--database-url", c.url, "--blob-url", c.blobs, "--allow-local", c.open, "--allow-network", "127.0.0.0/8",
			"--grace", "5s"),
		variable(secret.KeysetEnv, c.keyset),
	}
	if c.s3 != nil {
		setups = append(setups, variable("AWS_ACCESS_KEY_ID", c.s3.Key), variable("AWS_SECRET_ACCESS_KEY", c.s3.Secret))
	}
	return setups
}

// worker starts one more process that works, and waits until it does.
func (c *cluster) worker(setups ...setup) *server {
	c.tb.Helper()
	w := launch(c.tb, c.tb.TempDir(), append(c.setups("worker"), setups...)...)
	eventually(c.tb, "the worker works", func() bool {
		if w.ended() {
			c.tb.Fatalf("the worker ended at its start:\n%s%s", w.out.String(), w.log.String())
		}
		return strings.Contains(w.out.String(), "working")
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.workers = append(c.workers, w)
	return w
}

// logs are what all processes said, for a test that failed.
func (c *cluster) logs() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := "--- api\n" + tail(c.api.log.String())
	for i, w := range c.workers {
		text += fmt.Sprintf("--- worker %d\n%s", i, tail(w.log.String()))
	}
	return text
}

func tail(text string) string { return text[max(0, len(text)-6000):] }

// post sends JSON, which must be taken, and returns the id of what was made.
func (c *cluster) post(path string, body any) string {
	c.tb.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.tb.Fatal(err)
	}
	status, answer := c.api.send(c.tb, http.MethodPost, path, "application/json", text)
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(answer, &made); status/100 != 2 || err != nil {
		c.tb.Fatalf("POST %s: %d %s", path, status, answer)
	}
	return made.ID
}

// documents is a folder of texts, each of a few paragraphs that name it.
func (c *cluster) documents(n int) (dir string, names []string) {
	c.tb.Helper()
	dir = filepath.Join(c.open, "in")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		c.tb.Fatal(err)
	}
	for i := range n {
		name := fmt.Sprintf("%04d.txt", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(paragraphs(name), "\n\n")+"\n"), 0o644); err != nil {
			c.tb.Fatal(err)
		}
		names = append(names, name)
	}
	return dir, names
}

// paragraphs are the texts of a document, in the order of its elements.
func paragraphs(name string) (list []string) {
	for i := range 8 {
		list = append(list, fmt.Sprintf("The keeper of %s opened gate number %d in the morning and closed it again at night.", name, i))
	}
	return list
}

// run starts a job over sources and destinations, by their ids. Documents are partitioned, and what more nodes say.
func (c *cluster) run(sources, destinations []string, nodes ...map[string]any) string {
	c.tb.Helper()
	w := map[string]any{
		"name": "cluster", "workflow_type": "custom", "source_id": sources[0], "destination_id": destinations[0],
		"workflow_nodes": append([]map[string]any{
			{"name": "Partitioner", "type": "partition", "subtype": "unstructured_api", "settings": map[string]any{"strategy": "fast"}},
		}, nodes...),
	}
	return c.post("/api/v1/workflows/"+c.post("/api/v1/workflows", w)+"/run", nil)
}

// progress waits until some files of a job have ended.
func (c *cluster) progress(job string, files int) {
	c.tb.Helper()
	eventually(c.tb, fmt.Sprintf("%d files are done", files), func() bool {
		d := c.api.details(c.tb, job)
		if n := len(d.Stats); n > 0 && d.Stats[n-1].Success >= files {
			return true
		}
		if j := c.api.job(c.tb, job); j.ended() {
			c.tb.Fatalf("the job ended as %s before it was disturbed", j.Status)
		}
		return false
	})
}

// whole waits for a job's end and fails unless it completed and the destination holds each document once and whole.
func (c *cluster) whole(job string, names []string, held func() map[string][]string) {
	c.tb.Helper()
	deadline := time.Now().Add(4 * time.Minute)
	j := c.api.job(c.tb, job)
	for ; !j.ended(); j = c.api.job(c.tb, job) {
		time.Sleep(50 * time.Millisecond)
		if time.Now().After(deadline) {
			c.tb.Fatalf("the job does not end: %+v\n%s", c.api.details(c.tb, job), c.logs())
		}
	}
	if d := c.api.details(c.tb, job); j.Status != "COMPLETED" || d.Processing != "SUCCESS" {
		c.tb.Fatalf("the job ended as %s, %s: %s\n%s", j.Status, d.Processing, d.Message, c.logs())
	}
	got := held()
	for _, name := range names {
		slices.Sort(got[name]) // a table has no order
		if a, b := strings.Join(got[name], "\n"), strings.Join(paragraphs(name), "\n"); a != b {
			c.tb.Errorf("the destination holds of %s:\n%s\nwant\n%s", name, a, b)
		}
		delete(got, name)
	}
	for name, texts := range got {
		c.tb.Errorf("the destination holds %d texts of %q, which no source has", len(texts), name)
	}
}

// sink is a destination that a test can look into.
type sink struct {
	id   string
	held func() map[string][]string // texts by the name of their document
}

// folderSink is a destination of type local.
func (c *cluster) folderSink(name string) sink {
	dir := filepath.Join(c.open, name)
	id := c.post("/api/v1/destinations", map[string]any{"name": name, "type": "local", "config": map[string]any{"path": dir}})
	return sink{id, func() map[string][]string {
		all := map[string][]string{}
		entries, err := os.ReadDir(dir)
		if err != nil {
			c.tb.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".sluice-") { // unfinished, of a killed process: the next one to write here removes it
				continue
			}
			content, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				c.tb.Fatal(err)
			}
			var elements []element
			if err := json.Unmarshal(content, &elements); err != nil {
				c.tb.Errorf("%s: %v", e.Name(), err)
			}
			all[strings.TrimSuffix(e.Name(), ".json")] = texts(elements)
		}
		return all
	}}
}

// tableSink is a destination of type postgres: a table of a server's new database, reached at a port.
func (c *cluster) tableSink(name string, s *postgres.Server, port int) sink {
	c.tb.Helper()
	url := s.Empty(c.tb)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		c.tb.Fatal(err)
	}
	err = s.Exec(c.tb.Context(), config.Database,
		`CREATE TABLE elements (id uuid PRIMARY KEY, record_id text, element_id text, type text, text text, filename text); `+
			`CREATE INDEX ON elements (record_id)`)
	if err != nil {
		c.tb.Fatal(err)
	}
	id := c.post("/api/v1/destinations", map[string]any{"name": name, "type": "postgres", "config": map[string]any{
		"host": "127.0.0.1", "port": port, "database": config.Database, "username": config.User, "password": config.Password,
		"table_name": "elements",
	}})
	return sink{id, func() map[string][]string {
		conn, err := pgx.Connect(c.tb.Context(), url)
		if err != nil {
			c.tb.Fatal(err)
		}
		defer conn.Close(c.tb.Context())
		rows, err := conn.Query(c.tb.Context(), `SELECT filename, text FROM elements`)
		if err != nil {
			c.tb.Fatal(err)
		}
		all := map[string][]string{}
		for rows.Next() {
			var name, text string
			if err := rows.Scan(&name, &text); err != nil {
				c.tb.Fatal(err)
			}
			all[name] = append(all[name], text)
		}
		if rows.Err() != nil {
			c.tb.Fatal(rows.Err())
		}
		return all
	}}
}

// folderSource is a source of type local.
func (c *cluster) folderSource(dir string) string {
	return c.post("/api/v1/sources", map[string]any{"name": "in", "type": "local", "config": map[string]any{"path": dir}})
}

func signal(tb testing.TB, s *server, sig syscall.Signal) {
	tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		tb.Fatal(err)
	}
}

// Of two workers one is killed at each place where a kill has something to lose.
func TestClusterKilled(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"after-blob-put", "before-row-commit", "mid-replace", "after-write", "end-of-plan", "after-file-commit"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			dir, names := c.documents(120)
			out := c.tableSink("out", c.database, c.database.Port())
			if point == "mid-replace" { // a file that is moved into place dies otherwise than a transaction
				out = c.folderSink("out")
			}
			at := point + ":15"
			if point == "end-of-plan" {
				at = point
			}
			doomed := c.worker(variable("SLUICE_FAILPOINT", at), flags("--workers", "2"))
			job := c.run([]string{c.folderSource(dir)}, []string{out.id})
			if point != "end-of-plan" { // which of two would list cannot be said
				c.worker(flags("--workers", "1"))
			}
			if status := doomed.wait(); status != -1 {
				t.Fatalf("the worker was not killed, status %d", status)
			}
			if point == "end-of-plan" {
				c.worker(flags("--workers", "1"))
			}
			c.whole(job, names, out.held)
		})
	}
}

// A worker is stopped for 30 seconds, so that it counts as dead, and then goes on: its late ends change nothing.
func TestClusterStopped(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	dir, names := c.documents(400)
	out := c.folderSink("out")
	first := c.worker(flags("--workers", "2"))
	job := c.run([]string{c.folderSource(dir)}, []string{out.id})
	c.progress(job, 40)
	signal(t, first, syscall.SIGSTOP)
	c.worker(flags("--workers", "1"))
	time.Sleep(30 * time.Second)
	signal(t, first, syscall.SIGCONT)
	c.whole(job, names, out.held)
	if first.ended() {
		t.Error("the worker that was stopped ended")
	}
	again := c.run([]string{c.folderSource(dir)}, []string{out.id}) // and it works again
	c.whole(again, names, out.held)
	first.stop()
}

// Workers are replaced one after the other while a job runs, as at an upgrade: no file is lost, none waits.
func TestClusterRollingRestart(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	dir, names := c.documents(600)
	out := c.folderSink("out")
	old := []*server{c.worker(flags("--workers", "1")), c.worker(flags("--workers", "1"))}
	job := c.run([]string{c.folderSource(dir)}, []string{out.id})
	for i, w := range old {
		c.progress(job, 60*(i+1))
		c.worker(flags("--workers", "1"))
		w.stop()
	}
	c.whole(job, names, out.held)
}

// The database ends every session, restarts, and crashes, in the middle of a job.
func TestClusterDatabase(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	dir, names := c.documents(600)
	out := c.folderSink("out")
	c.worker(flags("--workers", "1"))
	c.worker(flags("--workers", "1"))
	job := c.run([]string{c.folderSource(dir)}, []string{out.id})
	c.progress(job, 50)
	for range 3 {
		if err := c.database.Exec(t.Context(), "postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()`); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	c.progress(job, 100)
	for _, end := range []func() error{c.database.Stop, c.database.Crash} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if err := c.database.Run(); err != nil {
			t.Fatal(err)
		}
	}
	c.whole(job, names, out.held)
}

// The destination goes away for a minute in the middle of a job, then accepts connections and drops them after some bytes,
// and then is well again.
func TestClusterDestinationGone(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	dir, names := c.documents(300)
	store := postgres.Start(t)
	way := newProxy(t, fmt.Sprintf("127.0.0.1:%d", store.Port()))
	out := c.tableSink("out", store, way.port())
	c.worker(flags("--workers", "1"))
	c.worker(flags("--workers", "1"))
	job := c.run([]string{c.folderSource(dir)}, []string{out.id})
	eventually(t, "some documents are written", func() bool { return len(out.held()) >= 20 })
	way.cut(0)
	time.Sleep(time.Minute)
	way.cut(2000)
	time.Sleep(5 * time.Second)
	way.heal()
	c.whole(job, names, out.held)
}

// objects puts documents into a bucket and returns a source over it.
func (c *cluster) objects(n int) (source string, names []string) {
	c.tb.Helper()
	bucket := c.s3.Bucket(c.tb)
	for i := range n {
		name := fmt.Sprintf("%04d.txt", i)
		c.s3.Put(c.tb, bucket, "in/"+name, strings.Join(paragraphs(name), "\n\n")+"\n", nil)
		names = append(names, name)
	}
	return c.post("/api/v1/sources", map[string]any{"name": "in", "type": "s3", "config": map[string]any{
		"remote_url": "s3://" + bucket + "/in/", "endpoint_url": c.s3.Endpoint, "key": c.s3.Key, "secret": c.s3.Secret,
	}}), names
}

// The S3 server, which has the documents and the blobs, goes away for a minute in the middle of a job.
func TestClusterS3Gone(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	source, names := c.objects(300)
	out := c.tableSink("out", c.database, c.database.Port())
	c.worker(flags("--workers", "1"))
	c.worker(flags("--workers", "1"))
	job := c.run([]string{source}, []string{out.id})
	eventually(t, "some documents are written", func() bool { return len(out.held()) >= 20 })
	if err := c.s3.Stop(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	if err := c.s3.Start(); err != nil {
		t.Fatal(err)
	}
	c.whole(job, names, out.held)
}

// A worker over S3 and PostgreSQL is killed in the middle of what it writes.
func TestCloudKilled(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"mid-replace:10", "after-blob-put:10"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			source, names := c.objects(80)
			out := c.tableSink("out", c.database, c.database.Port())
			doomed := c.worker(variable("SLUICE_FAILPOINT", point), flags("--workers", "2"))
			job := c.run([]string{source}, []string{out.id})
			if status := doomed.wait(); status != -1 {
				t.Fatalf("the worker was not killed, status %d", status)
			}
			c.worker(flags("--workers", "2"))
			c.whole(job, names, out.held)
		})
	}
}
