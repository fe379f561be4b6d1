package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Program is the name of the program that runs networks.
const Program = "sluice-models"

// Request is one line that the program reads, Answer one that it writes.
type Request struct {
	Texts []string `json:"texts"`
}

// Answer has the vectors of a request in order, or says why there are none.
type Answer struct {
	Vectors [][]float32 `json:"vectors,omitempty"`
	Error   string      `json:"error,omitempty"`
}

// Process embeds texts in a process of the program. It starts with the first text, ends after a while without any, and starts
// anew when it was ended. It is safe for concurrent use; texts of one call are worked on by all cores.
type Process struct {
	model Model
	turn  chan struct{} // one call at a time
	child *child
	idle  *time.Timer
}

// idleTime is how long a process without work is kept.
const idleTime = 5 * time.Minute

var (
	processes = map[string]*Process{}
	lock      sync.Mutex
)

// Open returns the process of an installed model; all who ask for the model share it.
func Open(m Model) (*Process, error) {
	if _, err := m.Files(); err != nil {
		return nil, err
	}
	if _, err := program(); err != nil {
		return nil, err
	}
	lock.Lock()
	defer lock.Unlock()
	p := processes[m.Name]
	if p == nil {
		p = &Process{model: m, turn: make(chan struct{}, 1)}
		processes[m.Name] = p
	}
	return p, nil
}

// program finds the program beside this one, else in the path.
func program() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), Program)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(Program)
	if err != nil {
		return "", fmt.Errorf("the program %s, which runs installed models, is neither beside this one nor in the path; put it there: make build makes both, "+
			"go build ./cmd/%s makes it alone", Program, Program)
	}
	return path, nil
}

// usage is the exit status of the program without arguments.
const usage = 2

// FindProgram returns where the program stands that runs models. The error says what is missing, or that it does not start on this
// machine: it needs the C library of GNU.
func FindProgram(ctx context.Context) (string, error) {
	path, err := program()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = []string{}
	var ended *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &ended) || ended.ExitCode() != usage {
		return "", fmt.Errorf("%s does not start here; it needs the C library of GNU (glibc) with libdl, librt, libpthread and libstdc++", path)
	}
	return path, nil
}

type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	to  *json.Encoder
	out *json.Decoder
}

// Embed returns a unit vector a text. When the context ends, so does the process.
func (p *Process) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if p.idle != nil {
		p.idle.Stop()
	}
	if p.child == nil {
		c, err := p.start()
		if err != nil {
			return nil, err
		}
		p.child = c
	}
	done := make(chan struct{})
	defer close(done)
	go func(c *child) {
		select {
		case <-ctx.Done():
			_ = c.cmd.Process.Kill()
		case <-done:
		}
	}(p.child)
	var a Answer
	err := p.child.to.Encode(Request{Texts: texts})
	if err == nil {
		err = p.child.out.Decode(&a)
	}
	switch {
	case err != nil:
		p.stop()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("the process of model %s ended; it is started again for the next text", p.model.Name)
	case a.Error != "":
		return nil, errors.New(a.Error)
	case len(a.Vectors) != len(texts):
		p.stop()
		return nil, fmt.Errorf("model %s gave %d vectors for %d texts", p.model.Name, len(a.Vectors), len(texts))
	}
	p.idle = time.AfterFunc(idleTime, func() {
		select {
		case p.turn <- struct{}{}:
			p.stop()
			<-p.turn
		default: // it has work again
		}
	})
	return a.Vectors, nil
}

// Close ends the process.
func (p *Process) Close() {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	p.stop()
}

func (p *Process) start() (*child, error) {
	files, err := p.model.Files()
	if err != nil {
		return nil, err
	}
	path, err := program()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, files.Library, files.Network, p.model.output) //nolint:noctx // it outlives the call; Embed ends it
	cmd.Env = []string{}                                                    // it needs none of the server's keys
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("the program %s cannot be started: %w", Program, err)
	}
	return &child{cmd, in, json.NewEncoder(in), json.NewDecoder(out)}, nil
}

// stop ends the child, which ends by itself when its input does.
func (p *Process) stop() {
	if p.child == nil {
		return
	}
	_ = p.child.in.Close()
	_ = p.child.cmd.Process.Kill()
	_ = p.child.cmd.Wait()
	p.child = nil
}
