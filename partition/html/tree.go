package html

import (
	"context"
	"strings"

	"golang.org/x/net/html"

	"github.com/sluicehq/sluice/partition/budget"
)

// node is an element or a text of the tree. Names are in lower case.
type node struct {
	name     string // "" for a text
	text     string
	attrs    map[string]string
	children []*node
}

// maxDepth is how deep the tree nests. Tags that would nest deeper are passed over, their content is kept.
const maxDepth = 256

// parse builds the tree as an HTML 4 parser with recovery does, not as HTML 5 has it: nothing is moved out of tables,
// unknown tags nest like any other, an element ends where a start tag cannot be inside it, and an end tag that matches
// nothing open is passed over. The work grows with the length alone.
func parse(ctx context.Context, s string, b *budget.Budget) (*node, error) {
	root := &node{name: "#root"}
	stack := []*node{root}
	open := map[string]int{} // how many elements of a name are on the stack
	skipped := map[string]int{}
	pop := func() {
		open[stack[len(stack)-1].name]--
		stack = stack[:len(stack)-1]
	}
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(0)
	for {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		switch z.Next() {
		case html.ErrorToken:
			return root, nil
		case html.TextToken:
			top := stack[len(stack)-1]
			text := string(z.Text())
			if n := len(top.children); n > 0 && top.children[n-1].name == "" {
				top.children[n-1].text += text
				continue
			}
			top.children = append(top.children, &node{text: text})
		case html.StartTagToken, html.SelfClosingTagToken:
			n := readTag(z)
			for len(stack) > 1 && closes(n.name, stack[len(stack)-1].name) {
				pop()
			}
			if n.name == "html" || n.name == "body" && open["body"] > 0 {
				continue
			}
			if len(stack) > maxDepth && !isVoid(n.name) {
				skipped[n.name]++
				continue
			}
			top := stack[len(stack)-1]
			top.children = append(top.children, n)
			if !isVoid(n.name) {
				stack = append(stack, n)
				open[n.name]++
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			tag := string(name)
			switch {
			case tag == "html" || tag == "body": // what follows still belongs to the body
			case skipped[tag] > 0:
				skipped[tag]--
			case open[tag] > 0:
				end(&stack, tag, pop)
			}
		}
	}
}

// readTag reads the tag that the tokenizer stands at.
func readTag(z *html.Tokenizer) *node {
	name, more := z.TagName()
	n := &node{name: string(name)}
	for i := 0; more && i < 1000; i++ {
		var k, v []byte
		k, v, more = z.TagAttr()
		switch string(k) {
		case "href", "src", "data-src", "alt", "data-page-number", "colspan", "rowspan":
			if n.attrs == nil {
				n.attrs = map[string]string{}
			}
			if _, ok := n.attrs[string(k)]; !ok {
				n.attrs[string(k)] = string(v)
			}
		}
	}
	return n
}

// end closes the innermost open element of a name, unless something that outranks it is open inside: </b> does not end
// a table cell.
func end(stack *[]*node, tag string, pop func()) {
	rank := rankOf(tag)
	for i := len(*stack) - 1; i > 0; i-- {
		name := (*stack)[i].name
		if name == tag {
			for len(*stack) > i {
				pop()
			}
			return
		}
		if rankOf(name) > rank {
			return
		}
	}
}

func rankOf(name string) int {
	switch name {
	case "div":
		return 150
	case "td", "th":
		return 160
	case "tr":
		return 170
	case "thead", "tbody", "tfoot":
		return 180
	case "table":
		return 190
	case "head", "body":
		return 200
	}
	return 100
}

func isVoid(name string) bool {
	switch name {
	case "area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "isindex", "keygen", "link", "meta",
		"param", "source", "track", "wbr":
		return true
	}
	return false
}

// closes tells whether a start tag ends an open element, because it cannot stand inside it.
func closes(tag, open string) bool {
	switch open {
	case "p":
		switch tag {
		case "address", "blockquote", "body", "caption", "center", "col", "colgroup", "dd", "dir", "div", "dl", "dt",
			"h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "li", "listing", "menu", "ol", "p", "pre", "table", "tbody",
			"td", "tfoot", "th", "thead", "title", "tr", "ul", "xmp", "fieldset", "form":
			return true
		}
	case "head":
		switch tag {
		case "title", "meta", "link", "base", "style", "script", "noscript", "object", "template":
			return false
		}
		return true
	case "h1", "h2", "h3", "h4", "h5", "h6":
		switch tag {
		case "fieldset", "form", "li", "p", "table", "h1", "h2", "h3", "h4", "h5", "h6":
			return true
		}
	case "a":
		return tag == "a" || tag == "table" || tag == "td" || tag == "th" || tag == "fieldset"
	case "li":
		return tag == "li"
	case "dt", "dd":
		return tag == "dt" || tag == "dd"
	case "option":
		return tag == "option" || tag == "optgroup"
	case "td", "th":
		return tag == "td" || tag == "th" || tag == "tr" || tag == "tbody" || tag == "tfoot" || tag == "thead"
	case "tr":
		return tag == "tr" || tag == "tbody" || tag == "tfoot" || tag == "thead"
	case "thead", "tbody", "tfoot":
		return tag == "tbody" || tag == "tfoot" || tag == "thead"
	case "caption", "colgroup":
		return tag == "tr" || tag == "tbody" || tag == "thead" || tag == "tfoot" || tag == "col" && open == "caption"
	case "b", "big", "s", "small", "strike", "tt", "u":
		return tag == "p" || (tag == "td" || tag == "th" || tag == "center") && open != "big"
	case "font", "span", "i":
		return tag == "td" || tag == "th"
	case "pre":
		return tag == "dd" || tag == "dt" || tag == "li" || tag == "ul" || tag == "ol" || tag == "dl" || tag == "fieldset" || tag == "form"
	}
	return false
}

// find returns the first element of a name, in document order.
func (n *node) find(name string) *node {
	if n.name == name {
		return n
	}
	for _, c := range n.children {
		if found := c.find(name); found != nil {
			return found
		}
	}
	return nil
}

// texts appends the text nodes below n, those of removed elements left out.
func (n *node) texts(out []string) []string {
	if n.name == "" {
		return append(out, n.text)
	}
	for _, c := range n.children {
		if c.name != "" && roleOf(c.name) == removed {
			continue
		}
		out = c.texts(out)
	}
	return out
}
