package table

import (
	"strings"
	"testing"
)

// flush draws rows of a name, a number that ends at 200, and what stands behind it from 201 on.
func flush(numbers, behind []string) *sheet {
	s := newSheet()
	for k, n := range numbers {
		y := 100 + 12*float64(k)
		s.set(50, y, "Name")
		s.set(200-em/2*float64(len(n)), y, n)
		s.set(201, y, behind[k])
	}
	return s
}

// In a sheet a number ends where the next column begins.
func TestSeam(t *testing.T) {
	t.Parallel()
	numbers := []string{"467,884", "24,772", "1,752", "881,869", "5"}
	found := flush(numbers, []string{"Birch", "Oak", "Elm", "Ash", "Yew"}).tables(t)
	if len(found) != 1 || found[0].Columns != 3 {
		t.Fatalf("got %+v", found)
	}
	if got := Text(found[0]); !strings.Contains(got, "467,884 Birch") {
		t.Errorf("got %q", got)
	}
	// A unit belongs to its number.
	found = flush(numbers, []string{"kg", "kg", "kg", "g", "kg"}).tables(t)
	if len(found) != 1 || found[0].Columns != 2 {
		t.Errorf("got %+v", found)
	}
}

// A page full of numbers that meet is read in time that grows with the page.
func TestManySeams(t *testing.T) {
	t.Parallel()
	s := newSheet()
	for c := range 300 {
		for k := range 60 {
			s.set(40*float64(c)+5*float64(k%3), 100+12*float64(k), strings.Repeat("7", 3-k%3))
			s.set(40*float64(c)+16, 100+12*float64(k), string(rune('a'+k%26)))
		}
	}
	if found := s.tables(t); len(found) > 1 {
		t.Errorf("%d tables", len(found))
	}
}
