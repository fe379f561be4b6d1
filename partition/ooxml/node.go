package ooxml

import "encoding/xml"

// Node is an element of XML. Names are local: prefixes are dropped.
type Node struct {
	Name     string
	Attrs    []xml.Attr
	Text     string // character data directly inside, concatenated
	Children []*Node
}

// Attr returns an attribute by its local name, "" when absent.
func (n *Node) Attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// AttrOf returns an attribute by prefix and local name.
func (n *Node) AttrOf(prefix, name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name && a.Name.Space == prefix {
			return a.Value
		}
	}
	return ""
}

// RelationshipID returns the attribute id that stands in a namespace, whatever prefix the file has for it. Names without a
// prefix are those of the element's own ids.
func (n *Node) RelationshipID() string {
	for _, a := range n.Attrs {
		if a.Name.Local == "id" && a.Name.Space != "" && a.Name.Space != "xmlns" {
			return a.Value
		}
	}
	return ""
}

// Child returns the first child of a name along a path, nil when there is none.
func (n *Node) Child(names ...string) *Node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		var found *Node
		for _, c := range n.Children {
			if c.Name == name {
				found = c
				break
			}
		}
		n = found
	}
	return n
}

// Val returns the attribute val of the first child along a path.
func (n *Node) Val(names ...string) string {
	if c := n.Child(names...); c != nil {
		return c.Attr("val")
	}
	return ""
}

// On reads a property that is there or not: absent is false, without a value is true.
func (n *Node) On(names ...string) bool {
	c := n.Child(names...)
	if c == nil {
		return false
	}
	switch c.Attr("val") {
	case "0", "false", "off", "none":
		return false
	}
	return true
}
