package ocr

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/typeset"
)

// picture is a raster whose pixels are a function of their place.
func picture(w, h int, shade func(x, y int) float64) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetGray(x, y, color.Gray{Y: uint8(min(max(shade(x, y), 0), 255))})
		}
	}
	return m
}

func TestMayHoldText(t *testing.T) {
	t.Parallel()
	const dpi = 150
	random := rand.New(rand.NewPCG(1, 2))
	over := func(ground, print *image.Gray) *image.Gray { // dark print on another picture
		out := image.NewGray(ground.Rect)
		copy(out.Pix, ground.Pix)
		for y := range min(ground.Rect.Dy(), print.Rect.Dy()) {
			for x := range min(ground.Rect.Dx(), print.Rect.Dx()) {
				at := y*out.Stride + x
				out.Pix[at] = uint8(int(out.Pix[at]) * int(print.Pix[y*print.Stride+x]) / 255)
			}
		}
		return out
	}
	slope := picture(600, 400, func(x, y int) float64 { return 120 + 60*math.Sin(float64(x)/90) + float64(y)/8 })
	grain := picture(600, 400, func(_, _ int) float64 { return 150 + 60*random.NormFloat64() })
	leaves := picture(600, 400, func(_, _ int) float64 { return 200 })
	for range 900 { // ellipses of all sizes, turns and shades
		cx, cy, a, b, turn, dark := random.Float64()*600, random.Float64()*400, 2+8*random.Float64(), 2+8*random.Float64(), random.Float64()*3, 60+120*random.Float64()
		for y := int(cy - 10); y < int(cy+10); y++ {
			for x := int(cx - 10); x < int(cx+10); x++ {
				dx, dy := float64(x)-cx, float64(y)-cy
				u, v := dx*math.Cos(turn)+dy*math.Sin(turn), dy*math.Cos(turn)-dx*math.Sin(turn)
				if image.Pt(x, y).In(leaves.Rect) && u*u/a/a+v*v/b/b < 1 {
					leaves.Pix[y*leaves.Stride+x] = uint8(dark)
				}
			}
		}
	}
	grid := picture(600, 400, func(x, y int) float64 {
		if x%60 == 0 || y%40 == 0 || y == 400-x/2 {
			return 0
		}
		return 255
	})
	for name, m := range map[string]*image.Gray{
		"nothing": picture(300, 300, func(_, _ int) float64 { return 255 }), "black": picture(300, 300, func(_, _ int) float64 { return 0 }), "a slope": slope,
		"grain": grain, "a slope with grain": over(slope, picture(600, 400, func(_, _ int) float64 { return 230 + 12*random.NormFloat64() })),
		"leaves": leaves, "a grid": grid, "a line": picture(600, 4, func(_, _ int) float64 { return 0 }), "no pixels": picture(0, 0, nil),
	} {
		if MayHoldText(m) {
			t.Errorf("%s may hold text", name)
		}
	}

	yes := func(name string, m *image.Gray) {
		t.Helper()
		if !MayHoldText(m) {
			t.Errorf("%s holds no text", name)
		}
	}
	for _, size := range []float64{6, 7, 8, 10, 14, 24} {
		page := typeset.Page(letter, size, 500, 300, dpi)
		for turns := range 4 {
			yes("print", Turn(page, turns))
		}
		yes("a word", typeset.Page("Harbour", size, 120, 60, dpi))
		yes("light print", picture(page.Rect.Dx(), page.Rect.Dy(), func(x, y int) float64 { return 200 - 0.7*float64(page.GrayAt(x, y).Y) }))
		yes("print on a slope", over(slope, typeset.Page(letter, size, 288, 192, dpi)))
		yes("faint print", picture(page.Rect.Dx(), page.Rect.Dy(), func(x, y int) float64 { return 170 + float64(page.GrayAt(x, y).Y)/3 }))
	}
	labels := image.NewGray(grid.Rect)
	copy(labels.Pix, grid.Pix)
	for i := range 8 {
		typeset.Draw(labels, strings.Repeat(string(rune('1'+i)), 2), 14, float64(10+70*i), 386)
	}
	yes("a chart with numbers at its axis", labels)
	noisy := typeset.Page(letter, 11, 500, 220, dpi)
	for range len(noisy.Pix) / 12 {
		noisy.Pix[random.IntN(len(noisy.Pix))] = uint8(255 * random.IntN(2))
	}
	yes("a bad scan", noisy)
	yes("leaves below print", over(leaves, typeset.Page(strings.Repeat(letter+"\n", 3), 14, 288, 192, dpi)))
}
