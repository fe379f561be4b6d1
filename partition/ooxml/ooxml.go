// Package ooxml reads what the Office Open XML formats (ECMA-376) share: the package with its parts and relationships,
// and the XML inside, as small trees that are read one block at a time.
package ooxml

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/archive"
	"github.com/sluicehq/sluice/partition/budget"
)

// Package is an open file. OpenDocument and EPUB files, which are ZIP containers with XML inside too, open as well.
type Package struct {
	*archive.Archive
	Mixed  bool // text keeps its place among the children, as nodes without a name
	budget *budget.Budget
}

// Open opens a file. kind names the format in the error of a file that is none.
func Open(f document.File, kind string, b *budget.Budget) (*Package, error) {
	a, err := archive.Open(f, b)
	if errors.Is(err, archive.ErrNotZip) {
		return nil, budget.Errorf(budget.Corrupt, "File is not a valid %s. It may be cut off or damaged: open it in its program and save it again.", kind)
	}
	if err != nil {
		return nil, err
	}
	return &Package{Archive: a, budget: b}, nil
}

// Relationship is where a part points: to another part, or outside.
type Relationship struct {
	Type     string // last segment of the type's URI, such as hyperlink
	Target   string // name of a part, or an address
	External bool
}

// Relationships reads those of a part ("" is the package) by their ids. A part without any has none.
func (p *Package) Relationships(ctx context.Context, part string) (map[string]Relationship, error) {
	dir, base := path.Split(part)
	out := map[string]Relationship{}
	err := p.Each(ctx, dir+"_rels/"+base+".rels", []string{"Relationships"}, func(n *Node) error {
		target := n.Attr("Target")
		r := Relationship{Type: path.Base(n.Attr("Type")), Target: target, External: n.Attr("TargetMode") == "External"}
		if !r.External {
			if strings.HasPrefix(target, "/") {
				r.Target = path.Clean(target)[1:]
			} else {
				r.Target = path.Join(dir, target)
			}
		}
		out[n.Attr("Id")] = r
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	return out, err
}

// Main is the name of the package's main part.
func (p *Package) Main(ctx context.Context, fallback string) (string, error) {
	relationships, err := p.Relationships(ctx, "")
	if err != nil {
		return "", err
	}
	for _, r := range relationships {
		if r.Type == "officeDocument" && p.Has(r.Target) {
			return r.Target, nil
		}
	}
	if p.Has(fallback) {
		return fallback, nil
	}
	return "", budget.Errorf(budget.Corrupt, "the file has no main part; open it in its program and save it again")
}

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

// Each reads a part and calls fn with each element that stands directly inside the element at a path from the root, one
// after the other; memory holds one of them at a time. fs.ErrNotExist when there is no such part.
func (p *Package) Each(ctx context.Context, part string, at []string, fn func(*Node) error) error {
	r, err := p.Open(part)
	if err != nil {
		return err
	}
	defer r.Close()
	d := decoder(r)
	depth := 0
	for {
		if err := p.budget.Tick(ctx); err != nil {
			return err
		}
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if depth > 0 {
				return p.damaged(part, io.ErrUnexpectedEOF)
			}
			return nil
		}
		if err != nil {
			return p.damaged(part, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch {
			case depth < len(at) && t.Name.Local == at[depth]:
				depth++
			case depth == len(at):
				n, err := p.read(ctx, d, t, part)
				if err != nil {
					return err
				}
				if err := fn(n); err != nil {
					return err
				}
			default:
				if err := p.skip(ctx, d, part); err != nil {
					return err
				}
			}
		case xml.EndElement:
			depth--
		}
	}
}

func decoder(r io.Reader) *xml.Decoder {
	d := xml.NewDecoder(r)
	d.Strict = false // office programs write what is not quite XML; entities of a DTD stay unknown either way
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return d
}

// read builds the tree of an element whose start tag was read.
func (p *Package) read(ctx context.Context, d *xml.Decoder, start xml.StartElement, part string) (*Node, error) {
	root := &Node{Name: start.Name.Local, Attrs: start.Attr}
	stack := []*Node{root}
	for len(stack) > 0 {
		if err := p.budget.Tick(ctx); err != nil {
			return nil, err
		}
		token, err := d.RawToken()
		if err != nil {
			return nil, p.damaged(part, err)
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if err := p.budget.Depth(len(stack)); err != nil {
				return nil, err
			}
			n := &Node{Name: t.Name.Local, Attrs: t.Attr}
			top.Children = append(top.Children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if p.Mixed {
				top.Children = append(top.Children, &Node{Text: string(t)})
				continue
			}
			if len(top.Children) == 0 || strings.TrimSpace(string(t)) != "" {
				top.Text += string(t)
			}
		}
	}
	return root, nil
}

// skip reads to the end of the element whose start tag was read.
func (p *Package) skip(ctx context.Context, d *xml.Decoder, part string) error {
	for depth := 1; depth > 0; {
		if err := p.budget.Tick(ctx); err != nil {
			return err
		}
		token, err := d.RawToken()
		if err != nil {
			return p.damaged(part, err)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// damaged keeps the errors of the budget and of the container, and names the part in those of the XML.
func (p *Package) damaged(part string, err error) error {
	var known *budget.Error
	if errors.As(err, &known) {
		return err
	}
	e := budget.Errorf(budget.Corrupt, "the part %s of the file is not valid XML; open the file in its program and save it again", part)
	e.Err = err
	return e
}
