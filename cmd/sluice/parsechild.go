package main

import (
	"os"

	"github.com/sluicehq/sluice/internal/pipeline/child"
)

type parseChildCmd struct{}

// Run is reached only with flags; main starts the child without parsing a command line.
func (parseChildCmd) Run() error { return exit(parseChild()) }

// parseChild serves one parent process until its end of the pipe closes.
func parseChild() int { return child.Main(os.Stdin, os.Stdout) }
