package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

// work reads paths, one a line, and answers each with a JSON line.
func work(ctx context.Context, s settings, in io.Reader, out io.Writer) error {
	debug.SetMemoryLimit(s.memory << 20 / 4 * 3) // as the children of the server have it
	paths := bufio.NewScanner(in)
	paths.Buffer(nil, 1<<20)
	for paths.Scan() {
		if err := json.NewEncoder(out).Encode(readFile(ctx, s, paths.Text())); err != nil {
			return err
		}
	}
	return paths.Err()
}

func readFile(ctx context.Context, s settings, path string) answer {
	a := answer{File: path, Outcome: string(budget.OK)}
	start := time.Now()
	defer func() { a.Millis = time.Since(start).Milliseconds() }()
	f, err := os.Open(path)
	if err != nil {
		return answer{File: path, Outcome: "unclassified", Message: err.Error()}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return answer{File: path, Outcome: "unclassified", Message: err.Error()}
	}
	limits := budget.Default
	limits.Time = s.time
	options := partition.Options{Strategy: s.strategy, Limits: limits}
	last := 0
	for e, err := range partition.Partition(ctx, document.NewFile(filepath.Base(path), "", info.Size(), f), options) {
		if err != nil {
			a.Outcome, a.Message = "unclassified", err.Error()
			var known *budget.Error
			if errors.As(err, &known) {
				a.Outcome = string(known.Outcome)
				if known.Outcome == budget.Crashed && known.Err != nil {
					a.Message += ": " + known.Err.Error()
				}
			}
			break
		}
		a.Elements++
		if n := e.Metadata.PageNumber; n != nil && *n > last {
			last = *n
			a.Pages++
		}
	}
	if a.Outcome == string(budget.OK) && a.Elements == 0 {
		a.Outcome = string(budget.Empty)
	}
	a.Millis = time.Since(start).Milliseconds()
	return a
}

// process is a worker.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	answers chan answer
	said    *tail
}

func (s settings) start(ctx context.Context) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{answers: make(chan answer), said: &tail{}}
	p.command = exec.CommandContext(ctx, self, "-worker", "-strategy", s.strategy, "-time", s.time.String(), "-memory", strconv.FormatInt(s.memory, 10))
	p.command.Stderr = p.said
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	go func() {
		defer close(p.answers)
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			var a answer
			if json.Unmarshal(line, &a) == nil {
				p.answers <- a
			}
		}
	}()
	return p, nil
}

// read has a file read; alive is false when the process is of no more use.
func (p *process) read(ctx context.Context, s settings, path string) (a answer, alive bool) {
	const beat = 20 * time.Millisecond
	start := time.Now()
	pid := p.command.Process.Pid
	if _, err := fmt.Fprintln(p.in, path); err != nil {
		return answer{File: path, Outcome: "died", Message: p.said.String()}, false
	}
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	var peak int64
	fail := func(outcome, message string) (answer, bool) {
		return answer{File: path, Outcome: outcome, Message: message, Millis: time.Since(start).Milliseconds(), Megabyte: peak}, false
	}
	for {
		select {
		case a, ok := <-p.answers:
			if !ok {
				return fail("died", p.said.String())
			}
			a.Megabyte = max(peak, memory(pid))
			if a.Megabyte > s.memory {
				a.Outcome, a.Message = "memory", fmt.Sprintf("%d MB, ended as %s", a.Megabyte, a.Outcome)
				return a, false
			}
			return a, true
		case <-ticks.C:
			if peak = max(peak, memory(pid)); peak > 4*s.memory {
				return fail("memory", fmt.Sprintf("stopped at %d MB", peak))
			}
			if time.Since(start) > s.time+30*time.Second {
				return fail("hung", "stopped after "+time.Since(start).Round(time.Second).String())
			}
		case <-ctx.Done():
			return fail("hung", "the run was ended")
		}
	}
}

func (p *process) stop() {
	_ = p.in.Close()
	_ = p.command.Process.Kill()
	for range p.answers { // until the reader of the process has ended
	}
	_ = p.command.Wait()
}

// tail keeps the end of what a process says.
type tail struct{ last []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.last = append(t.last, b...)
	if len(t.last) > 4000 {
		t.last = t.last[len(t.last)-4000:]
	}
	return len(b), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.last)) }
