package raster

import (
	"encoding/binary"
	"errors"
	"image"
	"math/bits"
	"sync"
)

// A baseline JPEG encoder (ITU-T T.81) for pages that are drawn: most of their blocks of eight by eight pixels have one colour, and
// cost next to nothing here. Pages without colours have one component; others have their colours at half of the resolution.

// plane is one component, its sides whole blocks; what is beyond the picture repeats its edge.
type plane struct {
	pix    []uint8
	stride int
}

func newPlane(width, height int) plane { return plane{make([]uint8, width*height), width} }

// encodeJPEG encodes an opaque picture. quality is from 1 to 100, as libjpeg counts.
func encodeJPEG(m *image.RGBA, quality int) ([]byte, error) {
	width, height := m.Rect.Dx(), m.Rect.Dy()
	if width < 1 || height < 1 || width > 0xffff || height > 0xffff {
		return nil, errors.New("a JPEG has sides of 1 to 65535 pixels")
	}
	e := jpegEncoder{out: make([]byte, 0, 1024+width*height/8)}
	gray, ok := grayPlane(m)
	planes := []plane{gray}
	if !ok {
		planes = colourPlanes(m)
	}
	var q [2]quantizer
	for i := range planes[:min(2, len(planes))] {
		q[i] = newQuantizer(annexK[i], quality)
	}
	e.head(width, height, len(planes), q[:])
	dc := make([]int32, len(planes))
	if ok {
		for y := 0; y < height; y += 8 {
			for x := 0; x < width; x += 8 {
				dc[0] = e.block(gray, x, y, &q[0], dc[0])
			}
		}
	} else {
		for y := 0; y < height; y += 16 {
			for x := 0; x < width; x += 16 {
				for k := range 4 {
					dc[0] = e.block(planes[0], x+k&1*8, y+k>>1*8, &q[0], dc[0])
				}
				dc[1] = e.block(planes[1], x/2, y/2, &q[1], dc[1])
				dc[2] = e.block(planes[2], x/2, y/2, &q[1], dc[2])
			}
		}
	}
	e.bits(0x7f, 7) // the last byte ends in ones
	return append(e.out, 0xff, 0xd9), nil
}

// grayPlane is the picture in shades of gray; false when one of its pixels has a colour.
func grayPlane(m *image.RGBA) (plane, bool) {
	width, height := m.Rect.Dx(), m.Rect.Dy()
	p := newPlane((width+7)&^7, (height+7)&^7)
	for y := range height {
		row, to := m.Pix[y*m.Stride:][:4*width], p.pix[y*p.stride:][:p.stride]
		for x := range width {
			v := binary.LittleEndian.Uint32(row[4*x:])
			if (v^v>>8)&0xffff != 0 {
				return p, false
			}
			to[x] = uint8(v)
		}
		extend(to, width)
	}
	p.extendDown(height)
	return p, true
}

// colourPlanes are luminance and, at half of the resolution, blue and red against it, as JFIF has them.
func colourPlanes(m *image.RGBA) []plane {
	width, height := m.Rect.Dx(), m.Rect.Dy()
	w, h := (width+15)&^15, (height+15)&^15
	luma, blue, red := newPlane(w, h), newPlane(w/2, h/2), newPlane(w/2, h/2)
	const white = 1<<64 - 1
	for y := 0; y < height; y += 2 {
		upper := m.Pix[y*m.Stride:][:4*width]
		lower := m.Pix[min(y+1, height-1)*m.Stride:][:4*width]
		first, second := luma.pix[y*luma.stride:][:w], luma.pix[(y+1)*luma.stride:][:w]
		cb, cr := blue.pix[y/2*blue.stride:][:w/2], red.pix[y/2*red.stride:][:w/2]
		for x := 0; x < width; x += 2 {
			if x+1 < width && binary.LittleEndian.Uint64(upper[4*x:]) == white && binary.LittleEndian.Uint64(lower[4*x:]) == white {
				first[x], first[x+1], second[x], second[x+1] = 255, 255, 255, 255
				cb[x/2], cr[x/2] = 128, 128
				continue
			}
			next := min(x+1, width-1)
			var r, g, b int32 // of four pixels
			first[x] = luminance(upper[4*x:], &r, &g, &b)
			second[x] = luminance(lower[4*x:], &r, &g, &b)
			first[x+1] = luminance(upper[4*next:], &r, &g, &b)
			second[x+1] = luminance(lower[4*next:], &r, &g, &b)
			const middle = 128<<18 + 1<<17 - 1
			cb[x/2] = uint8((-11059*r - 21709*g + 32768*b + middle) >> 18)
			cr[x/2] = uint8((32768*r - 27439*g - 5329*b + middle) >> 18)
		}
		pairs := (width + 1) &^ 1
		extend(first, pairs)
		extend(second, pairs)
		extend(cb, pairs/2)
		extend(cr, pairs/2)
	}
	luma.extendDown((height + 1) &^ 1)
	blue.extendDown((height + 1) / 2)
	red.extendDown((height + 1) / 2)
	return []plane{luma, blue, red}
}

// luminance is that of a pixel, which is added to the sums.
func luminance(p []uint8, r, g, b *int32) uint8 {
	pr, pg, pb := int32(p[0]), int32(p[1]), int32(p[2])
	*r, *g, *b = *r+pr, *g+pg, *b+pb
	return uint8((19595*pr + 38470*pg + 7471*pb + 1<<15) >> 16)
}

// extend repeats the last of the first n pixels of a row up to its end.
func extend(row []uint8, n int) {
	for i := n; i < len(row); i++ {
		row[i] = row[n-1]
	}
}

// extendDown repeats the last of the first n rows.
func (p plane) extendDown(n int) {
	last := p.pix[(n-1)*p.stride:][:p.stride]
	for at := n * p.stride; at < len(p.pix); at += p.stride {
		copy(p.pix[at:], last)
	}
}

// annexK are the tables of T.81, K.1, for luminance and for colours, row by row.
var annexK = [2][64]int{
	{
		16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
	},
	{
		17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	},
}

// zigzag is the order in which the coefficients of a block are written.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// quantizer divides the coefficients of the transform, which have the scale of Arai, Agui and Nakajima.
type quantizer struct {
	step  [64]uint8   // in rows
	scale [64]float32 // 1/step, and out of that scale
}

func newQuantizer(table [64]int, quality int) (q quantizer) {
	quality = min(max(quality, 1), 100)
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	of := [8]float64{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}
	for i, v := range table {
		step := min(max((v*percent+50)/100, 1), 255)
		q.step[i] = uint8(step)
		q.scale[i] = float32(1 / (8 * float64(step) * of[i/8] * of[i%8]))
	}
	return q
}

// codes are those of one Huffman table, by symbol: the code in the upper bits, its length in the lower eight.
type codes [256]uint32

// The typical tables for luminance, T.81, K.3.3. They serve colours too, of which pages have little.
var (
	lengthsDC = [16]uint8{0, 1, 5, 1, 1, 1, 1, 1, 1}
	lengthsAC = [16]uint8{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125}

	symbolsDC = []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	symbolsAC = sync.OnceValue(func() []uint8 {
		list := []uint8{
			0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08,
			0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82,
		}
		var seen [256]bool
		for _, s := range list {
			seen[s] = true
		}
		// The others have codes of 16 bits, in the order of size within a run of zeros.
		for run := range 16 {
			for size := 1; size <= 10; size++ {
				if s := uint8(run<<4 | size); !seen[s] {
					list = append(list, s)
				}
			}
		}
		return list
	})

	codesDC = sync.OnceValue(func() *codes { return codesOf(lengthsDC, symbolsDC) })
	codesAC = sync.OnceValue(func() *codes { return codesOf(lengthsAC, symbolsAC()) })
)

func codesOf(lengths [16]uint8, symbols []uint8) *codes {
	var c codes
	code, k := uint32(0), 0
	for i, n := range lengths {
		for range n {
			c[symbols[k]] = code<<8 | uint32(i+1)
			code++
			k++
		}
		code <<= 1
	}
	return &c
}

type jpegEncoder struct {
	out    []byte
	held   uint64 // bits that are no whole byte yet, n of them
	n      uint
	dc, ac *codes
}

// head writes all that stands before the blocks.
func (e *jpegEncoder) head(width, height, planes int, q []quantizer) {
	e.dc, e.ac = codesDC(), codesAC()
	e.out = append(e.out, 0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0)
	for i := range q[:min(2, planes)] {
		e.out = append(e.out, 0xff, 0xdb, 0, 67, uint8(i))
		for _, at := range zigzag {
			e.out = append(e.out, q[i].step[at])
		}
	}
	e.out = append(e.out, 0xff, 0xc0, 0, uint8(8+3*planes), 8, uint8(height>>8), uint8(height), uint8(width>>8), uint8(width), uint8(planes))
	for i := range planes {
		sampling := uint8(0x11)
		if i == 0 && planes > 1 {
			sampling = 0x22
		}
		e.out = append(e.out, uint8(i+1), sampling, uint8(min(i, 1)))
	}
	for class, t := range []struct {
		lengths [16]uint8
		symbols []uint8
	}{{lengthsDC, symbolsDC}, {lengthsAC, symbolsAC()}} {
		e.out = append(e.out, 0xff, 0xc4, 0, uint8(19+len(t.symbols)), uint8(class<<4))
		e.out = append(append(e.out, t.lengths[:]...), t.symbols...)
	}
	e.out = append(e.out, 0xff, 0xda, 0, uint8(6+2*planes), uint8(planes))
	for i := range planes {
		e.out = append(e.out, uint8(i+1), 0)
	}
	e.out = append(e.out, 0, 63, 0)
}

// bits writes the lower n bits of v, at most 32.
func (e *jpegEncoder) bits(v uint32, n uint) {
	e.held = e.held<<n | uint64(v)
	for e.n += n; e.n >= 8; {
		e.n -= 8
		b := uint8(e.held >> e.n)
		e.out = append(e.out, b)
		if b == 0xff {
			e.out = append(e.out, 0)
		}
	}
}

// value writes the code of a symbol whose lower four bits are the size of a value, and then the value.
func (e *jpegEncoder) value(c *codes, run, v int32) {
	size := uint(bits.Len32(uint32(max(v, -v))))
	code := c[run<<4|int32(size)]
	if v < 0 {
		v += 1<<size - 1
	}
	e.bits(code>>8<<size|uint32(v), uint(code&0xff)+size)
}

// block writes one block of a plane and returns its DC coefficient. before is that of the block before.
func (e *jpegEncoder) block(p plane, x, y int, q *quantizer, before int32) int32 {
	at := y*p.stride + x
	first := binary.LittleEndian.Uint64(p.pix[at:])
	flat := first == first&0xff*0x0101010101010101
	for i, row := 1, at+p.stride; flat && i < 8; i, row = i+1, row+p.stride {
		flat = binary.LittleEndian.Uint64(p.pix[row:]) == first
	}
	if flat {
		const dcOfOne = 64
		dc := rounded(float32(int32(first&0xff)-128) * dcOfOne * q.scale[0])
		e.value(e.dc, 0, dc-before)
		e.bits(e.ac[0]>>8, uint(e.ac[0]&0xff))
		return dc
	}
	var d [64]float32
	for i := range 8 {
		row := p.pix[at+i*p.stride:][:8]
		for k, v := range row {
			d[8*i+k] = float32(int32(v) - 128)
		}
	}
	transform(&d)
	dc := rounded(d[0] * q.scale[0])
	e.value(e.dc, 0, dc-before)
	zeros := int32(0)
	for _, i := range zigzag[1:] {
		v := rounded(d[i] * q.scale[i])
		if v == 0 {
			zeros++
			continue
		}
		for ; zeros > 15; zeros -= 16 {
			e.bits(e.ac[0xf0]>>8, uint(e.ac[0xf0]&0xff))
		}
		e.value(e.ac, zeros, v)
		zeros = 0
	}
	if zeros > 0 {
		e.bits(e.ac[0]>>8, uint(e.ac[0]&0xff))
	}
	return dc
}

// rounded is the whole number next to a small one.
func rounded(v float32) int32 { return int32(v+16384.5) - 16384 }

// transform is the discrete cosine transform of a block in both directions, after Arai, Agui and Nakajima; its scale is undone by the
// quantizer.
func transform(d *[64]float32) {
	for i := 0; i < 64; i += 8 {
		r := d[i : i+8 : i+8]
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7] = cosines(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
	}
	for i := range 8 {
		d[i], d[i+8], d[i+16], d[i+24], d[i+32], d[i+40], d[i+48], d[i+56] = cosines(d[i], d[i+8], d[i+16], d[i+24], d[i+32], d[i+40], d[i+48], d[i+56])
	}
}

func cosines(a, b, c, d, e, f, g, h float32) (o0, o1, o2, o3, o4, o5, o6, o7 float32) {
	s0, d0, s1, d1, s2, d2, s3, d3 := a+h, a-h, b+g, b-g, c+f, c-f, d+e, d-e
	even0, even3, even1, even2 := s0+s3, s0-s3, s1+s2, s1-s2
	z1 := (even2 + even3) * 0.707106781
	odd0, odd1, odd2 := d3+d2, d2+d1, d1+d0
	z5 := (odd0 - odd2) * 0.382683433
	z2, z4, z3 := 0.541196100*odd0+z5, 1.306562965*odd2+z5, odd1*0.707106781
	z11, z13 := d0+z3, d0-z3
	return even0 + even1, z11 + z4, even3 + z1, z13 - z2, even0 - even1, z13 + z2, even3 - z1, z11 - z4
}
