package html

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
)

// node is an element or a text of the tree. Names are in lower case.
type node struct {
	name     string // "" for a text
	text     string
	attrs    []attr
	children []*node
}

// attr returns the value of an attribute.
func (n *node) attr(name string) string {
	for _, a := range n.attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// maxDepth is how deep the tree nests. Tags that would nest deeper are passed over, their content is kept.
const maxDepth = 256

// parse builds the tree as an HTML 4 parser with recovery does, not as HTML 5 has it: nothing is moved out of tables,
// unknown tags nest like any other, an element ends where a start tag cannot be inside it, and an end tag that matches
// nothing open is passed over. The work grows with the length alone.
func parse(ctx context.Context, s string, b *budget.Budget) (*node, error) {
	t := &builder{open: map[string]int{}, skipped: map[string]int{}}
	root := t.node("#root")
	t.stack = []level{{node: root}}
	limit := b.Limits().Elements
	for z := (scanner{s: s}); ; {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		if limit > 0 && t.nodes > limit {
			return nil, budget.Errorf(budget.TooLarge, "the page has more than %d tags and texts; split it", limit)
		}
		switch tok := z.next(); tok.kind {
		case endOfPage:
			for len(t.stack) > 1 {
				t.pop()
			}
			t.settle()
			return root, nil
		case textToken:
			t.addText(tok.text)
		case startTag:
			t.start(tok)
		case endTag:
			t.end(tok.name)
		}
	}
}

// builder holds the elements that are open.
type builder struct {
	stack   []level
	open    map[string]int // how many elements of a name are on the stack
	skipped map[string]int // how many of a name were passed over for their depth and not ended yet
	inBody  bool
	nodes   int64
	slab    []node
}

// level is an open element and the pieces of the text that it ends with so far: comments, stray end tags and elements
// that are taken out do not divide a text.
type level struct {
	node    *node
	pending []string
}

// node makes a node. They come from slabs, since a page has many.
func (t *builder) node(name string) *node {
	if len(t.slab) == 0 {
		t.slab = make([]node, min(max(16, t.nodes), 512))
	}
	n := &t.slab[0]
	t.slab = t.slab[1:]
	t.nodes++
	n.name = name
	return n
}

func (t *builder) top() *level { return &t.stack[len(t.stack)-1] }

// settle makes a node of the text that the innermost element ends with.
func (t *builder) settle() {
	top := t.top()
	if len(top.pending) == 0 {
		return
	}
	n := t.node("")
	n.text = top.pending[0]
	if len(top.pending) > 1 {
		n.text = strings.Join(top.pending, "")
	}
	top.node.children = append(top.node.children, n)
	top.pending = nil
}

func (t *builder) push(n *node) {
	t.stack = append(t.stack, level{node: n})
	t.open[n.name]++
}

func (t *builder) pop() {
	t.settle()
	t.open[t.top().node.name]--
	t.stack = t.stack[:len(t.stack)-1]
}

// beforeBody tells whether what comes next would stand in the head or before it.
func (t *builder) beforeBody() bool {
	name := t.top().node.name
	return !t.inBody && (name == "#root" || name == "head")
}

// openBody begins the body, whether its tag is there or only meant.
func (t *builder) openBody(attrs []attr) {
	for len(t.stack) > 1 {
		t.pop()
	}
	n := t.node("body")
	n.attrs = attrs
	t.settle()
	t.top().node.children = append(t.top().node.children, n)
	t.push(n)
	t.inBody = true
}

func (t *builder) addText(s string) {
	if t.beforeBody() {
		if strings.TrimSpace(s) == "" {
			return
		}
		t.openBody(nil)
	}
	top := t.top()
	top.pending = append(top.pending, s)
}

func (t *builder) start(tok token) {
	for len(t.stack) > 1 && closes(tok.name, t.top().node.name) {
		t.pop()
	}
	switch {
	case tok.name == "html" || tok.name == "head" && !t.beforeBody():
		return
	case tok.name == "body":
		if !t.inBody {
			t.openBody(tok.attrs)
		}
		return
	case t.beforeBody() && tok.name != "head" && !inHead(tok.name):
		t.openBody(nil)
	}
	empty := tok.closed || isVoid(tok.name)
	if isStripped(tok.name) {
		if !empty && len(t.stack) <= maxDepth {
			t.push(t.node(tok.name)) // hangs on nothing: its content is lost
		}
		return
	}
	if !empty && len(t.stack) > maxDepth {
		t.skipped[tok.name]++
		return
	}
	n := t.node(tok.name)
	n.attrs = tok.attrs
	t.settle()
	t.top().node.children = append(t.top().node.children, n)
	if !empty {
		t.push(n)
	}
}

// isStripped tells whether an element is taken out of the page before it is read.
func isStripped(name string) bool {
	switch name {
	case "del", "link", "meta", "noscript", "script", "style":
		return true
	}
	return false
}

// end closes the innermost open element of a name, unless something that outranks it is open inside.
func (t *builder) end(tag string) {
	switch {
	case tag == "html" || tag == "body": // what follows still belongs to the body
		return
	case t.skipped[tag] > 0:
		t.skipped[tag]--
		return
	case t.open[tag] == 0:
		return
	}
	rank := rankOf(tag)
	for i := len(t.stack) - 1; i > 0; i-- {
		name := t.stack[i].node.name
		if name == tag {
			for len(t.stack) > i {
				t.pop()
			}
			return
		}
		if rankOf(name) > rank {
			return
		}
	}
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

// texts appends the texts below n.
func (n *node) texts(out []string) []string {
	if n.name == "" {
		return append(out, n.text)
	}
	for _, c := range n.children {
		out = c.texts(out)
	}
	return out
}
