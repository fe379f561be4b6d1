package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// class is a sort of document. Its make fills in blocks; the look is drawn before.
type class struct {
	name   string
	format string
	count  int // of documents in a full set
	make   func(g *generator)
}

// classes are the sorts of documents of a full set, some 240 documents.
var classes = []class{
	{"report", "html", 12, report},
	{"report-word", "docx", 10, report},
	{"paper", "html", 12, paper},
	{"paper-word", "docx", 8, paper},
	{"newsletter", "html", 10, newsletter},
	{"newspaper", "html", 8, newspaper},
	{"side-bar", "html", 14, sideBar},
	{"manual", "html", 8, manual},
	{"manual-word", "docx", 6, manual},
	{"letter", "docx", 6, letter},
	{"notes-word", "docx", 8, withNotes},
	{"resume", "html", 6, resume},
	{"slides", "html", 6, slides},
	{"invoice", "html", 8, invoice},
	{"form", "html", 8, form},
	{"tables-ruled", "html", 12, tables(fullRules)},
	{"tables-ruled-word", "docx", 8, tables(fullRules)},
	{"tables-half", "html", 8, tables(halfRules)},
	{"tables-zebra", "html", 6, tables(zebra)},
	{"tables-unruled", "html", 12, tables(noRules)},
	{"tables-unruled-word", "docx", 6, tables(noRules)},
	{"tables-long", "html", 8, longTable},
	{"tables-long-word", "docx", 6, longTable},
	{"sheet", "xlsx", 10, sheet},
	{"latin", "html", 8, inLanguage("de", "fr", "es", "pl")},
	{"greek-cyrillic", "html", 6, inLanguage("el", "ru")},
	{"greek-cyrillic-word", "docx", 4, inLanguage("ru", "el")},
	{"right-to-left", "html", 8, inLanguage("ar", "he")},
	{"cjk", "html", 8, inLanguage("zh", "ja")},
	{"devanagari", "html", 4, inLanguage("hi")},
}

// generator makes one document.
type generator struct {
	*writer
	d       *truth
	index   int // of the document in its class
	numbers [5]int
	scheme  int // of numbers of headings
	figures int
	tables  int
}

// generate makes document i of a class. The same seed gives the same document.
func generate(c class, i int, seed uint64) *truth {
	var mix uint64 = 14695981039346656037
	for _, b := range []byte(c.name) {
		mix = (mix ^ uint64(b)) * 1099511628211
	}
	r := rand.New(rand.NewPCG(seed, mix+uint64(i)))
	d := &truth{Name: fmt.Sprintf("%s-%02d", c.name, i), Class: c.name, Format: c.format}
	g := &generator{writer: &writer{Rand: r, lang: languages["en"]}, d: d, index: i}
	d.Language = g.lang
	d.Tagged = c.format == "html" && g.chance(0.25)
	g.look()
	c.make(g)
	d.Language = g.lang
	return d
}

// look draws a design.
func (g *generator) look() {
	l := &g.d.Look
	l.Width, l.Height = 595.3, 841.9
	if g.chance(0.35) {
		l.Width, l.Height = 612, 792
	}
	side := float64(g.between(48, 84))
	l.Left, l.Right = side, side
	l.Top, l.Bottom = float64(g.between(60, 86)), float64(g.between(60, 86))
	l.Font = pick(g.writer, g.lang.Fonts)
	l.HeadFont = l.Font
	if g.chance(0.5) {
		l.HeadFont = pick(g.writer, g.lang.Fonts)
	}
	l.Size = pick(g.writer, []float64{9, 9.5, 10, 10, 10.5, 11, 11, 12})
	l.Leading = pick(g.writer, []float64{1.15, 1.25, 1.35, 1.5})
	l.Justify = g.chance(0.5)
	l.Hyphens = l.Justify && g.chance(0.7)
	l.Indent = g.chance(0.3)
	l.Columns = 1
	l.Gap = float64(g.between(14, 30))
	l.ColumnRule = g.chance(0.2)
	l.Bullet = pick(g.writer, []string{"•", "•", "–", "▪", "◦"})
	l.SideFill = pick(g.writer, []string{"#eef2f7", "#f5f0e6", "#e8f0e8", "#223344", ""})
	ratio := pick(g.writer, []float64{1.5, 1.7, 2, 2.4})
	bold, color := g.chance(0.75), pick(g.writer, []string{"#000", "#000", "#1f3864", "#7a1f1f", "#2e74b5"})
	center := g.chance(0.2)
	for k := range l.Heads {
		h := &l.Heads[k]
		h.Bold, h.Color = bold, color
		h.Ratio = max(ratio*[]float64{1, 0.75, 0.6, 0.5}[k], 1)
		h.Center = center && k == 0
		h.Rule = k <= 1 && g.chance(0.15)
		h.Before, h.After = l.Size*pick(g.writer, []float64{1, 1.4, 1.8}), l.Size*pick(g.writer, []float64{0.3, 0.5, 0.8})
		if h.Ratio < 1.2 { // told apart by something else than size
			h.Bold = true
			h.Italic = k > 0 && g.chance(0.3)
		}
		if !h.Bold && h.Ratio < 1.3 {
			h.Italic = true
		}
	}
	if l.Heads[3].Ratio == 1 {
		l.Heads[3].Italic = true
	}
	l.Heads[0].Upper = g.chance(0.2)
	g.scheme = g.IntN(5) // 0 and 1: no numbers
	if g.chance(0.75) {
		l.PageNumber = pick(g.writer, []string{"n", "n", "Page n", "n / m", "- n -"})
	}
	if g.chance(0.6) {
		l.HeaderLeft = g.phrase(g.between(2, 5))
		if g.chance(0.5) {
			l.HeaderRight = pick(g.writer, names) + " " + g.phrase(1) + " " + g.year()
		}
		l.RunningHeads = g.chance(0.4)
	}
	if g.chance(0.35) {
		l.FooterLeft = pick(g.writer, []string{"Confidential", "© " + g.year() + " " + pick(g.writer, names) + " Ltd", "Draft of " + g.year(), "www." + strings.ToLower(pick(g.writer, names)) + ".example"})
	}
	for _, s := range []string{l.HeaderLeft, l.HeaderRight, l.FooterLeft} {
		if s != "" {
			g.d.Furniture = append(g.d.Furniture, s)
		}
	}
}

func (g *generator) add(b block) *block {
	g.d.Blocks = append(g.d.Blocks, b)
	return &g.d.Blocks[len(g.d.Blocks)-1]
}

// heading adds a heading with the number of the document's scheme.
func (g *generator) heading(level, n int) *block {
	text := g.phrase(n)
	g.numbers[level]++
	for k := level + 1; k < len(g.numbers); k++ {
		g.numbers[k] = 0
	}
	if level > 1 || g.scheme == 4 { // level 1 is the title of the document, but for the fourth scheme
		if number := g.headingNumber(level); number != "" {
			text = number + " " + text
		}
	}
	return g.plainHeading(level, text)
}

func (g *generator) headingNumber(level int) string {
	first := 2
	var parts []string
	for k := first; k <= level; k++ {
		parts = append(parts, digits(g.numbers[k]))
	}
	joined := strings.Join(parts, ".")
	switch g.scheme {
	case 2:
		return joined
	case 3:
		if level == 2 {
			return joined + "."
		}
		return joined
	case 4:
		switch level {
		case 1:
			return ""
		case 2:
			return string(rune('A'+(g.numbers[2]-1)%26)) + "."
		default:
			return string(rune('A'+(g.numbers[2]-1)%26)) + "." + strings.Join(parts[1:], ".")
		}
	}
	return ""
}

func (g *generator) plainHeading(level int, text string) *block {
	if g.d.Look.Heads[level-1].Upper {
		text = strings.ToUpper(text)
	}
	return g.add(block{Kind: heading, Level: level, Runs: []run{{Text: text}}})
}

// paragraph adds n sentences, with a few words in another look.
func (g *generator) paragraph(n int) *block {
	return g.add(block{Kind: paragraph, Runs: g.runs(g.sentences(n))})
}

// runs cuts a text into runs, some of its words bold, italic or linked.
func (g *generator) runs(text string) []run {
	if g.lang.Space == "" || !g.chance(0.4) {
		return []run{{Text: text}}
	}
	parts := strings.Split(text, " ")
	if len(parts) < 8 {
		return []run{{Text: text}}
	}
	at := g.between(2, len(parts)-5)
	n := g.between(1, 3)
	middle := run{Text: strings.Join(parts[at:at+n], " ")}
	switch g.IntN(4) {
	case 0:
		middle.Bold = true
	case 1:
		middle.Italic = true
	case 2:
		middle.Link = "https://" + strings.ToLower(pick(g.writer, names)) + ".example/" + pick(g.writer, nouns)
	default:
		middle.Bold, middle.Italic = true, true
	}
	return []run{{Text: strings.Join(parts[:at], " ") + " "}, middle, {Text: " " + strings.Join(parts[at+n:], " ")}}
}

// list adds a list of n items, nested where deep allows.
func (g *generator) list(n, deep int) {
	numbered := g.chance(0.4)
	style := g.IntN(3)
	long := g.chance(0.5)
	for i := range n {
		g.item(0, listMarker(numbered, style, i, g.d.Look.Bullet), long)
		if deep > 0 && g.chance(0.4) {
			for j := range g.between(2, 3) {
				g.item(1, listMarker(numbered && style == 1, 2, j, "◦"), false)
				if deep > 1 && g.chance(0.3) {
					for range 2 {
						g.item(2, "▪", false)
					}
				}
			}
		}
	}
}

func listMarker(numbered bool, style, i int, bullet string) string {
	if !numbered {
		return bullet
	}
	switch style {
	case 0:
		return digits(i+1) + "."
	case 1:
		return digits(i+1) + ")"
	default:
		return string(rune('a'+i)) + ")"
	}
}

func (g *generator) item(level int, marker string, long bool) {
	text := g.phrase(g.between(2, 6))
	if long {
		text = g.sentences(g.between(1, 2))
	}
	g.add(block{Kind: listItem, Level: level, Marker: marker, Runs: g.runs(text)})
}

// figure adds a picture with its caption below, or now and then above.
func (g *generator) figure(wide bool) {
	g.figures++
	pic := block{Kind: figure, Raster: g.chance(0.4), Wide: wide}
	text := fmt.Sprintf("%s %d%s %s", pick(g.writer, []string{"Figure", "Figure", "Fig."}), g.figures, pick(g.writer, []string{":", ".", " –"}), g.phrase(g.between(4, 9)))
	if g.chance(0.5) {
		text += ". " + g.sentence()
	}
	c := block{Kind: caption, Runs: []run{{Text: text}}, Wide: wide}
	g.add(pic)
	g.add(c)
}

// captionOf adds the caption of the next table.
func (g *generator) captionOf(wide bool) {
	g.tables++
	g.add(block{Kind: caption, Wide: wide, Runs: []run{{Text: fmt.Sprintf("Table %d%s %s", g.tables, pick(g.writer, []string{":", ".", ""}), g.phrase(g.between(3, 8)))}}})
}

// section adds the body below a heading: what a section of a report holds.
func (g *generator) section(full bool) {
	for range g.between(1, 3) {
		g.paragraph(g.between(2, 6))
	}
	switch {
	case g.chance(0.35):
		g.paragraph(1)
		g.list(g.between(3, 6), 1)
	case full && g.chance(0.3):
		g.figure(false)
	case full && g.chance(0.35):
		if g.chance(0.8) {
			g.captionOf(false)
		}
		g.add(block{Kind: tableKind, Table: g.table(pick(g.writer, []rules{fullRules, halfRules, halfRules, zebra}), g.between(3, 5), g.between(3, 8))})
		g.paragraph(g.between(1, 3))
	}
}

// wide marks the blocks from a place on as set over all columns.
func (g *generator) wide(from int) {
	for i := from; i < len(g.d.Blocks); i++ {
		g.d.Blocks[i].Wide = true
	}
}

func report(g *generator) {
	g.heading(1, g.between(2, 6))
	if g.chance(0.6) {
		g.add(block{Kind: paragraph, Runs: []run{{Text: pick(g.writer, names) + " " + pick(g.writer, names) + ", " + g.phrase(2) + ", " + pick(g.writer, []string{"May ", "June ", "October "}) + g.year(), Italic: true}}})
	}
	for range g.between(3, 6) {
		g.heading(2, g.between(1, 5))
		g.section(true)
		if g.chance(0.5) {
			for range g.between(1, 3) {
				g.heading(3, g.between(2, 5))
				g.section(true)
				if g.chance(0.25) {
					g.heading(4, g.between(2, 4))
					g.section(false)
				}
			}
		}
	}
}

func paper(g *generator) {
	g.d.Look.Columns = 2
	g.d.Look.Size = pick(g.writer, []float64{9, 9.5, 10})
	for k := range g.d.Look.Heads[1:] {
		h := &g.d.Look.Heads[k+1]
		h.Ratio = []float64{1.2, 1.05, 1}[k]
		h.Bold = true
	}
	g.d.Look.Heads[0].Center = g.chance(0.7)
	g.heading(1, g.between(5, 10))
	g.add(block{Kind: paragraph, Runs: []run{{Text: strings.Join([]string{pick(g.writer, names) + " " + pick(g.writer, names), pick(g.writer, names) + " " + pick(g.writer, names), pick(g.writer, names) + " " + pick(g.writer, names)}, ", ")}}})
	if g.chance(0.6) {
		g.plainHeading(2, "Abstract")
		g.paragraph(g.between(3, 6))
		g.wide(0)
	} else {
		g.wide(0)
		g.plainHeading(2, "Abstract")
		g.paragraph(g.between(4, 7))
	}
	for range g.between(3, 5) {
		g.heading(2, g.between(1, 4))
		for range g.between(2, 4) {
			g.paragraph(g.between(3, 7))
		}
		switch g.IntN(5) {
		case 0:
			g.figure(false)
		case 1:
			g.captionOf(false)
			g.add(block{Kind: tableKind, Table: g.table(pick(g.writer, []rules{halfRules, halfRules, fullRules}), g.between(3, 4), g.between(3, 7))})
		case 2:
			g.add(block{Kind: formula, Runs: []run{{Text: pick(g.writer, []string{"E = m a + b / c", "y = k x + n (x − 1)", "f (t) = A sin (2 π t) + B", "R = U / I"}), Italic: true}}})
			g.paragraph(g.between(2, 4))
		case 3:
			g.list(g.between(3, 5), 0)
		}
		for range g.IntN(3) {
			g.heading(3, g.between(2, 4))
			g.paragraph(g.between(3, 6))
			g.paragraph(g.between(3, 6))
		}
	}
	g.scheme = 0
	g.plainHeading(2, "References")
	for i := range g.between(5, 12) {
		g.add(block{Kind: listItem, Marker: "[" + digits(i+1) + "]", Runs: []run{{Text: fmt.Sprintf("%s, %s. and %s, %s. %s. %s %d (%s), %d–%d.", pick(g.writer, names), string(rune('A'+g.IntN(26))),
			pick(g.writer, names), string(rune('A'+g.IntN(26))), g.phrase(g.between(4, 8)), "Journal of "+g.phrase(2), g.between(1, 60), g.year(), g.between(1, 200), g.between(201, 400))}}})
	}
}

func newsletter(g *generator) {
	l := &g.d.Look
	l.Columns, l.Size = 3, pick(g.writer, []float64{8.5, 9, 9.5})
	l.Left, l.Right, l.Gap = 42, 42, float64(g.between(14, 22))
	g.scheme = 0
	g.heading(1, g.between(2, 4))
	g.paragraph(g.between(1, 2))
	g.wide(0)
	for range g.between(5, 8) {
		g.heading(2, g.between(3, 6))
		for range g.between(2, 4) {
			g.paragraph(g.between(2, 5))
		}
		switch g.IntN(4) {
		case 0:
			g.figure(false)
		case 1:
			g.list(g.between(3, 5), 0)
		}
	}
}

// newspaper stacks articles, each with its own heading over its own columns.
func newspaper(g *generator) {
	l := &g.d.Look
	l.Columns, l.Size = pick(g.writer, []int{2, 3}), 9
	l.Left, l.Right = 40, 40
	g.scheme = 0
	g.heading(1, 3)
	g.wide(0)
	for part := range g.between(3, 5) {
		from := len(g.d.Blocks)
		g.heading(2, g.between(3, 8)).Wide = true
		if g.chance(0.5) {
			g.add(block{Kind: paragraph, Wide: true, Runs: []run{{Text: "By " + pick(g.writer, names) + " " + pick(g.writer, names), Italic: true}}})
		}
		for range g.between(3, 6) {
			g.paragraph(g.between(2, 5))
		}
		if g.chance(0.4) {
			g.figure(false)
		}
		for i := from; i < len(g.d.Blocks); i++ {
			g.d.Blocks[i].Part = part + 1
		}
	}
}

func sideBar(g *generator) {
	l := &g.d.Look
	l.Side = pick(g.writer, []string{"left", "right"})
	if l.SideFill == "" && g.chance(0.5) {
		l.SideFill = "#eeeeee"
	}
	l.Left, l.Right = 44, 44
	l.Size = min(l.Size, 10)
	g.heading(1, g.between(3, 6))
	g.wide(0)
	for range g.between(2, 3) {
		g.heading(2, g.between(2, 4))
		for range g.between(1, 3) {
			g.paragraph(g.between(2, 4))
		}
		if g.chance(0.4) {
			g.list(g.between(3, 4), 0)
		} else if g.chance(0.3) {
			g.captionOf(false)
			g.add(block{Kind: tableKind, Table: g.table(pick(g.writer, []rules{fullRules, halfRules}), 3, g.between(3, 5))})
		}
	}
	from := len(g.d.Blocks)
	scheme := g.scheme
	g.scheme = 0
	for range g.between(2, 3) {
		g.heading(3, g.between(1, 3))
		if g.chance(0.4) {
			g.list(g.between(3, 4), 0)
		} else {
			g.paragraph(g.between(1, 3))
		}
	}
	g.scheme = scheme
	for i := from; i < len(g.d.Blocks); i++ {
		g.d.Blocks[i].Aside = 1
	}
}

func manual(g *generator) {
	g.heading(1, g.between(2, 4))
	for range g.between(3, 5) {
		g.heading(2, g.between(2, 4))
		g.paragraph(g.between(1, 3))
		g.list(g.between(3, 7), 2)
		if g.chance(0.5) {
			g.add(block{Kind: code, Runs: []run{{Text: g.program(), Mono: true}}})
			g.paragraph(g.between(1, 2))
		}
		if g.chance(0.4) {
			g.add(block{Kind: paragraph, Boxed: true, Runs: []run{{Text: pick(g.writer, []string{"Note: ", "Warning: ", "Tip: "}), Bold: true}, {Text: g.sentences(2)}}})
		}
		if g.chance(0.5) {
			g.heading(3, g.between(2, 4))
			g.paragraph(g.between(2, 3))
			g.list(g.between(2, 5), 1)
		}
	}
}

func (g *generator) program() string {
	var lines []string
	for range g.between(3, 7) {
		a, b := pick(g.writer, nouns), pick(g.writer, nouns)
		lines = append(lines, pick(g.writer, []string{
			"$ " + a + " --" + b + " " + digits(g.between(1, 90)), a + " = " + b + "(" + digits(g.between(1, 99)) + ")",
			"if " + a + " > " + digits(g.between(1, 9)) + " {", "    return " + b, "}", "# " + a + " and " + b, "[" + a + "." + b + "]"}))
	}
	lines[len(lines)-1] = "done = " + digits(g.between(100, 999))
	if strings.HasPrefix(lines[0], " ") || lines[0] == "}" {
		lines[0] = "start(" + digits(g.between(1, 9)) + ")"
	}
	return strings.Join(lines, "\n")
}

func letter(g *generator) {
	g.scheme = 0
	for _, line := range []string{pick(g.writer, names) + " & " + pick(g.writer, names) + " Ltd", digits(g.between(1, 200)) + " " + pick(g.writer, names) + " Road, " + pick(g.writer, names)} {
		g.add(block{Kind: paragraph, Runs: []run{{Text: line}}})
	}
	g.add(block{Kind: paragraph, Runs: []run{{Text: digits(g.between(1, 28)) + " March " + g.year()}}})
	g.add(block{Kind: paragraph, Runs: []run{{Text: "Dear " + pick(g.writer, []string{"Ms ", "Mr ", "Dr "}) + pick(g.writer, names) + ","}}})
	g.plainHeading(2, g.phrase(g.between(3, 7)))
	for range g.between(3, 7) {
		g.paragraph(g.between(2, 5))
	}
	if g.chance(0.5) {
		g.list(g.between(3, 5), 0)
		g.paragraph(2)
	}
	g.add(block{Kind: paragraph, Runs: []run{{Text: "Yours sincerely,"}}})
	g.add(block{Kind: paragraph, Runs: []run{{Text: pick(g.writer, names) + " " + pick(g.writer, names)}}})
}

// withNotes is a text with footnotes at the foot of its pages.
func withNotes(g *generator) {
	g.heading(1, g.between(3, 6))
	var notes []block
	n := 0
	for range g.between(3, 5) {
		g.heading(2, g.between(2, 5))
		for range g.between(2, 5) {
			b := g.paragraph(g.between(3, 7))
			if g.chance(0.5) {
				n++
				text := g.sentence()
				if g.chance(0.4) {
					text = pick(g.writer, names) + ", " + g.phrase(4) + ", " + g.year() + ", p. " + digits(g.between(2, 300)) + "."
				}
				notes = append(notes, block{Kind: footnote, Marker: digits(n), Runs: []run{{Text: text}}})
				b.Runs = append(b.Runs, run{Text: digits(n), Super: true, Note: n})
			}
		}
		if g.chance(0.3) {
			g.list(g.between(3, 4), 0)
		}
	}
	g.d.Blocks = append(g.d.Blocks, notes...)
}

func resume(g *generator) {
	g.scheme = 0
	l := &g.d.Look
	l.HeaderLeft, l.HeaderRight = "", ""
	g.d.Furniture = nil
	if l.FooterLeft != "" {
		g.d.Furniture = []string{l.FooterLeft}
	}
	g.plainHeading(1, pick(g.writer, names)+" "+pick(g.writer, names))
	g.add(block{Kind: paragraph, Runs: []run{{Text: digits(g.between(1, 99)) + " " + pick(g.writer, names) + " Street · " + strings.ToLower(pick(g.writer, names)) + "@mail.example · " + digits(g.between(100, 999)) + "-555-" + digits(g.between(1000, 9999))}}})
	for _, title := range []string{"Profile", "Experience", "Education", "Skills"} {
		g.plainHeading(2, title)
		switch title {
		case "Profile":
			g.paragraph(g.between(2, 4))
		case "Skills":
			g.list(g.between(4, 7), 0)
		default:
			for range g.between(2, 3) {
				from := g.between(1990, 2020)
				b := g.plainHeading(3, g.phrase(2)+", "+pick(g.writer, names)+" "+g.phrase(1))
				b.Runs = append(b.Runs, run{Text: fmt.Sprintf(" %d – %d", from, from+g.between(1, 6)), Note: -1}) // set at the right edge
				if g.chance(0.5) {
					g.paragraph(g.between(1, 2))
				}
				g.list(g.between(2, 4), 0)
			}
		}
	}
}

func slides(g *generator) {
	l := &g.d.Look
	l.Slides = true
	l.Width, l.Height = 720, 405
	l.Top, l.Bottom, l.Left, l.Right = 36, 30, 44, 44
	l.Size, l.Columns = 15, 1
	l.HeaderLeft, l.HeaderRight, l.PageNumber = "", "", "n"
	g.d.Furniture = nil
	if l.FooterLeft != "" {
		g.d.Furniture = []string{l.FooterLeft}
	}
	g.scheme = 0
	for part := range g.between(5, 8) {
		from := len(g.d.Blocks)
		g.heading(1, g.between(2, 5))
		switch g.IntN(4) {
		case 0:
			g.add(block{Kind: tableKind, Table: g.table(pick(g.writer, []rules{fullRules, halfRules, zebra}), g.between(3, 4), g.between(3, 5))})
		case 1:
			g.paragraph(2)
		case 2:
			g.list(g.between(3, 5), 1)
		default: // two columns of a slide
			for side := range 2 {
				at := len(g.d.Blocks)
				g.heading(2, g.between(1, 2))
				g.list(3, 0)
				for i := at; i < len(g.d.Blocks); i++ {
					g.d.Blocks[i].Beside = side + 1
				}
			}
		}
		for i := from; i < len(g.d.Blocks); i++ {
			g.d.Blocks[i].Part = part + 1
		}
	}
}

func tables(r rules) func(g *generator) {
	return func(g *generator) {
		g.d.Look.Size = min(g.d.Look.Size, 11)
		g.heading(1, g.between(2, 5))
		for range g.between(2, 4) {
			if g.chance(0.5) {
				g.heading(2, g.between(2, 4))
			}
			g.paragraph(g.between(1, 4))
			if g.chance(0.6) {
				g.captionOf(false)
			}
			g.add(block{Kind: tableKind, Table: g.table(r, g.between(3, 7), g.between(4, 14))})
			g.paragraph(g.between(1, 3))
		}
	}
}

func longTable(g *generator) {
	g.d.Look.Size = min(g.d.Look.Size, 10)
	g.heading(1, g.between(2, 5))
	g.paragraph(g.between(2, 4))
	r := []rules{fullRules, halfRules, zebra, noRules, fullRules}[g.index%5]
	t := g.recordTable(r, g.between(4, 6), g.between(60, 120))
	t.Repeat = g.index%3 != 2
	g.add(block{Kind: tableKind, Table: t})
	g.paragraph(g.between(2, 4))
}

func sheet(g *generator) {
	l := &g.d.Look
	l.HeaderLeft, l.HeaderRight, l.FooterLeft, l.PageNumber = "", "", "", ""
	g.d.Furniture = nil
	for range g.between(1, 3) {
		if g.chance(0.6) {
			g.plainHeading(1, g.phrase(g.between(2, 4)))
		}
		r := pick(g.writer, []rules{fullRules, noRules, noRules, halfRules})
		if g.chance(0.5) {
			g.add(block{Kind: tableKind, Table: g.recordTable(r, g.between(4, 7), g.between(8, 30))})
		} else {
			g.add(block{Kind: tableKind, Table: g.table(r, g.between(3, 6), g.between(5, 16))})
		}
	}
}

// inLanguage makes reports and papers in other languages.
func inLanguage(codes ...string) func(g *generator) {
	return func(g *generator) {
		g.writer.lang = languages[codes[g.index%len(codes)]]
		l := &g.d.Look
		l.Font = pick(g.writer, g.lang.Fonts)
		l.HeadFont = pick(g.writer, g.lang.Fonts)
		if l.HeaderLeft != "" {
			l.HeaderLeft, l.HeaderRight = g.phrase(3), ""
		}
		g.d.Furniture = nil
		for _, s := range []string{l.HeaderLeft, l.FooterLeft} {
			if s != "" {
				g.d.Furniture = append(g.d.Furniture, s)
			}
		}
		for k := range l.Heads {
			l.Heads[k].Upper = l.Heads[k].Upper && g.lang.Code != "el"
			if g.lang.Mono {
				l.Heads[k].Italic = false
				l.Heads[k].Bold = l.Heads[k].Ratio < 1.3
			}
		}
		if g.d.Format == "html" && g.chance(0.4) {
			l.Columns = 2
		}
		g.heading(1, g.between(3, 6))
		g.wide(0)
		for range g.between(3, 5) {
			g.heading(2, g.between(2, 4))
			for range g.between(2, 4) {
				g.paragraph(g.between(2, 5))
			}
			switch g.IntN(3) {
			case 0:
				g.list(g.between(3, 5), 0)
			case 1:
				g.add(block{Kind: tableKind, Table: g.table(pick(g.writer, []rules{fullRules, halfRules}), 3, g.between(3, 6))})
				g.paragraph(2)
			}
		}
	}
}
