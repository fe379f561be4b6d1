package raster

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

// picture makes a picture of a kind.
func picture(kind string, width, height int) *image.RGBA {
	r := rand.New(rand.NewPCG(1, 2))
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{255, 255, 255, 255}
			switch kind {
			case "gray noise":
				v := uint8(r.IntN(256))
				c.R, c.G, c.B = v, v, v
			case "noise":
				c.R, c.G, c.B = uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256))
			case "photo":
				fx, fy := float64(x)/17, float64(y)/23
				c.R, c.G, c.B = uint8(128+100*math.Sin(fx)), uint8(128+100*math.Cos(fx+fy)), uint8(x*255/width)
			case "black":
				c.R, c.G, c.B = 0, 0, 0
			case "text", "link":
				if y%14 < 8 && x > width/10 && x < width-width/10 && y > height/10 && y < height-height/10 && (x*7+y*13+x*y)%11 < 4 {
					c.R, c.G, c.B = 20, 20, 20
					if kind == "link" && y > height/2 {
						c.B = 220
					}
				}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

// noise is how far a JPEG is from a picture, in decibels: more is nearer.
func noise(t *testing.T, m *image.RGBA, encoded []byte) float64 {
	t.Helper()
	got, err := jpeg.Decode(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != m.Bounds() {
		t.Fatalf("it is %v, want %v", got.Bounds(), m.Bounds())
	}
	var sum float64
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			r, g, b, _ := got.At(x, y).RGBA()
			c := m.RGBAAt(x, y)
			for _, d := range []float64{float64(r>>8) - float64(c.R), float64(g>>8) - float64(c.G), float64(b>>8) - float64(c.B)} {
				sum += d * d
			}
		}
	}
	return 10 * math.Log10(255*255/max(sum/float64(3*m.Rect.Dx()*m.Rect.Dy()), 1e-3))
}

// A picture comes back as near as from Go's own encoder, and is hardly larger.
func TestEncodeJPEG(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"text", "link", "photo", "gray noise", "noise", "white", "black"} {
		for _, size := range []image.Point{{1, 1}, {7, 9}, {16, 16}, {17, 33}, {200, 131}} {
			for _, quality := range []int{1, 30, 85, 100} {
				m := picture(kind, size.X, size.Y)
				got, err := encodeJPEG(m, quality)
				if err != nil {
					t.Fatal(err)
				}
				var want bytes.Buffer
				if err := jpeg.Encode(&want, m, &jpeg.Options{Quality: quality}); err != nil {
					t.Fatal(err)
				}
				a, b := noise(t, m, got), noise(t, m, want.Bytes())
				if a < b-0.5 || len(got) > want.Len()+want.Len()/8+40 {
					t.Errorf("%s, %v, quality %d: %.1f dB in %d bytes, Go's %.1f dB in %d", kind, size, quality, a, len(got), b, want.Len())
				}
				c, err := jpeg.DecodeConfig(bytes.NewReader(got))
				if gray := kind != "link" && kind != "photo" && kind != "noise"; err != nil || gray && c.ColorModel != color.GrayModel {
					t.Errorf("%s: %v, %v", kind, c, err)
				}
			}
		}
	}
	for _, size := range []image.Rectangle{{}, image.Rect(0, 0, 70_000, 1)} {
		if _, err := encodeJPEG(image.NewRGBA(size), 85); err == nil {
			t.Errorf("%v is taken", size)
		}
	}
}

func BenchmarkJPEG(b *testing.B) {
	for _, kind := range []string{"text", "link", "photo"} {
		m := picture(kind, 1211, 1568)
		b.Run(kind+"/ours", func(b *testing.B) {
			for b.Loop() {
				if _, err := encodeJPEG(m, quality); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind+"/image-jpeg", func(b *testing.B) {
			for b.Loop() {
				if err := jpeg.Encode(&bytes.Buffer{}, m, &jpeg.Options{Quality: quality}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
