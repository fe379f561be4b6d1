// Command corpus reads every PDF below some folders and tells how each ended. Every file must end in a classified outcome: read, empty,
// encrypted, corrupt, unsupported, too large, timed out. What may not happen, and makes the exit status 1, is a find: a process
// that dies, a parser that panics, a file that goes on past its time, memory over the budget, an error without a class.
//
//	git clone --depth 1 https://github.com/mozilla/pdf.js .cache/corpus/pdf.js
//	git clone --depth 1 https://github.com/veraPDF/veraPDF-corpus .cache/corpus/veraPDF-corpus
//	make test-corpus CORPUS=.cache/corpus
//
// Files are read in processes of their own, one a processor, each for many files; a process that is stopped or dies is replaced, and
// its file is named.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

type settings struct {
	strategy string
	time     time.Duration
	memory   int64 // MB
	jobs     int
	out      string
	worker   bool
	slowest  int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	found, err := command(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
	}
	if err != nil || found > 0 {
		stop()
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) (finds int, err error) {
	var s settings
	flags := flag.NewFlagSet("corpus", flag.ContinueOnError)
	flags.StringVar(&s.strategy, "strategy", "auto", "`name` of the strategy")
	flags.DurationVar(&s.time, "time", 2*time.Minute, "time limit of one file; a process is stopped 30 s later")
	flags.Int64Var(&s.memory, "memory", 500, "most megabytes of a process and its children")
	flags.IntVar(&s.jobs, "j", runtime.GOMAXPROCS(0), "processes at once")
	flags.StringVar(&s.out, "out", "", "`file` for one JSON line a document")
	flags.IntVar(&s.slowest, "slowest", 5, "how many of the slowest and the largest files to name")
	flags.BoolVar(&s.worker, "worker", false, "read paths from standard input (for the command itself)")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if s.worker {
		return 0, work(ctx, s, os.Stdin, os.Stdout)
	}
	files, err := find(flags.Args())
	if err != nil {
		return 0, err
	}
	answers, err := s.readAll(ctx, files)
	if err != nil {
		return 0, err
	}
	if s.out != "" {
		if err := writeLines(s.out, answers); err != nil {
			return 0, err
		}
	}
	return s.report(answers), nil
}

// find lists the PDF files below folders.
func find(folders []string) ([]string, error) {
	if len(folders) == 0 {
		return nil, errors.New("name the folders of the collections, for example: go run ./test/corpus .cache/corpus/pdf.js .cache/corpus/veraPDF-corpus")
	}
	var out []string
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.EqualFold(filepath.Ext(path), ".pdf") {
				out = append(out, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no PDF file below %s", strings.Join(folders, ", "))
	}
	return out, nil
}

// answer is how one file ended.
type answer struct {
	File     string
	Outcome  string // of package budget, or a find: see finds
	Message  string `json:",omitempty"`
	Elements int
	Pages    int
	Millis   int64
	Megabyte int64 // peak of the process and its children
}

// finds are the outcomes that may not be.
var finds = []string{"crashed", "died", "hung", "memory", "unclassified"}

func (s settings) readAll(ctx context.Context, files []string) ([]answer, error) {
	answers := make([]answer, len(files))
	next := make(chan int)
	var wait sync.WaitGroup
	var mu sync.Mutex
	var failed error
	done := 0
	for range min(s.jobs, len(files)) {
		wait.Go(func() {
			var p *process
			defer func() {
				if p != nil {
					p.stop()
				}
			}()
			for i := range next {
				if p == nil {
					var err error
					if p, err = s.start(ctx); err != nil {
						mu.Lock()
						failed = errors.Join(failed, err)
						mu.Unlock()
						continue
					}
				}
				a, alive := p.read(ctx, s, files[i])
				answers[i] = a
				if !alive {
					p.stop()
					p = nil
				}
				mu.Lock()
				if done++; done%200 == 0 {
					fmt.Fprintf(os.Stderr, "%d of %d\n", done, len(files))
				}
				mu.Unlock()
			}
		})
	}
feed:
	for i := range files {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wait.Wait()
	return answers, errors.Join(failed, ctx.Err())
}

func writeLines(path string, answers []answer) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, a := range answers {
		if err := json.NewEncoder(w).Encode(a); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Flush(), f.Close())
}

// report prints the counts and names what was found.
func (s settings) report(answers []answer) (found int) {
	counts := map[string]int{}
	for _, a := range answers {
		counts[a.Outcome]++
	}
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "outcome\tfiles\t\n")
	for _, name := range names {
		fmt.Fprintf(t, "%s\t%d\t\n", name, counts[name])
	}
	fmt.Fprintf(t, "all\t%d\t\n", len(answers))
	_ = t.Flush() // the table is for a terminal
	by := func(what string, of func(answer) int64, unit string) {
		sorted := slices.Clone(answers)
		slices.SortFunc(sorted, func(a, b answer) int { return cmp.Compare(of(b), of(a)) })
		fmt.Printf("\n%s\n", what)
		for _, a := range sorted[:min(s.slowest, len(sorted))] {
			fmt.Printf("  %6d %s  %s\n", of(a), unit, a.File)
		}
	}
	by("slowest", func(a answer) int64 { return a.Millis }, "ms")
	by("largest", func(a answer) int64 { return a.Megabyte }, "MB")
	for _, a := range answers {
		if slices.Contains(finds, a.Outcome) {
			if found++; found == 1 {
				fmt.Println("\nfinds")
			}
			fmt.Printf("  %s: %s: %s\n", a.Outcome, a.File, a.Message)
		}
	}
	if found == 0 {
		fmt.Println("\nno crash, no hang, no memory over the budget, every outcome classified")
	}
	return found
}
