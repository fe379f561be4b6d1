package layout

import "testing"

// column makes a table of one column, 40 points wide, whose cells hold lines of letters 5 points wide. A line that ends in a space is one
// behind which a space was drawn.
func column(cells ...[]string) *Table {
	t := &Table{Rows: len(cells), Columns: 1}
	for r, lines := range cells {
		c := Cell{Row: r, RowSpan: 1, ColumnSpan: 1}
		for k, s := range lines {
			l := Line{}
			x, y := 0.0, 40*float64(r)+12*float64(k)
			for _, letter := range s {
				g := Glyph{Text: string(letter), Box: Box{x, y, x + 5, y + 10}, Size: 10, Font: -1, Tag: -1}
				if letter == ' ' {
					l.Glyphs[len(l.Glyphs)-1].Spaced = true
					g = Glyph{Text: " ", Space: true}
				}
				l.Glyphs = append(l.Glyphs, g)
				x += 5
			}
			if n := len(l.Glyphs) - 1; l.Glyphs[n].Space {
				l.Glyphs = l.Glyphs[:n]
				x -= 5
			}
			l.Box = Box{0, y, x, y + 10}
			c.Lines = append(c.Lines, l)
		}
		t.Cells = append(t.Cells, c)
	}
	return t
}

func TestBrokenWordsInCells(t *testing.T) {
	t.Parallel()
	whole := []string{"with ", "spaces"}
	for name, test := range map[string]struct {
		table *Table
		want  string // the text of the first cell
	}{
		"the end of a word":                {column([]string{"sensiti", "ve test"}, whole), "sensitive test"},
		"a word of the page":               {column([]string{"develop", "ment"}), "development"},
		"a space was drawn":                {column([]string{"surface ", "is"}, whole), "surface is"},
		"the next word is one elsewhere":   {column([]string{"surface", "of it"}, whole, []string{"kind of"}), "surface of it"},
		"room for more":                    {column([]string{"sens", "ve"}, whole, []string{"highways"}), "sens ve"},
		"several words":                    {column([]string{"is sens", "ve"}, whole), "is sens ve"},
		"another word":                     {column([]string{"surface", "Of"}, whole), "surface Of"},
		"spaces are not drawn":             {column([]string{"surface", "is"}, []string{"fits", "in"}), "surface is"},
		"a hyphen":                         {column([]string{"sensi-", "tive"}), "sensitive"},
		"a number":                         {column([]string{"1,234,5", "67"}), "1,234,567"},
		"a number with decimals":           {column([]string{"$1,234.", "50"}, whole), "$1,234.50"},
		"numbers in groups, each whole":    {column([]string{"123,456", "789"}), "123,456 789"},
		"a bracket that closes a number":   {column([]string{"(12,345", ")"}, whole), "(12,345)"},
		"a comma that had no room":         {column([]string{"surface", ", it"}, whole), "surface, it"},
		"letters that run to the left":     {column([]string{"אבגדהוז", "חט"}, whole), "אבגדהוז חט"},
		"nothing known, a long second":     {column([]string{"surface", "area"}, whole), "surface area"},
		"three lines of one word":          {column([]string{"interna", "tionali", "se"}, whole), "interna tionalise"},
		"letters of a script of syllables": {column([]string{"表示表示表示表", "示"}), "表示表示表示表示"},
	} {
		page := column([]string{"the development of a page"}).Cells[0].Lines[0]
		f := &flow{tables: []Table{*test.table}, lines: []textLine{{Line: page}}}
		f.mendCells(test.table, nil)
		if got := (Block{Lines: test.table.Cells[0].Lines}).Text(); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
