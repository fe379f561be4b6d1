package html

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/text"
)

// parseLoose builds the tree of a labelled page by its tags alone, as those who write such pages mean it: nothing ends but
// at its end tag or that of an element around it, nothing is moved or added. Scripts and styles are left out.
func parseLoose(ctx context.Context, s string, b *budget.Budget) (*node, error) {
	root := &node{name: "#root"}
	stack := []*node{root}
	open, skipped := map[string]int{}, map[string]int{}
	limit, nodes := b.Limits().Elements, int64(0)
	for z := (scanner{s: s, all: true}); ; {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		if nodes++; limit > 0 && nodes > limit {
			return nil, budget.Errorf(budget.TooLarge, "the page has more than %d tags and texts; split it", limit)
		}
		top := stack[len(stack)-1]
		switch tok := z.next(); tok.kind {
		case endOfPage:
			return root, nil
		case textToken:
			if top.name != "script" && top.name != "style" {
				top.children = append(top.children, &node{text: tok.text})
			}
		case startTag:
			empty := tok.closed || isVoid(tok.name)
			if !empty && len(stack) > maxDepth {
				skipped[tok.name]++
				continue
			}
			n := &node{name: tok.name, attrs: tok.attrs}
			if tok.name != "script" && tok.name != "style" {
				top.children = append(top.children, n)
			}
			if !empty {
				stack = append(stack, n)
				open[tok.name]++
			}
		case endTag:
			if skipped[tok.name] > 0 {
				skipped[tok.name]--
				continue
			}
			for open[tok.name] > 0 {
				last := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				if open[last.name]--; last.name == tok.name {
					break
				}
			}
		}
	}
}

// tidy takes out what says nothing: div elements without attributes leave their content, and headings, paragraphs, div and
// span elements with neither attributes nor content go.
func (n *node) tidy() {
	var kept []*node
	var keep func([]*node)
	keep = func(children []*node) {
		for _, c := range children {
			switch {
			case c.name == "div" && len(c.attrs) == 0:
				keep(c.children)
			case c.name != "":
				if c.tidy(); !c.empty() {
					kept = append(kept, c)
				}
			default:
				kept = append(kept, c)
			}
		}
	}
	keep(n.children)
	n.children = kept
}

// empty tells whether tidy takes n out.
func (n *node) empty() bool {
	switch n.name {
	case "h1", "h2", "h3", "h4", "h5", "h6", "p", "span", "div":
		if len(n.attrs) > 0 {
			return false
		}
		for _, c := range n.children {
			if c.name != "" {
				return false
			}
		}
		return n.blank()
	}
	return false
}

// blank tells whether there is no text below n.
func (n *node) blank() bool {
	if n.name == "" {
		return text.Strip(n.text) == ""
	}
	for _, c := range n.children {
		if !c.blank() {
			return false
		}
	}
	return true
}

// findClass returns the first element of a name that has a class, in document order.
func (n *node) findClass(name, class string) *node {
	if n.name == name {
		for word := range strings.FieldsSeq(n.attr("class")) {
			if word == class {
				return n
			}
		}
	}
	for _, c := range n.children {
		if found := c.findClass(name, class); found != nil {
			return found
		}
	}
	return nil
}

func firstWord(s string) string {
	for word := range strings.FieldsSeq(s) {
		return word
	}
	return ""
}
