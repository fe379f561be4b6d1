package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io"

	"github.com/sluicehq/sluice/partition/budget"
)

// Tags of the parts of an image, and of the tables that its JPEG parts share (TIFF 6.0; TIFF Technical Note 2).
const (
	tagStripOffsets = 273
	tagRowsPerStrip = 278
	tagStripCounts  = 279
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagJPEGTables   = 347

	compressionJPEG = 7
)

const maxParts = 1 << 16

// decodeJPEG decodes an image whose strips or tiles are JPEG streams, as scanners write them. Each is a JPEG file of its own but
// for the tables, which stand once in the directory.
func (d directory) decodeJPEG(ctx context.Context, f io.ReaderAt, b *budget.Budget) (image.Image, error) {
	width, height := int(d.values[tagWidth]), int(d.values[tagHeight])
	partWidth, partHeight := width, int(d.values[tagRowsPerStrip])
	offsets, counts := d.numbers(f, tagStripOffsets), d.numbers(f, tagStripCounts)
	if d.values[tagTileWidth] > 0 {
		partWidth, partHeight = int(d.values[tagTileWidth]), int(d.values[tagTileHeight])
		offsets, counts = d.numbers(f, tagTileOffsets), d.numbers(f, tagTileCounts)
	}
	if partHeight <= 0 || partHeight > height {
		partHeight = max(partHeight, height)
	}
	if partWidth <= 0 || len(offsets) == 0 || len(offsets) != len(counts) {
		return nil, damaged(errors.New("a TIFF image without parts"))
	}
	across := (width + partWidth - 1) / partWidth
	tables := d.bytes(f, tagJPEGTables)
	tables = bytes.TrimSuffix(tables, []byte{0xff, 0xd9})
	var out draw.Image = image.NewRGBA(image.Rect(0, 0, width, height))
	if max(d.values[tagSamples], 1) == 1 {
		out = image.NewGray(out.Bounds())
	}
	for i, at := range offsets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x, y := i%across*partWidth, i/across*partHeight
		if y >= height {
			break
		}
		var in io.Reader = io.NewSectionReader(f, int64(at), int64(counts[i]))
		if len(tables) > 2 {
			skip := make([]byte, 2) // the part's own start of image
			if _, err := io.ReadFull(in, skip); err != nil {
				return nil, damaged(err)
			}
			in = io.MultiReader(bytes.NewReader(tables), in)
		}
		part, err := d.part(&patient{ctx: ctx, in: in, budget: b}, partWidth, partHeight)
		if err != nil {
			return nil, err
		}
		draw.Draw(out, image.Rect(x, y, min(x+partWidth, width), min(y+partHeight, height)), part, part.Bounds().Min, draw.Src)
	}
	return out, nil
}

// part decodes one strip or tile. One that claims to be much larger than its place is not decoded.
func (d directory) part(in io.Reader, width, height int) (image.Image, error) {
	var head bytes.Buffer
	config, err := jpeg.DecodeConfig(io.TeeReader(in, &head))
	if err != nil {
		return nil, damaged(err)
	}
	if config.Width > width+64 || config.Height > height+64 {
		return nil, damaged(fmt.Errorf("a part of %d x %d in a place of %d x %d", config.Width, config.Height, width, height))
	}
	if config.ColorModel == color.CMYKModel {
		return nil, budget.Errorf(budget.Unsupported, "The TIFF file is coloured in a way that is not read. Save it in RGB or gray.")
	}
	m, err := jpeg.Decode(io.MultiReader(&head, in))
	if err != nil {
		return nil, damaged(err)
	}
	return m, nil
}

// entry is a field of a directory.
type entry struct {
	kind  uint16
	count uint32
	value [4]byte
}

// numbers reads a field of short or long numbers.
func (d directory) numbers(f io.ReaderAt, tag uint16) []uint32 {
	e, ok := d.entries[tag]
	size := map[uint16]int{3: 2, 4: 4}[e.kind]
	if !ok || size == 0 || e.count > maxParts {
		return nil
	}
	raw := d.raw(f, e, size)
	out := make([]uint32, len(raw)/size)
	for i := range out {
		if size == 2 {
			out[i] = uint32(d.order.Uint16(raw[2*i:]))
		} else {
			out[i] = d.order.Uint32(raw[4*i:])
		}
	}
	return out
}

// bytes reads a field of bytes.
func (d directory) bytes(f io.ReaderAt, tag uint16) []byte {
	e, ok := d.entries[tag]
	if !ok || e.kind != 1 && e.kind != 7 || e.count > maxParts {
		return nil
	}
	return d.raw(f, e, 1)
}

func (d directory) raw(f io.ReaderAt, e entry, size int) []byte {
	n := int(e.count) * size
	if n <= 4 {
		return e.value[:n]
	}
	out := make([]byte, n)
	if _, err := f.ReadAt(out, int64(d.order.Uint32(e.value[:]))); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return out
}
