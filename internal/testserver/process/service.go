package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Service is a server that can go away and come back at the same place. It is safe for concurrent use.
type Service struct {
	Name    string
	Command func() (*exec.Cmd, error) // makes the command of a start
	Ping    func() error              // is nil when the server answers
	Every   time.Duration             // between pings, while it starts
	// Patience is how long a start or a stop may take.
	Patience time.Duration
	Signal   os.Signal // that stops it
	Needs    string    // what to install, for the error of a program that is not there

	mu      sync.Mutex
	process *Process
}

// Open starts the server, which is stopped with the test.
func (s *Service) Open(tb testing.TB) {
	tb.Helper()
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Error(err)
		}
	})
	if err := s.Start(); err != nil {
		tb.Fatal(err)
	}
}

// Start starts the server, again after Stop.
func (s *Service) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New(s.Name + " runs")
	}
	c, err := s.Command()
	if err != nil {
		return err
	}
	p, err := Start(s.Name, c, s.Patience)
	if err != nil {
		return fmt.Errorf("the tests need %s (%s): %w", s.Name, s.Needs, err)
	}
	if err := p.Ready(s.Every, s.Ping); err != nil {
		return err
	}
	s.process = p
	return nil
}

// Stop ends the server. What it had stored stays.
func (s *Service) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	return p.Stop(s.Signal)
}
