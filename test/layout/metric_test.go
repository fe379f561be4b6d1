package main

import (
	"math"
	"slices"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestSimilarity(t *testing.T) {
	t.Parallel()
	long := make([]rune, 200)
	for i := range long {
		long[i] = rune('a' + i%7)
	}
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"", "", 1}, {"abc", "abc", 1}, {"abc", "xyz", 0}, {"abcd", "abxd", 0.75}, {"abc", "", 0},
		{"one two", "two one", 2.0 * 3 / 14}, // "two" or "one", with nothing else in order
		{string(long), "x" + string(long), 400.0 / 401}, {"x" + string(long), "y" + string(long) + "z", 400.0 / 403},
	} {
		if got := similarity([]rune(c.a), []rune(c.b)); !near(got, c.want) {
			t.Errorf("%.20q and %.20q: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestTreeSimilarity(t *testing.T) {
	t.Parallel()
	of := func(levels []int, texts ...string) tree[section] { return outline(levels, texts) }
	same := func(x, y section) float64 {
		if x.heading == y.heading && string(x.text) == string(y.text) {
			return 0
		}
		return 1
	}
	a := of([]int{0, -1, 1, -1, 1, -1}, "A", "a", "B", "b", "C", "c") // root, three headings, three texts
	for name, c := range map[string]struct {
		b    tree[section]
		want float64
	}{
		"equal":           {of([]int{1, -1, 2, -1, 2, -1}, "A", "a", "B", "b", "C", "c"), 1},
		"no heading":      {of([]int{-1}, "a"), 1 - 5.0/7},
		"other text":      {of([]int{0, -1, 1, -1, 1, -1}, "A", "a", "B", "x", "C", "c"), 1 - 1.0/7},
		"one text less":   {of([]int{0, -1, 1, 1, -1}, "A", "a", "B", "C", "c"), 1 - 1.0/7},
		"flat, not below": {of([]int{0, -1, 0, -1, 0, -1}, "A", "a", "B", "b", "C", "c"), 1 - 2.0/7},
	} {
		if got := treeSimilarity(a, c.b, same); !near(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestCellScores(t *testing.T) {
	t.Parallel()
	truth := parseGrid(`<table><tr><th rowspan="2">A</th><th colspan="2">B</th></tr><tr><th>C</th><th>D</th></tr><tr><td>e</td><td></td><td>f</td></tr></table>`)
	want := []place{{0, 0, "A"}, {0, 1, "B"}, {1, 1, "C"}, {1, 2, "D"}, {2, 0, "e"}, {2, 2, "f"}}
	if got := truth.places(); !slices.Equal(got, want) {
		t.Fatalf("%v", got)
	}
	for name, c := range map[string]struct {
		html string
		want hits
		tree float64
	}{
		"equal":    {`<table><tr><td rowspan="2">A</td><td colspan="2">B</td></tr><tr><td>C</td><td>D</td></tr><tr><td>e</td><td/><td>f</td></tr></table>`, hits{6, 6, 6}, 1},
		"repeated": {`<table><tr><td>A</td><td>B</td><td>B</td></tr><tr><td>A</td><td>C</td><td>D</td></tr><tr><td>e</td><td/><td>f</td></tr></table>`, hits{6, 6, 6}, 1 - 4.0/13},
		"shifted":  {`<table><tr><td>C</td><td>D</td></tr><tr><td>e</td><td/><td>f</td></tr></table>`, hits{0, 6, 4}, 1 - 3.0/11},
	} {
		given := parseGrid(c.html)
		if got := cellHits(truth, given); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if got := gridSimilarity(truth, given); !near(got, c.tree) {
			t.Errorf("%s: tree %v, want %v", name, got, c.tree)
		}
	}
	whole := parseGrid(`<table><tr><td>h</td></tr><tr><td>1</td></tr></table>`)
	whole.join(parseGrid(`<table><tr><td>h</td></tr><tr><td>2</td></tr></table>`))
	if whole.text() != "h 1 2" {
		t.Errorf("joined: %q", whole.text())
	}
}

// A document is drawn from its seed alone.
func TestGenerateAgain(t *testing.T) {
	t.Parallel()
	for _, c := range classes {
		a, err := source(generate(c, 1, 5))
		if err != nil {
			t.Fatal(err)
		}
		b, err := source(generate(c, 1, 5))
		if err != nil {
			t.Fatal(err)
		}
		other, err := source(generate(c, 1, 6))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a, b) || slices.Equal(a, other) {
			t.Errorf("%s: the same seed gives the same document and another gives another: %v, %v", c.name, slices.Equal(a, b), !slices.Equal(a, other))
		}
	}
}

// Every table of the generator is a grid: no place is covered twice, none is left out.
func TestTablesAreWhole(t *testing.T) {
	t.Parallel()
	for _, c := range classes {
		for i := range c.count {
			d := generate(c, i, 1)
			for _, b := range d.Blocks {
				if b.Kind != tableKind {
					continue
				}
				covered := map[[2]int]int{}
				for _, cell := range b.Table.Cells {
					for r := range cell.RowSpan {
						for k := range cell.ColumnSpan {
							covered[[2]int{cell.Row + r, cell.Column + k}]++
						}
					}
				}
				for r := range b.Table.Rows {
					for k := range b.Table.Columns {
						if covered[[2]int{r, k}] != 1 {
							t.Fatalf("%s: place %d, %d is covered %d times\n%s", d.Name, r, k, covered[[2]int{r, k}], b.Table.html())
						}
					}
				}
				if len(covered) != b.Table.Rows*b.Table.Columns {
					t.Fatalf("%s: %d places of %d x %d", d.Name, len(covered), b.Table.Rows, b.Table.Columns)
				}
			}
		}
	}
}

// The truth, given back as elements would be, scores 1 in all.
func TestTruthScoresFull(t *testing.T) {
	t.Parallel()
	for _, c := range classes {
		for i := range min(c.count, 3) {
			d := generate(c, i, 1)
			s := assess(d, predict(d, d.elements()))
			if s.order < 0.999 || s.headings < 0.999 || s.blocks < 0.999 || s.kinds.got != s.kinds.of || s.extra != 0 {
				t.Errorf("%s: %+v", d.Name, s)
			}
			for r, h := range s.cells {
				if h.f1() != 1 || s.trees[r].got != s.trees[r].of {
					t.Errorf("%s: %s %+v %+v", d.Name, r, h, s.trees[r])
				}
			}
		}
	}
}
