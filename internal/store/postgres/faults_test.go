package postgres_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jackc/pgx/v5"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/postgres"
	testserver "github.com/sluicehq/sluice/internal/testserver/postgres"
	"github.com/sluicehq/sluice/workflow"
)

// childURL tells the test binary to be a worker on a database.
const childURL = "SLUICE_TEST_WORKER"

// window is how many files of a job are in the queue at once.
const window = 12

var options = store.WorkOptions{Bulk: 3, Demand: 1, Grace: 10 * time.Second}

// workerChild works until it is killed, and says what it does.
func workerChild(url string) error {
	s, err := postgres.Open(context.Background(), postgres.Options{URL: url})
	if err != nil {
		return err
	}
	o := options
	o.Node = fmt.Sprint("child-", os.Getpid())
	return s.Work(context.Background(), o, worker(s, o.Node, 30*time.Millisecond, func(what, file string, err error) {
		fmt.Println(what, file, err)
	}))
}

// worker is a handler that claims a file, takes its time and ends it, and finishes jobs.
func worker(s store.Store, node string, pause time.Duration, say func(what, file string, err error)) store.Handler {
	return func(ctx context.Context, t store.Task) error {
		var err error
		switch t.Kind {
		case store.TaskFile:
			var j store.Job
			var f store.File
			err = s.InTx(ctx, func(tx store.Tx) (err error) {
				j, f, err = tx.ClaimFile(ctx, t.Workspace, t.Job, t.File, node)
				return err
			})
			say("claimed", t.File, err)
			if err != nil {
				break
			}
			time.Sleep(pause)
			// Like a process that does not look at its context: only the store stands between it and the row.
			err = s.InTx(context.WithoutCancel(ctx), func(tx store.Tx) error {
				r := store.NodeRun{NodeID: j.Nodes[0].ID, OutputHash: node}
				return tx.EndFile(ctx, f, store.FileEnd{Done: 1, Pages: 1}, &r, window)
			})
			say("ended", t.File, err)
		case store.TaskFinish:
			err = s.InTx(ctx, func(tx store.Tx) error {
				_, err := tx.FinishJob(ctx, t.Workspace, t.Job, time.Now())
				return err
			})
		}
		if errors.Is(err, store.ErrGone) {
			return nil
		}
		return err
	}
}

// seed makes a job of n files, the first of them queued.
func seed(tb testing.TB, s store.Store, n int) (workspace, job string) {
	tb.Helper()
	ctx := context.Background()
	workspace, job = uuid.NewString(), uuid.NewString()
	files := make([]store.File, n)
	for i := range files {
		files[i] = store.File{ID: uuid.NewString(), Identifier: fmt.Sprint(i), Document: []byte("{}")}
	}
	err := s.InTx(ctx, func(tx store.Tx) error {
		if err := tx.CreateWorkspace(ctx, store.Workspace{ID: workspace, Name: workspace, CreatedAt: time.Now()}); err != nil {
			return err
		}
		if err := tx.CreateJob(ctx, store.Job{ID: job, Workspace: workspace, Nodes: []workflow.Node{{ID: "n"}}, CreatedAt: time.Now()}, nil); err != nil {
			return err
		}
		if _, err := tx.AddFiles(ctx, workspace, job, files, "", ""); err != nil {
			return err
		}
		_, err := tx.TopUp(ctx, workspace, job, window)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return workspace, job
}

// reconcile does what the engine does at intervals: work whose task is gone gets a new one.
func reconcile(s store.Store) error {
	ctx := context.Background()
	var lost []store.Task
	err := s.View(ctx, func(r store.Reader) (err error) {
		lost, err = r.Lost(ctx, time.Now().Add(-5*time.Second), 100)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range lost {
		if err := s.InTx(ctx, func(tx store.Tx) error { return tx.Requeue(ctx, t) }); err != nil && !errors.Is(err, store.ErrGone) {
			return err
		}
	}
	return nil
}

// completed waits for the end of a job and checks that each of its files was done, once and whole.
func completed(t *testing.T, s store.Store, workspace, job string, n int) (files []store.File) {
	t.Helper()
	ctx := context.Background()
	var j store.Job
	for start := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		err := s.View(ctx, func(r store.Reader) (err error) {
			if j, err = r.Job(ctx, workspace, job); err != nil {
				return err
			}
			files, err = r.Files(ctx, workspace, job, -1, 0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if j.Status == store.Completed {
			break
		}
		if time.Since(start) > 90*time.Second {
			states := map[store.FileState]int{}
			for _, f := range files {
				states[f.State]++
			}
			t.Fatalf("the job does not end: %+v, files %v", j, states)
		}
		if err := reconcile(s); err != nil {
			t.Fatal(err)
		}
	}
	if j.Total != n || j.Done != n || j.Failed != 0 || j.Open != 0 || len(files) != n {
		t.Errorf("the job ended as %+v with %d files", j, len(files))
	}
	for _, f := range files {
		var runs []store.NodeRun
		err := s.View(ctx, func(r store.Reader) (err error) {
			runs, err = r.NodeRuns(ctx, workspace, job, f.ID)
			return err
		})
		// The output is that of the node whose end counted.
		if err != nil || f.State != store.FileDone || len(runs) != 1 || runs[0].OutputHash != f.Node {
			t.Errorf("file %+v, outputs %+v, %v", f, runs, err)
		}
	}
	return files
}

// child is a worker in a process of its own.
type child struct {
	*exec.Cmd
	lines chan string
}

func startChild(t *testing.T, url string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0]), lines: make(chan string, 10_000)}
	c.Env = append(os.Environ(), childURL+"="+url)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		scan := bufio.NewScanner(out)
		for scan.Scan() {
			c.lines <- scan.Text()
		}
		close(c.lines)
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // killed
		if t.Failed() {
			t.Logf("a worker said:\n%s", errs.String())
		}
	})
	return c
}

// says waits for a line with the prefix.
func (c *child) says(t *testing.T, prefix string) string {
	t.Helper()
	for timeout := time.After(40 * time.Second); ; {
		select {
		case line, ok := <-c.lines:
			if !ok {
				t.Fatalf("the worker ended before it said %q", prefix)
			}
			if strings.HasPrefix(line, prefix) {
				return line
			}
		case <-timeout:
			t.Fatalf("the worker did not say %q", prefix)
		}
	}
}

// fresh is a database of its own and a store on it.
func fresh(t *testing.T) (store.Store, string) {
	t.Helper()
	url := server(t).Database(t, prepare)
	return open(t, url), url
}

// Of two workers one is killed in the middle of its files: the other one ends them.
func TestKilledWorker(t *testing.T) {
	t.Parallel()
	s, url := fresh(t)
	const n = 150
	doomed, spared := startChild(t, url), startChild(t, url)
	workspace, job := seed(t, s, n)
	spared.says(t, "claimed")
	for range 5 {
		doomed.says(t, "ended")
	}
	doomed.says(t, "claimed")
	if err := doomed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	twice := 0
	for _, f := range completed(t, s, workspace, job, n) {
		if f.Attempt > 1 {
			twice++
		}
	}
	if twice > options.Bulk {
		t.Errorf("%d files were claimed twice; the dead worker held at most %d", twice, options.Bulk)
	}
}

// A worker that is stopped for longer than a node may be silent, and then goes on: its late ends change nothing, and it
// works again.
func TestStoppedWorker(t *testing.T) {
	t.Parallel()
	s, url := fresh(t)
	const n = 60
	sleeper := startChild(t, url)
	workspace, job := seed(t, s, n)
	held := strings.Fields(sleeper.says(t, "claimed"))[1]
	if err := sleeper.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other := startChild(t, url)
	files := completed(t, s, workspace, job, n) // by the other one alone
	if err := sleeper.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if line := sleeper.says(t, "ended "+held); !strings.HasSuffix(line, store.ErrGone.Error()) {
		t.Errorf("a late end: %s", line)
	}
	again := completed(t, s, workspace, job, n)
	if fmt.Sprint(files) != fmt.Sprint(again) {
		t.Error("a late end changed something")
	}
	for _, f := range again {
		if f.ID == held && (f.Attempt < 2 || f.Node != fmt.Sprint("child-", other.Process.Pid)) {
			t.Errorf("the file that the sleeper held: %+v", f)
		}
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	workspace, job = seed(t, s, 10)
	completed(t, s, workspace, job, 10)
}

// logged collects a log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// work runs a worker of this process until the test ends, and returns its store and its log.
func work(t *testing.T, url string) (store.Store, *logged) {
	t.Helper()
	var log logged
	s, err := postgres.Open(context.Background(), postgres.Options{URL: url, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	o := options
	o.Node = "this"
	go func() { done <- s.Work(ctx, o, worker(s, o.Node, 5*time.Millisecond, func(string, string, error) {})) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("work: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return s, &log
}

// started waits until a job has ended files.
func began(t *testing.T, s store.Store, workspace, job string, n int) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		var j store.Job
		err := s.View(context.Background(), func(r store.Reader) (err error) {
			j, err = r.Job(context.Background(), workspace, job)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if j.Done >= n {
			return
		}
		if time.Since(start) > 30*time.Second {
			t.Fatalf("the job does not run: %+v", j)
		}
	}
}

// Every session is terminated, again and again, while a job runs.
func TestSessionsTerminated(t *testing.T) {
	t.Parallel()
	s, url := fresh(t)
	_, log := work(t, url)
	const n = 400
	workspace, job := seed(t, s, n)
	for i := range 4 {
		began(t, s, workspace, job, 20+60*i)
		if err := server(t).Exec(context.Background(), "postgres",
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+database(url)+`'`); err != nil {
			t.Fatal(err)
		}
	}
	completed(t, s, workspace, job, n)
	if strings.Contains(log.String(), server(t).Password()) {
		t.Error("the log shows the password")
	}
}

// The server is restarted, and crashes, while a job runs.
func TestRestart(t *testing.T) {
	t.Parallel()
	server := testserver.Start(t, testserver.Durable...)
	url := server.Database(t, prepare)
	s := open(t, url)
	_, log := work(t, url)
	const n = 400
	workspace, job := seed(t, s, n)
	for i, end := range []func() error{server.Stop, server.Crash, server.Crash} {
		began(t, s, workspace, job, 20+60*i)
		if err := end(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := server.Run(); err != nil {
			t.Fatal(err)
		}
	}
	completed(t, s, workspace, job, n)
	if strings.Contains(log.String(), server.Password()) {
		t.Error("the log shows the password")
	}
}

// A node that cannot reach the database for too long gives its tasks up, and works again when the database is back.
func TestLongOutage(t *testing.T) {
	t.Parallel()
	server := testserver.Start(t, testserver.Durable...)
	url := server.Database(t, prepare)
	s, log := work(t, url)
	const n = 200
	workspace, job := seed(t, s, n)
	began(t, s, workspace, job, 20)
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); !strings.Contains(log.String(), "given up"); time.Sleep(50 * time.Millisecond) {
		if time.Since(start) > 60*time.Second {
			t.Fatal("the work was not given up")
		}
	}
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	completed(t, s, workspace, job, n)
}

// The cancel of a job reaches the context of a task at another process, also when no notification does.
func TestCancelElsewhere(t *testing.T) {
	t.Parallel()
	for _, deaf := range []bool{false, true} {
		t.Run(fmt.Sprint("deaf=", deaf), func(t *testing.T) {
			t.Parallel()
			s, url := fresh(t)
			if deaf { // workers listen in one schema, and this store notifies for another
				if err := server(t).Exec(context.Background(), database(url), `CREATE SCHEMA other`); err != nil {
					t.Fatal(err)
				}
				s = open(t, url+"&search_path=other,public")
			}
			there := open(t, url)
			ctx, stop := context.WithCancel(context.Background())
			done := make(chan error, 1)
			running, causes := make(chan string, 1), make(chan error, 1)
			o := options
			o.Node = "there"
			go func() {
				done <- there.Work(ctx, o, func(ctx context.Context, task store.Task) error {
					running <- task.File
					<-ctx.Done()
					causes <- context.Cause(ctx)
					return ctx.Err()
				})
			}()
			workspace, job := seed(t, s, 1)
			<-running
			err := s.InTx(ctx, func(tx store.Tx) error {
				_, err := tx.CancelJob(ctx, workspace, job, time.Now())
				return err
			})
			if err != nil {
				t.Error(err)
			}
			select {
			case cause := <-causes:
				if !errors.Is(cause, store.ErrCanceled) {
					t.Errorf("cause: %v", cause)
				}
			case <-time.After(30 * time.Second):
				t.Error("the context did not end")
			}
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// database is the name in a URL.
func database(url string) string {
	url, _, _ = strings.Cut(url, "?")
	return url[strings.LastIndexByte(url, '/')+1:]
}

// A task whose end did not reach the queue is looked at again by the node that ended it.
func TestUnendedTask(t *testing.T) {
	t.Parallel()
	s, url := fresh(t)
	ran := make(chan struct{}, 10)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		done <- s.Work(ctx, store.WorkOptions{Node: "n", Bulk: 1, Demand: 1, Ready: func() { close(ready) }},
			func(context.Context, store.Task) error { ran <- struct{}{}; return nil })
	}()
	<-ready
	err := s.InTx(t.Context(), func(tx store.Tx) error {
		return tx.Enqueue(t.Context(), store.Task{Kind: store.TaskCheck, Queue: store.QueueDemand, Workspace: "w", File: "f"})
	})
	if err != nil {
		t.Fatal(err)
	}
	<-ran
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for changed := int64(0); changed == 0; time.Sleep(50 * time.Millisecond) { // once the queue has heard of its end
		tag, err := c.Exec(t.Context(), `UPDATE river_job SET state = 'running', finalized_at = NULL, attempted_by = ARRAY[(SELECT id FROM node)] `+
			`WHERE state = 'completed'`)
		if err != nil {
			t.Fatal(err)
		}
		changed = tag.RowsAffected()
	}
	select {
	case <-ran:
	case <-time.After(time.Minute):
		t.Error("the task is held for running and nobody works on it")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
