package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sluicehq/sluice/chunk"
)

type chunkCmd struct {
	Elements string   `arg:"" help:"A JSON or NDJSON file of elements; - reads standard input."`
	Strategy string   `help:"basic, by_title, by_page or by_similarity." default:"by_title"`
	Set      []string `sep:"none" placeholder:"NAME=VALUE" help:"A chunking parameter, such as max_characters=800 or include_orig_elements=false. May be repeated."`
	Format   string   `help:"Form of the output: json, ndjson, markdown, html or text." enum:"json,ndjson,markdown,html,text" default:"json"`
	Out      string   `short:"o" placeholder:"FILE" help:"Where to write; the terminal without it."`
}

// Run chunks the file, one element at a time.
func (c *chunkCmd) Run(ctx context.Context, s streams) error {
	strategy, err := chunk.StrategyOf(c.Strategy)
	if err != nil {
		fmt.Fprintln(s.err, "sluice:", err)
		return exit(2)
	}
	var options chunk.Options
	for _, flag := range c.Set {
		name, value, ok := strings.Cut(flag, "=")
		if !ok || name == "" {
			fmt.Fprintf(s.err, "sluice: --set %s: write it as NAME=VALUE\n", flag)
			return exit(2)
		}
		if err := options.Set(name, jsonValue(value)); err != nil {
			fmt.Fprintf(s.err, "sluice: --set %s: %s\n", flag, err)
			return exit(2)
		}
	}
	if err := options.Validate(strategy); err != nil {
		fmt.Fprintln(s.err, "sluice:", err)
		return exit(2)
	}
	in := s.in
	if c.Elements != "-" {
		f, err := os.Open(c.Elements)
		if err != nil {
			return fmt.Errorf("%s: cannot be read; check that it exists and that you may read it", c.Elements)
		}
		defer f.Close()
		in = f
	}
	write := func(w io.Writer) error {
		chunks := chunk.Elements(ctx, decodeElements(bufio.NewReaderSize(in, 1<<16)), strategy, options)
		if err := writeElements(w, c.Format, chunks); err != nil {
			return fmt.Errorf("%s: %w", c.Elements, err)
		}
		return nil
	}
	if c.Out != "" {
		return writeFile(c.Out, write)
	}
	out := bufio.NewWriter(s.out)
	return errors.Join(write(out), out.Flush())
}
