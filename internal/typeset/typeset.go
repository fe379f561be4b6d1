// Package typeset draws text as a scanner would see it, for tests and benchmarks of what reads pictures.
package typeset

import (
	"image"
	"image/color"
	"image/draw"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Page draws lines of text black on white, in Go Regular of a size in points, on a page of width by height points with a
// margin of an inch, at dpi dots per inch. An empty line leaves a gap.
func Page(text string, size, width, height float64, dpi int) *image.Gray {
	scale := float64(dpi) / 72
	m := image.NewGray(image.Rect(0, 0, int(width*scale), int(height*scale)))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	margin := min(72, width/8, height/8)
	Draw(m, text, size*scale, margin*scale, margin*scale)
	return m
}

// Draw draws lines of text in a size in pixels, the first below and right of a place.
func Draw(m draw.Image, text string, size, x, y float64) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // a font that is part of the program
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err)
	}
	defer face.Close()
	d := font.Drawer{Dst: m, Src: image.NewUniform(color.Black), Face: face}
	for line := range strings.Lines(text) {
		y += 1.35 * size
		d.Dot = fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(y * 64)}
		d.DrawString(strings.TrimRight(line, "\n"))
	}
}
