package formattest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
)

// Protections are the ways in which PDFs are encrypted, by name. A file of the revisions 2 to 6 of the standard security handler is of one page
// with the drawing operators content, in Helvetica as F1. AES with 128 bits has no owner's password.
var Protections = map[string]func(user, owner, content string) []byte{
	"RC4, 40 bits":              func(u, o, c string) []byte { return rc4Protection(5, u, o).protected(c) },
	"RC4, 128 bits":             func(u, o, c string) []byte { return rc4Protection(16, u, o).protected(c) },
	"AES, 128 bits":             func(u, _, c string) []byte { return aes128(u).protected(c) },
	"AES, 256 bits, revision 5": func(u, o, c string) []byte { return aes256(5, u, o).protected(c) },
	"AES, 256 bits, revision 6": func(u, o, c string) []byte { return aes256(6, u, o).protected(c) },
}

// padding is what passwords are filled up with (ISO 32000-1, 7.6.3.3).
const padding = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"

const encryptedFileID = "0123456789abcdef"

// protection is a way to encrypt a PDF (ISO 32000-2, 7.6.4): its dictionary, and what it does to the stream of an object.
type protection struct {
	dictionary string
	seal       func(object int, plain []byte) []byte
}

// rc4Protection is revision 2 with 5 bytes of key, or revision 3 with 16 (algorithms 2 to 5).
func rc4Protection(length int, user, owner string) protection {
	pad := func(password string) []byte { return []byte((password + padding)[:32]) }
	crypt := func(key, b []byte) []byte {
		out := make([]byte, len(b))
		c, _ := rc4.NewCipher(key)
		c.XORKeyStream(out, b)
		return out
	}
	rounds := 0
	if length > 5 {
		rounds = 50
	}
	digest := func(b []byte) []byte {
		sum := md5.Sum(b)
		for range rounds {
			sum = md5.Sum(sum[:length])
		}
		return sum[:length]
	}
	ownerKey := digest(pad(owner))
	o := crypt(ownerKey, pad(user))
	if length > 5 {
		o = rc4Rounds(ownerKey, pad(user))
	}
	h := append(pad(user), o...)
	h = binary.LittleEndian.AppendUint32(h, 0xFFFFFFFC)
	key := digest(append(h, encryptedFileID...))
	u := crypt(key, []byte(padding))
	revision := "/V 1/R 2"
	if length > 5 {
		sum := md5.Sum([]byte(padding + encryptedFileID))
		u = append(rc4Rounds(key, sum[:]), make([]byte, 16)...)
		revision = "/V 2/R 3/Length 128"
	}
	return protection{fmt.Sprintf("<</Filter/Standard%s/P -4/O<%x>/U<%x>>>", revision, o, u), func(object int, plain []byte) []byte {
		sum := md5.Sum(append(append([]byte{}, key...), byte(object), byte(object>>8), 0, 0, 0))
		return crypt(sum[:min(length+5, 16)], plain)
	}}
}

// aes256 is revision 5 or 6 (algorithms 2.A, 2.B, 8 to 10).
func aes256(revision int, user, owner string) protection {
	key := bytes.Repeat([]byte{0x5A}, 32)
	hash := func(password string, salt, more []byte) []byte {
		sum := sha256.Sum256(append(append([]byte(password), salt...), more...))
		if revision == 5 {
			return sum[:]
		}
		return hardened(sum[:], []byte(password), more)
	}
	seal := func(k, plain []byte) []byte {
		block, _ := aes.NewCipher(k)
		out := make([]byte, len(plain))
		cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(out, plain)
		return out
	}
	validation, keySalt := []byte("validate"), []byte("key salt")
	u := append(append(hash(user, validation, nil), validation...), keySalt...)
	ue := seal(hash(user, keySalt, nil), key)
	o := append(append(hash(owner, validation, u), validation...), keySalt...)
	oe := seal(hash(owner, keySalt, u), key)
	block, _ := aes.NewCipher(key)
	perms := make([]byte, 16)
	block.Encrypt(perms, []byte("\xFC\xFF\xFF\xFF\xFF\xFF\xFF\xFFTadbrand"))
	return protection{fmt.Sprintf("<</Filter/Standard/V 5/R %d/Length 256/P -4/O<%x>/U<%x>/OE<%x>/UE<%x>/Perms<%x>"+
		"/CF<</StdCF<</CFM/AESV3/AuthEvent/DocOpen/Length 32>>>>/StmF/StdCF/StrF/StdCF>>", revision, o, u, oe, ue, perms), func(_ int, plain []byte) []byte {
		fill := 16 - len(plain)%16
		return append(make([]byte, 16), seal(key, append(append([]byte{}, plain...), bytes.Repeat([]byte{byte(fill)}, fill)...))...)
	}}
}

// hardened is the loop of algorithm 2.B.
func hardened(k, password, more []byte) []byte {
	for i := 0; ; i++ {
		input := bytes.Repeat(append(append(append([]byte{}, password...), k...), more...), 64)
		block, _ := aes.NewCipher(k[:16])
		e := make([]byte, len(input))
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(e, input)
		rest := 0
		for _, b := range e[:16] {
			rest += int(b)
		}
		switch rest % 3 {
		case 0:
			sum := sha256.Sum256(e)
			k = sum[:]
		case 1:
			sum := sha512.Sum384(e)
			k = sum[:]
		default:
			sum := sha512.Sum512(e)
			k = sum[:]
		}
		if i >= 63 && int(e[len(e)-1]) <= i-31 {
			return k[:32]
		}
	}
}

// aes128 is revision 4 (algorithms 2 to 5, crypt filter AESV2). Its owner entry is none: nobody asks for the owner here.
func aes128(user string) protection {
	owner := bytes.Repeat([]byte{7}, 32)
	h := md5.New()
	h.Write([]byte((user + padding)[:32]))
	h.Write(owner)
	_ = binary.Write(h, binary.LittleEndian, int32(-4))
	h.Write([]byte(encryptedFileID))
	key := h.Sum(nil)
	for range 50 {
		sum := md5.Sum(key)
		key = sum[:]
	}
	sum := md5.Sum([]byte(padding + encryptedFileID))
	u := append(rc4Rounds(key, sum[:]), make([]byte, 16)...)
	return protection{fmt.Sprintf("<</Filter/Standard/V 4/R 4/Length 128/P -4/O<%x>/U<%x>/CF<</StdCF<</CFM/AESV2/AuthEvent/DocOpen/Length 16>>>>/StmF/StdCF/StrF/StdCF>>", owner, u),
		func(object int, plain []byte) []byte {
			salted := md5.Sum(append(append([]byte{}, key...), byte(object), byte(object>>8), 0, 0, 0, 's', 'A', 'l', 'T'))
			block, _ := aes.NewCipher(salted[:])
			fill := 16 - len(plain)%16
			padded := append(append([]byte{}, plain...), bytes.Repeat([]byte{byte(fill)}, fill)...)
			sealed := make([]byte, 16+len(padded)) // the first block is the initialization vector
			cipher.NewCBCEncrypter(block, sealed[:16]).CryptBlocks(sealed[16:], padded)
			return sealed
		}}
}

// rc4Rounds is the encryption of the user entry: twenty rounds with keys that are the file's key, each byte changed.
func rc4Rounds(key, b []byte) []byte {
	for round := range 20 {
		changed := make([]byte, len(key))
		for i := range key {
			changed[i] = key[i] ^ byte(round)
		}
		c, _ := rc4.NewCipher(changed)
		out := make([]byte, len(b))
		c.XORKeyStream(out, b)
		b = out
	}
	return b
}

// protected is a file of one page.
func (p protection) protected(content string) []byte {
	const stream = 5
	sealed := p.seal(stream, []byte(content))
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[4 0 R]>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<</Font<</F1 3 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(sealed), sealed), p.dictionary,
	}
	return Objects("2.0", fmt.Sprintf("/Encrypt 6 0 R/ID[<%x><%x>]", encryptedFileID, encryptedFileID), objects...)
}
