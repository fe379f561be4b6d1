package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/partition"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

type partitionCmd struct {
	Paths    []string `arg:"" name:"path" help:"Files or folders."`
	Strategy string   `help:"How to read PDFs and pictures: auto, fast, hi_res, ocr_only. Other files are read in one way." default:"auto"`
	Set      []string `sep:"none" placeholder:"NAME=VALUE" help:"A parameter of the partition endpoint, such as languages='[\"eng\"]', coordinates=true, chunking_strategy=by_title or max_characters=800. May be repeated; a list is written as JSON."`
	Format   string   `help:"Form of the output: json, ndjson, markdown, html or text." enum:"json,ndjson,markdown,html,text" default:"json"`
	Out      string   `short:"o" placeholder:"FILE|DIR" help:"Where to write. One file without --out prints to the terminal; many need a folder, which gets one file each."`
	Draw     string   `placeholder:"FILE.pdf" help:"Write a PDF of the pages of one PDF or picture, with boxes drawn over what was found: coloured by type, numbered in reading order, with the cells of tables."`
	Isolate  bool     `help:"Parse in child processes, as the server does: a file that exhausts memory then fails alone."`
	Jobs     int      `short:"j" help:"Files at once; 0 is one a core." default:"0"`
}

// Help is shown under the flags.
func (partitionCmd) Help() string {
	return `Examples:
  sluice partition report.pdf
  sluice partition --set chunking_strategy=by_title --set max_characters=800 report.docx
  sluice partition --format ndjson --out elements/ papers/
  sluice partition --strategy hi_res --draw seen.pdf report.pdf

A file that fails is named with its reason, the rest go on, and the exit status is 1.`
}

// Run partitions the files.
func (c *partitionCmd) Run(ctx context.Context, s streams) error {
	set, err := parseSettings(c.Strategy, c.Set)
	if err != nil {
		fmt.Fprintln(s.err, "sluice:", err)
		return exit(2)
	}
	files, folder, err := inputs(c.Paths)
	if err != nil {
		return err
	}
	if c.Draw != "" {
		if err := c.drawable(set, len(files)); err != nil {
			fmt.Fprintln(s.err, "sluice:", err)
			return exit(2)
		}
		if err := c.draw(ctx, set, files[0]); err != nil {
			return fmt.Errorf("%s: %w", files[0].path, err)
		}
		return nil
	}
	many := folder || len(files) > 1
	if many && c.Out == "" {
		fmt.Fprintln(s.err, "sluice: many files need --out DIR, a folder that gets one file each")
		return exit(2)
	}
	if a, b, ok := clash(files); many && ok {
		fmt.Fprintf(s.err, "sluice: %s and %s would both be written to %s; give each a run and an --out of its own\n",
			a.path, b.path, filepath.Join(c.Out, a.rel+c.extension()))
		return exit(2)
	}
	parse, closeParser, err := c.parser()
	if err != nil {
		return err
	}
	defer closeParser()

	if !many {
		if len(files) == 0 {
			return errors.New("no files to partition")
		}
		if err := c.one(ctx, s, parse, set, files[0]); err != nil {
			return fmt.Errorf("%s: %w", files[0].path, err)
		}
		return nil
	}
	return c.many(ctx, s, parse, set, files)
}

// parser returns how a file becomes elements: in this process, or in children.
func (c *partitionCmd) parser() (parse parseFunc, closeParser func(), err error) {
	if !c.Isolate {
		return partition.Partition, func() {}, nil
	}
	pool, err := child.NewPool(child.Config{Size: c.workers()})
	if err != nil {
		return nil, nil, err
	}
	return pool.Partition, func() { _ = pool.Close() }, nil
}

type parseFunc func(context.Context, document.File, partition.Options) iter.Seq2[element.Element, error]

func (c *partitionCmd) workers() int {
	if c.Jobs > 0 {
		return c.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// one writes the elements of a single file to --out or to standard output.
func (c *partitionCmd) one(ctx context.Context, s streams, parse parseFunc, set settings, in input) error {
	if c.Out == "" {
		out := bufio.NewWriter(s.out)
		if err := c.write(ctx, out, parse, set, in); err != nil {
			return err
		}
		return out.Flush()
	}
	out := c.Out
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		out = filepath.Join(out, in.rel+c.extension())
	}
	return writeFile(out, func(w io.Writer) error { return c.write(ctx, w, parse, set, in) })
}

// many writes one file each below --out, with a progress bar on a terminal and a line of counts at the end.
func (c *partitionCmd) many(ctx context.Context, s streams, parse parseFunc, set settings, files []input) error {
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return fmt.Errorf("cannot make the folder %s: %w; choose another with --out", c.Out, bare(err))
	}
	start := time.Now()
	bar := newProgress(s.err, len(files))
	var failed int
	var mu sync.Mutex
	work := make(chan input)
	var wait sync.WaitGroup
	for range c.workers() {
		wait.Go(func() {
			for in := range work {
				out := filepath.Join(c.Out, in.rel+c.extension())
				err := os.MkdirAll(filepath.Dir(out), 0o777)
				if err == nil {
					err = writeFile(out, func(w io.Writer) error { return c.write(ctx, w, parse, set, in) })
				}
				if err != nil && ctx.Err() == nil {
					mu.Lock()
					failed++
					bar.note(fmt.Sprintf("%s: %s", in.path, err))
					mu.Unlock()
				}
				bar.step()
			}
		})
	}
	done := 0
feed:
	for _, in := range files {
		select {
		case work <- in:
			done++
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	wait.Wait()
	bar.end()
	if err := ctx.Err(); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%d files: %d done, %d failed, in %s\n",
		done, done-failed, failed, time.Since(start).Round(time.Millisecond))
	if failed > 0 {
		return exit(1)
	}
	return nil
}

// write parses one file and writes its elements, chunked where the settings say so.
func (c *partitionCmd) write(ctx context.Context, w io.Writer, parse parseFunc, set settings, in input) error {
	f, err := os.Open(in.path)
	if err != nil {
		return errors.New("cannot be read; check that it exists and that you may read it")
	}
	defer f.Close()
	elements := parse(ctx, document.NewFile(filepath.Base(in.path), "", in.size, f), set.partition)
	if set.strategy != "" {
		elements = chunk.Elements(ctx, elements, set.strategy, set.chunk)
	}
	return writeElements(w, c.Format, elements)
}

func (c *partitionCmd) extension() string {
	return element.Format(c.Format).Extension()
}

// writeFile writes through a temporary file beside path, so that path is whole or absent.
func writeFile(path string, write func(io.Writer) error) error {
	fail := func(err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot write %s: its folder does not exist; make it, or choose another --out", path)
		}
		return fmt.Errorf("cannot write %s: %w; choose another --out, or mend this one", path, bare(err))
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".sluice-*")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it is gone after the rename
	w := bufio.NewWriter(f)
	err = write(w)
	flushed := w.Flush() // what bufio failed to write it says again
	closed := f.Close()
	switch {
	case flushed != nil:
		return fail(flushed)
	case err != nil:
		return err
	case closed != nil:
		return fail(closed)
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return fail(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fail(err)
	}
	return nil
}

// progress is the bar on a terminal; elsewhere only its notes are printed.
type progress struct {
	out  io.Writer
	bars *mpb.Progress
	bar  *mpb.Bar
}

func newProgress(out io.Writer, total int) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(48))
		p.bar = p.bars.AddBar(int64(total),
			mpb.PrependDecorators(decor.CountersNoUnit("%d of %d files ")),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO)))
	}
	return p
}

func (p *progress) step() {
	if p.bar != nil {
		p.bar.Increment()
	}
}

// at shows how much of a total is done that may still grow.
func (p *progress) at(done, total int) {
	if p.bar != nil {
		p.bar.SetTotal(int64(total), false)
		p.bar.SetCurrent(int64(done))
	}
}

// note prints a line above the bar.
func (p *progress) note(line string) {
	if p.bars != nil {
		_, _ = p.bars.Write([]byte(line + "\n"))
		return
	}
	fmt.Fprintln(p.out, line)
}

func (p *progress) end() {
	if p.bars != nil {
		if !p.bar.Completed() {
			p.bar.Abort(false)
		}
		p.bars.Wait()
	}
}
