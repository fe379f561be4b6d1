// Package ooxml reads what the Office Open XML formats (ECMA-376) share: the package with its parts and relationships,
// and the XML inside, as small trees that are read one block at a time.
package ooxml

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/archive"
	"github.com/sluicehq/sluice/partition/budget"
)

// Package is an open file. OpenDocument and EPUB files, which are ZIP containers with XML inside too, open as well.
type Package struct {
	*archive.Archive
	Mixed  bool        // text keeps its place among the children, as nodes without a name
	flat   io.ReaderAt // the whole file, where it is no container but one part
	size   int64
	budget *budget.Budget
	limits limits
}

// Flat opens a file that is one XML document instead of a container, as OpenDocument has it: every part is that document.
func Flat(f document.File, b *budget.Budget) *Package {
	return &Package{Archive: &archive.Archive{}, flat: f, size: f.Size, budget: b, limits: usual}
}

// open opens a part.
func (p *Package) open(part string) (io.ReadCloser, error) {
	if p.flat == nil {
		return p.Open(part)
	}
	return io.NopCloser(io.NewSectionReader(p.flat, 0, p.size)), nil
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
	return &Package{Archive: a, budget: b, limits: usual}, nil
}

// Relationship is where a part points: to another part, or outside.
type Relationship struct {
	Type     string // last segment of the type's URI, such as hyperlink
	Target   string // name of a part, or an address
	External bool
}

// maxRelationships is the most that a part may have. Word processors stop at 65,535 links.
const maxRelationships = 200_000

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
		if len(out) == maxRelationships {
			return budget.Errorf(budget.TooLarge, "the part %s of the file points to more than %d others", part, maxRelationships)
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
	for _, id := range slices.Sorted(maps.Keys(relationships)) { // a file with two main parts reads the same every time
		if r := relationships[id]; r.Type == "officeDocument" && p.Has(r.Target) {
			return r.Target, nil
		}
	}
	if p.Has(fallback) {
		return fallback, nil
	}
	return "", budget.Errorf(budget.Corrupt, "the file has no main part; open it in its program and save it again")
}
