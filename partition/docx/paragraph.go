package docx

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/text"
	"github.com/sluicehq/sluice/partition/word"
)

// fragment is a paragraph, or the part of one that stands on a page.
type fragment struct {
	text     strings.Builder
	contents []string // emphasized
	tags     []string
	links    []element.Link
	boxes    []*ooxml.Node // text boxes that float beside the text
}

// flow is a paragraph while it is read.
type flow struct {
	fragments []*fragment
	whole     bool // pages end inside it, but it is kept together
	linked    bool // a hyperlink is around
	broken    bool // a page ended in that hyperlink
}

func (f *flow) last() *fragment { return f.fragments[len(f.fragments)-1] }

func (f *flow) turn() { f.fragments = append(f.fragments, &fragment{}) }

// fragments reads a paragraph: one fragment, and one more for every page that it reaches.
func (r *reader) fragments(p *ooxml.Node) []*fragment {
	f := &flow{fragments: []*fragment{{}}, whole: r.inNotes}
	r.inline(p, f)
	return f.fragments
}

// whole reads a paragraph as one fragment, wherever pages end.
func (r *reader) whole(p *ooxml.Node) *fragment {
	f := &flow{fragments: []*fragment{{}}, whole: true}
	r.inline(p, f)
	return f.last()
}

// inline adds what stands inside a paragraph or a wrapper in it, in order. Deleted text is left out, inserted text is
// text.
func (r *reader) inline(n *ooxml.Node, f *flow) {
	for _, c := range n.Children {
		switch c.Name {
		case "r":
			r.run(c, f)
		case "hyperlink":
			r.hyperlink(c, f)
		case "sdt":
			if content := c.Child("sdtContent"); content != nil {
				r.inline(content, f)
			}
		case "ins", "moveTo", "smartTag", "fldSimple", "customXml", "dir", "bdo":
			r.inline(c, f)
		}
	}
}

// run adds the text of a run.
func (r *reader) run(n *ooxml.Node, f *flow) {
	properties := n.Child("rPr")
	var bold, italic bool
	if properties != nil {
		bold, italic = properties.On("b"), properties.On("i")
	}
	var words strings.Builder
	end := func() {
		to := f.last()
		s := words.String()
		words.Reset()
		to.text.WriteString(s)
		if s = strings.TrimSpace(s); s == "" || f.linked {
			return
		}
		if bold {
			to.contents, to.tags = append(to.contents, s), append(to.tags, "b")
		}
		if italic {
			to.contents, to.tags = append(to.contents, s), append(to.tags, "i")
		}
	}
	for _, c := range n.Children {
		switch c.Name {
		case "t":
			words.WriteString(c.Text)
		case "tab", "ptab":
			words.WriteByte('\t')
		case "br":
			if kind := c.Attr("type"); kind == "" || kind == "textWrapping" {
				words.WriteByte('\n')
			}
		case "cr":
			words.WriteByte('\n')
		case "noBreakHyphen":
			words.WriteByte('-')
		case "sym":
			words.WriteString(drawn(c))
		case "footnoteReference", "endnoteReference", "commentReference":
			r.refer(c)
		case "lastRenderedPageBreak":
			r.rendered = true
			switch {
			case f.whole:
			case f.linked:
				f.broken = true
			default:
				end()
				f.turn()
			}
		case "drawing", "pict", "AlternateContent", "object":
			r.boxes(c, f.last(), &words)
		}
	}
	end()
}

// boxes finds text boxes in a drawing: the text of one that stands in the line is part of it, one that floats is read
// after the paragraph.
func (r *reader) boxes(n *ooxml.Node, f *fragment, words *strings.Builder) {
	switch n.Name {
	case "AlternateContent": // the fallback says the same again
		if choice := n.Child("Choice"); choice != nil {
			for _, c := range choice.Children {
				r.boxes(c, f, words)
			}
		}
		return
	case "inline":
		for _, box := range contents(n, nil) {
			for _, p := range box.Children {
				if p.Name == "p" {
					words.WriteString(r.plain(p))
				}
			}
		}
		return
	case "anchor", "pict", "object":
		f.boxes = append(f.boxes, contents(n, nil)...)
		return
	}
	for _, c := range n.Children {
		r.boxes(c, f, words)
	}
}

// contents collects the contents of text boxes below n.
func contents(n *ooxml.Node, out []*ooxml.Node) []*ooxml.Node {
	for _, c := range n.Children {
		switch c.Name {
		case "txbxContent":
			out = append(out, c)
		case "Fallback":
		default:
			out = contents(c, out)
		}
	}
	return out
}

// hyperlink adds the text of a link and, when it leads outside, the link. One that a page ends in stays together on the
// page where it begins.
func (r *reader) hyperlink(n *ooxml.Node, f *flow) {
	to, around := f.last(), f.linked
	start := to.text.Len()
	f.linked = true
	r.inline(n, f)
	f.linked = around
	whole := to.text.String()
	target := r.links[n.RelationshipID()]
	if words := whole[start:]; target.External && target.Target != "" && words != "" {
		address := target.Target
		if anchor := n.Attr("anchor"); anchor != "" {
			address += "#" + anchor
		}
		to.links = append(to.links, element.Link{Text: words, URL: address, StartIndex: utf8.RuneCountInString(whole[:start])})
	}
	if f.broken && !around {
		f.broken = false
		f.turn()
	}
}

// plain is the text of a paragraph.
func (r *reader) plain(p *ooxml.Node) string { return r.whole(p).text.String() }

// paragraph adds the elements of a paragraph and of the text boxes that are anchored in it.
func (r *reader) paragraph(p *ooxml.Node) error {
	for i, f := range r.fragments(p) {
		if i > 0 {
			r.turn()
		}
		if e, ok := r.classify(p, f.text.String()); ok {
			m := &e.Metadata
			m.EmphasizedTextContents, m.EmphasizedTextTags, m.Links = f.contents, f.tags, f.links
			for _, l := range f.links {
				m.LinkTexts, m.LinkURLs = append(m.LinkTexts, l.Text), append(m.LinkURLs, l.URL)
			}
			r.emit(e)
		}
		for _, box := range f.boxes {
			for _, n := range box.Children {
				if err := r.block(n); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// classify decides by list, by style, then by the text. ok is false for blank paragraphs and bare bullets.
func (r *reader) classify(p *ooxml.Node, s string) (e element.Element, ok bool) {
	if text.Strip(s) == "" {
		return e, false
	}
	properties := p.Child("pPr")
	style, level, listed := r.normal, -1, false
	if properties != nil {
		if name, known := r.styles[properties.Val("pStyle")]; known {
			style = name
		}
		numbering := properties.Child("numPr")
		listed = numbering != nil
		if n, err := strconv.Atoi(numbering.Val("ilvl")); err == nil && n >= 0 {
			level = n
		}
	}
	return word.Classify(style, listed, level, s)
}
