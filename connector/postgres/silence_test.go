package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

// A table that somebody holds locked: calls give up, may succeed later, and do when it is free.
func TestSilence(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE t (id text PRIMARY KEY, record_id text, text text); INSERT INTO t VALUES ('a', 'doc', 'old')")
	d := p.destination(t, "t", nil, connector.Env{}).(*destination)
	s := p.source(t, "t", nil, connector.Env{}).(*source)
	if err := s.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := d.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	d.patience, s.patience = 300*time.Millisecond, 300*time.Millisecond
	holder := make(chan struct{})
	held := p.hold(t, "LOCK TABLE t IN ACCESS EXCLUSIVE MODE", holder)
	for what, call := range map[string]func() error{
		"check of the source": func() error { return s.Check(context.Background()) },
		"list": func() (last error) {
			for _, err := range s.Index(context.Background(), "") {
				last = err
			}
			return last
		},
		"fetch": func() error {
			_, err := s.Fetch(context.Background(), document.Document{Identifier: "t-a"})
			return err
		},
		"write":  func() error { return write(t, d, "doc", element.Element{ID: "b", Text: "new"}) },
		"remove": func() error { return d.Remove(context.Background(), document.Document{Identifier: "doc"}) },
	} {
		err := call()
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient || !strings.Contains(err.Error(), "nothing came from PostgreSQL at 127.0.0.1:") {
			t.Errorf("%s: %s, %v", what, outcome, err)
		}
	}
	close(holder)
	<-held
	d.patience, s.patience = patience, patience
	if got := p.rows(t, "SELECT text FROM t"); !reflect.DeepEqual(got, [][]string{{"old"}}) {
		t.Errorf("the table holds %q", got)
	}
	mustWrite(t, d, "doc", element.Element{ID: "b", Text: "new"})
	if got := p.rows(t, "SELECT text FROM t"); !reflect.DeepEqual(got, [][]string{{"new"}}) {
		t.Errorf("the table holds %q", got)
	}

	// A stream that takes longer as a whole than the patience is none of it.
	d.patience = 2 * time.Second
	err := d.Replace(context.Background(), document.Document{Identifier: "doc"}, func(yield func(element.Element, error) bool) {
		for range 5 {
			time.Sleep(600 * time.Millisecond)
			if !yield(element.Element{Text: "slow"}, nil) {
				return
			}
		}
	})
	if got := p.rows(t, "SELECT text FROM t WHERE text = 'slow'"); err != nil || len(got) != 5 {
		t.Errorf("%v, %d rows", err, len(got))
	}
}

// hold runs sql in a transaction that stays open until release is closed; the returned channel closes after it.
func (p *place) hold(t *testing.T, sql string, release <-chan struct{}) <-chan struct{} {
	t.Helper()
	ready, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		c := p.open(t)
		defer c.Close(context.Background())
		if _, err := c.Exec(context.Background(), "BEGIN; "+sql); err != nil {
			t.Error(err)
		}
		close(ready)
		<-release
	}()
	<-ready
	return done
}

// A process that is killed when the new rows are written and the commit is not: the old rows stand, and the next process
// replaces them.
func TestKilledBeforeCommit(t *testing.T) {
	t.Parallel()
	const configEnv = "SLUICE_TEST_POSTGRES_CONFIG"
	elements := []element.Element{{ID: "a", Text: "new"}, {ID: "b", Text: "new"}}
	if text := os.Getenv(configEnv); text != "" { // the process that dies
		var config map[string]any
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			t.Fatal(err)
		}
		d, err := connector.OpenDestination(Type, config, connector.Env{})
		if err != nil {
			t.Fatal(err)
		}
		t.Fatal("it lives: ", write(t, d, "doc", elements...))
	}
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE t (id uuid PRIMARY KEY, record_id text, text text); CREATE INDEX ON t (record_id)")
	d := p.destination(t, "t", nil, connector.Env{})
	mustWrite(t, d, "doc", element.Element{ID: "a", Text: "old"})
	config, err := json.Marshal(p.config("t", nil))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "-test.run=^TestKilledBeforeCommit$")
	c.Env = append(os.Environ(), configEnv+"="+string(config), "SLUICE_FAILPOINT="+failpoint.MidReplace)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run()
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); err == nil || !ok || !status.Signaled() {
		t.Fatalf("the process was not killed: %v\n%s", err, out.String())
	}
	if got := p.rows(t, "SELECT text FROM t"); !reflect.DeepEqual(got, [][]string{{"old"}}) {
		t.Errorf("the table holds %q", got)
	}
	mustWrite(t, d, "doc", elements...)
	if got := p.rows(t, "SELECT text FROM t"); !reflect.DeepEqual(got, [][]string{{"new"}, {"new"}}) {
		t.Errorf("the table holds %q", got)
	}
}
