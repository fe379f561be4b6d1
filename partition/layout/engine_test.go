package layout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// typed sets lines of text in a font, with its size, at a leading of 1.2.
func typed(x, y, size float64, font int, lines ...string) []Glyph {
	var out []Glyph
	for i, l := range lines {
		glyphs := set(x, y+1.2*size*float64(i), size, l)
		for k := range glyphs {
			glyphs[k].Size, glyphs[k].Font, glyphs[k].Tag = size, font, -1
		}
		out = append(out, glyphs...)
	}
	return out
}

const (
	regular = iota
	bold
	mono
)

func sheet(glyphs ...[]Glyph) *Page {
	return &Page{
		Width: 600, Height: 800, Glyphs: slices.Concat(glyphs...),
		Fonts: []Font{{Name: "Serif", Weight: 400}, {Name: "Serif-Bold", Weight: 700}, {Name: "Typewriter", Weight: 400, Mono: true}},
	}
}

func regionsOf(t *testing.T, p *Page) []Region {
	t.Helper()
	regions, err := Engine{}.Regions(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return regions
}

var kindNames = map[Kind]string{
	Paragraph: "p", Heading: "h", ListItem: "li", Caption: "caption", Footnote: "note", Formula: "formula", Code: "code", TableRegion: "table",
	Figure: "figure", Header: "header", Footer: "footer", PageNumber: "number", FormField: "field",
}

// read prints the regions of pages after the pass over the document, one a line.
func read(t *testing.T, pages ...*Page) string {
	t.Helper()
	var all [][]Region
	var outlines [][]Outline
	for _, p := range pages {
		r := regionsOf(t, p)
		all = append(all, r)
		outlines = append(outlines, Outlines(p, r))
	}
	Decide(outlines)
	var out []string
	for i, page := range all {
		for k, r := range page {
			o := outlines[i][k]
			name := kindNames[o.Kind]
			if o.Kind == Heading || o.Kind == ListItem {
				name += string(rune('0' + o.Depth))
			}
			out = append(out, name+": "+r.Text())
		}
	}
	return strings.Join(out, "\n")
}

// prose is a paragraph of full lines, each of n words.
func prose(x, y float64, lines ...string) []Glyph { return typed(x, y, 10, regular, lines...) }

func TestRegions(t *testing.T) {
	t.Parallel()
	left := prose(50, 200, "The keeper opened the gate in the mor-", "ning and closed it at night when the", "last of the boats had come back home.")
	right := prose(320, 200, "Other words stand in the second of the", "two columns and they are read after all", "of the words that stand in the first.")
	for name, c := range map[string]struct {
		page *Page
		want string
	}{
		"columns under a heading": {
			sheet(right, left, typed(150, 100, 20, bold, "A heading over both columns")),
			"h0: A heading over both columns\np: The keeper opened the gate in the morning and closed it at night when the last of the boats had come back home.\n" +
				"p: Other words stand in the second of the two columns and they are read after all of the words that stand in the first.",
		},
		"a paragraph over two columns": {
			sheet(prose(50, 200, "The keeper opened the gate in the early", "morning and closed it at night when the", "last of the many boats that had gone out"), prose(320, 200, "to the sea had come back home in good", "time for the evening meal, as they had", "every day before.")),
			"p: The keeper opened the gate in the early morning and closed it at night when the last of the many boats that had gone out " +
				"to the sea had come back home in good time for the evening meal, as they had every day before.",
		},
		"indented paragraphs": {
			sheet(prose(50, 200, "The keeper opened the gate in the early morning", "and closed it at night."), prose(65, 224, "Another paragraph begins with an indent of one"), prose(50, 236, "em and a half and goes on at the left edge.")),
			"p: The keeper opened the gate in the early morning and closed it at night.\np: Another paragraph begins with an indent of one em and a half and goes on at the left edge.",
		},
		"lists in lists": {
			sheet(prose(50, 200, "• First"), prose(70, 212, "– deeper one"), prose(70, 224, "– deeper two"), prose(50, 236, "• Second, whose text goes on"), prose(58, 248, "on the line below.")),
			"li0: • First\nli1: – deeper one\nli1: – deeper two\nli0: • Second, whose text goes on on the line below.",
		},
		"numbered": {
			sheet(prose(50, 200, "1. First item"), prose(50, 212, "2. Second item"), prose(50, 224, "3. Third item")),
			"li0: 1. First item\nli0: 2. Second item\nli0: 3. Third item",
		},
		"headings by number": {
			sheet(typed(50, 60, 20, bold, "The whole report"), typed(50, 100, 14, bold, "1 Introduction"), prose(50, 130, "The keeper opened the gate in the early morning and", "closed it at night when the boats had come back."),
				typed(50, 170, 12, bold, "1.1 The gate"), prose(50, 200, "The gate is made of oak and has been mended twice in", "the years since it was put up by the keeper's father.")),
			"h0: The whole report\nh1: 1 Introduction\np: The keeper opened the gate in the early morning and closed it at night when the boats had come back.\nh2: 1.1 The gate\n" +
				"p: The gate is made of oak and has been mended twice in the years since it was put up by the keeper's father.",
		},
		"code keeps its lines": {
			sheet(prose(50, 150, "The program below prints the numbers from one to ten and", "then it ends, as a program of that kind should always do."),
				typed(50, 200, 9, mono, "for i in range:"), typed(68, 210.8, 9, mono, "print"), prose(50, 260, "What it prints is shown on the page after this one here.")),
			"p: The program below prints the numbers from one to ten and then it ends, as a program of that kind should always do.\n" +
				"code: for i in range:\n    print\np: What it prints is shown on the page after this one here.",
		},
		"letters set apart": {
			sheet(typed(50, 100, 10, regular, "x"), spaced(50, 200, 10, "CONTENTS")),
			"p: x\np: CONTENTS",
		},
		"no spaces between lines of Chinese": {
			sheet(typed(50, 100, 10, regular, "汉字写在第一行上面", "然后写在第二行")),
			"p: 汉字写在第一行上面然后写在第二行",
		},
		"a raised sign": {
			sheet(typed(50, 100, 10, regular, "as others have shown"), typed(137.5, 98.5, 6, regular, "12")),
			"p: as others have shown12",
		},
		"drawn twice": {
			sheet(typed(50, 100, 10, regular, "Some words"), typed(50.3, 100, 10, regular, "Some words")),
			"p: Some words",
		},
		"label and value": {
			sheet(prose(50, 100, "Name:"), prose(50, 115, "Place:"), prose(50, 130, "Boat:"), prose(200, 100, "Ada"), prose(200, 115, "Aldertown"), prose(200, 130, "Heron")),
			"p: Name: Ada\np: Place: Aldertown\np: Boat: Heron",
		},
	} {
		if got := read(t, c.page); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// boxed draws a rectangle of rules on a page.
func boxed(p *Page, boxes ...Box) *Page {
	for _, b := range boxes {
		for _, r := range []Box{{b.X0, b.Y0, b.X1, b.Y0 + 0.5}, {b.X0, b.Y1 - 0.5, b.X1, b.Y1}, {b.X0, b.Y0, b.X0 + 0.5, b.Y1}, {b.X1 - 0.5, b.Y0, b.X1, b.Y1}} {
			p.Rules = append(p.Rules, Rule{r})
		}
	}
	return p
}

func TestFrames(t *testing.T) {
	t.Parallel()
	cards := func() *Page {
		return sheet(prose(50, 100, "Here are the figures of the year in three small boxes."),
			typed(60, 140, 10, bold, "12"), prose(60, 154, "boats"), typed(200, 140, 10, bold, "97"), prose(200, 154, "nets"), typed(340, 140, 10, bold, "34"), prose(340, 154, "sails"))
	}
	boxes := []Box{{50, 130, 180, 172}, {190, 130, 320, 172}, {330, 130, 460, 172}}
	const apart = "p: 12\np: boats\np: 97\np: nets\np: 34\np: sails"
	if got := read(t, boxed(cards(), boxes...)); !strings.HasSuffix(got, apart) {
		t.Errorf("three boxes beside each other:\n%s", got)
	}
	if got := read(t, cards()); strings.HasSuffix(got, apart) {
		t.Errorf("without boxes the words are read row by row, not:\n%s", got)
	}
	ground := cards()
	for i, b := range boxes {
		ground.Fills = append(ground.Fills, Fill{Box: b, Color: [3]uint8{230, 230, 250}, Opaque: true, Order: i})
	}
	if got := read(t, ground); !strings.HasSuffix(got, apart) {
		t.Errorf("three grounds beside each other:\n%s", got)
	}
	// A note in a frame stands beside a text that it must not part.
	note := sheet(prose(50, 200, "The keeper opened the gate in the", "morning and closed it at night when", "the last of the boats had come home."),
		prose(320, 206, "A note in a frame is read", "as one thing beside it."))
	const whole = "p: The keeper opened the gate in the morning and closed it at night when the last of the boats had come home.\np: A note in a frame is read as one thing beside it."
	if got := read(t, boxed(note, Box{310, 196, 470, 236})); got != whole {
		t.Errorf("a note in a frame:\n%s", got)
	}
}

func TestWatermark(t *testing.T) {
	t.Parallel()
	body := prose(50, 200, "The keeper opened the gate in the early morning and", "closed it at night when the boats had come back and", "when the lamps of the harbour had all been lit again.")
	const text = "p: The keeper opened the gate in the early morning and closed it at night when the boats had come back and when the lamps of the harbour had all been lit again."
	across := typed(60, 195, 50, bold, "DRAFT")
	if got := read(t, sheet(body, across)); got != text+"\np: DRAFT" {
		t.Errorf("across the text:\n%s", got)
	}
	if got := read(t, sheet(across, body)); got != text+"\np: DRAFT" {
		t.Errorf("below the text:\n%s", got)
	}
	var aslant []Glyph
	for i, r := range "DRAFT" {
		aslant = append(aslant, typed(60+30*float64(i), 190+8*float64(i), 40, bold, string(r))...)
	}
	if got := read(t, sheet(body, aslant)); got != text+"\np: DRAFT" {
		t.Errorf("aslant:\n%s", got)
	}
	// A large heading close to its text is none.
	if got := read(t, sheet(typed(50, 140, 50, bold, "Gates"), body)); got != "h0: Gates\n"+text {
		t.Errorf("a heading:\n%s", got)
	}
}

func TestDisplayedFormula(t *testing.T) {
	t.Parallel()
	page := sheet(prose(50, 200, "The force on the gate follows from the law that is written"), prose(120, 212, "F = m (a + g)"),
		prose(50, 224, "and it grows with the mass of the gate and with its speed"))
	want := "p: The force on the gate follows from the law that is written\nformula: F = m (a + g)\np: and it grows with the mass of the gate and with its speed"
	if got := read(t, page); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestVerticalText(t *testing.T) {
	t.Parallel()
	// Columns that run down, the first at the right, each character upright.
	column := func(x float64, text string) []Glyph {
		var out []Glyph
		y := 100.0
		for _, r := range text {
			out = append(out, Glyph{Text: string(r), Box: Box{x, y, x + 10, y + 10}, Size: 10, Tag: -1})
			y += 10
		}
		return out
	}
	page := sheet(column(400, "港は長い間この町の中心でした船は遠い国から茶と"), column(384, "絹を運び商人たちは朝早くから市場に集まりました"))
	want := "港は長い間この町の中心でした船は遠い国から茶と絹を運び商人たちは朝早くから市場に集まりました"
	if got := read(t, page); got != "p: "+want {
		t.Errorf("got %s", got)
	}
	if lines := page.Lines(); len(lines) != 2 || lines[0].Turn != Down || (Block{Lines: lines[:1]}).Text() != want[:len("港は長い間この町の中心でした船は遠い国から茶と")] {
		t.Errorf("lines of strategy fast: %v", lines)
	}
}

// spaced sets letters a third of an em apart.
func spaced(x, y, size float64, text string) []Glyph {
	var out []Glyph
	for i, r := range text {
		out = append(out, typed(x+float64(i)*size*0.83, y, size, regular, string(r))...)
	}
	return out
}

func TestFurniture(t *testing.T) {
	t.Parallel()
	var pages []*Page
	body := [...]string{"The keeper opened the gate in the early morning and", "closed it at night when the boats had come back home."}
	for i, n := range []string{"11", "12", "13"} {
		pages = append(pages, sheet(typed(50, 40, 8, regular, "Northwater Trust, report "+n), prose(50, 200+float64(40*i), body[:]...), typed(300, 770, 8, regular, n)))
	}
	want := "header: Northwater Trust, report %\np: " + strings.Join(body[:], " ") + "\nnumber: %"
	got := strings.Split(read(t, pages...), "\n")
	for i, n := range []string{"11", "12", "13"} {
		if g := strings.Join(got[3*i:3*i+3], "\n"); g != strings.ReplaceAll(want, "%", n) {
			t.Errorf("page %d:\n%s", i, g)
		}
	}
}

func TestFigureAndCaption(t *testing.T) {
	t.Parallel()
	p := sheet(prose(50, 100, "The keeper opened the gate in the early morning and", "closed it at night when the boats had come back home."),
		typed(100, 300, 7, regular, "0.5"), typed(60, 420, 9, regular, "Figure 1. The boats of a year."))
	p.Pictures = []Picture{{Box: Box{50, 200, 400, 400}, Drawing: true, Object: -1}}
	if got := read(t, p); !strings.HasSuffix(got, "\nfigure: 0.5\ncaption: Figure 1. The boats of a year.") {
		t.Error(got)
	}
}

func TestTurnedPage(t *testing.T) {
	t.Parallel()
	words := typed(100, 100, 10, regular, "The keeper opened the gate", "in the morning of a day.")
	for _, turn := range []Turn{Down, Left, Up} {
		f := pageTurn{turn, 600, 800}
		if turn != Left {
			f.width, f.height = 800, 600
		}
		p := sheet(words)
		for i := range p.Glyphs {
			p.Glyphs[i].Turn, p.Glyphs[i].Box = turn, f.back(p.Glyphs[i].Box)
		}
		p.Width, p.Height = f.width, f.height
		r := regionsOf(t, p)
		if len(r) != 1 || r[0].Text() != "The keeper opened the gate in the morning of a day." || r[0].Turn != turn {
			t.Fatalf("turn %d: %+v", turn, r)
		}
		if b := r[0].Box; b.X0 < 0 || b.Y0 < 0 || b.X1 > p.Width || b.Y1 > p.Height {
			t.Errorf("turn %d: %v", turn, b)
		}
	}
}

func TestRightToLeft(t *testing.T) {
	t.Parallel()
	// Two words as they stand on the page, glyphs from left to right.
	visual := []struct {
		x float64
		r string
	}{{100, "ד"}, {105, "ג"}, {112.5, "ב"}, {117.5, "א"}}
	var glyphs []Glyph
	for _, v := range visual {
		glyphs = append(glyphs, typed(v.x, 100, 10, regular, v.r)...)
	}
	if got := read(t, sheet(glyphs)); got != "p: אב גד" {
		t.Errorf("%q", got)
	}
	slices.Reverse(glyphs)
	if got := read(t, sheet(glyphs)); got != "p: אב גד" {
		t.Errorf("as read: %q", got)
	}
}

func TestHiddenText(t *testing.T) {
	t.Parallel()
	p := sheet(prose(50, 100, "Words to read"), prose(50, 200, "words to find"))
	for i := len("Wordstoread"); i < len(p.Glyphs); i++ {
		p.Glyphs[i].Hidden = Invisible
	}
	r := regionsOf(t, p)
	if len(r) != 2 || r[0].Hidden != 0 || r[1].Hidden != Invisible || r[1].Text() != "words to find" {
		t.Errorf("%+v", r)
	}
	for i := range p.Glyphs {
		p.Glyphs[i].Hidden = Invisible
	}
	p.Pictures = []Picture{{Box: Box{0, 0, 600, 800}}}
	if shown, hidden := p.Shown(); len(shown) != len(p.Glyphs) || len(hidden) != 0 {
		t.Errorf("the text under a scan is hidden: %d, %d", len(shown), len(hidden))
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	p := sheet(typed(50, 100, 10, regular, "A heading in the type of the text"), prose(50, 112, "The keeper opened the gate in the early morning and", "closed it at night."),
		prose(50, 136, "Another paragraph follows with no space between the", "two of them."))
	p.Tags = []Tag{{Type: "Document", Parent: -1}, {Type: "H2", Parent: 0, Order: 1}, {Type: "P", Parent: 0, Order: 2}, {Type: "P", Parent: 0, Order: 3}}
	for i := range p.Glyphs {
		switch y := p.Glyphs[i].Box.Y0; {
		case y < 110:
			p.Glyphs[i].Tag = 1
		case y < 130:
			p.Glyphs[i].Tag = 2
		default:
			p.Glyphs[i].Tag = 3
		}
	}
	want := "h1: A heading in the type of the text\np: The keeper opened the gate in the early morning and closed it at night.\n" +
		"p: Another paragraph follows with no space between the two of them."
	if got := read(t, p); got != want {
		t.Error(got)
	}
	for i := range p.Glyphs { // one heading for the whole page is no structure
		p.Glyphs[i].Tag = 1
	}
	if got := read(t, p); strings.HasPrefix(got, "h") {
		t.Error(got)
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]labelKind{
		"1. Text": numberLabel, "12) Text": numberLabel, "(3) Text": numberLabel, "1.2.3 Text": numberLabel, "a) Text": letterLabel, "iv. Text": romanLabel,
		"IV. Text": romanLabel, "• Text": bulletLabel, "- Text": bulletLabel, "-5 degrees": noLabel, "2021 was": noLabel, "A dog": noLabel, "1,000 men": noLabel, "3.5kg": noLabel, "": noLabel,
	} {
		if got := parseLabel(s + " "); got.kind != want {
			t.Errorf("%q: %d, want %d", s, got.kind, want)
		}
	}
	for s, want := range map[string]bool{
		"Figure 1. Boats": true, "Fig. 2: Boats": true, "Table IV": true, "Tabelle 3 – Boote": true, "图1 船": true, "Figure 3a shows": true,
		"Map in village": false, "Figures of speech": false, "Table of contents": false, "Table salt": false,
	} {
		if got, _ := captionLabel(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
	for s, want := range map[string]int{"7": 7, "- 7 -": 7, "Page 7 of 12": 7, "7/12": 7, "vii": -7, "Chapter 7": 0, "1984 was a year": 0} {
		if got, ok := pageNumber(s); ok != (want != 0) || ok && got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestEngineStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Engine{}).Regions(ctx, sheet(prose(50, 100, "Words"))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzRegions(f *testing.F) {
	f.Add([]byte("some words of a page, 1. and more\x00\x10\x20"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p := &Page{Width: 600, Height: 800, Fonts: []Font{{}}}
		for i := 0; i+4 < len(in); i += 5 {
			x, y, size := 3*float64(in[i]), 4*float64(in[i+1]), float64(in[i+2]%40)
			p.Glyphs = append(p.Glyphs, Glyph{Text: string(rune(in[i+3])), Box: Box{x, y, x + size/2, y + size}, Turn: Turn(in[i+4] & 3), Size: size, Tag: -1})
		}
		r, err := Engine{}.Regions(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		Decide([][]Outline{Outlines(p, r), Outlines(p, r)})
		for i := range r {
			_ = r[i].Text()
		}
	})
}

func BenchmarkRegions(b *testing.B) {
	var glyphs [][]Glyph
	for column := range 2 {
		for line := range 60 {
			glyphs = append(glyphs, typed(50+260*float64(column), 50+12*float64(line), 10, regular, strings.Repeat("word ", 9)))
		}
	}
	p := sheet(glyphs...)
	for b.Loop() {
		r, err := Engine{}.Regions(b.Context(), p)
		if err != nil {
			b.Fatal(err)
		}
		Decide([][]Outline{Outlines(p, r)})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}
