package eml

import (
	"bytes"
	"context"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
)

// open replaces parts that are signed as one block of bytes (S/MIME, RFC 8551: application/pkcs7-mime) by the message inside.
// Signatures are not checked. Encrypted ones are an error.
func (p *part) open(ctx context.Context, depth int, count *int, b *budget.Budget) error {
	if err := b.Depth(depth); err != nil {
		return err
	}
	for _, c := range p.parts {
		if err := c.open(ctx, depth+1, count, b); err != nil {
			return err
		}
	}
	switch p.media {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
	default:
		return nil
	}
	inner, kind := signed(p.bytes())
	switch kind {
	case isEncrypted:
		return encrypted()
	case isSigned:
		child, err := tree(ctx, strings.TrimLeft(string(inner), "\r\n"), depth+1, count, b)
		if err != nil {
			return err
		}
		if err := child.open(ctx, depth+1, count, b); err != nil {
			return err
		}
		p.parts, p.media, p.disposition, p.body = []*part{child}, "multipart/signed", "", ""
	}
	return nil
}

func encrypted() error {
	return budget.Errorf(budget.Encrypted, "the message is encrypted; decrypt it in a mail program and save it again")
}

// isSignature tells the parts that only prove who sent the others.
func (p *part) isSignature() bool {
	switch p.media {
	case "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature":
		return true
	}
	return false
}

type envelope int

const (
	isOther envelope = iota
	isSigned
	isDetached // a signature without what it signs
	isEncrypted
)

// Object identifiers of RFC 5652, as they are encoded.
var (
	oidSigned    = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
	oidEnveloped = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03}
	oidAuthed    = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17}
)

// signed reads the content of a signed block (RFC 5652, section 5).
func signed(b []byte) ([]byte, envelope) {
	info, _, ok := read(b, 0)
	if !ok || info.tag != 0x30 {
		return nil, isOther
	}
	kind, rest, ok := read(info.content, 1)
	if !ok || kind.tag != 0x06 {
		return nil, isOther
	}
	switch {
	case bytes.Equal(kind.content, oidEnveloped), bytes.Equal(kind.content, oidAuthed):
		return nil, isEncrypted
	case !bytes.Equal(kind.content, oidSigned):
		return nil, isOther
	}
	wrapped, _, ok := read(rest, 1) // [0] around SignedData
	if !ok || wrapped.tag != 0xa0 {
		return nil, isDetached
	}
	data, _, ok := read(wrapped.content, 2)
	if !ok || data.tag != 0x30 {
		return nil, isDetached
	}
	rest = data.content
	for _, tag := range []byte{0x02, 0x31} { // version, digest algorithms
		var v value
		if v, rest, ok = read(rest, 3); !ok || v.tag != tag {
			return nil, isDetached
		}
	}
	content, _, ok := read(rest, 3) // what is signed: its type, and [0] around a string of bytes
	if !ok || content.tag != 0x30 {
		return nil, isDetached
	}
	if _, rest, ok = read(content.content, 4); !ok {
		return nil, isDetached
	}
	if wrapped, _, ok = read(rest, 4); !ok || wrapped.tag != 0xa0 {
		return nil, isDetached
	}
	inner, ok := octets(wrapped.content, 5)
	if !ok || len(inner) == 0 {
		return nil, isDetached
	}
	return inner, isSigned
}

// value is one of BER's (X.690): a tag and its content. One whose length is not told beforehand ends with two zeros, which
// its content leaves out.
type value struct {
	tag     byte
	content []byte
}

const maxNested = 32 // values inside values, of those whose length is not told

// read takes the first value off. Tags of more than one byte do not stand where it is used.
func read(b []byte, depth int) (v value, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f || depth > maxNested {
		return v, nil, false
	}
	v.tag = b[0]
	length := int(b[1])
	b = b[2:]
	switch {
	case length == 0x80: // told by its end
		if v.tag&0x20 == 0 {
			return v, nil, false
		}
		whole := b
		for {
			if len(b) >= 2 && b[0] == 0 && b[1] == 0 {
				v.content = whole[:len(whole)-len(b)]
				return v, b[2:], true
			}
			if _, b, ok = read(b, depth+1); !ok {
				return v, nil, false
			}
		}
	case length > 0x80:
		n := length & 0x7f
		if n > 4 || n > len(b) {
			return v, nil, false
		}
		length = 0
		for _, c := range b[:n] {
			length = length<<8 | int(c)
		}
		b = b[n:]
	}
	if length > len(b) {
		return v, nil, false
	}
	v.content = b[:length]
	return v, b[length:], true
}

// octets joins a string of bytes that may come in pieces.
func octets(b []byte, depth int) ([]byte, bool) {
	v, _, ok := read(b, depth)
	switch {
	case !ok || v.tag&^0x20 != 0x04:
		return nil, false
	case v.tag == 0x04:
		return v.content, true
	}
	var out []byte
	for rest := v.content; len(rest) > 0; {
		piece, after, ok := read(rest, depth+1)
		if !ok || piece.tag != 0x04 {
			return nil, false
		}
		out = append(out, piece.content...)
		rest = after
	}
	return out, true
}
