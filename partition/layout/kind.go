package layout

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shown tells whether a field is one that a reader sees something of: a value, or a box to check.
func (f *Field) shown() bool {
	switch f.Kind {
	case CheckBox, RadioButton:
		return true
	case TextField, ChoiceField:
		return strings.TrimSpace(f.Value) != ""
	default:
		return false
	}
}

// kinds decides what regions are, as far as one page tells.
func (f *flow) kinds() {
	for i := range f.regions {
		f.look(&f.regions[i], f.texts[i])
	}
	f.code()
	for i := range f.regions {
		r := &f.regions[i]
		if r.Kind != Paragraph || len(f.texts[i]) == 0 {
			continue
		}
		switch {
		case f.isFormula(i):
			r.Kind = Formula
		case f.isCaption(i):
			r.Kind = Caption
		case f.isFootnote(i):
			r.Kind = Footnote
		case f.isItem(i):
			r.Kind = ListItem
		}
	}
	f.wholeCaptions()
	f.nest()
}

// wholeCaptions puts a label that stands on a line of its own, such as Table 1, together with the title below it.
func (f *flow) wholeCaptions() {
	for i := 0; i+1 < len(f.regions); i++ {
		r, next := &f.regions[i], &f.regions[i+1]
		const label, most = 14, 4 // characters, lines
		if r.Kind != Caption || next.Kind != Paragraph || f.tops[i] != f.tops[i+1] || f.charsOf(i) > label || len(next.Lines) > most ||
			next.Box.Y0-r.Box.Y1 > 0.8*r.Size || i+2 < len(f.regions) && f.regions[i+2].Kind == Paragraph {
			continue
		}
		r.Box = r.Box.Union(next.Box)
		r.Lines = append(r.Lines, next.Lines...)
		f.texts[i] = append(f.texts[i], f.texts[i+1]...)
		f.remove(i + 1)
	}
}

// look sums up the type of a region's lines.
func (f *flow) look(r *Region, lines []*textLine) {
	if len(lines) == 0 {
		return
	}
	n, bold, italic := 0.0, 0.0, 0.0
	most := 0
	for _, l := range lines {
		c := float64(l.chars)
		n += c
		bold += l.style.bold * c
		italic += l.style.italic * c
		if l.chars > most {
			most, r.Size = l.chars, l.em
		}
	}
	r.Bold, r.Italic = bold > 0.75*n, italic > 0.75*n
	r.torn = len(lines) == 1 && lines[0].torn
}

func (f *flow) share(i int, of func(style) float64) float64 {
	n, sum := 0.0, 0.0
	for _, l := range f.texts[i] {
		n += float64(l.chars)
		sum += of(l.style) * float64(l.chars)
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

func monoOf(s style) float64 { return s.mono }
func mathOf(s style) float64 { return s.math }

// code makes regions of the text in type of one width, unless the whole page is typed so. Neighbours become one region.
func (f *flow) code() {
	mono, all := 0.0, 0.0
	for i := range f.lines {
		all += float64(f.lines[i].chars)
		mono += f.lines[i].style.mono * float64(f.lines[i].chars)
	}
	if mono == 0 || mono > 0.8*all {
		return
	}
	for i := 0; i < len(f.regions); i++ {
		r := &f.regions[i]
		if r.Kind != Paragraph || f.share(i, monoOf) < 0.8 || r.Turn != Right || f.charsOf(i) < 4 {
			continue
		}
		if lines := f.texts[i]; len(lines) == 1 && (strings.Contains(lines[0].text, "@") || strings.Contains(lines[0].text, "://")) {
			continue // an address
		}
		r.Kind = Code
		if i == 0 {
			continue
		}
		before := &f.regions[i-1]
		if before.Kind == Code && f.tops[i-1] == f.tops[i] && r.Box.Y0-before.Box.Y1 < 2.2*r.Size && abs(before.Size-r.Size) < 0.1*r.Size {
			before.Box = before.Box.Union(r.Box)
			before.Lines = append(before.Lines, r.Lines...)
			f.texts[i-1] = append(f.texts[i-1], f.texts[i]...)
			f.remove(i)
			i--
		}
	}
}

func (f *flow) charsOf(i int) int {
	n := 0
	for _, l := range f.texts[i] {
		n += l.chars
	}
	return n
}

func (f *flow) remove(i int) {
	f.regions = slices.Delete(f.regions, i, i+1)
	f.texts = slices.Delete(f.texts, i, i+1)
	f.tops = slices.Delete(f.tops, i, i+1)
}

// isFormula tells whether a region is a displayed formula: short, with a sign of relation or operation, and hardly a word.
func (f *flow) isFormula(i int) bool { return readsAsFormula(f.texts[i], f.share(i, mathOf)) }

// readsAsFormula tells whether lines are a formula. math is the share of their characters in fonts of mathematics.
func readsAsFormula(lines []*textLine, math float64) bool {
	const most = 250 // characters
	if len(lines) > 6 {
		return false
	}
	signs, relations, letters, words, chars := 0, 0, 0, 0, 0
	for _, l := range lines {
		run := 0
		for _, r := range l.text + " " {
			if unicode.IsLetter(r) && r < 0x370 {
				run++
				continue
			}
			if run >= 3 {
				words += run
			}
			run = 0
			switch {
			case strings.ContainsRune("=≤≥≈≡∝∈≠≪≫→⇒≜∼<>", r):
				relations++
			case unicode.Is(unicode.Sm, r), r >= 0x370 && r < 0x400:
				signs++
			}
		}
		for _, r := range l.text {
			chars++
			if unicode.IsLetter(r) {
				letters++
			}
		}
	}
	if chars < 3 || chars > most {
		return false
	}
	if relations == 0 && signs == 0 {
		return false
	}
	prose := float64(words) / float64(chars)
	return math > 0.3 && prose < 0.45 || relations > 0 && prose < 0.25 && letters > 0 && signs+relations >= 1 && math > 0.05 ||
		relations > 0 && signs > 0 && prose < 0.2 && letters > 0
}

// captionWords begin captions, in lower case, with the languages that this engine's users print most.
var captionWords = []string{
	"figure", "fig.", "fig", "table", "tab.", "chart", "exhibit", "scheme", "plate", "listing", "algorithm", "box", "photo", "image", "map", "diagram", "graph",
	"abbildung", "abb.", "tabelle", "schaubild", "tableau", "graphique", "figura", "tabla", "cuadro", "gráfico", "tabella", "tabela", "quadro", "rysunek", "rys.",
	"afbeelding", "tabel", "figuur", "таблица", "рисунок", "рис.", "табл.", "图", "表", "圖", "図", "그림", "표", "الشكل", "شكل", "الجدول", "جدول",
}

// captionLabel tells whether a text begins as a caption does: a word such as Figure, and a number; close is whether something
// ends the label, so that it is no sentence about the figure.
func captionLabel(s string) (ok, closed bool) {
	const most = 16
	head := s
	if i := len("abbildung") * 4; len(head) > i {
		head = head[:i]
	}
	head = strings.ToLower(head)
	for _, w := range captionWords {
		rest, found := strings.CutPrefix(head, w)
		if !found {
			continue
		}
		rest = strings.TrimLeft(rest, " \u00a0")
		i := 0
		for i < len(rest) && i < most && (rest[i] >= '0' && rest[i] <= '9' || strings.IndexByte("ivxlcs.-", rest[i]) >= 0 || i == 0 && rest[i] >= 'a' && rest[i] <= 'h') {
			i++
		}
		digits := strings.ContainsAny(rest[:i], "0123456789")
		if i == 0 || !digits && (strings.Trim(rest[:i], "ivxlc.") != "" || !strings.HasPrefix(strings.TrimLeft(s[min(len(w), len(s)):], " "), strings.ToUpper(rest[:1]))) {
			continue // a word; Roman numbers are in capitals
		}
		after, _ := utf8.DecodeRuneInString(rest[i:])
		if unicode.IsLetter(after) && !wide(after) && i < len(rest) {
			if digits && i+1 < len(rest) && !unicode.IsLetter(firstRune(rest[i+1:])) && after < 0x80 { // Figure 3a
				after, _ = utf8.DecodeRuneInString(rest[i+1:])
			} else {
				continue
			}
		}
		return true, i == len(rest) || strings.HasSuffix(rest[:i], ".") || strings.ContainsRune(":.|–—-)：．", after)
	}
	return false, false
}

// isCaption tells whether a region names a figure or a table: by its first words, and by what stands next to it or how it is set.
func (f *flow) isCaption(i int) bool {
	lines := f.texts[i]
	ok, closed := captionLabel(lines[0].text)
	if !ok || len(lines) > 12 {
		return false
	}
	r := &f.regions[i]
	const reach = 4 // em
	for k := range f.regions {
		o := &f.regions[k]
		if (o.Kind == Figure || o.Kind == TableRegion || o.Kind == Code) && o.Box.X0 < r.Box.X1 && r.Box.X0 < o.Box.X1 {
			if gap := max(o.Box.Y0-r.Box.Y1, r.Box.Y0-o.Box.Y1); gap < reach*f.body {
				return true
			}
		}
	}
	small := r.Size < 0.97*f.body
	lead := lines[0].style.bold > 0.15 && !r.Bold || r.Italic || lines[0].style.italic > 0.15
	return closed && (small || lead || len(lines) <= 3) || small && len(lines) <= 4
}

// isFootnote tells whether a region is a note at the foot of its column: smaller than the body, in the lower part of the page, with a
// mark before it or a short rule above, or below another note.
func (f *flow) isFootnote(i int) bool {
	r := &f.regions[i]
	if r.Turn != Right || r.Size > 0.93*f.body || r.Box.Y0 < 0.45*f.page.Height || f.page.Recognized {
		return false
	}
	for k := i + 1; k < len(f.regions) && f.tops[k] == f.tops[i]; k++ {
		if o := &f.regions[k]; o.Size > 0.93*f.body && f.charsOf(k) > 8 || o.Kind == TableRegion || o.Kind == Figure {
			return false
		}
	}
	if i > 0 && f.regions[i-1].Kind == Footnote && f.tops[i-1] == f.tops[i] {
		return true
	}
	for _, rule := range f.page.Rules {
		b := rule.Box
		if rule.Horizontal() && b.Width() < 0.6*f.page.Width && b.Width() > 20 && b.Y1 <= r.Box.Y0+2 && r.Box.Y0-b.Y1 < 1.5*f.body && b.X0 < r.Box.X1 && b.X1 > r.Box.X0 &&
			b.X0 > r.Box.X0-12 {
			return true
		}
	}
	first := f.texts[i][0]
	mark := first.Glyphs[0]
	c := firstRune(mark.Text)
	if strings.ContainsRune("*∗†‡§¶", c) {
		return true
	}
	if c >= '0' && c <= '9' && em(&mark) < 0.85*first.em {
		return true
	}
	return strings.ContainsRune("¹²³⁴⁵⁶⁷⁸⁹⁰", c)
}

// isItem tells whether a region is a list item. A number before a text that looks like a heading is left to the document pass, which
// knows the headings.
func (f *flow) isItem(i int) bool {
	lines := f.texts[i]
	l := lines[0].label
	switch {
	case l.kind == noLabel || l.size >= len(lines[0].text) && len(lines) == 1:
		return false
	case l.kind == bulletLabel:
		return true
	case l.close == "" && !l.opened:
		return false
	case l.kind != numberLabel && !l.opened && !f.hasSibling(i):
		return false // an initial, or a word
	case len(l.parts) > 1 && l.close != ")":
		return false
	}
	return true
}

// hasSibling tells whether a near region has the label before or after that of a region.
func (f *flow) hasSibling(i int) bool {
	l := f.texts[i][0].label
	const reach = 12
	for k := max(0, i-reach); k < min(len(f.regions), i+reach+1); k++ {
		if k == i || len(f.texts[k]) == 0 {
			continue
		}
		if o := f.texts[k][0].label; o.close == l.close && o.opened == l.opened && o.kind != bulletLabel && (k < i && follows(o, l) || k > i && follows(l, o)) {
			return true
		}
	}
	return false
}

// nest gives list items their depth: by where their labels stand, within a run of items.
func (f *flow) nest() {
	type level struct {
		x   float64
		top int
	}
	var stack []level
	for i := range f.regions {
		r := &f.regions[i]
		if r.Kind != ListItem {
			// A paragraph indented as deep as an item's text belongs to the item; anything else ends the list.
			if r.Kind == Paragraph && len(stack) > 0 && stack[0].top == f.tops[i] && r.Box.X0 > stack[0].x+0.5*f.body {
				continue
			}
			stack = stack[:0]
			continue
		}
		x := f.texts[i][0].Box.X0
		if f.rtl {
			x = -f.texts[i][0].Box.X1
		}
		if len(stack) > 0 && stack[0].top != f.tops[i] { // another column: places do not compare
			dx := x - stack[len(stack)-1].x
			if math.Abs(dx) > 3*f.body {
				stack = stack[:0]
			}
		}
		for len(stack) > 0 && x < stack[len(stack)-1].x-0.6*f.body {
			stack = stack[:len(stack)-1]
		}
		if len(stack) == 0 || x > stack[len(stack)-1].x+0.6*f.body {
			stack = append(stack, level{x, f.tops[i]})
		}
		r.Depth = len(stack) - 1
	}
}

// joinColumns puts the two parts of a paragraph together that goes on in the next column or behind a figure, and makes whole the words
// that are broken at line ends.
func (f *flow) joinColumns() {
	last := -1
	for i := 0; i < len(f.regions); i++ {
		r := &f.regions[i]
		switch r.Kind {
		case Figure, TableRegion, Caption, Footnote, FormField:
			continue
		case Paragraph, ListItem:
		default:
			last = -1
			continue
		}
		if r.Turn != Right || len(f.texts[i]) == 0 {
			continue
		}
		if last >= 0 && r.Kind == Paragraph && f.goesOn(last, i) {
			o := &f.regions[last]
			o.Box = o.Box.Union(r.Box)
			o.Lines = append(o.Lines, r.Lines...)
			f.texts[last] = append(f.texts[last], f.texts[i]...)
			f.remove(i)
			i--
			continue
		}
		last = i
	}
	seen := f.hyphened()
	for i := range f.regions {
		if f.regions[i].Kind != Code {
			joinLines(f.regions[i].Lines, seen)
		}
		if t := f.regions[i].Table; t != nil {
			f.mendCells(t, seen)
		}
	}
}

// goesOn tells whether the text of region j is the rest of the paragraph i: it begins within a sentence, and the column ended or
// something else stood between.
func (f *flow) goesOn(i, j int) bool {
	a, b := &f.regions[i], &f.regions[j]
	if j == i+1 && f.tops[i] == f.tops[j] {
		return false
	}
	if abs(a.Size-b.Size) > 0.04*a.Size || a.Bold != b.Bold || f.charsOf(i) < 40 || f.charsOf(j) < 20 || f.texts[j][0].label.kind != noLabel {
		return false
	}
	if f.tops[i] != f.tops[j] && b.Box.Y0 > a.Box.Y1 && b.Box.X0 < a.Box.X1 && a.Box.X0 < b.Box.X1 && b.Box.Y0-a.Box.Y1 > 8*f.body {
		return false
	}
	last := f.texts[i][len(f.texts[i])-1]
	end, begin := last.last(), firstRune(f.texts[j][0].text)
	if wide(end) && wide(begin) {
		return !endsSentence(last.text) && f.tops[i] != f.tops[j]
	}
	if end == '-' || end == 0x2010 || end == 0xAD {
		return unicode.IsLetter(begin)
	}
	return unicode.IsLower(begin) && !endsSentence(last.text)
}

// hyphened collects the words with a hyphen that stand unbroken on the page, when a line of it ends in one.
func (f *flow) hyphened() map[string]bool {
	broken := false
	for i := range f.lines {
		if r := f.lines[i].last(); r == '-' || r == 0x2010 {
			broken = true
			break
		}
	}
	if !broken {
		return nil
	}
	seen := map[string]bool{}
	for i := range f.lines {
		s := f.lines[i].text
		if strings.Contains(strings.TrimRight(s, "-"), "-") {
			for w := range strings.FieldsSeq(s) {
				if k := strings.IndexByte(w, '-'); k > 0 && k < len(w)-1 {
					seen[strings.ToLower(strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }))] = true
				}
			}
		}
	}
	return seen
}
