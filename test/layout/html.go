package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
)

// writeHTML writes a document as a page for Chromium to print.
func writeHTML(d *truth) []byte {
	w := &htmlWriter{d: d, chance: rand.New(rand.NewPCG(7, uint64(len(d.Blocks))))}
	l := d.Look
	direction := "ltr"
	if d.Language.Right {
		direction = "rtl"
	}
	w.f("<!doctype html><html lang=%q dir=%q><head><meta charset=\"utf-8\"><title>%s</title><style>\n", d.Language.Code, direction, d.Name)
	w.style()
	w.f("</style></head><body>\n")
	switch {
	case l.Slides:
		w.parts(func(blocks []block) {
			w.f("<section class=\"slide\">")
			w.besides(blocks)
			w.f("</section>\n")
		})
	case l.Side != "":
		w.sides()
	case hasParts(d.Blocks):
		w.parts(func(blocks []block) {
			w.f("<article>")
			w.columns(blocks)
			w.f("</article>\n")
		})
	default:
		w.columns(d.Blocks)
	}
	w.f("</body></html>\n")
	return w.b.Bytes()
}

type htmlWriter struct {
	b      bytes.Buffer
	d      *truth
	chance *rand.Rand
	lists  []bool // open lists
}

func (w *htmlWriter) f(format string, args ...any) { fmt.Fprintf(&w.b, format, args...) }

func (w *htmlWriter) style() {
	l := w.d.Look
	w.f("@page { size: %gpt %gpt; margin: %gpt %gpt %gpt %gpt;\n", l.Width, l.Height, l.Top, l.Right, l.Bottom, l.Left)
	small := fmt.Sprintf("font: %gpt '%s'; color: #444;", max(l.Size-2, 7), l.HeadFont)
	rule := ""
	if l.RunningHeads {
		rule = " border-bottom: 0.5pt solid #888;"
	}
	if l.HeaderLeft != "" {
		w.f("@top-left { content: %q; white-space: nowrap; %s%s }\n", l.HeaderLeft, small, rule)
	}
	if l.HeaderRight != "" {
		w.f("@top-right { content: %q; white-space: nowrap; %s%s }\n", l.HeaderRight, small, rule)
	}
	if l.FooterLeft != "" {
		w.f("@bottom-left { content: %q; white-space: nowrap; %s }\n", l.FooterLeft, small)
	}
	if n := l.PageNumber; n != "" {
		parts := strings.NewReplacer("n", `" counter(page) "`, "m", `" counter(pages) "`).Replace(n)
		place := "@bottom-right"
		if len(n)%2 == 1 && l.FooterLeft == "" {
			place = "@bottom-center"
		}
		w.f("%s { content: \"%s\"; %s }\n", place, parts, small)
	}
	w.f("}\n")
	w.f("body { margin: 0; font: %gpt/%g '%s'; }\n", l.Size, l.Leading, l.Font)
	if l.Justify {
		w.f("p { text-align: justify; }\n")
	}
	if l.Hyphens {
		w.f("p, li { hyphens: auto; }\n")
	}
	if l.Indent {
		w.f("p { margin: 0; } p + p { text-indent: 1.5em; }\n")
	} else {
		w.f("p { margin: 0 0 %gpt; }\n", l.Size*0.7)
	}
	for k, h := range l.Heads {
		w.f("h%d { font-family: '%s'; font-size: %gpt; line-height: 1.2; margin: %gpt 0 %gpt; color: %s; break-after: avoid;", k+1, l.HeadFont, l.Size*h.Ratio, h.Before, h.After, h.Color)
		weight, style := "normal", "normal"
		if h.Bold {
			weight = "bold"
		}
		if h.Italic {
			style = "italic"
		}
		w.f(" font-weight: %s; font-style: %s;", weight, style)
		if h.Center {
			w.f(" text-align: center;")
		}
		if h.Rule {
			w.f(" border-bottom: 0.75pt solid #777; padding-bottom: 2pt;")
		}
		w.f(" }\n")
	}
	columnRule := ""
	if l.ColumnRule {
		columnRule = "column-rule: 0.5pt solid #999;"
	}
	w.f(".columns { column-count: %d; column-gap: %gpt; %s }\n", l.Columns, l.Gap, columnRule)
	fill, ink := l.SideFill, "#000"
	if fill == "" {
		fill = "transparent"
	}
	if fill == "#223344" {
		ink = "#fff"
	}
	grid := "1fr 30%"
	if l.Side == "left" {
		grid = "30% 1fr"
	}
	w.f(".sides { display: grid; grid-template-columns: %s; gap: 18pt; } .side { background: %s; color: %s; padding: 8pt; font-size: 92%%; } .side h3 { color: %s; } .sides > div > :first-child { margin-top: 0; }\n", grid, fill, ink, ink)
	w.f(`.beside { display: grid; grid-template-columns: 1fr 1fr; gap: 24pt; }
.slide { break-after: page; } .slide:last-child { break-after: auto; }
.boxed { border: 0.75pt solid #999; background: #f4f4f4; padding: 6pt; text-indent: 0 !important; }
figure { margin: %gpt 0; text-align: center; break-inside: avoid; } .caption { font-size: 90%%; margin: 3pt 0 8pt; text-indent: 0 !important; text-align: left; break-inside: avoid; }
pre { font: %gpt 'DejaVu Sans Mono'; background: #f2f2f2; padding: 5pt; break-inside: avoid; }
.formula { text-align: center; font-style: italic; text-indent: 0 !important; }
.lines { white-space: pre-line; text-align: left; text-indent: 0; }
ul, ol { margin: 0 0 %gpt; padding-inline-start: 1.8em; list-style: none; } li > .m { display: inline-block; width: 1.4em; margin-inline-start: -1.4em; }
li.wide > .m { width: 2.2em; margin-inline-start: -2.2em; } .wide-list { padding-inline-start: 2.4em; }
.field { display: flex; margin: 0 0 5pt; text-indent: 0; text-align: left; } .field b { width: 32%%; } .field span { flex: 1; border-bottom: 0.5pt solid #555; min-height: 1.2em; }
.field.box span { border: 0.75pt solid #555; padding: 1pt 4pt; }
.at-right { float: inline-end; font-weight: normal; font-style: normal; }
table { border-collapse: collapse; width: 100%%; margin: 4pt 0 %gpt; font-size: 92%%; line-height: 1.25; } th, td { padding: 2.5pt 5pt; text-align: end; vertical-align: top; } th { font-weight: bold; }
.l { text-align: start; } .plain-head th { font-weight: normal; font-style: italic; }
tr { break-inside: avoid; } .columns table { font-size: 85%%; }
.ruled th, .ruled td { border: 0.6pt solid #333; }
.half { border-top: 1pt solid #000; border-bottom: 1pt solid #000; } .half thead { border-bottom: 0.6pt solid #000; }
.half.rows tr { border-bottom: 0.4pt solid #bbb; }
.zebra tbody tr:nth-child(even) { background: #eaeaf2; } .zebra thead { background: #334; color: #fff; }
.unruled th, .unruled td { padding: 2.5pt 9pt 2.5pt 0; }
.norepeat thead { display: table-row-group; }
td.i { padding-inline-start: 16pt; }
a { color: #1155cc; } sup { font-size: 70%%; line-height: 0; }
`, l.Size*0.8, l.Size*0.85, l.Size*0.7, l.Size*0.9)
}

func hasParts(blocks []block) bool {
	for _, b := range blocks {
		if b.Part > 0 {
			return true
		}
	}
	return false
}

// parts calls write for the blocks of each part in turn.
func (w *htmlWriter) parts(write func([]block)) {
	blocks := w.d.Blocks
	for from := 0; from < len(blocks); {
		to := from + 1
		for to < len(blocks) && blocks[to].Part == blocks[from].Part {
			to++
		}
		write(blocks[from:to])
		from = to
	}
}

// columns writes the wide blocks over all columns, the rest in columns.
func (w *htmlWriter) columns(blocks []block) {
	for from := 0; from < len(blocks); {
		to := from + 1
		for to < len(blocks) && blocks[to].Wide == blocks[from].Wide {
			to++
		}
		if w.d.Look.Columns > 1 && !blocks[from].Wide {
			w.f("<div class=\"columns\">\n")
			w.besides(blocks[from:to])
			w.f("</div>\n")
		} else {
			w.besides(blocks[from:to])
		}
		from = to
	}
}

// besides writes blocks, those that stand side by side in a grid.
func (w *htmlWriter) besides(blocks []block) {
	for from := 0; from < len(blocks); {
		to := from + 1
		for to < len(blocks) && (blocks[to].Beside > 0) == (blocks[from].Beside > 0) {
			to++
		}
		if blocks[from].Beside == 0 {
			w.blocks(blocks[from:to])
		} else {
			middle := from
			for middle < to && blocks[middle].Beside == blocks[from].Beside {
				middle++
			}
			w.f("<div class=\"beside\"><div>")
			w.blocks(blocks[from:middle])
			w.f("</div><div>")
			w.blocks(blocks[middle:to])
			w.f("</div></div>\n")
		}
		from = to
	}
}

func (w *htmlWriter) sides() {
	var wide, body, side []block
	for _, b := range w.d.Blocks {
		switch {
		case b.Wide:
			wide = append(wide, b)
		case b.Aside > 0:
			side = append(side, b)
		default:
			body = append(body, b)
		}
	}
	w.blocks(wide)
	w.f("<div class=\"sides\">")
	write := func(class string, blocks []block) {
		w.f("<div class=%q>\n", class)
		w.blocks(blocks)
		w.f("</div>\n")
	}
	if w.d.Look.Side == "left" {
		write("side", side)
		write("body", body)
	} else {
		write("body", body)
		write("side", side)
	}
	w.f("</div>\n")
}

func (w *htmlWriter) blocks(blocks []block) {
	for _, b := range blocks {
		if b.Kind == listItem {
			w.item(b)
			continue
		}
		w.closeLists(0)
		w.block(b)
	}
	w.closeLists(0)
}

func (w *htmlWriter) closeLists(depth int) {
	for len(w.lists) > depth {
		w.f("</ul>\n")
		w.lists = w.lists[:len(w.lists)-1]
	}
}

func (w *htmlWriter) item(b block) {
	class := ""
	if len([]rune(b.Marker)) > 2 {
		class = " class=\"wide\""
	}
	for len(w.lists) < b.Level+1 {
		if class != "" {
			w.f("<ul class=\"wide-list\">")
		} else {
			w.f("<ul>")
		}
		w.lists = append(w.lists, true)
	}
	w.closeLists(b.Level + 1)
	w.f("<li%s><span class=\"m\">%s</span>%s</li>\n", class, html.EscapeString(b.Marker), w.runs(b.Runs))
}

func (w *htmlWriter) block(b block) {
	switch b.Kind {
	case heading:
		w.f("<h%d>%s</h%d>\n", b.Level, w.runs(b.Runs), b.Level)
	case paragraph:
		class := ""
		if b.Boxed {
			class = " class=\"boxed\""
		} else if strings.Contains(b.text(), "\n") {
			class = " class=\"lines\""
		}
		w.f("<p%s>%s</p>\n", class, w.runs(b.Runs))
	case caption:
		w.f("<p class=\"caption\">%s</p>\n", w.runs(b.Runs))
	case footnote:
		w.f("<p class=\"note\"><sup>%s</sup> %s</p>\n", b.Marker, w.runs(b.Runs))
	case code:
		w.f("<pre>%s</pre>\n", html.EscapeString(b.text()))
	case formula:
		w.f("<p class=\"formula\">%s</p>\n", w.runs(b.Runs))
	case field:
		value := ""
		if len(b.Runs) > 1 {
			value = strings.TrimSpace(b.Runs[1].Text)
		}
		class := "field"
		if len(w.d.Name)%2 == 0 == (w.d.Look.Size > 10) {
			class += " box"
		}
		w.f("<p class=%q><b>%s</b><span>%s</span></p>\n", class, html.EscapeString(b.Runs[0].Text), html.EscapeString(value))
	case figure:
		w.figure(b)
	case tableKind:
		w.table(b.Table)
	}
}

func (w *htmlWriter) runs(runs []run) string {
	var s strings.Builder
	for _, r := range runs {
		t := html.EscapeString(r.Text)
		if r.Bold {
			t = "<b>" + t + "</b>"
		}
		if r.Italic {
			t = "<i>" + t + "</i>"
		}
		if r.Super {
			t = "<sup>" + t + "</sup>"
		}
		if r.Link != "" {
			t = "<a href=\"" + html.EscapeString(r.Link) + "\">" + t + "</a>"
		}
		if r.Note < 0 {
			t = "<span class=\"at-right\">" + strings.TrimSpace(t) + "</span>"
		}
		s.WriteString(t)
	}
	return s.String()
}

func (w *htmlWriter) table(t *table) {
	class := string(t.Rules)
	if t.Rules == halfRules && w.chance.IntN(2) == 0 {
		class += " rows"
	}
	if t.Rules != zebra && w.chance.IntN(4) == 0 {
		class += " plain-head"
	}
	if t.Rows > 40 && !t.Repeat {
		class += " norepeat"
	}
	w.f("<table class=%q><thead>", class)
	row := -1
	for _, c := range t.Cells {
		for row < c.Row {
			if row >= 0 {
				w.f("</tr>\n")
			}
			row++
			if row == t.HeaderRows {
				w.f("</thead><tbody>")
			}
			w.f("<tr>")
		}
		name := "td"
		if c.Header {
			name = "th"
		}
		w.f("<%s", name)
		if c.RowSpan > 1 {
			w.f(" rowspan=%d", c.RowSpan)
		}
		if c.ColumnSpan > 1 {
			w.f(" colspan=%d", c.ColumnSpan)
		}
		var classes []string
		if t.Left[c.Column] && (c.ColumnSpan == 1 || c.Column == 0) {
			classes = append(classes, "l")
		}
		if c.Indent > 0 {
			classes = append(classes, "i")
		}
		if classes != nil {
			w.f(" class=%q", strings.Join(classes, " "))
		}
		if c.ColumnSpan > 1 && c.Column > 0 {
			w.f(" style=\"text-align: center\"")
		}
		w.f(">%s</%s>", html.EscapeString(c.Text), name)
	}
	w.f("</tr></tbody></table>\n")
}

// figure draws a chart with labels, or puts in a picture of pixels.
func (w *htmlWriter) figure(b block) {
	if b.Raster {
		w.f("<figure><img style=\"width: 80%%\" src=\"data:image/png;base64,%s\"></figure>\n", base64.StdEncoding.EncodeToString(raster(w.chance)))
		return
	}
	w.f("<figure><svg viewBox=\"0 0 320 160\" style=\"width: 85%%\" font-family=%q font-size=\"9\">", w.d.Look.HeadFont)
	w.f("<path d=\"M40 10 V130 H310\" fill=\"none\" stroke=\"#000\"/>")
	label := func(x, y int, s string) {
		w.f("<text x=\"%d\" y=\"%d\">%s</text>", x, y, s)
		w.d.Labels = append(w.d.Labels, s)
	}
	for k := range 5 {
		label(15, 132-k*28, digits(k*20))
		w.f("<path d=\"M37 %d H310\" stroke=\"#ccc\" stroke-width=\"0.5\"/>", 130-k*28)
	}
	if w.chance.IntN(2) == 0 {
		for k := range 6 {
			h := 15 + w.chance.IntN(100)
			w.f("<rect x=\"%d\" y=\"%d\" width=\"26\" height=\"%d\" fill=\"#4477aa\"/>", 52+k*43, 130-h, h)
			label(52+k*43, 143, fmt.Sprintf("%d", 2010+k))
		}
	} else {
		w.f("<polyline fill=\"none\" stroke=\"#aa4444\" stroke-width=\"1.5\" points=\"")
		for k := range 14 {
			w.f("%d,%d ", 45+k*20, 20+w.chance.IntN(100))
		}
		w.f("\"/>")
		label(150, 153, nouns[w.chance.IntN(len(nouns))]+" "+nouns[w.chance.IntN(len(nouns))])
	}
	w.f("</svg></figure>\n")
}

// raster is a picture of a slope of colours with some noise.
func raster(r *rand.Rand) []byte {
	const width, height = 240, 130
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	a, b := uint8(r.IntN(256)), uint8(r.IntN(256))
	for y := range height {
		for x := range width {
			n := uint8(r.IntN(24))
			m.SetRGBA(x, y, color.RGBA{a + uint8(x/3) + n, b + uint8(y/2) + n, uint8(x+y) / 2, 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		panic(err) // a picture in memory
	}
	return out.Bytes()
}
