package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/sluicehq/sluice/internal/manifest"
)

// server are the flags that name a server and a key of it.
type server struct {
	Server string `env:"SLUICE_SERVER" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Address of the server."`
	Key    string `env:"SLUICE_API_KEY,UNSTRUCTURED_API_KEY" placeholder:"KEY" help:"API key; better given by the environment, where other users of the machine do not see it."`
}

func (c server) client() (*manifest.Client, error) {
	if c.Key == "" {
		return nil, errors.New("the server wants a key; set SLUICE_API_KEY to one that sluice key create has printed")
	}
	return &manifest.Client{URL: c.Server, Key: c.Key}, nil
}

type applyCmd struct {
	server
	File string `short:"f" required:"" placeholder:"FILE" help:"The file; - reads standard input."`
}

// Help is shown under the flags.
func (applyCmd) Help() string {
	return `The file holds sources, destinations and workflows with the fields of the API. They are known by their names: what the
server has is updated, the rest created, nothing is deleted. ${NAME} in a value is replaced by the environment variable NAME.

  sources:
    - name: reports
      type: s3
      config: {remote_url: s3://reports/, key: "${AWS_KEY}", secret: "${AWS_SECRET}"}
  destinations:
    - name: index
      type: elasticsearch
      config: {hosts: ["https://search:9200"], index_name: reports, es_api_key: "${ES_KEY}"}
  workflows:
    - name: reports to the index
      sources: [reports]
      destinations: [index]
      schedule: daily
      workflow_nodes:
        - {name: Partitioner, type: partition, subtype: unstructured_api, settings: {strategy: auto}}
        - {name: Chunker, type: chunk, subtype: chunk_by_title}`
}

// Run applies the file and prints a line a change.
func (c *applyCmd) Run(ctx context.Context, s streams) error {
	f, err := readManifest(c.File, s.in)
	if err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	return manifest.Apply(ctx, client, f, func(change manifest.Change) {
		fmt.Fprintf(s.out, "%s %q: %s, %s\n", change.Kind, change.Name, change.Done, change.ID)
	})
}

// readManifest reads a file or, for -, standard input. Errors name the file.
func readManifest(path string, in io.Reader) (manifest.File, error) {
	name := path
	if path == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return manifest.File{}, fmt.Errorf("%s: no such file; check the path", path)
		}
		if err != nil {
			return manifest.File{}, fmt.Errorf("%s: %w", path, bare(err))
		}
		defer f.Close()
		in = f
	}
	f, err := manifest.Read(in, os.LookupEnv)
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

type exportCmd struct {
	server
	Workflow []string `sep:"none" placeholder:"NAME" help:"Only this workflow with its connectors. May be repeated."`
	Out      string   `short:"o" placeholder:"FILE" help:"Where to write; standard output without it."`
}

// Help is shown under the flags.
func (exportCmd) Help() string {
	return `Secrets are not shown by a server: the file refers to environment variables in their places, and its first lines list them.
sluice apply -f FILE brings it to another server, sluice run FILE runs a workflow of it.`
}

// Run writes the file.
func (c *exportCmd) Run(ctx context.Context, s streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	f, variables, err := manifest.Export(ctx, client, c.Workflow...)
	if err != nil {
		return err
	}
	comment := "Sources, destinations and workflows of a Sluice server. sluice apply -f brings them to another one."
	if len(variables) > 0 {
		comment += "\nSecrets come from the environment:\n  " + strings.Join(variables, "\n  ")
	}
	var text bytes.Buffer
	if err := f.Write(&text, comment); err != nil {
		return err
	}
	if c.Out == "" {
		_, err := s.out.Write(text.Bytes())
		return err
	}
	return writeFile(c.Out, func(w io.Writer) error {
		_, err := w.Write(text.Bytes())
		return err
	})
}
