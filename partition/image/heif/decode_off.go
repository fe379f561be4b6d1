//go:build noheif

package heif

import (
	"context"
	"image"

	"github.com/sluicehq/sluice/partition/budget"
)

// Decode is not part of this build.
func Decode(context.Context, []byte, string) (image.Image, error) {
	return nil, budget.Errorf(budget.Unsupported, "This build reads no HEIC pictures. Convert the file to JPEG or PNG.")
}
