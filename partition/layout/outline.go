package layout

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Outline is what the pass over a document needs to know of a region: little enough to keep for thousands of pages. Kind and
// Depth are what it decides.
type Outline struct {
	Kind  Kind
	Depth int

	box        Box     // in shares of the page
	above      float64 // free space to what stands above, in em; large at the top of a page
	below      float64
	size       float32
	chars      int32
	lines      int16
	bold       bool
	italic     bool
	torn       bool // an entry of a table of contents, or a watermark: no heading
	row        bool // pieces that stand far apart in one row
	turned     bool
	hidden     bool
	recognized bool
	tagged     bool // the tags of its page are trusted
	level      int8 // of a heading, as its tag says, 1 to 6; 0 none; -1 a heading of unknown level
	artifact   bool // its tag says that it is furniture
	head       string
	label      label
	shape      shape
}

// shape is what the characters of a text tell.
type shape struct {
	letters, upper, digits int32
	ends                   rune // last character
	sentence               bool // ends as a sentence does
	commas                 int32
	lower                  bool // begins with a small letter
}

// maxHead is how much of a text an outline keeps, bytes.
const maxHead = 160

// Outlines sums up the regions of a page, one for one.
func Outlines(p *Page, regions []Region) []Outline {
	out := make([]Outline, len(regions))
	tagged := slices.ContainsFunc(regions, func(r Region) bool { return r.Role != "" })
	for i := range regions {
		r := &regions[i]
		o := &out[i]
		*o = Outline{
			Kind: r.Kind, Depth: r.Depth, size: float32(r.Size), bold: r.Bold, italic: r.Italic, turned: r.Turn != Right,
			hidden: r.Hidden != 0, recognized: p.Recognized, lines: int16(min(len(r.Lines), math.MaxInt16)), tagged: tagged,
			box: Box{r.Box.X0 / max(p.Width, 1), r.Box.Y0 / max(p.Height, 1), r.Box.X1 / max(p.Width, 1), r.Box.Y1 / max(p.Height, 1)},
		}
		o.level, o.artifact = headingLevel(r.Role), r.Role == "Artifact"
		if r.Kind == TableRegion || r.Kind == Figure {
			continue
		}
		text := Block{Lines: r.Lines}.Text()
		o.shape, o.chars = shapeOf(text)
		o.head = text
		if len(text) > maxHead {
			o.head = strings.Clone(strings.ToValidUTF8(text[:maxHead], ""))
		}
		o.label = parseLabel(o.head + " ")
		o.torn, o.row = leader(text) || r.stamp, r.torn
	}
	for i := range out {
		out[i].above, out[i].below = spaces(regions, i)
	}
	return out
}

func headingLevel(role string) int8 {
	switch {
	case role == "Title":
		return 1
	case role == "H":
		return -1
	case len(role) == 2 && role[0] == 'H' && role[1] >= '1' && role[1] <= '6':
		return int8(role[1] - '0')
	}
	return 0
}

// spaces is the free space above and below a region, in its own size.
func spaces(regions []Region, i int) (above, below float64) {
	r := &regions[i]
	size := max(r.Size, 1)
	above, below = math.Inf(1), math.Inf(1)
	for k := range regions {
		o := &regions[k]
		if k == i || o.Hidden != r.Hidden || o.Box.X0 >= r.Box.X1 || o.Box.X1 <= r.Box.X0 {
			continue
		}
		if middle := (o.Box.Y0 + o.Box.Y1) / 2; middle < (r.Box.Y0+r.Box.Y1)/2 {
			above = min(above, (r.Box.Y0-o.Box.Y1)/size)
		} else {
			below = min(below, (o.Box.Y0-r.Box.Y1)/size)
		}
	}
	return above, below
}

func shapeOf(text string) (s shape, chars int32) {
	first := true
	for _, r := range text {
		chars++
		switch {
		case unicode.IsLetter(r):
			s.letters++
			if unicode.IsUpper(r) {
				s.upper++
			}
			if first {
				s.lower = unicode.IsLower(r)
				first = false
			}
		case unicode.IsDigit(r):
			s.digits++
		case r == ',':
			s.commas++
		}
	}
	s.ends, _ = utf8.DecodeLastRuneInString(text)
	s.sentence = endsSentence(text)
	return s, chars
}

// IsProse tells whether a region reads as running text rather than as a label or an entry.
func (o *Outline) IsProse() bool {
	const long = 70 // characters
	return o.lines > 1 && o.shape.letters > 0 || o.chars >= long || o.shape.sentence && o.chars > 20
}

// caps tells whether a text is all in capitals.
func (s shape) caps() bool { return s.letters >= 4 && s.upper == s.letters }

// Decide finds what the pages of a document, in order, say about each other: what is repeated on them, and which of their
// regions are headings, with their depth.
func Decide(pages [][]Outline) {
	furniture(pages)
	headings(pages)
}

// The zones at the edges of a page in which furniture stands, as shares of its height.
const (
	furnitureZone = 0.14
	edgeZone      = 0.10
)

// zone tells where at an edge of its page a region stands: -1 top, 1 bottom, 0 elsewhere.
func (o *Outline) zone(share float64) int {
	switch {
	case o.box.Y1 < share:
		return -1
	case o.box.Y0 > 1-share:
		return 1
	}
	return 0
}

func (o *Outline) flows() bool {
	return !o.hidden && (o.Kind == Paragraph || o.Kind == ListItem || o.Kind == Footnote || o.Kind == Formula)
}

// furniture marks headers, footers and page numbers: what stands at one place near an edge of several pages and differs in numbers
// at most; then what stands alone at the very edge of one.
func furniture(pages [][]Outline) {
	type key struct {
		text string
		y    int
	}
	seen := map[key]int{} // pages
	last := map[key]int{}
	keyOf := func(o *Outline, shift int) key {
		return key{pattern(o.head), int(math.Round(o.box.Y0*150)) + shift}
	}
	candidate := func(o *Outline) bool {
		return o.flows() && !o.turned && o.lines <= 3 && o.chars <= 200 && o.zone(furnitureZone) != 0
	}
	for i, page := range pages {
		for k := range page {
			o := &page[k]
			if !candidate(o) {
				continue
			}
			id := keyOf(o, 0)
			if last[id] != i+1 {
				seen[id]++
				last[id] = i + 1
			}
		}
	}
	offsets := map[int]int{} // number on the page less its position -> pages
	for i, page := range pages {
		for k := range page {
			o := &page[k]
			if n, ok := pageNumber(o.head); ok && candidate(o) {
				offsets[n-i]++
			}
		}
	}
	body := bodySize(pages)
	for i, page := range pages {
		for k := range page {
			o := &page[k]
			if o.artifact && o.flows() {
				o.Kind = kindAt(o)
				continue
			}
			if !candidate(o) {
				continue
			}
			if n, ok := pageNumber(o.head); ok {
				zone := o.zone(edgeZone)
				if offsets[n-i] >= 2 || zone != 0 && o.alone(page) || len(pages) == 1 && zone != 0 {
					o.Kind = PageNumber
					continue
				}
			}
			n := seen[keyOf(o, 0)] + seen[keyOf(o, -1)] + seen[keyOf(o, 1)]
			if n >= 2 && (n >= 3 || o.zone(edgeZone) != 0 || len(pages) < 4) && float64(o.size) < 1.6*body {
				o.Kind = kindAt(o)
			}
		}
		single(page, body)
	}
}

func kindAt(o *Outline) Kind {
	if _, ok := pageNumber(o.head); ok {
		return PageNumber
	}
	if o.box.Y0+o.box.Y1 < 1 {
		return Header
	}
	return Footer
}

// single marks what stands at the edge of a page above or below everything else, small and by itself, though no other page repeats it.
func single(page []Outline, body float64) {
	for _, edge := range [...]int{-1, 1} {
		// The outermost row.
		row := math.Inf(1)
		for k := range page {
			o := &page[k]
			if o.hidden || o.turned || o.box.Y1 <= 0 || o.box.Y0 >= 1 {
				continue
			}
			if edge < 0 {
				row = min(row, o.box.Y1)
			} else {
				row = min(row, 1-o.box.Y0)
			}
		}
		for k := range page {
			o := &page[k]
			near := o.box.Y0 < row && o.box.Y1 <= row+0.02
			free := o.below
			if edge > 0 {
				near = 1-o.box.Y1 < row && 1-o.box.Y0 <= row+0.02
				free = o.above
			}
			if !near || !o.flows() || o.turned || o.zone(furnitureZone) != edge || o.lines > 2 || o.chars > 130 || o.Kind == Footnote {
				continue
			}
			size := float64(o.size)
			numbered := edgeNumber(o.head)
			tight := o.zone(0.075) == edge
			switch {
			case size > 1.05*body || o.chars == 0:
			case tight && free > 1 && (!o.shape.sentence || size < 0.95*body || o.chars < 60),
				numbered && free > 0.8 && o.lines == 1,
				size < 0.93*body && free > 1.2 && o.lines == 1 && (o.zone(edgeZone) == edge || edge < 0):
				o.Kind = kindAt(o)
			}
		}
	}
}

// alone tells whether nothing else stands between a region and the edge of its page.
func (o *Outline) alone(page []Outline) bool {
	top := o.box.Y0+o.box.Y1 < 1
	for k := range page {
		p := &page[k]
		if p == o || p.hidden || p.turned {
			continue
		}
		if top && p.box.Y1 < o.box.Y0 || !top && p.box.Y0 > o.box.Y1 {
			return false
		}
	}
	return true
}

// pattern is a text with its numbers left out.
func pattern(s string) string {
	var b strings.Builder
	digit := false
	for _, r := range strings.ToLower(s) {
		switch {
		case unicode.IsDigit(r):
			if !digit {
				b.WriteByte('#')
			}
			digit = true
			continue
		case unicode.IsSpace(r), unicode.IsPunct(r):
			continue
		default:
			b.WriteRune(r)
		}
		digit = false
	}
	return b.String()
}

// edgeNumber tells whether a text begins or ends with a number, as a running head with the page's number does.
func edgeNumber(s string) bool {
	f := strings.Fields(s)
	if len(f) < 2 {
		return false
	}
	digits := func(w string) bool {
		return w != "" && len(w) <= 4 && strings.Trim(w, "0123456789") == ""
	}
	return digits(f[0]) || digits(strings.Trim(f[len(f)-1], "|-–"))
}

// pageNumber reads a text that is a page number and nothing else: 7, - 7 -, Page 7, 7 of 12, 7/12, vii.
func pageNumber(s string) (int, bool) {
	const most = 24
	if len(s) > most {
		return 0, false
	}
	s = strings.ToLower(strings.Trim(s, " -–—|·•.()[]~"))
	for _, word := range [...]string{"page", "seite", "pagina", "página", "p.", "s.", "pg.", "pg", "стр.", "第", "- "} {
		s = strings.TrimSpace(strings.TrimPrefix(s, word))
	}
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(s, "頁"), "页"))
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i > 0 && i <= 4 {
		rest := strings.TrimSpace(s[i:])
		for _, word := range [...]string{"of", "von", "de", "/", "sur", "di", "van", "из", "|"} {
			if tail, ok := strings.CutPrefix(rest, word); ok {
				rest = strings.Trim(tail, " 0123456789")
				break
			}
		}
		return atoi(s[:i]), rest == ""
	}
	if n := roman(s); n > 0 && n < 100 {
		return -n, true
	}
	return 0, false
}

// bodySize is the size in which most text of a document is set, points.
func bodySize(pages [][]Outline) float64 {
	chars := map[int]int{}
	for _, page := range pages {
		for k := range page {
			if o := &page[k]; !o.hidden && o.size > 0 && (o.Kind == Paragraph || o.Kind == ListItem) {
				chars[int(math.Round(float64(o.size)*2))] += int(o.chars)
			}
		}
	}
	best, most := 20, 0
	for size, n := range chars {
		// Sizes that differ by a rounding count together.
		n += chars[size-1]/2 + chars[size+1]/2
		if n > most || n == most && size < best {
			best, most = size, n
		}
	}
	return float64(best) / 2
}

// look is how a heading is set. Headings that look alike have one depth.
type look struct {
	size int // half points
	bold bool
	caps bool
}

// headings finds the headings of a document and their depth.
func headings(pages [][]Outline) {
	body := bodySize(pages)
	boldChars, chars := 0, 0
	tagged := false
	for _, page := range pages {
		for k := range page {
			o := &page[k]
			if o.level != 0 {
				tagged = true
			}
			if o.Kind == Paragraph && abs(float64(o.size)-body) < 0.6 {
				chars += int(o.chars)
				if o.bold {
					boldChars += int(o.chars)
				}
			}
		}
	}
	boldBody := 2*boldChars > chars
	var found []*Outline
	for _, page := range pages {
		for k := range page {
			o := &page[k]
			if o.hidden || o.turned || o.Kind != Paragraph && o.Kind != ListItem && !(o.Kind == Formula && o.level != 0) {
				continue
			}
			switch {
			case tagged && o.tagged:
				if o.level != 0 && o.shape.letters+o.shape.digits > 0 {
					o.Kind = Heading
					found = append(found, o)
				}
			case o.isHeading(page, k, body, boldBody):
				o.Kind = Heading
				found = append(found, o)
			}
		}
		demote(page, body)
	}
	depths(found)
}

// isHeading tells whether region k of a page reads as a heading: short, no sentence, and set apart from the body by size, weight,
// capitals or a number.
func (o *Outline) isHeading(page []Outline, k int, body float64, boldBody bool) bool {
	const (
		mostChars = 220
		mostLines = 5
	)
	if o.chars > mostChars || o.lines > mostLines || o.shape.letters < 2 || o.torn || o.label.kind == bulletLabel {
		return false
	}
	if 3*o.shape.letters < o.chars {
		return false
	}
	switch o.shape.ends {
	case ',', ';', '，', '、', '-':
		return false
	}
	size := float64(o.size)
	ratio := size / max(body, 1)
	big, bigger := 1.15, 1.05
	if o.recognized {
		big, bigger = 1.35, 1.25
	}
	numbered := o.label.sections() && o.label.size < len(o.head)
	sentence := o.shape.sentence && o.shape.ends != ':' && o.shape.ends != '?' && o.shape.ends != '!'
	words := strings.Count(o.head, " ") + 1
	const names = 3 // commas of a list of authors
	switch {
	case o.shape.commas >= names && !numbered && ratio < 1.6:
		return false
	case o.Kind == ListItem && !numbered:
		return false
	case ratio >= big:
		return !(sentence && o.chars > 90) && !(o.shape.lower && ratio < 1.4)
	case o.lines > 3 || o.chars > 160 || ratio < 0.94:
		return false
	case sentence && !(numbered && o.bold && o.chars < 80 && strings.Count(o.head, ". ") <= 1):
		return false
	case o.shape.lower && !numbered:
		return false
	case o.bold && !boldBody:
		if o.shape.ends == ':' && words > 8 {
			return false
		}
		// A label, with its value or before an empty line, unless text follows that it may head.
		if (o.row || !numbered && ratio < bigger && strings.Contains(o.head, ":")) && !leads(page, k) {
			return false
		}
		return o.above > 0.25 || numbered || ratio >= bigger
	case numbered && ratio >= bigger:
		return true
	case numbered && len(o.label.parts) > 1 && o.lines <= 2 && o.chars <= 100:
		return o.above > 0.4 && o.Kind != ListItem
	case numbered && (o.shape.caps() || o.italic) && o.chars <= 100:
		return o.above > 0.4
	case ratio >= bigger && o.above > 0.5 && o.chars <= 100 && !o.recognized:
		return true
	case o.shape.caps() && !o.recognized && o.above > 0.5 && o.below < 3 && o.chars <= 80 && o.shape.letters >= 5 && 2*o.shape.letters > o.chars:
		return !(ratio < 1) && leads(page, k)
	case numbered && o.Kind == Paragraph && o.lines == 1 && o.chars <= 80 && o.above > 0.7 && o.label.kind != letterLabel:
		return leads(page, k)
	case numbered && o.Kind == ListItem && o.lines == 1 && o.chars <= 80 && o.above > 0.9 && o.label.kind != letterLabel:
		return leads(page, k) && !o.neighbours(page, k)
	}
	return false
}

// leads tells whether running text comes after region k.
func leads(page []Outline, k int) bool {
	if k+1 >= len(page) {
		return false
	}
	n := &page[k+1]
	return n.Kind == Paragraph && (n.chars > 70 || n.lines > 1) && !n.row || n.Kind == TableRegion || n.Kind == ListItem && page[k].Kind != ListItem
}

// neighbours tells whether the item before or after region k is the one before or after it by number.
func (o *Outline) neighbours(page []Outline, k int) bool {
	return k > 0 && page[k-1].Kind == ListItem && follows(page[k-1].label, o.label) || k+1 < len(page) && page[k+1].Kind == ListItem && follows(o.label, page[k+1].label)
}

// demote takes back headings of a page that stand in a row without text between, as the lines of an address or a form do, when only their
// weight or capitals make them headings.
func demote(page []Outline, body float64) {
	const most = 3
	for i := 0; i < len(page); {
		j := i
		for j < len(page) && page[j].Kind == Heading && page[j].level == 0 && float64(page[j].size) < 1.12*body && len(page[j].label.parts) == 0 {
			j++
		}
		if j-i > most {
			for k := i; k < j; k++ {
				page[k].Kind = Paragraph
			}
		}
		i = max(j, i+1)
	}
}

// depths gives headings their depth: by tag, by number, else by look, larger and heavier first.
func depths(found []*Outline) {
	const deepest = 5
	type group struct {
		look    look
		members []*Outline
		number  int // depth by number of most members that have one, 0 none
		numbers int
	}
	lookOf := func(o *Outline) look {
		return look{int(math.Round(float64(o.size) * 2)), o.bold, o.shape.caps()}
	}
	var groups []*group
	byLook := map[look]*group{}
	for _, o := range found {
		if o.level > 0 {
			o.Depth = int(o.level) - 1
			continue
		}
		l := lookOf(o)
		g := byLook[l]
		if g == nil { // a rounding apart
			for _, near := range [...]int{-1, 1} {
				m := l
				m.size += near
				if g = byLook[m]; g != nil {
					break
				}
			}
		}
		if g == nil {
			g = &group{look: l}
			byLook[l] = g
			groups = append(groups, g)
		}
		g.members = append(g.members, o)
	}
	slices.SortStableFunc(groups, func(a, b *group) int {
		if d := a.look.size - b.look.size; d > 1 || d < -1 {
			return -d
		}
		return cmp.Or(compareBool(b.look.bold, a.look.bold), compareBool(b.look.caps, a.look.caps), b.look.size-a.look.size)
	})
	for _, g := range groups {
		var count [8]int
		for _, o := range g.members {
			if n := len(o.label.parts); n > 0 && o.label.sections() {
				count[min(n, 7)]++
			}
		}
		for n, c := range count {
			if c > g.numbers {
				g.number, g.numbers = n, c
			}
		}
		if 3*g.numbers < len(g.members) {
			g.number = 0
		}
	}
	base := 0 // depth of what is numbered with one number
	for i, g := range groups {
		if g.number > 0 {
			if i > 0 && g.number == 1 {
				base = 1
			}
			break
		}
	}
	if base == 0 && len(groups) > 0 && groups[0].number == 0 {
		for _, g := range groups {
			if g.number > 0 {
				base = 1
			}
		}
	}
	depth := -1
	for i, g := range groups {
		switch {
		case g.number > 0:
			depth = base + g.number - 1
		case i == 0:
			depth = 0
		default:
			depth++
		}
		depth = min(depth, deepest)
		for _, o := range g.members {
			o.Depth = depth
			if n := len(o.label.parts); g.number > 0 && n > 0 && o.label.sections() && o.label.kind == numberLabel {
				o.Depth = min(base+n-1, deepest)
			}
		}
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
