package markdown

import (
	"regexp"
	"strings"
)

var (
	item       = regexp.MustCompile(`^ {0,3}(?:\d+\.|[*+-]) +`)
	nestedItem = regexp.MustCompile(`^ {4,7}(?:\d+\.|[*+-]) +`)
)

// list takes a piece whose first line begins an item. It goes on with the list before it, whose items are then
// paragraphs, as they have a blank line between them.
func (p *parser) list(parent *block, s string) {
	items := split(s)
	list := parent.last()
	switch {
	case list.isList():
		inParagraph(list.last())
		if inner := list.last().last(); inner != nil && len(inner.tail) > 0 {
			list.last().add("p").text = inner.tail
			inner.tail = nil
		}
		li := list.add("li")
		p.enter(loose)
		p.one(li, piece{s: items[0]})
		p.leave()
		items = items[1:]
	case parent.isList():
		list = parent
	default:
		tag := "ol"
		if strings.IndexByte("*+-", strings.TrimLeft(s, " ")[0]) >= 0 {
			tag = "ul"
		}
		list = parent.add(tag)
	}
	p.enter(tight)
	for _, s := range items {
		to := list.last()
		if to == nil || !strings.HasPrefix(s, "    ") {
			to = list.add("li")
		}
		p.one(to, piece{s: s})
	}
	p.leave()
}

// inParagraph makes a paragraph of the text that an item begins with.
func inParagraph(li *block) {
	if li == nil || len(li.text) == 0 {
		return
	}
	li.children = append([]*block{{tag: "p", text: li.text}}, li.children...)
	li.text = nil
}

// split cuts a list into the sources of its items. Nested items that follow each other stay together, with their indentation.
func split(s string) []string {
	var items [][]string
	for line := range strings.SplitSeq(s, "\n") {
		last := len(items) - 1
		switch marker := item.FindString(line); {
		case marker != "":
			items = append(items, []string{line[len(marker):]})
		case nestedItem.MatchString(line) && !strings.HasPrefix(items[last][0], "    "):
			items = append(items, []string{line})
		default:
			items[last] = append(items[last], line)
		}
	}
	out := make([]string, len(items))
	for i, lines := range items {
		out[i] = strings.Join(lines, "\n")
	}
	return out
}

// indented takes a piece that belongs to an item by its indentation.
func (p *parser) indented(parent *block, x piece) {
	level, sibling := p.level(parent, x.s)
	s := outdent(x.s, level)
	p.enter(detabbed)
	switch {
	case parent.isItem() && parent.last().isList():
		p.one(parent.last(), piece{s: s})
	case parent.isItem():
		p.one(parent, piece{s: s})
	case sibling.isItem():
		p.one(sibling, piece{s: s})
	case sibling.last().isItem():
		inParagraph(sibling.last())
		p.chunk(sibling.last(), s)
	default:
		p.one(sibling.add("li"), piece{s: s})
	}
	p.leave()
}

// level finds the list or item that a piece belongs to, and how many levels of indentation that is.
func (p *parser) level(parent *block, s string) (int, *block) {
	deep := (len(s) - len(strings.TrimLeft(s, " "))) / tab
	level := 0
	if p.is(tight) {
		level = 1
	}
	for deep > level {
		child := parent.last()
		if !child.isList() && !child.isItem() {
			break
		}
		if child.isList() {
			level++
		}
		parent = child
	}
	return level, parent
}

// outdent takes levels of indentation off the lines that have them.
func outdent(s string, levels int) string {
	margin := strings.Repeat("    ", levels)
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], margin)
	}
	return strings.Join(lines, "\n")
}
