package layout

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// set sets text in glyphs of half an em, from a place, with a gap of a quarter em for each space.
func set(x, y, size float64, text string) []Glyph {
	var out []Glyph
	for _, r := range text {
		if r == ' ' {
			x += size / 4
			continue
		}
		out = append(out, Glyph{Text: string(r), Box: Box{x, y, x + size/2, y + size}})
		x += size / 2
	}
	return out
}

// turnedTo turns glyphs of a page about its origin so that their text runs in a direction.
func turnedTo(t Turn, glyphs []Glyph) []Glyph {
	out := slices.Clone(glyphs)
	for i := range out {
		out[i].Turn, out[i].Box = t, out[i].Box.back(t)
	}
	return out
}

func blocksOf(t *testing.T, glyphs ...[]Glyph) []Block {
	t.Helper()
	blocks, err := Blocks(Lines(slices.Concat(glyphs...)), func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func texts(blocks []Block) []string {
	var out []string
	for _, b := range blocks {
		out = append(out, b.Text())
	}
	return out
}

func TestLines(t *testing.T) {
	t.Parallel()
	unknown := Glyph{Box: Box{60, 100, 75, 110}}
	space := Glyph{Text: " ", Box: Box{60, 100, 65, 110}}
	for name, c := range map[string]struct {
		glyphs []Glyph
		want   []string
	}{
		"words":             {set(50, 100, 10, "two words"), []string{"two words"}},
		"kerning":           {append(set(50, 100, 10, "ab"), set(61.8, 100, 10, "cd")...), []string{"abcd"}},
		"a gap is a space":  {append(set(50, 100, 10, "ab"), set(61.9, 100, 10, "cd")...), []string{"ab cd"}},
		"far apart":         {append(set(50, 100, 10, "left"), set(80.1, 100, 10, "right")...), []string{"left", "right"}},
		"superscript":       {append(set(50, 100, 10, "x"), set(55, 98, 6, "2")...), []string{"x2"}},
		"next line":         {append(set(50, 100, 10, "one"), set(50, 112, 10, "two")...), []string{"one", "two"}},
		"blank":             {[]Glyph{{Text: " ", Box: Box{50, 100, 55, 110}}}, nil},
		"not a number":      {append(set(50, 100, 10, "a"), Glyph{Text: "b", Box: Box{math.NaN(), 0, 1, 1}}), []string{"a"}},
		"one of the spaces": {slices.Concat(set(50, 100, 10, "ab"), []Glyph{space}, set(90, 100, 10, "cd")), []string{"ab cd"}},
		"space, then a gap": {slices.Concat(set(50, 100, 10, "ab"), []Glyph{space}, set(87, 100, 10, "cd")), []string{"ab", "cd"}},
		"an unknown bridge": {slices.Concat(set(50, 100, 10, "ab"), []Glyph{unknown}, set(75, 100, 10, "cd")), []string{"abcd"}},
	} {
		var got []string
		for _, l := range Lines(c.glyphs) {
			got = append(got, Block{Lines: []Line{l}}.Text())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestTurnedText(t *testing.T) {
	t.Parallel()
	page := slices.Concat(set(100, 100, 10, "first line"), set(100, 112, 10, "second line"))
	for _, turn := range []Turn{Right, Down, Left, Up} {
		blocks := blocksOf(t, turnedTo(turn, page))
		if got := texts(blocks); !slices.Equal(got, []string{"first line second line"}) {
			t.Errorf("turn %d: %q", turn, got)
		}
		if want := (Box{100, 100, 152.5, 122}).back(turn); blocks[0].Box != want || want.turned(turn) != (Box{100, 100, 152.5, 122}) {
			t.Errorf("turn %d: box %v, want %v", turn, blocks[0].Box, want)
		}
	}
	mixed := blocksOf(t, turnedTo(Up, set(-400, 20, 10, "margin note")), set(100, 100, 10, "body"))
	if got := texts(mixed); !slices.Equal(got, []string{"body", "margin note"}) {
		t.Errorf("%q", got)
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		glyphs [][]Glyph
		want   []string
	}{
		"left edge":      {[][]Glyph{set(50, 100, 10, "a long line"), set(50, 112, 10, "short")}, []string{"a long line short"}},
		"centred":        {[][]Glyph{set(50, 100, 10, "abcdefghijkl"), set(70, 112, 10, "mnop")}, []string{"abcdefghijkl mnop"}},
		"right edge":     {[][]Glyph{set(50, 100, 10, "abcdefghijkl"), set(90, 112, 10, "mnop")}, []string{"abcdefghijkl mnop"}},
		"no edge":        {[][]Glyph{set(50, 100, 10, "abcdefghijkl"), set(62, 112, 10, "mnop")}, []string{"abcdefghijkl", "mnop"}},
		"far below":      {[][]Glyph{set(50, 100, 10, "one"), set(50, 116, 10, "two")}, []string{"one", "two"}},
		"other size":     {[][]Glyph{set(50, 100, 20, "Heading"), set(50, 122, 9, "body")}, []string{"Heading", "body"}},
		"twice the size": {[][]Glyph{set(50, 100, 20, "Heading"), set(50, 122, 10, "body")}, []string{"Heading", "body"}},
		"content order":  {[][]Glyph{set(50, 112, 10, "second"), set(50, 100, 10, "first")}, []string{"first second"}},
	} {
		if got := texts(blocksOf(t, c.glyphs...)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestBlocksStop(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	if _, err := Blocks(Lines(set(50, 100, 10, "a")), func() error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

func TestAbsurdPlaces(t *testing.T) {
	t.Parallel()
	far := []Glyph{
		{Text: "a", Box: Box{0, 0, 1, 1e300}}, {Text: "b", Box: Box{-1e300, -1e300, 1e300, 1e300}},
		{Text: "c", Box: Box{1e17, 1e17, 1e17, 1e17}},
	}
	blocks := blocksOf(t, far, set(50, 100, 10, "here"))
	if !slices.Contains(texts(blocks), "here") {
		t.Errorf("%q", texts(blocks))
	}
}

func TestChars(t *testing.T) {
	t.Parallel()
	b := blocksOf(t, set(50, 100, 10, "ab c"), set(50, 112, 10, "d"))[0]
	chars := b.Chars()
	if Text(chars) != "ab c d" || !chars[2].Made || !chars[4].Made || chars[3].Made || chars[3].Box.X0 != 62.5 || chars[5].Box.Y0 != 112 {
		t.Errorf("%+v", chars)
	}
	spaced := Block{Lines: []Line{{Glyphs: []Glyph{{Text: " "}, {Text: "a"}, {Text: " "}, {Text: "\u00a0"}, {Text: "b"}, {Text: "\t"}}}}}
	if spaced.Text() != "a b" {
		t.Errorf("%q", spaced.Text())
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		boxes []Box
		want  []int
	}{
		"one":               {[]Box{{50, 50, 100, 60}}, []int{0}},
		"rows":              {[]Box{{50, 200, 500, 210}, {50, 100, 500, 110}}, []int{1, 0}},
		"two columns":       {[]Box{{300, 100, 500, 200}, {50, 100, 250, 200}, {300, 220, 500, 300}, {50, 220, 250, 300}}, []int{1, 3, 0, 2}},
		"spanning heading":  {[]Box{{300, 100, 500, 300}, {50, 50, 500, 80}, {50, 100, 250, 300}}, []int{1, 2, 0}},
		"touching rows":     {[]Box{{50, 110, 500, 120}, {50, 100, 500, 110}}, []int{1, 0}},
		"over the left":     {[]Box{{300, 100, 500, 200}, {-10, 150, 250, 200}, {300, 220, 500, 300}}, []int{0, 1, 2}},
		"left of the right": {[]Box{{300, 90, 500, 200}, {50, 150, 250, 200}}, []int{1, 0}},
	} {
		if got := Order(c.boxes); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// Stairs in both directions need a cut each; the bound on their number must lose no box.
func TestOrderKeepsAll(t *testing.T) {
	t.Parallel()
	var boxes []Box
	for i := range 300 {
		v := float64(3 * i)
		boxes = append(boxes, Box{v, v, 2000, v + 2}, Box{v, v + 2, v + 2, 2000})
	}
	got := slices.Sorted(slices.Values(Order(boxes)))
	for i, k := range got {
		if i != k {
			t.Fatalf("place %d holds box %d", i, k)
		}
	}
	if len(got) != len(boxes) {
		t.Errorf("%d of %d boxes", len(got), len(boxes))
	}
}

func TestEmBox(t *testing.T) {
	t.Parallel()
	box := Box{10, 20, 16, 40}
	for turn, want := range map[Turn]Box{Right: {10, 28, 16, 40}, Down: {10, 20, 22, 40}, Left: {10, 20, 16, 32}, Up: {4, 20, 16, 40}} {
		if got := EmBox(box, 12, turn); got != want {
			t.Errorf("turn %d: %v, want %v", turn, got, want)
		}
	}
	for _, size := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if EmBox(box, size, Right) != box {
			t.Errorf("a size of %v changes the box", size)
		}
	}
}

func BenchmarkPage(b *testing.B) {
	var glyphs []Glyph
	for column := range 2 {
		for line := range 60 {
			glyphs = append(glyphs, set(50+260*float64(column), 50+12*float64(line), 9, fmt.Sprintf("line %d %s", line, strings.Repeat("word ", 8)))...)
		}
	}
	for b.Loop() {
		blocks, err := Blocks(Lines(glyphs), func() error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		boxes := make([]Box, len(blocks))
		for i, block := range blocks {
			boxes[i] = block.Box
		}
		Order(boxes)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}
