package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/overlay"
	"github.com/sluicehq/sluice/partition"
)

// drawDPI makes pages of a size that a screen shows, with text that can be read.
const drawDPI = 110

// draw writes a PDF of the pages of a file with its elements drawn over them: a box in the colour of the type each, numbered in reading
// order, and the cells of tables.
func (c *partitionCmd) draw(ctx context.Context, set settings, in input) error {
	f, err := os.Open(in.path)
	if err != nil {
		return errors.New("cannot be read; check that it exists and that you may read it")
	}
	defer f.Close()
	file := document.NewFile(filepath.Base(in.path), "", in.size, f)
	marks, err := found(ctx, file, set.partition)
	if err != nil {
		return err
	}
	return writeFile(c.Draw, func(out io.Writer) error {
		w := overlay.NewWriter(out)
		for p, err := range partition.Pictures(ctx, file, set.partition, drawDPI) {
			if err != nil {
				return err
			}
			if err := w.Add(overlay.Page{Picture: p.Image, Width: p.Width, Height: p.Height, Marks: marks.on(p)}); err != nil {
				return err
			}
		}
		return w.Close()
	})
}

// pageMarks are the marks of a document by page, in shares of the width and height of the page.
type pageMarks map[int][]overlay.Mark

// found parses a file and marks what it gives.
func found(ctx context.Context, f document.File, o partition.Options) (pageMarks, error) {
	o.Coordinates, o.UniqueElementIDs, o.Languages = true, false, []string{""}
	var mu sync.Mutex
	cells := pageMarks{}
	o.Cells = func(page int, width, height float64, boxes [][4]float64) {
		mu.Lock()
		defer mu.Unlock()
		for _, b := range boxes {
			cells[page] = append(cells[page], overlay.Mark{X0: b[0] / width, Y0: b[1] / height, X1: b[2] / width, Y1: b[3] / height, Color: colors[element.Table], Light: true})
		}
	}
	marks := pageMarks{}
	number := map[int]int{} // of the elements of a page
	for e, err := range partition.Partition(ctx, f, o) {
		if err != nil {
			return nil, err
		}
		at := e.Metadata.Coordinates
		if at == nil || len(at.Points) < 3 || !(at.LayoutWidth > 0) || !(at.LayoutHeight > 0) || e.Metadata.PageNumber == nil {
			continue
		}
		page := *e.Metadata.PageNumber
		number[page]++
		label := fmt.Sprintf("%d %s", number[page], e.Type)
		if d := e.Metadata.CategoryDepth; d != nil && (e.Type == element.Title || e.Type == element.ListItem) {
			label += fmt.Sprintf(" %d", *d)
		}
		color, ok := colors[e.Type]
		if !ok {
			color = overlay.Color{0.35, 0.35, 0.35}
		}
		marks[page] = append(marks[page], overlay.Mark{
			X0: at.Points[0][0] / at.LayoutWidth, Y0: at.Points[0][1] / at.LayoutHeight,
			X1: at.Points[2][0] / at.LayoutWidth, Y1: at.Points[2][1] / at.LayoutHeight,
			Label: label, Color: color,
		})
	}
	for page, inside := range cells {
		marks[page] = append(inside, marks[page]...)
	}
	return marks, nil
}

// on gives the marks of a page in its points.
func (m pageMarks) on(p partition.Picture) []overlay.Mark {
	var out []overlay.Mark
	for _, mark := range m[p.Page] {
		mark.X0, mark.X1 = mark.X0*p.Width, mark.X1*p.Width
		mark.Y0, mark.Y1 = mark.Y0*p.Height, mark.Y1*p.Height
		out = append(out, mark)
	}
	return out
}

// colors are those of the types that pages hold; all others are gray.
var colors = map[element.Type]overlay.Color{
	element.Title:             {0.80, 0.10, 0.10},
	element.NarrativeText:     {0.10, 0.35, 0.75},
	element.UncategorizedText: {0.25, 0.50, 0.70},
	element.ListItem:          {0.10, 0.55, 0.25},
	element.Table:             {0.75, 0.35, 0.00},
	element.Image:             {0.55, 0.15, 0.65},
	element.FigureCaption:     {0.75, 0.10, 0.55},
	element.Formula:           {0.00, 0.50, 0.50},
	element.CodeSnippet:       {0.30, 0.30, 0.05},
	element.CheckBox:          {0.05, 0.45, 0.45},
}

// drawable refuses what --draw cannot be combined with.
func (c *partitionCmd) drawable(set settings, files int) error {
	switch {
	case files != 1:
		return errors.New("--draw draws one file; give each a run of its own")
	case c.Out != "" || c.Isolate:
		return errors.New("--draw writes nothing but the drawing; leave --out and --isolate out")
	case set.seen:
		return errors.New("--draw shows where elements stand, which a vision model does not say; choose another --strategy")
	case set.strategy != "":
		return errors.New("--draw shows elements as they are found; leave chunking_strategy out")
	case !strings.EqualFold(filepath.Ext(c.Draw), ".pdf"):
		return fmt.Errorf("--draw writes a PDF; name it so, for example %s.pdf", strings.TrimSuffix(c.Draw, filepath.Ext(c.Draw)))
	}
	return nil
}
