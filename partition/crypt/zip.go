package crypt

import (
	"archive/zip"
	"bytes"
	"crypto/aes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"hash/crc32"
)

// zipCrypto is the traditional encryption of PKWARE: a stream that three words make, after a head of twelve bytes whose last
// proves the password to one part in 256.
func zipCrypto(b []byte, password string, check byte) ([]byte, bool) {
	const head = 12
	if len(b) < head {
		return nil, false
	}
	keys := [3]uint32{0x12345678, 0x23456789, 0x34567890}
	feed := func(c byte) {
		keys[0] = crc32.IEEETable[byte(keys[0])^c] ^ keys[0]>>8
		keys[1] = (keys[1]+keys[0]&0xff)*134775813 + 1
		keys[2] = crc32.IEEETable[byte(keys[2])^byte(keys[1]>>24)] ^ keys[2]>>8
	}
	for i := range len(password) {
		feed(password[i])
	}
	out := bytes.Clone(b)
	for i, c := range out {
		t := keys[2] | 2
		out[i] = c ^ byte(t*(t^1)>>8)
		feed(out[i])
	}
	return out[head:], out[head-1] == check
}

// zipAES is the encryption of WinZip: AES in counter mode with a code that proves the content.
func zipAES(e *zip.File, b []byte, name, password string) (plain []byte, method uint16, ok bool, err error) {
	extra := field(e.Extra, 0x9901)
	if len(extra) < 7 || extra[4] < 1 || extra[4] > 3 {
		return nil, 0, false, Unknown(name)
	}
	method = binary.LittleEndian.Uint16(extra[5:])
	size := 8 + 8*int(extra[4]) // of the key; the salt has half
	const proof, code = 2, 10
	if len(b) < size/2+proof+code {
		return nil, 0, false, damaged()
	}
	salt, b := b[:size/2], b[size/2:]
	keys, err := pbkdf2.Key(sha1.New, password, salt, 1000, 2*size+proof)
	if err != nil {
		return nil, 0, false, Unknown(name)
	}
	if subtle.ConstantTimeCompare(keys[2*size:], b[:proof]) != 1 {
		return nil, 0, false, nil
	}
	b, want := b[proof:len(b)-code], b[len(b)-code:]
	mac := hmac.New(sha1.New, keys[size:2*size])
	mac.Write(b)
	if subtle.ConstantTimeCompare(mac.Sum(nil)[:code], want) != 1 {
		return nil, 0, false, nil
	}
	block, err := aes.NewCipher(keys[:size])
	if err != nil {
		return nil, 0, false, Unknown(name)
	}
	plain = bytes.Clone(b)
	var counter, stream [aes.BlockSize]byte // the counter's first byte is its lowest, unlike in other modes of that name
	for i := 0; i < len(plain); i += aes.BlockSize {
		binary.LittleEndian.PutUint64(counter[:], uint64(i/aes.BlockSize+1))
		block.Encrypt(stream[:], counter[:])
		subtle.XORBytes(plain[i:], plain[i:], stream[:])
	}
	return plain, method, true, nil
}

// field finds an extra field of an entry.
func field(extra []byte, id uint16) []byte {
	for len(extra) >= 4 {
		n := int(binary.LittleEndian.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return nil
		}
		if binary.LittleEndian.Uint16(extra) == id {
			return extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	return nil
}
