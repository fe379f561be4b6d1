package image

import (
	"bufio"
	"encoding/binary"
	"io"
)

// jpegHead walks the segments before the first scan: the orientation that the camera noted (1 to 8, Exif 2.3, 4.6.4), and
// whether the file is progressive. What is damaged here is for the decoder to say.
func jpegHead(r io.Reader) (orientation int, progressive bool) {
	orientation = 1
	in := bufio.NewReader(io.LimitReader(r, 16<<20))
	if _, err := in.Discard(2); err != nil {
		return
	}
	for range 1 << 12 {
		c, err := in.ReadByte()
		if err != nil {
			return
		}
		if c != 0xff {
			continue
		}
		for c == 0xff {
			if c, err = in.ReadByte(); err != nil {
				return
			}
		}
		switch {
		case c == 0 || c == 1 || c >= 0xd0 && c <= 0xd8:
			continue
		case c == 0xda || c == 0xd9:
			return
		}
		var length [2]byte
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(length[:])) - 2
		if n < 0 {
			return
		}
		if c == 0xc2 {
			progressive = true
		}
		if c == 0xe1 && n > 14 {
			segment := make([]byte, n)
			if _, err := io.ReadFull(in, segment); err != nil {
				return
			}
			if string(segment[:6]) == "Exif\x00\x00" {
				orientation = exifOrientation(segment[6:])
			}
			continue
		}
		if _, err := in.Discard(n); err != nil {
			return
		}
	}
	return
}

// exifOrientation reads tag 0x112 of the first directory of Exif data, which has the form of a TIFF file.
func exifOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	order, ok := byteOrder(b)
	if !ok {
		return 1
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	n := uint64(order.Uint16(b[at:]))
	for i := range n {
		entry := at + 2 + 12*i
		if entry+12 > uint64(len(b)) {
			return 1
		}
		if e := b[entry:]; order.Uint16(e) == tagOrientation {
			if v := int(order.Uint16(e[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

func byteOrder(b []byte) (binary.ByteOrder, bool) {
	switch string(b[:4]) {
	case "II*\x00":
		return binary.LittleEndian, true
	case "MM\x00*":
		return binary.BigEndian, true
	}
	return nil, false
}
