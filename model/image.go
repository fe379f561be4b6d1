package model

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // decoded by Fit
	"image/jpeg"
	_ "image/png" // decoded by Fit

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // decoded by Fit
)

// What a model takes of one image. Larger ones are scaled down by the providers themselves, or refused.
const (
	maxSide       = 1568      // pixels
	maxImageBytes = 3_750_000 // their base64 stays below 5 MB
	maxPixels     = 100_000_000
)

// Fit returns an image that every provider takes: one that is too large in pixels or bytes is scaled down and becomes a
// JPEG. mimeType is that of the result.
func Fit(data []byte) (fitted []byte, mimeType string, err error) {
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, "", fmt.Errorf("the image is none of PNG, JPEG, GIF and WebP, or damaged")
	}
	if c.Width <= maxSide && c.Height <= maxSide && len(data) <= maxImageBytes {
		return data, "image/" + format, nil
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
		return nil, "", fmt.Errorf("the image of %d x %d pixels is too large", c.Width, c.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, "", fmt.Errorf("the image is damaged")
	}
	scale := min(1, float64(maxSide)/float64(max(c.Width, c.Height)))
	small := image.NewRGBA(image.Rect(0, 0, max(1, int(scale*float64(c.Width))), max(1, int(scale*float64(c.Height)))))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src) // what is transparent would be black
	draw.BiLinear.Scale(small, small.Bounds(), img, img.Bounds(), draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 85}); err != nil {
		return nil, "", fmt.Errorf("scale an image: %w", err)
	}
	return out.Bytes(), "image/jpeg", nil
}
