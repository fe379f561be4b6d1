package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"

	"golang.org/x/image/webp"

	"github.com/sluicehq/sluice/partition/budget"
)

// maxWebP is the largest WebP file that is read, bytes: its first frame may stand anywhere in it.
const maxWebP = 256 << 20

// decodeWebP decodes a WebP file; of an animated one the first frame, which is a WebP file of its own without the animation
// around it. Frames that cover a part of the canvas only are taken as they are.
func decodeWebP(in io.Reader, b *budget.Budget) (image.Image, int, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxWebP+1))
	if err != nil {
		return nil, 1, err
	}
	if len(data) > maxWebP {
		return nil, 1, budget.Errorf(budget.TooLarge, "The WebP file has more than %d bytes", maxWebP)
	}
	orientation := 1
	still := data
	for id, chunk := range chunks(data[min(len(data), 12):]) {
		if id == "EXIF" {
			orientation = exifOrientation(bytes.TrimPrefix(chunk, []byte("Exif\x00\x00")))
		}
		if id == "ANMF" && len(chunk) > 16 {
			if still, err = frameFile(chunk); err != nil {
				return nil, 1, err
			}
			break
		}
	}
	c, err := webp.DecodeConfig(bytes.NewReader(still))
	if err != nil {
		return nil, 1, err
	}
	if err := fits(c.Width, c.Height, 4, b); err != nil {
		return nil, 1, err
	}
	m, err := webp.Decode(bytes.NewReader(still))
	return m, orientation, err
}

// frameFile makes a file of an animation's frame. The frame's chunk begins with its place, size, time and flags, 16 bytes.
func frameFile(frame []byte) ([]byte, error) {
	var body []byte
	alpha := false
	for id, chunk := range chunks(frame[16:]) {
		switch id {
		case "ALPH":
			alpha = true
		case "VP8 ", "VP8L":
		default:
			continue
		}
		body = append(body, id...)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(chunk)))
		body = append(body, chunk...)
		if len(chunk)%2 == 1 {
			body = append(body, 0)
		}
	}
	if body == nil {
		return nil, errors.New("a frame without an image")
	}
	if alpha {
		head := []byte("VP8X\x0a\x00\x00\x00\x10\x00\x00\x00")
		head = append(head, frame[6:12]...) // width and height less one, as in the frame
		body = append(head, body...)
	}
	out := append([]byte("RIFF"), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(body)+4))
	return append(append(out, "WEBP"...), body...), nil
}

// chunks walks the chunks of a RIFF file.
func chunks(b []byte) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(b) >= 8 {
			n := uint64(binary.LittleEndian.Uint32(b[4:]))
			if n > uint64(len(b)-8) {
				return
			}
			if !yield(string(b[:4]), b[8:8+n]) {
				return
			}
			b = b[min(8+n+n%2, uint64(len(b))):]
		}
	}
}
