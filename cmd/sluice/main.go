// Command sluice turns documents into elements, chunks and records: as a server that speaks the workflow operations of
// the Unstructured Platform API, and from the command line. This package is wiring only, one file a command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
)

// version is set by the build.
var version = "dev"

// commands are the subcommands with their flags; kong reads help texts and environment variables from the tags.
type commands struct {
	Serve      serveCmd      `cmd:"" help:"Run the server: REST API, workers, schedules."`
	Partition  partitionCmd  `cmd:"" help:"Turn files or folders into elements."`
	Chunk      chunkCmd      `cmd:"" help:"Chunk a file of elements."`
	Run        runCmd        `cmd:"" help:"Run one workflow of a file, without a server."`
	Apply      applyCmd      `cmd:"" help:"Bring a server's sources, destinations and workflows to what a file says."`
	Export     exportCmd     `cmd:"" help:"Write a server's sources, destinations and workflows as such a file."`
	Key        keyCmd        `cmd:"" help:"Create, list and revoke API keys. Works beside a running server."`
	Keyset     keysetCmd     `cmd:"" help:"Make the keyset that processes on several machines share."`
	Workspace  workspaceCmd  `cmd:"" help:"Create, list and delete workspaces."`
	Models     modelsCmd     `cmd:"" help:"List and install the models that run beside the program."`
	Doctor     doctorCmd     `cmd:"" help:"Say what is installed, what is missing, and the command that mends it."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
	ParseChild parseChildCmd `cmd:"" hidden:"" help:"Parse files for a parent process over standard input and output."`
}

// streams are where a command reads and writes, replaced in tests.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exit is an error that was already reported to the user: only its status is left.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	if len(os.Args) == 2 && os.Args[1] == "parse-child" { // the hot start: no flags to parse
		os.Exit(parseChild())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run runs one command line and returns its exit status: 0 done, 1 failed, 2 wrong usage.
func run(ctx context.Context, args []string, s streams) int {
	var c commands
	status := -1
	parser, err := kong.New(&c,
		kong.Name("sluice"),
		kong.Description("Turns documents into elements, chunks and records for search and AI. No telemetry, no downloads."),
		kong.UsageOnError(),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { status = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		fmt.Fprintln(s.err, "sluice:", err)
		return 2
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if status >= 0 { // --help printed itself
		return status
	}
	if err != nil {
		fmt.Fprintf(s.err, "sluice: %s\nTry: %s --help\n", err, helpFor(err))
		return 2
	}
	err = command.Run()
	var code exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(s.err, "sluice: stopped")
		return 130
	case errors.Is(err, store.ErrFull), errors.Is(err, blob.ErrFull):
		fmt.Fprintf(s.err, "sluice: %s; make room on the disk and try again\n", err)
		return 1
	default:
		fmt.Fprintln(s.err, "sluice:", err)
		return 1
	}
}

// helpFor names the command whose help explains a wrong command line: as far as it was understood.
func helpFor(err error) string {
	name := "sluice"
	var wrong *kong.ParseError
	if errors.As(err, &wrong) {
		for _, step := range wrong.Context.Path {
			if step.Command != nil {
				name += " " + step.Command.Name
			}
		}
	}
	return name
}

type versionCmd struct{}

func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "sluice", version)
	return err
}
