package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// summary is the table of scores.
type summary struct{ results []result }

// column is one figure column: the value of a set of documents, and whether the set has one.
type column struct {
	name  string
	value func([]result) (float64, bool)
}

func columns() []column {
	mean := func(of func(score) (float64, bool)) func([]result) (float64, bool) {
		return func(results []result) (float64, bool) {
			sum, n := 0.0, 0
			for _, r := range results {
				if v, ok := of(r.score); ok {
					sum += v
					n++
				}
			}
			return sum / float64(max(n, 1)), n > 0
		}
	}
	shares := func(of func(score) share) func([]result) (float64, bool) {
		return func(results []result) (float64, bool) {
			var all share
			for _, r := range results {
				all.add(of(r.score))
			}
			return all.got / max(all.of, 1), all.of > 0
		}
	}
	out := []column{
		{"order", mean(func(s score) (float64, bool) { return s.order, true })},
		{"blocks", mean(func(s score) (float64, bool) { return s.blocks, s.blocks >= 0 })},
		{"kinds", shares(func(s score) share { return s.kinds })},
		{"headings", mean(func(s score) (float64, bool) { return s.headings, true })},
	}
	for _, r := range []rules{fullRules, halfRules, zebra, noRules} {
		out = append(out, column{string(r), func(results []result) (float64, bool) {
			var all hits
			for _, one := range results {
				if h := one.score.cells[r]; h != nil {
					all.add(*h)
				}
			}
			return all.f1(), all.truth > 0
		}})
	}
	return append(out,
		column{"tables", shares(func(s score) share {
			var all share
			for _, r := range []rules{fullRules, halfRules, zebra, noRules} {
				if t := s.trees[r]; t != nil {
					all.add(*t)
				}
			}
			return all
		})},
		column{"furniture", shares(func(s score) share { return s.furniture })},
	)
}

func (r summary) write(w io.Writer, worst int) {
	cols := columns()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "class\tdocuments\t")
	for _, c := range cols {
		fmt.Fprintf(t, "%s\t", c.name)
	}
	fmt.Fprintln(t, "extra\t")
	line := func(name string, results []result) {
		fmt.Fprintf(t, "%s\t%d\t", name, len(results))
		extra := 0
		for _, one := range results {
			extra += one.score.extra
		}
		for _, c := range cols {
			if v, ok := c.value(results); ok {
				fmt.Fprintf(t, "%.3f\t", v)
			} else {
				fmt.Fprint(t, "\t")
			}
		}
		fmt.Fprintf(t, "%d\t\n", extra)
	}
	for _, c := range classes {
		var of []result
		for _, one := range r.results {
			if one.d.Class == c.name {
				of = append(of, one)
			}
		}
		if len(of) > 0 {
			line(c.name, of)
		}
	}
	line("all", r.results)
	_ = t.Flush() // the table is for a terminal
	for _, one := range r.results {
		if one.err != nil {
			fmt.Fprintf(w, "%s failed: %v\n", one.d.Name, one.err)
		}
	}
	if worst > 0 {
		r.worst(w, cols, worst)
	}
}

// worst names the documents with the lowest figures.
func (r summary) worst(w io.Writer, cols []column, n int) {
	fmt.Fprintln(w, "\nworst")
	for _, c := range cols {
		type one struct {
			name  string
			value float64
		}
		var all []one
		for _, res := range r.results {
			if v, ok := c.value([]result{res}); ok && v < 1 {
				all = append(all, one{res.d.Name, v})
			}
		}
		slices.SortStableFunc(all, func(a, b one) int { return cmp.Compare(a.value, b.value) })
		fmt.Fprintf(w, "  %-10s", c.name)
		for _, o := range all[:min(n, len(all))] {
			fmt.Fprintf(w, " %s %.2f", o.name, o.value)
		}
		fmt.Fprintln(w)
	}
}
