package table

import (
	"fmt"
	"testing"
)

// A table of texts that run over several lines, with white space only between them.
func TestWorded(t *testing.T) {
	t.Parallel()
	xs := []float64{50, 180, 330}
	s := newSheet().bold(90, xs, "Name", "What it does", "Where it stands")
	y := 106.0
	for k := range 4 {
		s.row(y, xs, fmt.Sprint("Part ", k), "Holds the water of the", "In the cellar")
		s.row(y+11, xs, "", "house for a day and", "or the yard")
		if y += 27; k%2 == 0 {
			s.row(y-5, xs, "", "a night", "")
			y += 11
		}
	}
	found := s.tables(t)
	if len(found) != 1 || found[0].Rows != 5 || found[0].Columns != 3 || found[0].HeaderRows != 1 {
		t.Fatalf("got %+v", found)
	}
	if got := CellText(found[0].Cells[4]); got != "Holds the water of the house for a day and a night" {
		t.Errorf("got %q", got)
	}
}

// Columns of running text are none, though paragraphs begin beside each other at times.
func TestColumnsOfText(t *testing.T) {
	t.Parallel()
	xs := []float64{50, 220, 390}
	s := newSheet()
	for c, x := range xs {
		y := 90.0
		for k := range 30 {
			text := "lines of a text that run on"
			if (k+2*c)%7 == 0 {
				text = "Lines of a text that begin"
			}
			s.set(x, y, text)
			if y += 11; (k+2*c)%7 == 6 {
				y += 8
			}
		}
	}
	if found := s.tables(t); len(found) != 0 {
		t.Errorf("got %+v", found)
	}
}
