// Package crypt opens office files that a password locks (MS-OFFCRYPTO): packages of the XML kinds inside a compound file
// (agile and standard encryption), and the streams of the legacy formats (RC4, RC4 of CryptoAPI, XOR).
package crypt

import (
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"unicode/utf16"

	"github.com/sluicehq/sluice/partition/budget"
)

// Locked is the error of a file that was given no password.
func Locked(name string) error {
	return budget.Errorf(budget.Encrypted, "%s is encrypted; give its password with the parameter password, or save it without one", name)
}

// Wrong is the error of a file that its password does not open.
func Wrong(name string) error {
	return budget.Errorf(budget.Encrypted, "%s is encrypted and the password that was given does not open it", name)
}

// Unknown is the error of a file that is encrypted in a way that is not read.
func Unknown(name string) error {
	return budget.Errorf(budget.Encrypted, "%s is encrypted in a way that is not supported; save it without a password", name)
}

// defaultPassword is what spreadsheets are encrypted with that only have protected cells: anyone may read them.
const defaultPassword = "VelvetSweatshop"

// Passwords are those that are worth a try, in order.
func Passwords(given string) []string {
	if given == "" {
		return []string{defaultPassword}
	}
	return []string{given, defaultPassword}
}

// utf16le is how passwords are hashed.
func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// Stream decrypts the streams of a legacy file.
type Stream interface {
	// Reveal decrypts b, which stands at offset in its stream, in place.
	Reveal(b []byte, offset int)
}

// Legacy reads the header of RC4 encryption as legacy formats have it, from its version on, and makes the stream that is
// keyed anew every block bytes. ok is false for a password that does not fit; the error is Unknown's.
func Legacy(header []byte, name, password string, block int) (s Stream, ok bool, err error) {
	if len(header) < 4 {
		return nil, false, Unknown(name)
	}
	major, minor := binary.LittleEndian.Uint16(header), binary.LittleEndian.Uint16(header[2:])
	switch {
	case major == 1 && minor == 1:
		return plainRC4(header[4:], name, password, block)
	case major >= 2 && major <= 4 && minor == 2:
		return cryptoAPI(header, name, password, block)
	}
	return nil, false, Unknown(name)
}

// keyed is RC4 with a key for each block.
type keyed struct {
	key   func(block uint32) []byte
	block int
	// The generator at hand stands at offset at of block number.
	number uint32
	at     int
	stream *rc4.Cipher
}

func (k *keyed) Reveal(b []byte, offset int) {
	var waste [512]byte
	for len(b) > 0 {
		number, at := uint32(offset/k.block), offset%k.block
		if k.stream == nil || k.number != number || k.at > at {
			k.stream, _ = rc4.NewCipher(k.key(number)) // the keys have 5 to 32 bytes
			k.number, k.at = number, 0
		}
		for k.at < at {
			n := min(at-k.at, len(waste))
			k.stream.XORKeyStream(waste[:n], waste[:n])
			k.at += n
		}
		n := min(k.block-at, len(b))
		k.stream.XORKeyStream(b[:n], b[:n])
		k.at += n
		b, offset = b[n:], offset+n
	}
}

// plainRC4 is "Office binary document RC4 encryption": MD5, 40 bits.
func plainRC4(b []byte, name, password string, block int) (Stream, bool, error) {
	if len(b) < 48 {
		return nil, false, Unknown(name)
	}
	salt, verifier, hash := b[:16], b[16:32], b[32:48]
	h := md5.Sum(utf16le(password))
	var mixed []byte
	for range 16 {
		mixed = append(append(mixed, h[:5]...), salt...)
	}
	h = md5.Sum(mixed)
	k := &keyed{block: block, key: func(n uint32) []byte {
		key := md5.Sum(binary.LittleEndian.AppendUint32(append([]byte{}, h[:5]...), n))
		return key[:]
	}}
	if len(password) > 255 {
		return nil, false, nil
	}
	check, _ := rc4.NewCipher(k.key(0))
	plain := make([]byte, 32)
	check.XORKeyStream(plain, append(append([]byte{}, verifier...), hash...))
	want := md5.Sum(plain[:16])
	return k, subtle.ConstantTimeCompare(want[:], plain[16:]) == 1, nil
}

// cryptoAPI is RC4 by way of CryptoAPI: SHA-1, 40 to 128 bits.
func cryptoAPI(header []byte, name, password string, block int) (Stream, bool, error) {
	h, v, ok := split(header)
	if !ok || h.algorithm != 0x6801 {
		return nil, false, Unknown(name)
	}
	size := h.bits / 8
	if h.bits == 0 {
		size = 5
	}
	if size < 5 || size > 16 {
		return nil, false, Unknown(name)
	}
	base := sha1.Sum(append(append([]byte{}, v.salt...), utf16le(password)...))
	k := &keyed{block: block, key: func(n uint32) []byte {
		sum := sha1.Sum(binary.LittleEndian.AppendUint32(append([]byte{}, base[:]...), n))
		key := sum[:size]
		if size == 5 { // forty bits are filled up with zeros
			key = append(append([]byte{}, key...), make([]byte, 11)...)
		}
		return key
	}}
	check, err := rc4.NewCipher(k.key(0))
	if err != nil {
		return nil, false, Unknown(name)
	}
	plain := make([]byte, len(v.verifier)+len(v.hash))
	check.XORKeyStream(plain, append(append([]byte{}, v.verifier...), v.hash...))
	want := sha1.Sum(plain[:16])
	return k, len(plain) >= 36 && subtle.ConstantTimeCompare(want[:], plain[16:36]) == 1, nil
}

// encryptionHeader is what CryptoAPI encryption says of its cipher.
type encryptionHeader struct {
	algorithm uint32
	bits      int
}

// encryptionVerifier proves a password.
type encryptionVerifier struct{ salt, verifier, hash []byte }

// split reads a header from its version on: version, flags, size, header, verifier.
func split(b []byte) (h encryptionHeader, v encryptionVerifier, ok bool) {
	le := binary.LittleEndian
	if len(b) < 12 {
		return h, v, false
	}
	size := int(le.Uint32(b[8:]))
	if size < 20 || size > len(b)-12 {
		return h, v, false
	}
	h = encryptionHeader{algorithm: le.Uint32(b[20:]), bits: int(le.Uint32(b[28:]))}
	b = b[12+size:]
	if len(b) < 40 || le.Uint32(b) != 16 {
		return h, v, false
	}
	v = encryptionVerifier{salt: b[4:20], verifier: b[20:36], hash: b[40:]}
	if n := int(le.Uint32(b[36:])); n != 20 || len(v.hash) < n {
		return h, v, false
	}
	if n := 20; h.algorithm == 0x6801 {
		v.hash = v.hash[:n]
	} else if v.hash = v.hash[:min(len(v.hash), 32)]; len(v.hash) < 32 {
		return h, v, false
	}
	return h, v, true
}

// ecb decrypts blocks, each by itself, in place.
func ecb(c cipher.Block, b []byte) {
	for n := c.BlockSize(); len(b) >= n; b = b[n:] {
		c.Decrypt(b, b)
	}
}
