package msg

import (
	"encoding/binary"

	"github.com/sluicehq/sluice/partition/budget"
)

// dictionary is what the window of compressed RTF begins with (MS-OXRTFCP 2.1.2.1).
const dictionary = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial" +
	"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

const (
	windowSize     = 4096
	compressed     = 0x75465a4c // LZFu
	uncompressed   = 0x414c454d // MELA
	maxInflatedRTF = 256 << 20
)

// inflateRTF undoes the compression of RTF bodies (MS-OXRTFCP). What is cut off gives what was there.
func inflateRTF(b []byte, limit *budget.Budget) ([]byte, error) {
	if len(b) < 16 {
		return nil, nil
	}
	size, kind := int64(binary.LittleEndian.Uint32(b[4:])), binary.LittleEndian.Uint32(b[8:])
	b = b[16:]
	switch kind {
	case uncompressed:
		return b[:min(int64(len(b)), size)], nil
	case compressed:
	default:
		return nil, nil
	}
	// Two bytes give at most seventeen.
	size = min(size, int64(len(b))*9+17, maxInflatedRTF)
	if err := limit.Inflate(size); err != nil {
		return nil, err
	}
	out := make([]byte, 0, size)
	var window [windowSize]byte
	for i := range window {
		window[i] = ' '
	}
	at := copy(window[:], dictionary)
	put := func(c byte) {
		window[at] = c
		at = (at + 1) % windowSize
		out = append(out, c)
	}
	for len(b) > 0 && int64(len(out)) < size {
		control := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0 && int64(len(out)) < size; bit++ {
			if control>>bit&1 == 0 {
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out, nil
			}
			reference := binary.BigEndian.Uint16(b)
			b = b[2:]
			from, n := int(reference>>4), int(reference&15)+2
			if from == at { // the mark of the end
				return out, nil
			}
			for i := range n {
				put(window[(from+i)%windowSize])
			}
		}
	}
	return out, nil
}
