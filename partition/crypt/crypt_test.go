package crypt

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"math/bits"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/ole"
)

func open(t testing.TB, b []byte, password string, limits budget.Limits) ([]byte, error) {
	t.Helper()
	limit := budget.New(limits)
	o, err := ole.Open(document.NewFile("a", "", int64(len(b)), bytes.NewReader(b)), limit)
	if err != nil {
		return nil, err
	}
	return Package(t.Context(), o, "sales.xlsx", password, limit)
}

func wantEncrypted(t testing.TB, err error, words string) {
	t.Helper()
	if formattest.Outcome(err) != budget.Encrypted || !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want an error with %q", err, words)
	}
}

// TestAgile opens a document that another program encrypted.
func TestAgile(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/agile.docx")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := open(t, b, "Über den Fluß", budget.Default)
	if err != nil || !bytes.HasPrefix(plain, []byte("PK\x03\x04")) || !bytes.Contains(plain, []byte("word/document.xml")) || !bytes.HasSuffix(plain, make([]byte, 2)) {
		t.Errorf("%d bytes, %v", len(plain), err)
	}
	_, err = open(t, b, "", budget.Default)
	wantEncrypted(t, err, "sales.xlsx is encrypted; give its password with the parameter password")
	_, err = open(t, b, "Uber den Fluß", budget.Default)
	wantEncrypted(t, err, "does not open")
	for i := range 20 {
		if plain, err := open(t, b[:len(b)*i/20], "Über den Fluß", budget.Default); err == nil {
			t.Errorf("cut at %d twentieths: %d bytes", i, len(plain))
		}
	}
}

func le32(v ...int) []byte {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return b
}

// header is what stands before a verifier: version 3.2, flags, size, and a header without the name of a provider.
func header(algorithm, keyBits int) []byte {
	b := append([]byte{3, 0, 2, 0}, le32(4, 32)...)
	return append(b, le32(4, 0, algorithm, 0x8004, keyBits, 1, 0, 0)...)
}

var salt = []byte("sixteen bytes of")

func encode(password string) []byte {
	var b []byte
	for _, r := range password {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return b
}

func sum(parts ...[]byte) []byte {
	s := sha1.Sum(bytes.Join(parts, nil))
	return s[:]
}

// TestStandard encrypts as [MS-OFFCRYPTO] 2.3.4.7 says, with a key of 128 bits, and opens that again.
func TestStandard(t *testing.T) {
	t.Parallel()
	s := sum(salt, encode("gate"))
	for i := range 50_000 {
		s = sum(le32(i), s)
	}
	s = sum(s, le32(0))
	pad := bytes.Repeat([]byte{0x36}, 64)
	for i := range s {
		pad[i] ^= s[i]
	}
	block, err := aes.NewCipher(sum(pad)[:16])
	if err != nil {
		t.Fatal(err)
	}
	encrypt := func(b []byte) []byte {
		b = append(bytes.Clone(b), make([]byte, (16-len(b)%16)%16)...)
		for i := 0; i < len(b); i += 16 {
			block.Encrypt(b[i:], b[i:])
		}
		return b
	}
	verifier := []byte("verifier of it..")
	info := append(header(0x660e, 128), le32(16)...)
	info = append(append(append(info, salt...), encrypt(verifier)...), le32(20)...)
	info = append(info, encrypt(sum(verifier))...)
	content := "The whole package stands here."
	b := formattest.OLE(map[string]string{"EncryptionInfo": string(info), "EncryptedPackage": string(le32(len(content), 0)) + string(encrypt([]byte(content)))})
	if got, err := open(t, b, "gate", budget.Default); err != nil || string(got) != content {
		t.Errorf("%q, %v", got, err)
	}
	_, err = open(t, b, "Gate", budget.Default)
	wantEncrypted(t, err, "does not open")
	b = formattest.OLE(map[string]string{"EncryptionInfo": string(info), "EncryptedPackage": string(le32(-1, 0)) + string(encrypt([]byte(content)))})
	if _, err := open(t, b, "gate", budget.Default); formattest.Outcome(err) != budget.Corrupt {
		t.Errorf("a claim of its size: %v", err)
	}
}

// TestLegacy encrypts with RC4 in both ways and opens that again, from the middle too.
func TestLegacy(t *testing.T) {
	t.Parallel()
	base := sum(salt, encode("gate"))
	cryptoKey := func(n int) []byte { return sum(base, le32(n))[:5] }
	short := md5.Sum(encode("gate"))
	var mixed []byte
	for range 16 {
		mixed = append(append(mixed, short[:5]...), salt...)
	}
	plainBase := md5.Sum(mixed)
	plainKey := func(n int) []byte {
		k := md5.Sum(append(bytes.Clone(plainBase[:5]), le32(n)...))
		return k[:]
	}
	verifier := []byte("verifier of it..")
	seal := func(key []byte, b []byte) []byte {
		c, err := rc4.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, len(b))
		c.XORKeyStream(out, b)
		return out
	}
	forty := func(k []byte) []byte { return append(bytes.Clone(k), make([]byte, 11)...) }
	both := seal(forty(cryptoKey(0)), append(bytes.Clone(verifier), sum(verifier)...))
	api := append(append(append(header(0x6801, 40), le32(16)...), salt...), both[:16]...)
	api = append(append(api, le32(20)...), both[16:]...)
	proof := md5.Sum(verifier)
	old := append(append([]byte{1, 0, 1, 0}, salt...), seal(plainKey(0), append(bytes.Clone(verifier), proof[:]...))...)
	content := bytes.Repeat([]byte("The level falls. "), 200)
	for name, c := range map[string]struct {
		header []byte
		key    func(int) []byte
	}{"CryptoAPI": {api, func(n int) []byte { return forty(cryptoKey(n)) }}, "plain": {old, plainKey}} {
		var sealed []byte
		for i := 0; i*512 < len(content); i++ {
			sealed = append(sealed, seal(c.key(i), content[i*512:min(len(content), i*512+512)])...)
		}
		s, ok, err := Legacy(c.header, "a.doc", "gate", 512)
		if err != nil || !ok {
			t.Fatalf("%s: %v, %v", name, ok, err)
		}
		for _, from := range []int{0, 1500, 700, 511} {
			b := bytes.Clone(sealed)
			s.Reveal(b[from:from+900], from)
			if !bytes.Equal(b[from:from+900], content[from:from+900]) {
				t.Errorf("%s from %d: %q", name, from, b[from:from+40])
			}
		}
		if _, ok, err := Legacy(c.header, "a.doc", "gait", 512); ok || err != nil {
			t.Errorf("%s: a wrong password: %v, %v", name, ok, err)
		}
		for i := range c.header { // cut anywhere
			_, _, err := Legacy(c.header[:i], "a.doc", "gate", 512)
			wantEncrypted(t, err, "not supported")
		}
	}
}

func TestXOR(t *testing.T) {
	t.Parallel()
	// The key of this password is not asked for: the file holds it, and the verifier proves the password.
	verifier := xorVerifier([]byte("abc"))
	if _, ok := XOR(0x1234, verifier, "abd"); ok {
		t.Error("a wrong password")
	}
	s, ok := XOR(0x1234, verifier, "abc")
	if !ok {
		t.Fatal("the password does not open it")
	}
	key := []byte{'a', 'b', 'c', 0xbb, 0xff, 0xff, 0xba, 0xff, 0xff, 0xb9, 0x80, 0x00, 0xbe, 0x0f, 0x00, 0xbf}
	content := []byte("The level at the bridge is falling.")
	b := make([]byte, len(content))
	for i, c := range content {
		k := key[(i+5)%16] ^ []byte{0x34, 0x12}[(i+5)%2]
		b[i] = bits.RotateLeft8(c^bits.RotateLeft8(k, 2), -3)
	}
	s.Reveal(b, 5)
	if !bytes.Equal(b, content) {
		t.Errorf("%q", b)
	}
	if _, ok := XOR(0, 0, strings.Repeat("x", 16)); ok {
		t.Error("a password that is too long")
	}
}

// TestSpins: a file cannot make its reader hash for ever.
func TestSpins(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/agile.docx")
	if err != nil {
		t.Fatal(err)
	}
	many := bytes.Replace(b, []byte(`spinCount="100000"`), []byte(`spinCount="999999"`), 1)
	endless := bytes.Replace(b, []byte(`spinCount="100000" `), []byte(`spinCount="99999999"`)[:19], 1)
	if bytes.Equal(b, many) || bytes.Equal(b, endless) {
		t.Fatal("the fixture says it otherwise")
	}
	limits := budget.Default
	limits.Time = time.Nanosecond
	if _, err := open(t, many, "x", limits); formattest.Outcome(err) != budget.TimedOut {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := spin(ctx, sha1.New, salt, "x", 1<<31, budget.New(budget.Default)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	for _, info := range []string{"", "\x04\x00\x04\x00\x40\x00\x00\x00", "\x04\x00\x04\x00\x40\x00\x00\x00<encryption/>", "\x09\x00\x09\x00aaaaaaaa", string(header(0x660e, 128)), string(header(1, 1))} {
		_, err := open(t, formattest.OLE(map[string]string{"EncryptionInfo": info, "EncryptedPackage": "x"}), "x", budget.Default)
		wantEncrypted(t, err, "not supported")
	}
	_, err := open(t, formattest.OLE(map[string]string{"EncryptedPackage": "x"}), "x", budget.Default)
	wantEncrypted(t, err, "not supported")
}

func FuzzPackage(f *testing.F) {
	b, err := os.ReadFile("testdata/agile.docx")
	if err != nil {
		f.Fatal(err)
	}
	o, err := ole.Open(document.NewFile("a", "", int64(len(b)), bytes.NewReader(b)), budget.New(budget.Default))
	if err != nil {
		f.Fatal(err)
	}
	info, err := o.Root().Stream("EncryptionInfo")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.Replace(info, []byte(`spinCount="100000"`), []byte(`spinCount="1"`), 1))
	f.Add(append(append(header(0x660e, 128), le32(16)...), make([]byte, 100)...))
	f.Fuzz(func(t *testing.T, info []byte) {
		limits := budget.Default
		limits.Time = time.Second
		_, err := open(t, formattest.OLE(map[string]string{"EncryptionInfo": string(info), "EncryptedPackage": strings.Repeat("x", 100)}), "x", limits)
		if err != nil && formattest.Outcome(err) == "" {
			t.Errorf("an error without an outcome: %v", err)
		}
	})
}
