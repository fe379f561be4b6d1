// Command palette writes a PNG with 64 colours, for pictures of pages in the documentation: palette IN.png OUT.png.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "palette IN.png OUT.png")
		os.Exit(2)
	}
	if err := reduce(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "palette:", err)
		os.Exit(1)
	}
}

const colors = 64

func reduce(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	m, err := png.Decode(in)
	if err != nil {
		return err
	}
	// The commonest colours, told apart by their upper four bits.
	counts := map[color.RGBA]int{}
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			counts[coarse(m.At(x, y))]++
		}
	}
	var common []color.RGBA
	for c := range counts {
		common = append(common, c)
	}
	slices.SortFunc(common, func(x, y color.RGBA) int {
		return cmp.Or(counts[y]-counts[x], int(x.R)-int(y.R), int(x.G)-int(y.G), int(x.B)-int(y.B))
	})
	var palette color.Palette
	for _, c := range common[:min(colors, len(common))] {
		palette = append(palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	out := image.NewPaletted(image.Rect(0, 0, b.Dx(), b.Dy()), palette)
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := coarse(m.At(b.Min.X+x, b.Min.Y+y))
			i, ok := nearest[c]
			if !ok {
				i = uint8(palette.Index(c)) //nolint:gosec // at most 64
				nearest[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, out), f.Close())
}

func coarse(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	part := func(v uint32) uint8 { v >>= 12; return uint8(v<<4 | v) } //nolint:gosec // four bits
	return color.RGBA{part(r), part(g), part(b), 255}
}
