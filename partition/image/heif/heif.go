// Package heif decodes the primary image of HEIC files (ISO/IEC 23008-12 with HEVC).
//
// The decoder is libheif with libde265, compiled to WebAssembly and run in a sandbox of its own: it sees no file, no
// network and no more memory than the cap. Both libraries are under the GNU Lesser General Public License, version 3; their
// texts lie beside this file. The module heif.wasm.gz is the only part of the program that is under that licence, and is not
// linked to the rest: another build of it, with the same three exports (malloc, free, decode), takes its place when the
// file is exchanged before the program is built, and the build tag noheif leaves it out. Where its source is: see README.md.
package heif

import (
	"encoding/binary"
	"image"
)

// MaxFile is the largest file that is decoded, bytes.
const MaxFile = 64 << 20

// Size returns the largest width and the largest height that the file gives any of its images (ispe, ISO/IEC 23008-12,
// 6.5.3), without decoding any; zero when there is none.
func Size(file []byte) image.Point {
	var most image.Point
	sizes(file, 0, &most)
	return most
}

// sizes walks the boxes that lead to ispe.
func sizes(b []byte, depth int, most *image.Point) {
	for len(b) >= 8 {
		n, header := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		switch {
		case n == 1 && len(b) >= 16:
			n, header = binary.BigEndian.Uint64(b[8:]), 16
		case n == 0:
			n = uint64(len(b))
		}
		if n < header || n > uint64(len(b)) {
			return
		}
		body := b[header:n]
		switch string(b[4:8]) {
		case "meta":
			if len(body) >= 4 && depth < 4 {
				sizes(body[4:], depth+1, most)
			}
		case "iprp", "ipco":
			if depth < 4 {
				sizes(body, depth+1, most)
			}
		case "ispe":
			if len(body) >= 12 {
				most.X = max(most.X, int(binary.BigEndian.Uint32(body[4:])))
				most.Y = max(most.Y, int(binary.BigEndian.Uint32(body[8:])))
			}
		}
		b = b[n:]
	}
}
