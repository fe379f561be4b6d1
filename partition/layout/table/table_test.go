package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/layout"
)

// sheet is a page that a test draws.
type sheet struct{ layout.Page }

func newSheet() *sheet {
	return &sheet{layout.Page{Width: 600, Height: 800, Fonts: []layout.Font{{Name: "Serif", Weight: 400}, {Name: "Serif Bold", Weight: 700}}}}
}

const em = 10.0 // size of the text, points

// set draws text in glyphs of half an em whose first begins at x; y is the top of the line. A space is a quarter em.
func (s *sheet) set(x, y float64, text string) *sheet { return s.in(0, x, y, text) }

func (s *sheet) in(font int, x, y float64, text string) *sheet {
	for _, r := range text {
		if r == ' ' {
			x += em / 4
			continue
		}
		s.Glyphs = append(s.Glyphs, layout.Glyph{Text: string(r), Box: layout.Box{X0: x, Y0: y, X1: x + em/2, Y1: y + em}, Font: font, Size: em, Tag: -1})
		x += em / 2
	}
	return s
}

// row draws a row of texts at the places xs.
func (s *sheet) row(y float64, xs []float64, texts ...string) *sheet {
	for k, text := range texts {
		if text != "" {
			s.set(xs[k], y, text)
		}
	}
	return s
}

func (s *sheet) bold(y float64, xs []float64, texts ...string) *sheet {
	for k, text := range texts {
		s.in(1, xs[k], y, text)
	}
	return s
}

func (s *sheet) across(y float64, x0, x1 float64) *sheet {
	s.Rules = append(s.Rules, layout.Rule{Box: layout.Box{X0: x0, Y0: y - 0.25, X1: x1, Y1: y + 0.25}})
	return s
}

func (s *sheet) down(x float64, y0, y1 float64) *sheet {
	s.Rules = append(s.Rules, layout.Rule{Box: layout.Box{X0: x - 0.25, Y0: y0, X1: x + 0.25, Y1: y1}})
	return s
}

func (s *sheet) grid(xs, ys []float64) *sheet {
	for _, y := range ys {
		s.across(y, xs[0], xs[len(xs)-1])
	}
	for _, x := range xs {
		s.down(x, ys[0], ys[len(ys)-1])
	}
	return s
}

func (s *sheet) ground(x0, y0, x1, y1 float64) *sheet {
	s.Fills = append(s.Fills, layout.Fill{Box: layout.Box{X0: x0, Y0: y0, X1: x1, Y1: y1}, Color: [3]uint8{220, 220, 230}, Opaque: true})
	return s
}

func (s *sheet) tables(t *testing.T) []layout.Table {
	t.Helper()
	lines := layout.Lines(s.Glyphs)
	tables, err := Rules{}.Tables(t.Context(), &s.Page, lines)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range tables {
		check(t, found)
	}
	return tables
}

// check asserts that the cells of a table cover each place once and stand in order.
func check(t *testing.T, found layout.Table) {
	t.Helper()
	covered := map[[2]int]bool{}
	for _, c := range found.Cells {
		for r := c.Row; r < c.Row+c.RowSpan; r++ {
			for k := c.Column; k < c.Column+c.ColumnSpan; k++ {
				if covered[[2]int{r, k}] || r >= found.Rows || k >= found.Columns {
					t.Errorf("place %d, %d is covered twice or outside", r, k)
				}
				covered[[2]int{r, k}] = true
			}
		}
	}
	if len(covered) != found.Rows*found.Columns {
		t.Errorf("%d places of %d x %d are covered", len(covered), found.Rows, found.Columns)
	}
	if !slices.IsSortedFunc(found.Cells, func(a, b layout.Cell) int { return (a.Row-b.Row)*1000 + a.Column - b.Column }) {
		t.Error("cells are out of order")
	}
}

func one(t *testing.T, s *sheet) layout.Table {
	t.Helper()
	tables := s.tables(t)
	if len(tables) != 1 {
		for _, found := range tables {
			t.Log(HTML(found))
		}
		t.Fatalf("%d tables, want 1", len(tables))
	}
	return tables[0]
}

var columns = []float64{53, 153, 253}

func TestDrawnTables(t *testing.T) {
	t.Parallel()
	xs, ys := []float64{50, 150, 250, 350}, []float64{100, 120, 140, 160}
	body := func(s *sheet) *sheet {
		return s.row(105, columns, "Name", "Count", "Share").row(125, columns, "Apples", "12", "40%").row(145, columns, "Pears", "18", "60%")
	}
	const want = "<table><thead><tr><th>Name</th><th>Count</th><th>Share</th></tr></thead>" +
		"<tbody><tr><td>Apples</td><td>12</td><td>40%</td></tr><tr><td>Pears</td><td>18</td><td>60%</td></tr></tbody></table>"
	cells := body(newSheet())
	for r := range 3 {
		for c := range 3 {
			cells.ground(xs[c], ys[r], xs[c+1], ys[r+1])
		}
	}
	for name, s := range map[string]*sheet{
		"full grid":         body(newSheet()).grid(xs, ys),
		"double rules":      body(newSheet()).grid(xs, ys).grid([]float64{52, 152, 252, 352}, []float64{102, 122, 142, 162}),
		"open sides":        body(newSheet()).grid(xs[1:3], ys).across(100, 50, 350).across(120, 50, 350).across(140, 50, 350).across(160, 50, 350),
		"rows only":         body(newSheet()).across(100, 50, 350).across(120, 50, 350).across(140, 50, 350).across(160, 50, 350),
		"three rules":       body(newSheet()).across(100, 50, 350).across(120, 50, 350).across(160, 50, 350),
		"grounds of rows":   body(newSheet()).ground(50, 100, 350, 120).ground(50, 140, 350, 160),
		"grounds of cells":  cells,
		"ground and no end": body(newSheet()).ground(50, 100, 350, 120).across(140, 50, 350),
		"frame":             body(newSheet()).grid([]float64{50, 350}, []float64{100, 160}),
	} {
		if got := HTML(one(t, s)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestMergedCells(t *testing.T) {
	t.Parallel()
	s := newSheet()
	s.across(100, 50, 350).across(120, 150, 350).across(140, 50, 350).across(160, 150, 350).across(180, 50, 350)
	s.down(50, 100, 180).down(150, 100, 180).down(250, 120, 180).down(350, 100, 180)
	s.set(53, 115, "Region").set(220, 105, "Sales").row(125, columns, "", "2023", "2024")
	s.set(53, 155, "North").row(145, columns, "", "1", "2").row(165, columns, "", "3", "4")
	const want = `<table><thead><tr><th rowspan="2">Region</th><th colspan="2">Sales</th></tr><tr><th>2023</th><th>2024</th></tr></thead>` +
		`<tbody><tr><td rowspan="2">North</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></tbody></table>`
	got := one(t, s)
	if HTML(got) != want {
		t.Errorf("%s\nwant\n%s", HTML(got), want)
	}
	if Text(got) != "Region Sales 2023 2024 North 1 2 3 4" {
		t.Errorf("text %q", Text(got))
	}
}

// A word that a rule crosses is cut there, and no character is lost.
func TestCutWord(t *testing.T) {
	t.Parallel()
	s := newSheet().grid([]float64{50, 100, 150}, []float64{100, 120, 140}).set(53, 105, "Key").set(103, 105, "Value").set(85, 125, "123456")
	const want = "<table><thead><tr><th>Key</th><th>Value</th></tr></thead><tbody><tr><td>123</td><td>456</td></tr></tbody></table>"
	if got := HTML(one(t, s)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestBrokenLines(t *testing.T) {
	t.Parallel()
	s := newSheet().across(100, 50, 400).across(120, 50, 400).across(160, 50, 400).across(190, 50, 400)
	s.row(105, []float64{53, 153}, "Term", "Meaning")
	s.row(123, []float64{53, 153}, "Weir", "A low dam across a river, over which").row(135, []float64{53, 153}, "", "the water flows freely to the").row(147, []float64{53, 153}, "", "reach below.")
	s.row(163, []float64{53, 153}, "Lock", "A chamber with gates at both ends").row(175, []float64{53, 153}, "", "in which boats are raised.")
	const want = "<table><thead><tr><th>Term</th><th>Meaning</th></tr></thead><tbody>" +
		"<tr><td>Weir</td><td>A low dam across a river, over which the water flows freely to the reach below.</td></tr>" +
		"<tr><td>Lock</td><td>A chamber with gates at both ends in which boats are raised.</td></tr></tbody></table>"
	if got := HTML(one(t, s)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestAlignedText(t *testing.T) {
	t.Parallel()
	s := newSheet().bold(100, columns, "Port", "Ships", "Tons")
	for k, name := range []string{"Ardal", "Brevik", "Dalen", "Eide"} {
		s.row(114+14*float64(k), columns, name, fmt.Sprint(10+k), fmt.Sprint(1.5+float64(k)))
	}
	const want = "<table><thead><tr><th>Port</th><th>Ships</th><th>Tons</th></tr></thead><tbody><tr><td>Ardal</td><td>10</td><td>1.5</td></tr>" +
		"<tr><td>Brevik</td><td>11</td><td>2.5</td></tr><tr><td>Dalen</td><td>12</td><td>3.5</td></tr><tr><td>Eide</td><td>13</td><td>4.5</td></tr></tbody></table>"
	found := one(t, s)
	if HTML(found) != want {
		t.Errorf("%s\nwant\n%s", HTML(found), want)
	}
	if found.Ruled {
		t.Error("no rule is drawn")
	}
}

func TestNoTables(t *testing.T) {
	t.Parallel()
	prose := strings.Repeat("the boats lie at the quay ", 2)
	twoColumns, contents, list, letter, code := newSheet(), newSheet(), newSheet(), newSheet(), newSheet()
	code.Fonts = []layout.Font{{Name: "Mono", Weight: 400, Mono: true}}
	for k := range 12 {
		y := 100 + 12*float64(k)
		twoColumns.set(50, y, prose).set(320, y, prose)
		contents.set(50, y, fmt.Sprintf("Chapter %d ..........................", k)).set(400, y, fmt.Sprint(3*k+1))
		list.set(50, y, "\u2022").set(80, y, "an item of a list")
		code.set(50, y, "x := f(y)").set(200, y, "// why it is so")
	}
	for k, key := range []string{"From:", "To:", "Date:", "Subject:"} {
		letter.set(50, 100+14*float64(k), key).set(150, 100+14*float64(k), "Harbour office")
	}
	for name, s := range map[string]*sheet{
		"two columns":           twoColumns,
		"two columns and rules": twoColumns.across(95, 50, 580).across(250, 50, 580),
		"table of contents":     contents,
		"list":                  list,
		"head of a letter":      letter,
		"code":                  code,
		"frame":                 newSheet().grid([]float64{50, 400}, []float64{100, 160}).set(60, 110, "A note in").set(60, 122, "a frame with text"),
		"boxes beside each other": newSheet().grid([]float64{50, 290}, []float64{100, 150}).grid([]float64{292, 540}, []float64{100, 150}).
			bold(105, []float64{55, 297}, "Before work", "After work").row(117, []float64{55, 297}, "Check the hoses and close the tap. Hang", "Open the tap slowly and listen. Remove").
			row(129, []float64{55, 297}, "the red label on it when it is closed.", "the label and report to the office."),
		"cards": newSheet().grid([]float64{50, 190}, []float64{100, 140}).grid([]float64{200, 340}, []float64{100, 140}).grid([]float64{350, 490}, []float64{100, 140}).
			bold(105, []float64{55, 205, 355}, "12", "97%", "3.4 days").row(119, []float64{55, 205, 355}, "boats this year", "of nets mended", "to the next port"),
		"empty table":            newSheet().grid([]float64{50, 150, 250}, []float64{100, 120, 140}).set(50, 300, "A text far below it all"),
		"axes":                   newSheet().across(300, 100, 400).down(100, 100, 300).set(80, 290, "0").set(80, 190, "5").set(80, 95, "10").set(200, 305, "x axis label"),
		"underlines":             newSheet().set(50, 100, "One heading").across(109, 50, 103).set(50, 120, "Two heading").across(129, 50, 103),
		"lines of a form":        newSheet().set(50, 100, "Name").across(110, 80, 300).set(50, 130, "Place").across(140, 80, 300).set(50, 160, "Date").across(170, 80, 300),
		"a page without a glyph": newSheet().grid([]float64{50, 150, 250}, []float64{100, 120, 140}),
	} {
		for _, found := range s.tables(t) {
			t.Errorf("%s: %s", name, HTML(found))
		}
	}
}

func TestSeveralTables(t *testing.T) {
	t.Parallel()
	s := newSheet()
	for _, x := range []float64{0, 280} {
		s.grid([]float64{50 + x, 150 + x, 250 + x}, []float64{100, 120, 140})
		s.set(53+x, 105, "Key").set(153+x, 105, "Value").set(53+x, 125, "left").set(153+x, 125, "right")
	}
	tables := s.tables(t)
	if len(tables) != 2 || tables[0].Box.X0 > tables[1].Box.X0 {
		t.Fatalf("%+v", tables)
	}
}

// turnedTo draws a page turned about its origin, so that its text runs in a direction.
func (s *sheet) turnedTo(turn layout.Turn) *sheet {
	out := newSheet()
	for _, g := range s.Glyphs {
		g.Turn, g.Box = turn, back(g.Box, turn)
		out.Glyphs = append(out.Glyphs, g)
	}
	for _, r := range s.Rules {
		out.Rules = append(out.Rules, layout.Rule{Box: back(r.Box, turn)})
	}
	return out
}

func TestTurnedTable(t *testing.T) {
	t.Parallel()
	upright := func() *sheet {
		return newSheet().grid([]float64{50, 150, 250}, []float64{100, 120, 140, 160}).row(105, columns, "Name", "Count").
			row(125, columns, "Two words", "12").row(145, columns, "Pears", "18")
	}
	want := HTML(one(t, upright()))
	for _, turn := range []layout.Turn{layout.Down, layout.Left, layout.Up} {
		if got := HTML(one(t, upright().turnedTo(turn))); got != want {
			t.Errorf("turn %d: %s\nwant\n%s", turn, got, want)
		}
	}
}

func TestRecognizedWords(t *testing.T) {
	t.Parallel()
	s := newSheet()
	s.Recognized = true
	word := func(x, y float64, text string) {
		s.Glyphs = append(s.Glyphs, layout.Glyph{Text: text, Box: layout.Box{X0: x, Y0: y, X1: x + 5*float64(len(text)), Y1: y + 8}, Font: -1, Tag: -1})
	}
	for k, texts := range [][]string{{"Port", "Ships", "Tons"}, {"Ardal", "10", "1.5"}, {"Brevik", "11", "2.5"}, {"Dalen", "12", "3.5"}} {
		for c, text := range texts {
			word(columns[c], 100+14*float64(k)+float64((k+c)%2), text)
		}
	}
	const want = "<table><thead><tr><th>Port</th><th>Ships</th><th>Tons</th></tr></thead><tbody><tr><td>Ardal</td><td>10</td><td>1.5</td></tr>" +
		"<tr><td>Brevik</td><td>11</td><td>2.5</td></tr><tr><td>Dalen</td><td>12</td><td>3.5</td></tr></tbody></table>"
	if got := HTML(one(t, s)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestContinuation(t *testing.T) {
	t.Parallel()
	xs := []float64{50, 150, 250, 350}
	page := func(head []string, rows ...[]string) layout.Table {
		s, y := newSheet(), 100.0
		ys := []float64{y}
		for _, r := range append([][]string{head}, rows...) {
			if r == nil {
				continue
			}
			s.row(y+5, columns, r...)
			y += 20
			ys = append(ys, y)
		}
		return one(t, s.grid(xs, ys))
	}
	head := []string{"Name", "Count", "Share"}
	first := page(head, []string{"Apples", "12", "40%"}, []string{"Pears", "18", "60%"})
	for name, c := range map[string]struct {
		next layout.Table
		goes bool
		rows int
	}{
		"repeated header": {page(head, []string{"Plums", "7", "5%"}, []string{"Figs", "8", "6%"}), true, 5},
		"no header":       {page(nil, []string{"Plums", "7", "5%"}, []string{"Figs", "8", "6%"}), true, 5},
		"another header":  {page([]string{"City", "People", "Area"}, []string{"Bergen", "7", "5"}), false, 0},
	} {
		if got := Continues(first, c.next); got != c.goes {
			t.Errorf("%s: %v", name, got)
			continue
		}
		if !c.goes {
			continue
		}
		joined := first
		joined.Cells = slices.Clone(first.Cells)
		Join(&joined, c.next)
		check(t, joined)
		if joined.Rows != c.rows || !strings.HasSuffix(Text(joined), "60% Plums 7 5% Figs 8 6%") {
			t.Errorf("%s: %d rows, %q", name, joined.Rows, Text(joined))
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newSheet().set(50, 100, "some words on a page")
	if _, err := (Rules{}).Tables(ctx, &s.Page, layout.Lines(s.Glyphs)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A page of a million lines, or of very many words, ends without tables and in time that grows with the page.
func TestManyThings(t *testing.T) {
	t.Parallel()
	s := newSheet()
	for k := range 500_000 {
		x, y := float64(k%997)*0.6, float64(k%1009)*0.79
		s.Rules = append(s.Rules, layout.Rule{Box: layout.Box{X0: x, Y0: y, X1: x + 12, Y1: y}}, layout.Rule{Box: layout.Box{X0: x, Y0: y, X1: x, Y1: y + 12}})
	}
	for k := range 60 {
		s.set(50, 50+12*float64(k), strings.Repeat("word ", 15))
	}
	if tables := s.tables(t); len(tables) > 0 {
		t.Errorf("%d tables in a drawing", len(tables))
	}
	many := newSheet()
	for k := range maxWords + 1 {
		many.set(float64(k%500), float64(k/500), "w")
	}
	if tables := many.tables(t); len(tables) > 0 {
		t.Errorf("%d tables", len(tables))
	}
}

// BenchmarkProse finds no table on a page of text in two columns.
func BenchmarkProse(b *testing.B) {
	s := newSheet()
	for k := range 55 {
		for c := range 2 {
			s.set(50+260*float64(c), 50+12*float64(k), fmt.Sprintf("line %d of the text that runs on and on", k))
		}
	}
	lines := layout.Lines(s.Glyphs)
	b.ReportAllocs()
	for b.Loop() {
		if tables, err := (Rules{}).Tables(b.Context(), &s.Page, lines); err != nil || len(tables) > 0 {
			b.Fatal(tables, err)
		}
	}
}

// BenchmarkGrid finds a table of 40 rows and 6 columns.
func BenchmarkGrid(b *testing.B) {
	s := newSheet()
	xs, ys := []float64{50}, []float64{50}
	for c := range 6 {
		xs = append(xs, 50+80*float64(c+1))
	}
	for r := range 40 {
		ys = append(ys, 50+16*float64(r+1))
		for c := range 6 {
			s.set(xs[c]+3, ys[r]+3, fmt.Sprintf("cell %d", r))
		}
	}
	s.grid(xs, ys)
	lines := layout.Lines(s.Glyphs)
	b.ReportAllocs()
	for b.Loop() {
		if tables, err := (Rules{}).Tables(b.Context(), &s.Page, lines); err != nil || len(tables) != 1 {
			b.Fatal(tables, err)
		}
	}
}

// A table of which lines bound the header alone: its rows follow below, and their texts run further than the header's.
func TestLinesOfTheHeader(t *testing.T) {
	t.Parallel()
	xs := []float64{52, 120, 300}
	s := newSheet().across(100, 50, 500).bold(104, xs, "Name", "Kind", "Place").across(118, 50, 500)
	for k := range 4 {
		y := 124 + 30*float64(k)
		s.row(y, xs, "Large", "A text of several words", "North").row(y+12, xs, "house", "that goes on to the very next column", "or south")
	}
	found := s.tables(t)
	if len(found) != 1 || found[0].Rows != 5 || found[0].Columns != 3 {
		t.Fatalf("got %+v", found)
	}
	if got := CellText(found[0].Cells[4]); got != "A text of several words that goes on to the very next column" {
		t.Errorf("got %q", got)
	}
}

// The header of a table whose grounds begin below it has two lines, the second of which fills two columns only.
func TestHeaderAboveGrounds(t *testing.T) {
	t.Parallel()
	xs := []float64{52, 132, 212, 292, 372}
	s := newSheet().bold(86, xs, "First", "Second", "Third", "Fourth", "Fifth").bold(97, xs[:2], "name", "name")
	s.row(110, xs, "a", "1", "2", "3", "4")
	for k := range 4 {
		y := 122 + 24*float64(k)
		for c := range xs {
			s.ground(50+80*float64(c), y-1, 130+80*float64(c), y+11)
		}
		s.row(y, xs, "b", "5", "6", "7", "8").row(y+12, xs, "c", "9", "10", "11", "12")
	}
	found := s.tables(t)
	if len(found) != 1 || found[0].Rows != 10 || found[0].Columns != 5 || found[0].HeaderRows != 1 {
		t.Fatalf("got %+v", found)
	}
	if got := CellText(found[0].Cells[1]); got != "Second name" {
		t.Errorf("got %q", got)
	}
}

// A table that goes on in the next column of its page repeats its header there.
func TestContinuesBeside(t *testing.T) {
	t.Parallel()
	draw := func(x, y float64, head string) layout.Table {
		xs := []float64{x + 3, x + 83, x + 153}
		s := newSheet().grid([]float64{x, x + 80, x + 150, x + 220}, []float64{y, y + 16, y + 32, y + 48}).bold(y+3, xs, head, "2019", "2020")
		found := s.row(y+19, xs, "North", "1", "2").row(y+35, xs, "South", "3", "4").tables(t)
		if len(found) != 1 || found[0].HeaderRows != 1 {
			t.Fatalf("got %+v", found)
		}
		return found[0]
	}
	first, beside := draw(40, 600, "Place"), draw(320, 60, "Place")
	if !ContinuesBeside(first, beside) {
		t.Error("a table in the next column does not go on")
	}
	if ContinuesBeside(first, draw(320, 60, "Town")) || ContinuesBeside(first, draw(40, 700, "Place")) || ContinuesBeside(first, draw(320, 700, "Place")) {
		t.Error("another table goes on")
	}
}

// Years are a header, also where the first column is named.
func TestHeaderOfYears(t *testing.T) {
	t.Parallel()
	draw := func(head []string, rows ...[]string) layout.Table {
		s := newSheet()
		xs, ys := []float64{53, 153, 233}, []float64{50}
		for k, row := range append([][]string{head}, rows...) {
			ys = append(ys, 66+16*float64(k))
			s.row(53+16*float64(k), xs, row...)
		}
		found := s.grid([]float64{50, 150, 230, 300}, ys).tables(t)
		if len(found) != 1 {
			t.Fatalf("got %+v", found)
		}
		return found[0]
	}
	years := []string{"Item", "2019", "2018"}
	first := draw(years, []string{"North", "12", "34"}, []string{"South", "1990", "56"})
	if first.HeaderRows != 1 {
		t.Errorf("%d header rows above years", first.HeaderRows)
	}
	if again := draw([]string{"Item", "2019", "2018"}, []string{"East", "2017", "2016"}); again.HeaderRows != 0 {
		t.Errorf("%d header rows above more years", again.HeaderRows)
	}
}
