package crypt

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blowfish" //nolint:staticcheck // what files of OpenDocument 1.0 and 1.1 have

	"github.com/sluicehq/sluice/partition/archive"
	"github.com/sluicehq/sluice/partition/budget"
)

// odfManifest lists the parts of a package and how each is encrypted.
type odfManifest struct {
	Entries []odfEntry `xml:"file-entry"`
}

type odfEntry struct {
	Path string         `xml:"full-path,attr"`
	Lock *odfEncryption `xml:"encryption-data"`
}

// odfEncryption is how a part is encrypted: the algorithm, and the way from the password to the key.
type odfEncryption struct {
	ChecksumType string `xml:"checksum-type,attr"`
	Checksum     octets `xml:"checksum,attr"`
	Algorithm    struct {
		Name string `xml:"algorithm-name,attr"`
		IV   octets `xml:"initialisation-vector,attr"`
	} `xml:"algorithm"`
	Start struct {
		Name string `xml:"start-key-generation-name,attr"`
	} `xml:"start-key-generation"`
	Key struct {
		Name       string `xml:"key-derivation-name,attr"`
		Size       int    `xml:"key-size,attr"`
		Iterations int    `xml:"iteration-count,attr"`
		Salt       octets `xml:"salt,attr"`
		Time       uint32 `xml:"argon2-iterations,attr"`
		Memory     uint32 `xml:"argon2-memory,attr"` // KiB
		Lanes      uint8  `xml:"argon2-lanes,attr"`
	} `xml:"key-derivation"`
}

// octets are written in Base64.
type octets []byte

// UnmarshalXMLAttr implements xml.UnmarshalerAttr.
func (o *octets) UnmarshalXMLAttr(a xml.Attr) (err error) {
	*o, err = base64.StdEncoding.DecodeString(a.Value)
	return err
}

// Bounds of the derivation of keys: programs write 100,000 rounds a part, and 3 passes over 64 MiB.
const (
	maxRounds = 2_000_000
	maxPasses = 16
	maxMemory = 256 << 10 // KiB
	maxLanes  = 16
)

const maxManifest = 16 << 20 // bytes

// openDocument decrypts the parts of an OpenDocument package that are read. It gives nil for any other container and for a
// package that is not encrypted.
func openDocument(ctx context.Context, a *archive.Archive, name, password string, b *budget.Budget) ([]byte, error) {
	text, err := a.Read("META-INF/manifest.xml", maxManifest)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Contains(text, []byte("encryption-data")) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m odfManifest
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false
	if err := d.Decode(&m); err != nil {
		return nil, Unknown(name)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	if media, err := a.Read("mimetype", 1<<10); err == nil {
		if err := store(w, "mimetype", media); err != nil {
			return nil, err
		}
	}
	found := false
	for _, e := range m.Entries {
		if e.Lock == nil || e.Path != "content.xml" && e.Path != "styles.xml" && !isPackage(e.Path) {
			continue
		}
		found = true
		if password == "" {
			return nil, Locked(name)
		}
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		file, ok := a.Entry(e.Path)
		if !ok || file.Method != zip.Store || file.CompressedSize64 > math.MaxInt32 {
			return nil, damaged()
		}
		raw, err := rawEntry(file)
		if err != nil {
			return nil, err
		}
		plain, err := e.Lock.open(raw, name, password)
		if err != nil {
			return nil, err
		}
		if isPackage(e.Path) {
			return wholePackage(plain, b)
		}
		if err := pack(ctx, w, e.Path, plain, name, b); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, nil // what is encrypted is not read
	}
	for _, part := range []string{"content.xml", "styles.xml"} { // those that are in clear beside encrypted ones
		file, ok := a.Entry(part)
		if !ok || m.locks(part) || file.CompressedSize64 > math.MaxInt32 {
			continue
		}
		raw, err := rawEntry(file)
		if err != nil {
			return nil, err
		}
		h := zip.FileHeader{Name: part, Method: file.Method, CRC32: file.CRC32, UncompressedSize64: file.UncompressedSize64, CompressedSize64: uint64(len(raw))}
		to, err := w.CreateRaw(&h)
		if err != nil {
			return nil, damaged()
		}
		_, _ = to.Write(raw)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (m *odfManifest) locks(part string) bool {
	for _, e := range m.Entries {
		if e.Path == part && e.Lock != nil {
			return true
		}
	}
	return false
}

// wholePackage is the container inside one that is encrypted as a whole, as it is or packed.
func wholePackage(plain []byte, b *budget.Budget) ([]byte, error) {
	if bytes.HasPrefix(plain, []byte("PK\x03\x04")) {
		return plain, nil
	}
	var out bytes.Buffer
	r := flate.NewReader(bytes.NewReader(plain))
	for {
		n, err := io.CopyN(&out, r, 1<<20)
		if limit := b.Inflate(n); limit != nil {
			return nil, limit
		}
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, damaged()
		}
	}
}

func store(w *zip.Writer, name string, content []byte) error {
	to, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err == nil {
		_, err = to.Write(content)
	}
	return err
}

// pack puts a decrypted part, which is packed, into a container. What it unpacks to is counted when it is read.
func pack(ctx context.Context, w *zip.Writer, part string, plain []byte, name string, b *budget.Budget) error {
	h := zip.FileHeader{Name: part, Method: zip.Deflate, CompressedSize64: uint64(len(plain))}
	sum, r := crc32.NewIEEE(), flate.NewReader(bytes.NewReader(plain))
	for {
		if err := b.Tick(ctx); err != nil {
			return err
		}
		n, err := io.CopyN(sum, r, 1<<20)
		h.UncompressedSize64 += uint64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Wrong(name)
		}
	}
	h.CRC32 = sum.Sum32()
	to, err := w.CreateRaw(&h)
	if err == nil {
		_, err = to.Write(plain)
	}
	return err
}

// open decrypts a part.
func (e *odfEncryption) open(b []byte, name, password string) ([]byte, error) {
	key, ok := e.key(password)
	if !ok {
		return nil, Unknown(name)
	}
	algorithm := e.Algorithm.Name
	if at := strings.LastIndexByte(algorithm, '#'); at >= 0 {
		algorithm = algorithm[at+1:]
	}
	switch strings.ToLower(algorithm) {
	case "aes128-cbc", "aes192-cbc", "aes256-cbc":
		b, ok = openCBC(key, e.Algorithm.IV, b)
	case "aes128-gcm", "aes192-gcm", "aes256-gcm":
		b, ok = openGCM(key, e.Algorithm.IV, b)
	case "blowfish cfb", "blowfish":
		b, ok = openCFB(key, e.Algorithm.IV, b)
	default:
		return nil, Unknown(name)
	}
	if !ok || !e.proves(b) {
		return nil, Wrong(name)
	}
	return b, nil
}

// key makes the key from the password.
func (e *odfEncryption) key(password string) ([]byte, bool) {
	start := sha1.Sum([]byte(password))
	from := start[:]
	if strings.HasSuffix(strings.ToLower(e.Start.Name), "sha256") {
		sum := sha256.Sum256([]byte(password))
		from = sum[:]
	}
	size := e.Key.Size
	if size == 0 {
		size = 16
	}
	k := e.Key
	switch {
	case size < 4 || size > 56:
		return nil, false
	case strings.HasSuffix(strings.ToLower(k.Name), "pbkdf2"):
		if k.Iterations < 1 || k.Iterations > maxRounds {
			return nil, false
		}
		key, err := pbkdf2.Key(sha1.New, string(from), k.Salt, k.Iterations, size)
		return key, err == nil
	case strings.HasSuffix(strings.ToLower(k.Name), "argon2id"):
		if k.Time < 1 || k.Time > maxPasses || k.Memory < 8 || k.Memory > maxMemory || k.Lanes < 1 || k.Lanes > maxLanes {
			return nil, false
		}
		return argon2.IDKey(from, k.Salt, k.Time, k.Memory, k.Lanes, uint32(size)), true
	}
	return nil, false
}

// proves compares the sum of the first kilobyte, where there is one.
func (e *odfEncryption) proves(b []byte) bool {
	b = b[:min(len(b), 1024)]
	var sum []byte
	switch kind := strings.ToLower(e.ChecksumType); {
	case len(e.Checksum) == 0:
		return true
	case strings.Contains(kind, "sha256"):
		s := sha256.Sum256(b)
		sum = s[:]
	default:
		s := sha1.Sum(b)
		sum = s[:]
	}
	return subtle.ConstantTimeCompare(sum, e.Checksum) == 1
}

func openCBC(key, iv, b []byte) ([]byte, bool) {
	c, err := aes.NewCipher(key)
	if err != nil || len(iv) != aes.BlockSize || len(b) == 0 || len(b)%aes.BlockSize != 0 {
		return nil, false
	}
	out := make([]byte, len(b))
	cipher.NewCBCDecrypter(c, iv).CryptBlocks(out, b)
	padding := int(out[len(out)-1])
	if padding < 1 || padding > aes.BlockSize {
		return nil, false
	}
	return out[:len(out)-padding], true
}

// openGCM takes the vector from the manifest or, as the W3C has it, from before the content.
func openGCM(key, iv, b []byte) ([]byte, bool) {
	const nonce = 12
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	g, err := cipher.NewGCM(c)
	if err != nil {
		return nil, false
	}
	if len(iv) == nonce {
		if out, err := g.Open(nil, iv, b, nil); err == nil {
			return out, true
		}
	}
	if len(b) < nonce {
		return nil, false
	}
	out, err := g.Open(nil, b[:nonce], b[nonce:], nil)
	return out, err == nil
}

// openCFB is Blowfish with a feedback of whole blocks.
func openCFB(key, iv, b []byte) ([]byte, bool) {
	c, err := blowfish.NewCipher(key)
	if err != nil || len(iv) != blowfish.BlockSize {
		return nil, false
	}
	out := make([]byte, len(b))
	var stream [blowfish.BlockSize]byte
	for i := 0; i < len(b); i += blowfish.BlockSize {
		c.Encrypt(stream[:], iv)
		subtle.XORBytes(out[i:], b[i:], stream[:])
		iv = b[i:min(i+blowfish.BlockSize, len(b))]
	}
	return out, true
}
