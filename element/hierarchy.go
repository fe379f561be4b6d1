package element

// AssignParents sets parent_id in one pass with a stack, by the reference's rules. Elements that have a parent are left
// alone and do not become one. Ids must be set.
func AssignParents(elements []Element) {
	var p Parents
	for i := range elements {
		p.Assign(&elements[i])
	}
}

// Parents is AssignParents for elements that come one by one.
type Parents struct{ stack []parent }

type parent struct {
	id    string
	kind  Type
	depth int
}

// Assign sets the parent_id of the next element.
func (p *Parents) Assign(e *Element) {
	if e.Metadata.ParentID != "" {
		return
	}
	own := parent{e.ID, e.Type, depth(e)}
	for len(p.stack) > 0 {
		top := p.stack[len(p.stack)-1]
		if top.over(own) {
			e.Metadata.ParentID = top.id
			break
		}
		p.stack = p.stack[:len(p.stack)-1]
	}
	p.stack = append(p.stack, own)
}

func (p parent) over(c parent) bool {
	if p.kind == c.kind {
		return p.depth < c.depth
	}
	switch p.kind {
	case Title:
		return underTitle(c.kind)
	case Header:
		return c.kind == Title || underTitle(c.kind)
	}
	return false
}

func underTitle(t Type) bool {
	switch t {
	case UncategorizedText, NarrativeText, ListItem, Table, FigureCaption, CheckBox:
		return true
	}
	return false
}

func depth(e *Element) int {
	if e.Metadata.CategoryDepth == nil {
		return 0
	}
	return *e.Metadata.CategoryDepth
}
