// Command layout measures how well PDF pages are read. It makes documents of many layouts whose structure it knows, prints them to
// PDF with the programs that people print with, reads them with the library, and compares.
//
//	go run ./test/layout                      every document, strategies fast and hi_res, a table by class
//	go run ./test/layout -class sheet,paper   some classes
//	go run ./test/layout -show paper-03       one document: the truth and what was read, side by side
//	go run ./test/layout -list                the names of the printed files, one a line
//	go run ./test/layout -markdown DIR        what another program made of them: NAME.md or NAME.txt beside the name of each file
//	go run ./test/layout -scan -class tables-ruled   from pictures of the pages, by OCR
//	go run ./test/layout -keep                print the few documents of the tests anew, into testdata
//
// The figures:
//
//	order      similarity of the whole text in reading order (insert-and-delete distance of characters, normalised): 1 is equal
//	blocks     F1 of paragraphs, headings, items and captions that are one element each (similarity 0.9)
//	kinds      of these, the share with the right type
//	headings   1 less the edit distance of the trees of headings with the text below each, over the size of the larger
//	ruled, half, zebra, unruled
//	           F1 of table cells that are right in text, row and column, by how the tables are drawn
//	tables     tree edit distance similarity of tables, mean
//	furniture  share of the page headers, footers and page numbers that are typed so
//	extra      tables that are none
//
// Footnotes at the foot of pages may stand anywhere; side bars before or after the text; labels of figures may be there or not.
package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/ocr"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "layout:", err)
		stop()
		os.Exit(1)
	}
}

type settings struct {
	dir        string
	seed       uint64
	only       string
	show       string
	strategies string
	worst      int
	list       bool
	markdown   string
	keep       bool
	blind      bool
	scan       bool
}

func command(ctx context.Context, args []string) error {
	var s settings
	flags := flag.NewFlagSet("layout", flag.ContinueOnError)
	flags.StringVar(&s.dir, "dir", filepath.Join(".cache", "layout"), "`folder` of the printed files")
	flags.Uint64Var(&s.seed, "seed", 1, "`number` from which the documents are drawn; another gives others of the same classes")
	flags.StringVar(&s.only, "class", "", "`names` of classes or documents to look at, with commas between")
	flags.StringVar(&s.show, "show", "", "`name` of a document to print beside its truth")
	flags.StringVar(&s.strategies, "strategy", "fast,hi_res", "strategies to measure, with commas between")
	flags.IntVar(&s.worst, "worst", 3, "how many of the worst documents to name for each figure")
	flags.BoolVar(&s.list, "list", false, "print the documents and name their files, without reading them")
	flags.StringVar(&s.markdown, "markdown", "", "`folder` with what another program made of the documents, to score that")
	flags.BoolVar(&s.keep, "keep", false, "print the documents of the tests into test/layout/testdata")
	flags.BoolVar(&s.blind, "blind", false, "do not read the pictures of figures by OCR: quick, and nearly the same")
	flags.BoolVar(&s.scan, "scan", false, "read the documents from pictures of their pages, by OCR: seconds a page")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.show != "" {
		s.only = s.show
	}
	if s.keep {
		s.only, s.seed = strings.Join(kept, ","), keptSeed
	}
	printed, err := printer{filepath.Join(s.dir, fmt.Sprintf("seed-%d", s.seed))}.print(ctx, s.documents())
	if err != nil {
		return err
	}
	if len(printed) == 0 {
		return fmt.Errorf("no class and no document is named %s", s.only)
	}
	if s.list {
		for _, p := range printed {
			fmt.Println(p.pdf)
		}
		return nil
	}
	if s.keep {
		return keep(printed)
	}
	if s.markdown != "" {
		results := written(printed, s.markdown)
		fmt.Printf("\n%s, %d documents\n\n", s.markdown, len(results))
		summary{results}.write(os.Stdout, s.worst)
		return nil
	}
	if s.blind {
		engine = blind{}
	}
	if s.scan {
		for i := range printed {
			if printed[i].pdf, err = scan(ctx, printed[i].pdf); err != nil {
				return err
			}
		}
	}
	if s.show != "" {
		return show(ctx, printed, s.strategies)
	}
	for _, strategy := range strings.Split(s.strategies, ",") {
		results, err := measure(ctx, printed, strategy)
		if err != nil {
			return err
		}
		fmt.Printf("\n%s, %d documents\n\n", strategy, len(results))
		summary{results}.write(os.Stdout, s.worst)
	}
	return nil
}

// documents draws the documents that are asked for.
func (s settings) documents() []*truth {
	wanted := map[string]bool{}
	for _, name := range strings.Split(s.only, ",") {
		if name != "" {
			wanted[name] = true
		}
	}
	var out []*truth
	for _, c := range classes {
		for i := range c.count {
			d := generate(c, i, s.seed)
			if len(wanted) == 0 || wanted[c.name] || wanted[d.Name] {
				out = append(out, d)
			}
		}
	}
	return out
}

// result is the score of one printed document.
type result struct {
	printing
	score score
	err   error
}

// measure reads documents, as many at a time as there are processors, and scores each.
func measure(ctx context.Context, printed []printing, strategy string) ([]result, error) {
	results := make([]result, len(printed))
	work := make(chan int)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range work {
				p, err := read(ctx, printed[i], strategy)
				results[i] = result{printed[i], assess(printed[i].d, p), err}
			}
		})
	}
	for i := range printed {
		work <- i
	}
	close(work)
	wait.Wait()
	return results, ctx.Err()
}

// written scores what another program wrote as Markdown or plain text. Page furniture has no type there: what is left of it counts as text.
func written(printed []printing, dir string) []result {
	var out []result
	for _, p := range printed {
		base := strings.TrimSuffix(filepath.Base(p.pdf), ".pdf")
		content, err := os.ReadFile(filepath.Join(dir, base+".md"))
		if err != nil {
			content, err = os.ReadFile(filepath.Join(dir, base+".txt"))
		}
		out = append(out, result{p, assess(p.d, predict(p.d, markdownElements(string(content)))), err})
	}
	return out
}

// kept are the documents that lie in testdata, printed with seed 1, one of each difficulty.
var kept = []string{
	"report-word-03", "paper-05", "side-bar-04", "manual-02", "notes-word-02", "form-02", "tables-ruled-05", "tables-half-02", "tables-unruled-03",
	"tables-long-00", "sheet-03", "right-to-left-01", "greek-cyrillic-00",
}

const keptSeed = 1

func keep(printed []printing) error {
	for _, p := range printed {
		content, err := os.ReadFile(p.pdf)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join("test", "layout", "testdata", p.d.Name+".pdf"), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// engine reads pictures of text; nil is the engine of the library.
var engine ocr.Engine

// blind is an OCR that finds no word.
type blind struct{}

func (blind) Words(context.Context, *image.Gray, ocr.Request) ([]ocr.Word, error) { return nil, nil }

func read(ctx context.Context, p printing, strategy string) (prediction, error) {
	f, err := os.Open(p.pdf)
	if err != nil {
		return prediction{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return prediction{}, err
	}
	options := partition.Options{Strategy: strategy, Languages: []string{""}, Coordinates: true, OCR: engine}
	elements, err := partition.Collect(partition.Partition(ctx, document.NewFile(p.d.Name+".pdf", "", info.Size(), f), options))
	return predict(p.d, elements), err
}

// show prints the truth and what was read.
func show(ctx context.Context, printed []printing, strategies string) error {
	for _, p := range printed {
		fmt.Printf("file %s\n\n--- truth\n\n%s", p.pdf, p.d.markdown())
		for _, strategy := range strings.Split(strategies, ",") {
			got, err := read(ctx, p, strategy)
			fmt.Printf("\n--- %s\n\n", strategy)
			if err != nil {
				fmt.Println("error:", err)
			}
			for _, b := range got.blocks {
				fmt.Printf("%s/%d: %s\n", b.kind, b.depth, b.text)
				if b.table != nil {
					for _, row := range b.table.rows {
						var cells []string
						for _, c := range row {
							text := c.text
							if c.rows > 1 || c.columns > 1 {
								text += fmt.Sprintf(" {%dx%d}", c.rows, c.columns)
							}
							cells = append(cells, text)
						}
						fmt.Println("    |", strings.Join(cells, " | "))
					}
				}
			}
			fmt.Println()
			summary{[]result{{p, assess(p.d, got), err}}}.write(os.Stdout, 0)
		}
	}
	return nil
}
