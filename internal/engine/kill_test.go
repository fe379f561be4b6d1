package engine_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/internal/secret"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/sqlite"
)

// logged is a parser that writes the name of each file into a log before it parses it. Where that was asked it holds the
// first file, so that one is at work when a failpoint is hit, or kills the process a moment after a number of files.
type logged struct {
	child.Direct
	log   *os.File
	count atomic.Int64
	kill  int64
	hold  bool
}

func (l *logged) Parse(ctx context.Context, f document.File, r child.Request) child.Stream {
	_, _ = fmt.Fprintln(l.log, f.Name)
	n := l.count.Add(1)
	if l.hold && n == 1 {
		<-ctx.Done()
	}
	if l.kill > 0 && n == l.kill {
		go func() {
			time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}()
	}
	return l.Direct.Parse(ctx, f, r)
}

// engineProcess works on a data folder until a job of it has ended. It is killed before that, or not.
func engineProcess(dir, job string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	check(err)
	blobs, err := blob.Open(ctx, filepath.Join(dir, "blobs"))
	check(err)
	secrets, err := secret.Load(filepath.Join(dir, "keyset.json"))
	check(err)
	log, err := os.OpenFile(filepath.Join(dir, "parsed.log"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	check(err)
	kill, _ := strconv.ParseInt(os.Getenv("KILL_AFTER"), 10, 64)
	e, err := engine.New(engine.Config{
		Store: db, Blobs: blobs, Secrets: secrets, Workers: 4,
		Pipeline: pipeline.New(pipeline.Config{Blobs: blobs, Parser: &logged{log: log, kill: kill, hold: os.Getenv("HOLD_FIRST") != ""}}),
		Env:      connector.Env{TempDir: dir, Local: []string{filepath.Join(dir, "open")}},
	})
	check(err)
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	for {
		var j store.Job
		check(db.View(ctx, func(r store.Reader) error {
			all, err := r.Workspaces(ctx)
			if err == nil {
				j, err = r.Job(ctx, all[0].ID, job)
			}
			return err
		}))
		if j.Status != store.Scheduled && j.Status != store.InProgress {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	cancel()
	check(<-done)
	check(db.Close())
}

// scene is a job of two nodes that no process works on yet: over files of a folder and with a destination, or over uploads.
type scene struct {
	*testing.T
	dir, out, workspace, job string // out is "" for uploads
	files                    int
}

func newScene(t *testing.T, files int, uploads bool) *scene {
	t.Helper()
	s := &scene{T: t, dir: t.TempDir(), files: files}
	var names []string
	for i := range files {
		names = append(names, fmt.Sprintf("%03d.txt", i))
	}
	b := newBench(t, func(u *setup) { u.dir = s.dir })
	w := b.flow(func(w *store.Workflow) { w.Nodes = nodes(t, "chunk_by_title") })
	if !uploads {
		var source, destination string
		_, s.out, source, destination = b.folders(names...)
		w = b.flow(func(w *store.Workflow) {
			w.Sources, w.Destinations, w.Nodes = []string{source}, []string{destination}, nodes(t, "chunk_by_title")
		})
	}
	b.stop()
	// The job is made when nobody works: the first process does all of it.
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: s.dir})
	must(t, err)
	blobs, err := blob.Open(t.Context(), filepath.Join(s.dir, "blobs"))
	must(t, err)
	idle, err := engine.New(engine.Config{Store: db, Blobs: blobs, Secrets: b.secrets, Pipeline: pipeline.New(pipeline.Config{Blobs: blobs})})
	must(t, err)
	var batch engine.Uploads
	if uploads {
		batch = idle.NewUploads(b.workspace, false)
		for _, n := range names {
			must(t, batch.Add(t.Context(), n, "", strings.NewReader(memo+n)))
		}
	}
	j, err := idle.RunWorkflow(t.Context(), b.workspace, w.ID, batch)
	must(t, err)
	must(t, db.Close())
	s.workspace, s.job = b.workspace, j.ID
	return s
}

// work starts a process and waits for its end; killed says that it did not end by itself.
func (s *scene) work(env ...string) (killed bool) {
	s.Helper()
	self, err := os.Executable()
	must(s.T, err)
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, self, "engine-process", s.dir, s.job)
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL && ctx.Err() == nil {
		return true
	}
	if err != nil {
		s.Fatalf("%v: %s", err, out)
	}
	return false
}

// state is what the rows say between two processes.
type state struct {
	job      store.Job
	running  int
	finished map[string]bool             // names of the files whose first node is finished, as the parser sees them
	runs     map[[2]string]store.NodeRun // by file and node
	files    []store.File
}

func (s *scene) state() state {
	s.Helper()
	db, err := sqlite.Open(s.Context(), sqlite.Options{Dir: s.dir})
	must(s.T, err)
	defer func() { must(s.T, db.Close()) }()
	st := state{finished: map[string]bool{}, runs: map[[2]string]store.NodeRun{}}
	must(s.T, db.View(s.Context(), func(r store.Reader) error {
		j, err := r.Job(s.Context(), s.workspace, s.job)
		must(s.T, err)
		st.job = j
		st.files, err = r.Files(s.Context(), s.workspace, s.job, -1, 0)
		must(s.T, err)
		for _, f := range st.files {
			if f.State == store.Running || f.State == store.Writing {
				st.running++
			}
			runs, err := r.NodeRuns(s.Context(), s.workspace, s.job, f.ID)
			must(s.T, err)
			for _, r := range runs {
				st.runs[[2]string{f.ID, r.NodeID}] = r
			}
			if name := f.Name; len(runs) > 0 {
				if f.InputBlob != "" {
					name = f.WireID
				}
				st.finished[name] = true
			}
		}
		stats, err := r.Stats(s.Context(), s.workspace, s.job)
		must(s.T, err)
		reached := j.Total
		for i, n := range stats {
			if sum := n.Ready + n.InProgress + n.Success + n.Failure; sum != reached {
				s.Errorf("node %d: %+v, want %d files", i, n, reached)
			}
			reached = n.Success
		}
		return nil
	}))
	return st
}

// parsed are the names that the last process parsed, with how often.
func (s *scene) parsed() map[string]int {
	s.Helper()
	f, err := os.Open(filepath.Join(s.dir, "parsed.log"))
	must(s.T, err)
	defer f.Close()
	out := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		out[lines.Text()]++
	}
	return out
}

// again checks that the last process ran no node that was finished before: no file was parsed again, and the row of each
// finished node is the one that was there, with its times.
func (s *scene) again(before state) (now state) {
	s.Helper()
	for name, n := range s.parsed() {
		if before.finished[name] || n > 1 {
			s.Errorf("%s was parsed again", name)
		}
	}
	now = s.state()
	for key, r := range before.runs {
		if now.runs[key] != r {
			s.Errorf("a finished node ran again: %+v, before %+v", now.runs[key], r)
		}
	}
	return now
}

// complete checks the end: every file done once, and whole in the destination or in the outputs that are kept.
func (s *scene) complete() {
	s.Helper()
	st := s.state()
	if st.job.Status != store.Completed || st.job.Done != s.files || st.job.Failed != 0 || st.job.Open != 0 ||
		len(st.files) != s.files || len(st.runs) != 2*s.files {
		s.Errorf("%+v, %d files, %d node runs", st.job, len(st.files), len(st.runs))
	}
	for _, f := range st.files {
		if f.State != store.FileDone || f.Pages != 1 {
			s.Errorf("%+v", f)
		}
		if s.out == "" {
			key := blob.Output(s.workspace, s.job, f.ID, st.job.Nodes[1].ID)
			s.whole(f.Name, filepath.Join(s.dir, "blobs", filepath.FromSlash(key)))
		}
	}
	if s.out == "" {
		return
	}
	written, err := os.ReadDir(s.out)
	must(s.T, err)
	if len(written) != s.files {
		s.Errorf("%d files written, want %d", len(written), s.files)
	}
	for _, w := range written {
		s.whole(strings.TrimSuffix(w.Name(), ".json"), filepath.Join(s.out, w.Name()))
	}
}

// whole checks that a file holds the one chunk of the named document, whose text ends with its name.
func (s *scene) whole(name, file string) {
	s.Helper()
	text, err := os.ReadFile(file)
	must(s.T, err)
	var elements []struct{ Text string }
	if err := json.Unmarshal(text, &elements); err != nil || len(elements) != 1 || !strings.HasSuffix(elements[0].Text, name) {
		s.Errorf("%s is not whole: %v %s", name, err, text)
	}
}

func TestKillAtFailpoints(t *testing.T) {
	t.Parallel()
	for _, place := range []struct {
		point   string
		uploads bool
	}{
		{failpoint.AfterBlobPut + ":9", false}, {failpoint.BeforeRowCommit + ":5", false}, {failpoint.AfterFileCommit + ":5", false},
		{failpoint.MidReplace + ":5", false}, {failpoint.AfterWrite + ":5", false}, {failpoint.EndOfPlan, false},
		{failpoint.AfterBlobPut + ":9", true}, {failpoint.BeforeRowCommit + ":5", true}, {failpoint.AfterFileCommit + ":5", true},
	} {
		name := place.point + " of a folder"
		if place.uploads {
			name = place.point + " of uploads"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, 24, place.uploads)
			if !s.work("SLUICE_FAILPOINT="+place.point, "HOLD_FIRST=1") {
				t.Fatal("the process ended without coming to its failpoint")
			}
			before := s.state()
			if place.point != failpoint.EndOfPlan && (before.running == 0 || len(before.runs) == 0) {
				t.Errorf("the kill did not land in the work: %d running, %d node runs", before.running, len(before.runs))
			}
			if s.work() {
				t.Fatal("killed without being asked")
			}
			s.again(before)
			s.complete()
		})
	}
}

// TestKillAtRandomMoments counts the kills that land while a file runs and a node is finished, in turn over a folder and
// over uploads.
func TestKillAtRandomMoments(t *testing.T) {
	t.Parallel()
	const kills = 30
	if testing.Short() {
		t.Skip("thirty processes are for the full run")
	}
	landed := 0
	for uploads := false; landed < kills; uploads = !uploads {
		s := newScene(t, 300, uploads)
		before, ended := s.state(), false
		for landed < kills {
			// Enough files between two kills that what the last one interrupted has ended: three deaths fail a file.
			ended = !s.work("KILL_AFTER=" + strconv.Itoa(24+rand.IntN(16)))
			before = s.again(before)
			if ended {
				break // the job came to its end first
			}
			if before.running > 0 && len(before.runs) > 0 {
				landed++
			}
		}
		if !ended {
			if s.work() {
				t.Fatal("killed without being asked")
			}
			s.again(before)
		}
		s.complete()
	}
}
