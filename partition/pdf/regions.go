package pdf

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/layout/table"
	"github.com/sluicehq/sluice/partition/text"
)

func number(n int) *int { return &n }

// piece is a block on its way to an element.
type piece struct {
	kind   element.Type
	text   string
	box    layout.Box
	links  []element.Link
	hidden layout.Hidden // why most of it is not seen
	rank   int           // its place on the page, where the page's order was mended
}

// Sheet is a page on its way into the elements of its document.
type Sheet struct {
	page     int     // its number
	pieces   []piece // of strategy fast: an element takes ten times as much memory, so they are made at last
	width    float64
	height   float64
	elements []element.Element
	outlines []layout.Outline  // of each element, for what only the whole document tells; nil for strategy fast
	tables   []sheetTable      // the first and the last of the page, which may go on
	drop     []int             // elements that became part of others
	notes    []element.Element // what was written on the page
}

// Fast makes the elements of a page by the text rule alone, in reading order: the reference's, but where that is wrong, see
// layout.Arrange.
func Fast(ctx context.Context, p *layout.Page, pageNumber int, b *budget.Budget) (Sheet, error) {
	blocks, err := layout.Blocks(p.Lines(), func() error { return b.Tick(ctx) })
	if err != nil {
		return Sheet{}, err
	}
	var values []layout.Field
	var boxes []layout.Box
	for _, f := range p.Fields {
		if f.Kind == layout.TextField || f.Kind == layout.ChoiceField {
			values, boxes = append(values, f), append(boxes, f.Box)
		}
	}
	blocks, ranks, err := layout.Arrange(ctx, p, blocks, boxes, table.Rules{})
	if err != nil {
		return Sheet{}, err
	}
	_, unseen := p.Shown()
	var pieces []piece
	for i, block := range blocks {
		if err := b.Tick(ctx); err != nil {
			return Sheet{}, err
		}
		chars := once(block.Chars())
		if piece, ok := classify(p, layout.Text(chars), block.Box); ok {
			piece.links = linksOf(p, chars, block.Box, piece.text, inBlock)
			if len(unseen) > 0 {
				piece.hidden = hiddenMostly(block.Lines)
			}
			if ranks != nil {
				piece.rank = ranks[i]
			}
			pieces = append(pieces, piece)
		}
	}
	for i, f := range values {
		if piece, ok := classify(p, text.Collapse(f.Value), f.Box); ok {
			if ranks != nil {
				piece.rank = ranks[len(blocks)+i]
			}
			pieces = append(pieces, piece)
		}
	}
	pieces = joinItems(pieces)
	if ranks != nil {
		slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(a.rank, b.rank) })
	} else {
		pieces = inOrder(pieces)
	}
	return Sheet{page: pageNumber, pieces: pieces, width: p.Width, height: p.Height}, nil
}

// Layout makes the elements of a page from the regions that a layout model finds, in reading order. Their types are those that
// one page tells until Finish has seen all of them.
func Layout(ctx context.Context, p *layout.Page, model layout.Model, pageNumber int, o format.Options, b *budget.Budget) (Sheet, error) {
	regions, err := model.Regions(ctx, p)
	if err != nil {
		return Sheet{}, err
	}
	regions = joinColumns(regions)
	s := Sheet{page: pageNumber}
	outlines := layout.Outlines(p, regions)
	for i := range regions {
		if err := b.Tick(ctx); err != nil {
			return Sheet{}, err
		}
		if e, ok := regionElement(p, &regions[i], pageNumber); ok {
			if regions[i].Hidden != 0 {
				flagHidden(&e, regions[i].Hidden)
			}
			if o.NoTableHTML {
				e.Metadata.TextAsHTML = ""
			}
			if regions[i].Kind == layout.TableRegion {
				s.keep(*regions[i].Table)
			}
			s.elements = append(s.elements, e)
			s.outlines = append(s.outlines, outlines[i])
		}
		if t := regions[i].Table; t != nil && o.Cells != nil {
			boxes := make([][4]float64, len(t.Cells))
			for k, c := range t.Cells {
				boxes[k] = [4]float64{c.Box.X0, c.Box.Y0, c.Box.X1, c.Box.Y1}
			}
			o.Cells(pageNumber, p.Width, p.Height, boxes)
		}
	}
	return s, nil
}

// regionElement makes the element of a region; ok is false when nothing is left of it.
func regionElement(p *layout.Page, r *layout.Region, pageNumber int) (e element.Element, ok bool) {
	piece := piece{box: r.Box}
	var chars []layout.Char
	switch r.Kind {
	case layout.TableRegion:
		piece.kind, piece.text = element.Table, table.Text(*r.Table)
		for _, c := range r.Table.Cells {
			chars = append(append(chars, layout.Block{Lines: c.Lines}.Chars()...), layout.Char{Rune: ' ', Made: true})
		}
	case layout.FormField:
		return fieldElement(p, r, pageNumber)
	default:
		chars = r.Chars()
		piece.text = layout.Text(chars)
		piece.kind = element.NarrativeText
		if r.Kind == layout.Figure {
			piece.kind = element.Image
			if piece.text == "" && r.Object >= 0 && r.Object < len(p.Pictures) {
				piece.text = text.Collapse(p.Pictures[r.Object].Alt)
			}
		}
	}
	if piece.text == "" && piece.kind != element.Image {
		return e, false
	}
	if len(p.Links) > 0 && len(chars) > 0 {
		piece.links = linksOf(p, chars, r.Box, piece.text, onBlock)
	}
	e = piece.element(pageNumber, p.Width, p.Height)
	if r.Kind == layout.TableRegion {
		e.Metadata.TextAsHTML = table.HTML(*r.Table)
	}
	return e, true
}

// fieldElement makes the element of a form field: a box to check, or a value by the text rule.
func fieldElement(p *layout.Page, r *layout.Region, pageNumber int) (e element.Element, ok bool) {
	f := &p.Fields[r.Object]
	if f.Kind == layout.CheckBox || f.Kind == layout.RadioButton {
		e = piece{kind: element.CheckBox, box: r.Box}.element(pageNumber, p.Width, p.Height)
		checked := f.Checked
		e.Checked = &checked
		return e, true
	}
	piece := piece{box: r.Box}
	if piece.kind, piece.text, ok = text.Classify(text.Collapse(f.Value)); !ok {
		return e, false
	}
	if piece.kind == element.Title {
		piece.kind = element.UncategorizedText
	}
	return piece.element(pageNumber, p.Width, p.Height), true
}

// hiddenKey is the metadata key that lists why text cannot be seen by a reader of the page. The reference has none.
const hiddenKey = "hidden_text"

func flagHidden(e *element.Element, h layout.Hidden) {
	var reasons []any
	for _, r := range [...]struct {
		bit  layout.Hidden
		name string
	}{{layout.Invisible, "invisible"}, {layout.OffPage, "off_page"}, {layout.Covered, "covered"}, {layout.Tiny, "tiny"}, {layout.Faint, "faint"}} {
		if h&r.bit != 0 {
			reasons = append(reasons, r.name)
		}
	}
	if e.Metadata.Extra == nil {
		e.Metadata.Extra = map[string]any{}
	}
	e.Metadata.Extra[hiddenKey] = reasons
}

// hiddenMostly tells why most of the text of lines is not seen; 0 where most is.
func hiddenMostly(lines []layout.Line) layout.Hidden {
	var reasons layout.Hidden
	hidden, all := 0, 0
	for _, l := range lines {
		for _, g := range l.Glyphs {
			if g.Space {
				continue
			}
			all++
			if g.Hidden != 0 {
				hidden++
				reasons |= g.Hidden
			}
		}
	}
	if 2*hidden <= all {
		return 0
	}
	return reasons
}

// settleTypes gives the elements of pages that were laid out the types that the whole document decides.
func settleTypes(sheets []Sheet) {
	var pages [][]layout.Outline
	for _, s := range sheets {
		if s.outlines != nil {
			pages = append(pages, s.outlines)
		}
	}
	if len(pages) == 0 {
		return
	}
	layout.Decide(pages)
	for _, s := range sheets {
		for i := range s.outlines {
			settleType(&s.elements[i], &s.outlines[i])
		}
	}
}

// settleType gives an element the type of its region.
func settleType(e *element.Element, o *layout.Outline) {
	switch o.Kind {
	case layout.Heading:
		e.Type = element.Title
		e.Metadata.CategoryDepth = number(o.Depth)
	case layout.ListItem:
		if text.IsBulleted(e.Text) {
			rest := text.TrimBullet(e.Text)
			moveLinks(e, len([]rune(e.Text))-len([]rune(rest)))
			e.Text = rest
		} else if r, n := utf8.DecodeRuneInString(e.Text); unicode.Is(unicode.Co, r) && strings.HasPrefix(e.Text[n:], " ") { // a bullet of a symbol font
			e.Text = strings.TrimLeft(e.Text[n:], " ")
			moveLinks(e, 2)
		}
		e.Type = element.ListItem
		e.Metadata.CategoryDepth = number(o.Depth)
	case layout.Caption:
		e.Type = element.FigureCaption
	case layout.Footnote, layout.Footer:
		e.Type = element.Footer
	case layout.Header:
		e.Type = element.Header
	case layout.PageNumber:
		e.Type = element.PageNumber
	case layout.Formula:
		e.Type = element.Formula
	case layout.Code:
		e.Type = element.CodeSnippet
	case layout.Paragraph:
		switch s := e.Text; {
		case text.IsEmailAddress(s):
			e.Type = element.EmailAddress
		case text.IsUSCityStateZip(s):
			e.Type = element.Address
		case o.IsProse():
			e.Type = element.NarrativeText
		default:
			e.Type = element.UncategorizedText
		}
	}
}

// moveLinks moves the links of an element to the left when n characters are cut from its start.
func moveLinks(e *element.Element, n int) {
	for i := range e.Metadata.Links {
		e.Metadata.Links[i].StartIndex = max(e.Metadata.Links[i].StartIndex-n, 0)
	}
}

// Finish gives the elements of a document, whose pages stand in order.
func Finish(sheets []Sheet, o format.Options) []element.Element {
	settleSheets(sheets, o)
	return slices.AppendSeq(make([]element.Element, 0, most(sheets)), elementsOf(sheets, o))
}

// settleSheets does what needs all pages: the types of elements, and tables over several pages.
func settleSheets(sheets []Sheet, o format.Options) {
	settleTypes(sheets)
	joinTables(sheets, !o.NoTableHTML)
}

// most is how many elements pages give at most.
func most(sheets []Sheet) (n int) {
	for i := range sheets {
		n += len(sheets[i].pieces) + len(sheets[i].elements) + len(sheets[i].notes) + 1
	}
	return n
}

// spend takes the elements of pages from a budget.
func spend(sheets []Sheet, b *budget.Budget) error {
	for i := range sheets {
		for k := range sheets[i].pieces {
			if err := b.Element(len(sheets[i].pieces[k].text)); err != nil {
				return err
			}
		}
		for _, elements := range [][]element.Element{sheets[i].elements, sheets[i].notes} {
			for k := range elements {
				if err := b.Element(len(elements[k].Text)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// elementsOf makes the elements of settled pages one by one.
func elementsOf(sheets []Sheet, o format.Options) iter.Seq[element.Element] {
	return func(yield func(element.Element) bool) {
		for i := range sheets {
			s := &sheets[i]
			for _, p := range s.pieces {
				if !(o.SkipMargins && isFurniture(p.kind)) && !yield(p.element(s.page, s.width, s.height)) {
					return
				}
			}
			for k, e := range s.elements {
				if !(o.SkipMargins && isFurniture(e.Type) || slices.Contains(s.drop, k)) && !yield(e) {
					return
				}
			}
			for _, e := range s.notes {
				if !yield(e) {
					return
				}
			}
			if o.IncludePageBreaks && !yield(element.Element{Type: element.PageBreak, Metadata: element.Metadata{PageNumber: number(s.page)}}) {
				return
			}
		}
	}
}

func inOrder(pieces []piece) []piece {
	if len(pieces) == 0 {
		return nil
	}
	boxes := make([]layout.Box, len(pieces))
	for i, piece := range pieces {
		boxes[i] = piece.box
	}
	out := make([]piece, 0, len(pieces))
	for _, i := range layout.Order(boxes) {
		out = append(out, pieces[i])
	}
	return out
}

// The bands at the top and the bottom of a page in which text is page furniture, as shares of its height.
const (
	headerBand = 0.07
	footerBand = 0.93
)

// classify decides by place, then by the text rule.
func classify(p *layout.Page, s string, box layout.Box) (piece, bool) {
	if s == "" {
		return piece{}, false
	}
	middle := (box.Y0 + box.Y1) / 2
	switch {
	case middle < headerBand*p.Height:
		return piece{kind: element.Header, text: s, box: box}, true
	case middle > footerBand*p.Height:
		return piece{kind: element.Footer, text: s, box: box}, true
	}
	kind, rest, ok := text.Classify(s)
	return piece{kind: kind, text: rest, box: box}, ok
}

func (p piece) element(pageNumber int, width, height float64) element.Element {
	e := element.Element{Type: p.kind, Text: p.text, Metadata: element.Metadata{
		PageNumber: number(pageNumber),
		Links:      p.links,
		Coordinates: &element.Coordinates{
			Points: [][2]float64{{p.box.X0, p.box.Y0}, {p.box.X0, p.box.Y1}, {p.box.X1, p.box.Y1}, {p.box.X1, p.box.Y0}},
			System: "PixelSpace", LayoutWidth: width, LayoutHeight: height,
		},
	}}
	if p.hidden != 0 {
		flagHidden(&e, p.hidden)
	}
	return e
}

// once drops the copies of glyphs that are drawn twice, a little apart, to look bold.
func once(chars []layout.Char) []layout.Char {
	out := chars[:0]
	var last layout.Char
	for _, c := range chars {
		if !c.Made && len(out) > 0 && !last.Made && c.Rune == last.Rune && c.Rune != ' ' && c.Box != last.Box &&
			math.Abs(c.Box.X0-last.Box.X0) < 2 && math.Abs(c.Box.Y0-last.Box.Y0) < 2 {
			shared := min(c.Box.X1, last.Box.X1) - max(c.Box.X0, last.Box.X0)
			if shared > 0.5*(c.Box.Width()+last.Box.Width())/2 {
				continue
			}
		}
		out = append(out, c)
		last = c
	}
	return out
}

// joinItems appends to a list item the pieces behind it that stand within its area, as the reference has it: the further lines of
// an item that spacing has parted.
func joinItems(pieces []piece) []piece {
	var out []piece
	var area layout.Box // of the item that ends out, before anything was joined to it
	for _, p := range pieces {
		if n := len(out); n > 0 && out[n-1].kind == element.ListItem && p.kind != element.ListItem && p.kind != element.Header && p.kind != element.Footer &&
			within(area, p.box) {
			item := &out[n-1]
			item.text += " " + p.text
			item.box = item.box.Union(p.box)
			item.links = append(item.links, p.links...)
			continue
		}
		out = append(out, p)
		area = p.box
	}
	return out
}

// within reports whether b begins in the area of an item, or a little below, is hardly wider, and is behind it: lower, and if not, to the right.
func within(item, b layout.Box) bool {
	spread := 0.3 * item.Height()
	return b.X0 >= item.X0 && b.X1 < item.X1+0.2*item.Width() && b.Y0 > item.Y0-spread && b.Y0 < item.Y1+spread &&
		0.5*b.X0+1.5*(b.Y0+b.Y1) > 0.5*item.X0+1.5*(item.Y0+item.Y1)
}

// word is a run of letters and digits, or of other characters, in a block's text.
type word struct {
	start, end int // in code points
	box        layout.Box
}

func words(chars []layout.Char) []word {
	var out []word
	class := func(r rune) int {
		switch {
		case r == ' ':
			return 0
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			return 1
		}
		return 2
	}
	last := 0
	for i, c := range chars {
		k := class(c.Rune)
		switch k {
		case 0:
		case last:
			out[len(out)-1].end = i + 1
			out[len(out)-1].box = out[len(out)-1].box.Union(c.Box)
		default:
			out = append(out, word{i, i + 1, c.Box})
		}
		last = k
	}
	return out
}

// linksOf finds the outward links whose area lies on a block: their text runs from the word nearest to the area's top left
// corner to the word nearest to its bottom right one.
//
// lies tells which of the areas belong to the block: inBlock or onBlock.
func linksOf(p *layout.Page, chars []layout.Char, box layout.Box, shown string, lies func(link, block layout.Box) bool) []element.Link {
	var links []element.Link
	var all []word
	whole := layout.Text(chars)
	offset := 0 // a bullet that is not shown
	if i := strings.Index(whole, shown); i > 0 {
		offset = len([]rune(whole[:i]))
	}
	for _, l := range p.Links {
		if l.URL == "" || !lies(l.Box, box) {
			continue
		}
		if all == nil {
			if all = words(chars); len(all) == 0 {
				return nil
			}
		}
		first := nearest(all, func(b layout.Box) (float64, float64) { return b.X0 - l.Box.X0, b.Y0 - l.Box.Y0 })
		last := nearest(all, func(b layout.Box) (float64, float64) { return b.X1 - l.Box.X1, b.Y1 - l.Box.Y1 })
		if last < first {
			first, last = last, first
		}
		links = append(links, element.Link{
			Text: layout.Text(chars[all[first].start:all[last].end]), URL: l.URL, StartIndex: max(all[first].start-offset, 0),
		})
	}
	return links
}

// inBlock is the reference's rule.
func inBlock(link, block layout.Box) bool {
	shared := link.Intersect(block)
	return !shared.Empty() && shared.Area() > 0.9*link.Area()
}

// onBlock takes links, too, that are higher than the text that they lie on.
func onBlock(link, block layout.Box) bool {
	shared, middle := link.Intersect(block), (link.Y0+link.Y1)/2
	return inBlock(link, block) || !shared.Empty() && shared.Width() > 0.9*link.Width() && middle > block.Y0 && middle < block.Y1
}

func nearest(all []word, delta func(layout.Box) (float64, float64)) int {
	best, distance := 0, math.Inf(1)
	for i, w := range all {
		dx, dy := delta(w.box)
		if d := math.Hypot(dx, dy); d < distance {
			best, distance = i, d
		}
	}
	return best
}
