package crypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"hash"
	"io/fs"

	"context"
	"errors"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/ole"
)

// maxSpins is the most that the key's derivation may be repeated: what programs write is 50,000 to 100,000.
const maxSpins = 10_000_000

// Package decrypts the package of a compound file that holds one.
func Package(ctx context.Context, o *ole.File, name, password string, b *budget.Budget) ([]byte, error) {
	info, err := o.Root().Stream("EncryptionInfo")
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(info) < 8 {
		return nil, Unknown(name)
	}
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	var open func(password string) (decrypt func(b []byte) []byte, ok bool, err error)
	switch major, minor := le.Uint16(info), le.Uint16(info[2:]); {
	case major == 4 && minor == 4:
		var a agile
		if a, err = readAgile(info[8:]); err != nil {
			return nil, Unknown(name)
		}
		open = func(password string) (func([]byte) []byte, bool, error) { return a.open(ctx, password, b) }
	case major >= 2 && major <= 4 && minor == 2:
		open = func(password string) (func([]byte) []byte, bool, error) { return standard(ctx, info, password, b) }
	default:
		return nil, Unknown(name)
	}
	for _, p := range Passwords(password) {
		decrypt, ok, err := open(p)
		if errors.Is(err, errUnknown) {
			return nil, Unknown(name)
		}
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		data, err := o.Root().Stream("EncryptedPackage")
		if err != nil {
			return nil, err
		}
		if len(data) < 8 {
			return nil, ole.Damaged()
		}
		size := le.Uint64(data)
		data = decrypt(data[8:])
		if size > uint64(len(data)) {
			return nil, ole.Damaged()
		}
		return data[:size], nil
	}
	if password == "" {
		return nil, Locked(name)
	}
	return nil, Wrong(name)
}

var errUnknown = errors.New("not a known way to encrypt")

// standard is standard encryption: AES in blocks of their own, keyed by 50,000 rounds of SHA-1.
func standard(ctx context.Context, info []byte, password string, b *budget.Budget) (func([]byte) []byte, bool, error) {
	h, v, ok := split(info)
	if !ok || h.algorithm < 0x660e || h.algorithm > 0x6610 || h.bits != 128+64*int(h.algorithm-0x660e) {
		return nil, false, errUnknown
	}
	sum, err := spin(ctx, sha1.New, v.salt, password, 50_000, b)
	if err != nil {
		return nil, false, err
	}
	final := sha1.Sum(append(sum, 0, 0, 0, 0))
	half := func(fill byte) []byte {
		block := bytes.Repeat([]byte{fill}, 64)
		for i := range final {
			block[i] ^= final[i]
		}
		sum := sha1.Sum(block)
		return sum[:]
	}
	key := append(half(0x36), half(0x5c)...)[:h.bits/8]
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, false, errUnknown
	}
	verifier, proof := bytes.Clone(v.verifier), bytes.Clone(v.hash)
	ecb(c, verifier)
	ecb(c, proof)
	want := sha1.Sum(verifier)
	return func(b []byte) []byte {
		b = b[:len(b)/16*16]
		ecb(c, b)
		return b
	}, subtle.ConstantTimeCompare(want[:], proof[:20]) == 1, nil
}

// spin hashes a password many times.
func spin(ctx context.Context, algorithm func() hash.Hash, salt []byte, password string, rounds uint32, b *budget.Budget) ([]byte, error) {
	h := algorithm()
	h.Write(salt)
	h.Write(utf16le(password))
	sum := h.Sum(nil)
	var number [4]byte
	for i := range rounds {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		binary.LittleEndian.PutUint32(number[:], i)
		h.Reset()
		h.Write(number[:])
		h.Write(sum)
		sum = h.Sum(sum[:0])
	}
	return sum, nil
}

// agile is agile encryption: its parts are named in XML.
type agile struct {
	data agileCipher
	key  agileKey
}

type agileCipher struct {
	Salt      string `xml:"saltValue,attr"`
	BlockSize int    `xml:"blockSize,attr"`
	KeyBits   int    `xml:"keyBits,attr"`
	Cipher    string `xml:"cipherAlgorithm,attr"`
	Chaining  string `xml:"cipherChaining,attr"`
	Hash      string `xml:"hashAlgorithm,attr"`

	salt []byte
	hash func() hash.Hash
}

type agileKey struct {
	agileCipher
	Spins    uint32 `xml:"spinCount,attr"`
	Verifier string `xml:"encryptedVerifierHashInput,attr"`
	Proof    string `xml:"encryptedVerifierHashValue,attr"`
	Key      string `xml:"encryptedKeyValue,attr"`

	verifier, proof, key []byte
}

func readAgile(b []byte) (agile, error) {
	var found struct {
		Data agileCipher `xml:"keyData"`
		Keys []struct {
			Key agileKey `xml:"encryptedKey"`
		} `xml:"keyEncryptors>keyEncryptor"`
	}
	var a agile
	if err := xml.Unmarshal(bytes.Trim(b, "\x00"), &found); err != nil {
		return a, err
	}
	for _, k := range found.Keys {
		if k.Key.Spins > 0 { // those of certificates have none
			a = agile{data: found.Data, key: k.Key}
			if err := a.data.check(); err != nil {
				return a, err
			}
			return a, a.key.check()
		}
	}
	return a, errUnknown
}

func (c *agileCipher) check() error {
	var err error
	if c.salt, err = base64.StdEncoding.DecodeString(c.Salt); err != nil {
		return err
	}
	switch c.Hash {
	case "SHA1", "SHA-1":
		c.hash = sha1.New
	case "SHA256", "SHA-256":
		c.hash = sha256.New
	case "SHA384", "SHA-384":
		c.hash = sha512.New384
	case "SHA512", "SHA-512":
		c.hash = sha512.New
	default:
		return errUnknown
	}
	if c.Cipher != "AES" || c.Chaining != "ChainingModeCBC" || c.BlockSize != 16 || c.KeyBits != 128 && c.KeyBits != 192 && c.KeyBits != 256 || len(c.salt) > 64 {
		return errUnknown
	}
	return nil
}

func (k *agileKey) check() error {
	err := k.agileCipher.check()
	for _, f := range []struct {
		to   *[]byte
		text string
	}{{&k.verifier, k.Verifier}, {&k.proof, k.Proof}, {&k.key, k.Key}} {
		if err == nil {
			*f.to, err = base64.StdEncoding.DecodeString(f.text)
		}
		if err == nil && (len(*f.to) == 0 || len(*f.to)%16 != 0) {
			err = errUnknown
		}
	}
	if err == nil && k.Spins > maxSpins {
		err = errUnknown
	}
	return err
}

// fit makes n bytes of b, filled up as the format has it.
func fit(b []byte, n int) []byte {
	out := bytes.Repeat([]byte{0x36}, n)
	copy(out, b)
	return out
}

func (c *agileCipher) sum(parts ...[]byte) []byte {
	h := c.hash()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// decrypt is AES-CBC, in place, of whole blocks.
func (c *agileCipher) decrypt(key, vector, b []byte) []byte {
	b = b[:len(b)/16*16]
	block, err := aes.NewCipher(key)
	if err == nil && len(b) > 0 {
		cipher.NewCBCDecrypter(block, fit(vector, 16)).CryptBlocks(b, b)
	}
	return b
}

func (a *agile) open(ctx context.Context, password string, b *budget.Budget) (func([]byte) []byte, bool, error) {
	k := &a.key
	base, err := spin(ctx, k.hash, k.salt, password, k.Spins, b)
	if err != nil {
		return nil, false, err
	}
	part := func(purpose []byte, secret []byte) []byte {
		key := fit(k.sum(base, purpose), k.KeyBits/8)
		return k.decrypt(key, k.salt, bytes.Clone(secret))
	}
	verifier := part([]byte{0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79}, k.verifier)
	proof := part([]byte{0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e}, k.proof)
	want := k.sum(verifier[:min(len(verifier), max(len(k.salt), 1))])
	if len(proof) < len(want) || subtle.ConstantTimeCompare(want, proof[:len(want)]) != 1 {
		return nil, false, nil
	}
	secret := part([]byte{0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6}, k.key)
	if len(secret) < a.data.KeyBits/8 {
		return nil, false, errUnknown
	}
	secret = secret[:a.data.KeyBits/8]
	return func(b []byte) []byte {
		const segment = 4096
		b = b[:len(b)/16*16]
		for i := 0; i*segment < len(b); i++ {
			number := binary.LittleEndian.AppendUint32(nil, uint32(i))
			a.data.decrypt(secret, a.data.sum(a.data.salt, number), b[i*segment:min((i+1)*segment, len(b))])
		}
		return b
	}, true, nil
}
