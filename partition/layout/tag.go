package layout

import (
	"cmp"
	"slices"
)

// answer is what tags say to a question, if they say anything.
type answer uint8

const (
	unknown answer = iota
	yes
	no
)

// structure is what the tags of a page say, where they can be trusted: most of the text has one, they part it into blocks, and
// headings are few.
type structure struct {
	tags  []Tag
	block []int // of each tag, the paragraph, heading, item or other block that it belongs to; -1 none
}

// readStructure returns nil for a page without tags.
func readStructure(p *Page) *structure {
	if len(p.Tags) == 0 {
		return nil
	}
	s := &structure{tags: p.Tags, block: make([]int, len(p.Tags))}
	for i := range p.Tags {
		s.block[i] = s.blockOf(i)
	}
	return s
}

// blockOf finds the block around a tag. The label and the paragraphs of a list item are one block.
func (s *structure) blockOf(i int) int {
	const deepest = 64
	found := -1
	for range deepest {
		if i < 0 || i >= len(s.tags) {
			return found
		}
		switch s.tags[i].Type {
		case "LI":
			return i
		case "P", "H", "H1", "H2", "H3", "H4", "H5", "H6", "Title", "Caption", "Note", "FENote", "Code", "Formula", "TOCI", "BibEntry", "Artifact":
			if found >= 0 {
				return found
			}
			if found = i; s.tags[i].Type != "P" {
				return found
			}
		case "Lbl", "LBody", "Span", "Link", "Reference", "Quote", "NonStruct", "Strong", "Em", "Sub":
		default:
			return found
		}
		i = s.tags[i].Parent
	}
	return found
}

// tagLine finds the block that holds most glyphs of a line.
func (f *flow) tagLine(l *textLine) {
	l.tag = -1
	if f.structure == nil {
		return
	}
	best, count := -1, 0
	for i := range l.Glyphs {
		g := &l.Glyphs[i]
		if g.Space || g.Tag < 0 || g.Tag >= len(f.structure.block) {
			continue
		}
		// A majority vote in one pass.
		switch b := f.structure.block[g.Tag]; {
		case count == 0:
			best, count = b, 1
		case b == best:
			count++
		default:
			count--
		}
	}
	l.tag = best
}

// trustTags drops the tags of a page that do not agree with what stands on it.
func (f *flow) trustTags() {
	if f.structure == nil {
		return
	}
	all, tagged, headings := 0, 0, 0
	lines := map[int]int{}
	for i := range f.lines {
		l := &f.lines[i]
		all += l.chars
		if l.tag < 0 {
			continue
		}
		tagged += l.chars
		lines[l.tag]++
		if headingLevel(f.structure.tags[l.tag].Type) != 0 {
			headings += l.chars
		}
	}
	most := 0
	for _, n := range lines {
		most = max(most, n)
	}
	const many = 15 // lines of which one block must not have most
	if 10*tagged < 8*all || 10*headings > 5*all && len(f.lines) > 3 || len(f.lines) > many && 10*most > 6*len(f.lines) {
		f.structure = nil
		for i := range f.lines {
			f.lines[i].tag = -1
		}
	}
}

func (g *grouper) sameTag(a, b *textLine) answer {
	switch {
	case a.tag < 0 || b.tag < 0:
		return unknown
	case a.tag == b.tag:
		return yes
	}
	return no
}

// applyTags takes kinds and depths from trusted tags, and the order where it is that of somebody who read the page.
func (f *flow) applyTags() {
	s := f.structure
	if s == nil {
		return
	}
	for i := range f.regions {
		r := &f.regions[i]
		at := f.tagOf(i)
		if at < 0 || r.Kind == TableRegion || r.Kind == Figure || r.Kind == FormField {
			continue
		}
		r.Role = s.tags[at].Type
		switch r.Role {
		case "LI":
			r.Kind, r.Depth = ListItem, max(s.lists(at)-1, 0)
		case "Caption":
			r.Kind = Caption
		case "Note", "FENote":
			r.Kind = Footnote
		case "Code":
			r.Kind = Code
		case "Formula":
			r.Kind = Formula
		default:
			if headingLevel(r.Role) != 0 && r.Kind != Code {
				r.Kind = Paragraph
			}
		}
	}
	f.orderByTags()
}

// tagOf is the block that all lines of a region have, -1 when there is none.
func (f *flow) tagOf(i int) int {
	at := -1
	for k, l := range f.texts[i] {
		if k > 0 && l.tag != at || l.tag < 0 {
			return -1
		}
		at = l.tag
	}
	return at
}

func (s *structure) lists(i int) int {
	n := 0
	for k := 0; i >= 0 && k < 64; k++ {
		if s.tags[i].Type == "L" {
			n++
		}
		i = s.tags[i].Parent
	}
	return n
}

// firstTag is the place of a region in the order of the tags, -1 when it has none.
func (f *flow) firstTag(i int) int {
	r := &f.regions[i]
	lines := r.Lines
	if r.Table != nil {
		for _, c := range r.Table.Cells {
			if len(c.Lines) > 0 {
				lines = c.Lines
				break
			}
		}
	}
	for _, l := range lines {
		for _, g := range l.Glyphs {
			if !g.Space && g.Tag >= 0 && g.Tag < len(f.structure.tags) {
				if f.structure.tags[g.Tag].Type == "Artifact" {
					return -1
				}
				return f.structure.tags[g.Tag].Order
			}
		}
	}
	return -1
}

// orderByTags puts the regions into the order of the tags if that leads down the page: where it goes back up within a column it is an
// accident of the program that wrote it.
func (f *flow) orderByTags() {
	n := len(f.regions)
	place := make([]int, n) // a region without a tag stays behind the one before it
	last, known, sorted := -1, 0, true
	for i := range place {
		t := f.firstTag(i)
		if t >= 0 {
			known++
			sorted = sorted && t >= last
			last = t
		}
		place[i] = last
	}
	if sorted || known < 3 {
		return
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(place[a], place[b]) })
	back, down := 0, 0
	for k := 1; k < n; k++ {
		a, b := f.regions[order[k-1]].Box, f.regions[order[k]].Box
		if shared := min(a.X1, b.X1) - max(a.X0, b.X0); shared < 0.5*min(a.Width(), b.Width()) {
			continue
		}
		if b.Y1 <= a.Y0 {
			back++
		} else {
			down++
		}
	}
	if 10*back > down {
		return
	}
	regions, texts, tops := make([]Region, n), make([][]*textLine, n), make([]int, n)
	for k, i := range order {
		regions[k], texts[k], tops[k] = f.regions[i], f.texts[i], f.tops[i]
	}
	f.regions, f.texts, f.tops = regions, texts, tops
}
