package crypt

import "math/bits"

// xorStream is the oldest way of spreadsheets: sixteen bytes, again and again.
type xorStream struct{ key [16]byte }

// Reveal implements Stream. The offset is that of the record in its stream, and the record's length on top of it.
func (x *xorStream) Reveal(b []byte, offset int) {
	for i := range b {
		b[i] = bits.RotateLeft8(b[i], 3) ^ x.key[(offset+i)&15]
	}
}

// XOR makes the stream of XOR obfuscation from the key and the verifier in the file. ok is false for a password that does
// not fit.
func XOR(key, verifier uint16, password string) (s Stream, ok bool) {
	p := singleBytes(password)
	if len(p) == 0 || len(p) > 15 || xorVerifier(p) != verifier {
		return nil, false
	}
	fill := [15]byte{0xbb, 0xff, 0xff, 0xba, 0xff, 0xff, 0xb9, 0x80, 0x00, 0xbe, 0x0f, 0x00, 0xbf, 0x0f, 0x00}
	x := &xorStream{}
	copy(x.key[copy(x.key[:], p):], fill[:])
	for i := range x.key {
		x.key[i] = bits.RotateLeft8(x.key[i]^byte(key>>(8*(i&1))), 2)
	}
	return x, true
}

// singleBytes gives a password a byte a character.
func singleBytes(s string) []byte {
	var out []byte
	for _, r := range s {
		if b := byte(r); b != 0 {
			out = append(out, b)
		} else {
			out = append(out, byte(r>>8))
		}
	}
	return out
}

// xorVerifier is the hash of a password that the file holds.
func xorVerifier(p []byte) uint16 {
	v := uint16(0)
	step := func(b byte) { v = (v>>14&1 | v<<1&0x7fff) ^ uint16(b) }
	for i := len(p) - 1; i >= 0; i-- {
		step(p[i])
	}
	step(byte(len(p)))
	return v ^ 0xce4b
}
