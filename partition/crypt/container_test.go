package crypt

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/archive"
	"github.com/sluicehq/sluice/partition/budget"
)

func openContainer(t testing.TB, b []byte, password string) ([]byte, error) {
	t.Helper()
	return Container(t.Context(), document.NewFile("sales.docx", "", int64(len(b)), bytes.NewReader(b)), "sales.docx", password, budget.New(budget.Default))
}

// part reads an entry of a container.
func part(t testing.TB, container []byte, name string) string {
	t.Helper()
	a, err := archive.Open(document.NewFile("a", "", int64(len(container)), bytes.NewReader(container)), budget.New(budget.Default))
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Read(name, 1<<20)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(b)
}

// TestContainers opens documents that other programs encrypted.
func TestContainers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ password, part string }{
		"level.odt":      {"Über den Fluß", "content.xml"}, // AES, keys by PBKDF2
		"level-old.odt":  {"Über den Fluß", "content.xml"}, // Blowfish
		"zipcrypto.docx": {"geheim", "word/document.xml"},
		"aes.docx":       {"geheim", "word/document.xml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := openContainer(t, b, c.password)
			if err != nil {
				t.Fatal(err)
			}
			if text := part(t, plain, c.part); !strings.Contains(text, "The level at the bridge is falling again.") {
				t.Errorf("%s", text)
			}
			_, err = openContainer(t, b, "")
			wantEncrypted(t, err, "sales.docx is encrypted; give its password with the parameter password")
			_, err = openContainer(t, b, c.password+"x")
			wantEncrypted(t, err, "does not open")
			for i := range 20 { // cut off it is no container any more
				if plain, err := openContainer(t, b[:len(b)*i/20], c.password); plain != nil || err != nil {
					t.Errorf("cut at %d twentieths: %d bytes, %v", i, len(plain), err)
				}
			}
			for i := 30; i < len(b); i += 97 { // damaged anywhere, it ends as something
				bad := bytes.Clone(b)
				bad[i] ^= 0x55
				if _, err := openContainer(t, bad, c.password); err != nil && formattest.Outcome(err) == "" {
					t.Fatalf("byte %d: %v", i, err)
				}
				if testing.Short() || strings.HasSuffix(name, ".odt") && i > 1000 { // its keys take long
					break
				}
			}
		})
	}
}

func TestOpenContainersStay(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"a document":          formattest.Zip(map[string]string{"word/document.xml": "<w/>"}),
		"no container":        []byte("words"),
		"an open package":     formattest.Zip(map[string]string{"META-INF/manifest.xml": "<manifest><file-entry full-path='content.xml'/></manifest>", "content.xml": "<a/>"}),
		"a picture is locked": formattest.Zip(map[string]string{"META-INF/manifest.xml": "<manifest><file-entry full-path='a.png'><encryption-data/></file-entry></manifest>"}),
	} {
		if plain, err := openContainer(t, b, "geheim"); plain != nil || err != nil {
			t.Errorf("%s: %d bytes, %v", name, len(plain), err)
		}
	}
}

// TestWholePackage opens a package that is encrypted as a whole, as OpenDocument 1.4 has it: AES-GCM, the key by Argon2id.
func TestWholePackage(t *testing.T) {
	t.Parallel()
	inner := formattest.Zip(map[string]string{"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a>words</a>"})
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, 6)
	_, _ = w.Write(inner)
	_ = w.Close()
	start := sha256.Sum256([]byte("geheim"))
	salt, iv := []byte("sixteen bytes of"), []byte("twelve bytes")
	block, err := aes.NewCipher(argon2.IDKey(start[:], salt, 1, 64, 2, 32))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	lock := func(iterations int, content []byte) []byte {
		encode := base64.StdEncoding.EncodeToString
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		manifest := fmt.Sprintf(`<manifest:manifest xmlns:manifest="m" xmlns:loext="l"><manifest:file-entry manifest:full-path="encrypted-package"><manifest:encryption-data>`+
			`<manifest:algorithm manifest:algorithm-name="http://www.w3.org/2009/xmlenc11#aes256-gcm" manifest:initialisation-vector=%q/>`+
			`<manifest:start-key-generation manifest:start-key-generation-name="http://www.w3.org/2001/04/xmlenc#sha256"/>`+
			`<manifest:key-derivation manifest:key-derivation-name="urn:x#argon2id" manifest:key-size="32" manifest:salt=%q loext:argon2-iterations="%d" loext:argon2-memory="64" loext:argon2-lanes="2"/>`+
			`</manifest:encryption-data></manifest:file-entry></manifest:manifest>`, encode(iv), encode(salt), iterations)
		for name, content := range map[string]string{"META-INF/manifest.xml": manifest, "encrypted-package": string(content)} {
			to, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(to, content)
		}
		_ = z.Close()
		return b.Bytes()
	}
	for name, content := range map[string][]byte{
		"packed":                         gcm.Seal(nil, iv, packed.Bytes(), nil),
		"as it is":                       gcm.Seal(nil, iv, inner, nil),
		"the vector before the content":  append(bytes.Clone(iv), gcm.Seal(nil, iv, inner, nil)...),
		"another vector than is written": append([]byte("other bytes."), gcm.Seal(nil, []byte("other bytes."), inner, nil)...),
	} {
		plain, err := openContainer(t, lock(1, content), "geheim")
		if err != nil || !bytes.Equal(plain, inner) {
			t.Errorf("%s: %d bytes, %v", name, len(plain), err)
		}
		_, err = openContainer(t, lock(1, content), "Geheim")
		wantEncrypted(t, err, "does not open")
	}
	_, err = openContainer(t, lock(1_000_000, nil), "geheim")
	wantEncrypted(t, err, "in a way that is not supported")
}
