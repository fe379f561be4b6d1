package element

// AssignParents sets parent_id in one pass with a stack, by the reference's rules. Elements that have a parent are left
// alone and do not become one. Ids must be set.
func AssignParents(elements []Element) {
	var stack []*Element
	for i := range elements {
		e := &elements[i]
		if e.Metadata.ParentID != "" {
			continue
		}
		for len(stack) > 0 {
			top := stack[len(stack)-1]
			if isParent(top, e) {
				e.Metadata.ParentID = top.ID
				break
			}
			stack = stack[:len(stack)-1]
		}
		stack = append(stack, e)
	}
}

func isParent(top, e *Element) bool {
	if top.Type == e.Type {
		return depth(top) < depth(e)
	}
	switch top.Type {
	case Title:
		return underTitle(e.Type)
	case Header:
		return e.Type == Title || underTitle(e.Type)
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
