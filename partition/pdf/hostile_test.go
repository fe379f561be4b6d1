package pdf

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// classified fails the test unless err is nil or says how the parsing ended.
func classified(t *testing.T, name string, err error) {
	t.Helper()
	var failed *budget.Error
	if err != nil && (!errors.As(err, &failed) || failed.Message == "") {
		t.Errorf("%s: an error without an outcome: %v", name, err)
	}
}

func TestCutOff(t *testing.T) {
	t.Parallel()
	whole := picture().bytes()
	for i := range 20 {
		_, err := parse(t.Context(), whole[:len(whole)*i/20], format.Options{Strategy: "fast"})
		classified(t, fmt.Sprintf("cut at %d of 20", i), err)
		if i == 0 && err == nil {
			t.Error("an empty file has no failure")
		}
	}
}

func TestPageBudget(t *testing.T) {
	t.Parallel()
	w := &writer{}
	for range 5 {
		w.page(at(50, 400, 11, sentence), "")
	}
	limits := budget.Default
	limits.Pages = 4
	b := w.bytes()
	_, err := Parse(t.Context(), document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{}, budget.New(limits))
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.TooLarge {
		t.Errorf("got %v", err)
	}
}

func TestCancelWithinAPage(t *testing.T) {
	t.Parallel()
	var content strings.Builder
	for line := range 3000 {
		content.WriteString(at(50, 20+float64(line)/4, 8, sentence))
	}
	b := (&writer{}).page(content.String(), "").bytes()
	ctx, cancel := context.WithCancel(t.Context())
	budgeted := budget.New(budget.Default)
	d, err := Open(ctx, document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{}, budgeted)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	cancel()
	if _, err := d.Page(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Structures that lead back to themselves end, and what can be read is.
func TestCycles(t *testing.T) {
	t.Parallel()
	form := (&writer{}).page(at(50, 400, 11, sentence)+"/Im Do", "")
	form.objects = []string{"null", "<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</Im 101 0 R>>>>/Length 6>>\nstream\n/Im Do\nendstream"}
	want(t, form, format.Options{}, "NarrativeText: "+sentence)

	tree := bytes.Replace((&writer{}).page(at(50, 400, 11, sentence), "").bytes(), []byte("/Kids[10 0 R ]"), []byte("/Kids[2 0 R  ]"), 1)
	_, err := parse(t.Context(), tree, format.Options{Strategy: "fast"})
	classified(t, "page tree", err)

	fields := (&writer{}).page(at(50, 400, 11, sentence), "/Annots[100 0 R]")
	fields.catalog = "/AcroForm<</Fields[100 0 R]>>"
	fields.objects = []string{"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/Parent 100 0 R/Kids[100 0 R]/Rect[50 600 300 620]>>"}
	_, err = parse(t.Context(), fields.bytes(), format.Options{})
	classified(t, "field tree", err)
}

func TestAbsurdPages(t *testing.T) {
	t.Parallel()
	for _, box := range []string{"[0 0 1e30 1e30]", "[0 0 0 0]", "[600 800 0 0]", "[0 0 -5 -5]", "[0 0 600]", "[/a /b /c /d]"} {
		w := (&writer{}).page(at(50, 400, 11, sentence), "/MediaBox"+box)
		_, err := parse(t.Context(), w.bytes(), format.Options{Strategy: "fast"})
		classified(t, box, err)
	}
	// A count that lies must not make pages, nor an allocation of their number.
	lying := bytes.Replace((&writer{}).page(at(50, 400, 11, sentence), "").bytes(), []byte("/Count 1/"), []byte("/Count 2000000000/"), 1)
	_, err := parse(t.Context(), lying, format.Options{Strategy: "fast"})
	classified(t, "count", err)
}

// aesPDF makes a file of one page that is encrypted by AES with 128 bits (revision 4; ISO 32000-1, 7.6).
func aesPDF(password, content string) []byte {
	const fileID = "0123456789abcdef"
	owner := bytes.Repeat([]byte{7}, 32) // nobody asks for the owner here
	h := md5.New()
	h.Write([]byte((password + padding)[:32]))
	h.Write(owner)
	_ = binary.Write(h, binary.LittleEndian, int32(-4))
	h.Write([]byte(fileID))
	key := h.Sum(nil)
	for range 50 {
		sum := md5.Sum(key)
		key = sum[:]
	}
	sum := md5.Sum([]byte(padding + fileID))
	user := rc4Rounds(key, sum[:])
	user = append(user, make([]byte, 16)...)

	const stream = 5
	salted := md5.Sum(append(append([]byte{}, key...), stream, 0, 0, 0, 0, 's', 'A', 'l', 'T'))
	block, _ := aes.NewCipher(salted[:])
	fill := 16 - len(content)%16
	plain := append([]byte(content), bytes.Repeat([]byte{byte(fill)}, fill)...)
	sealed := make([]byte, 16+len(plain)) // the first block is the initialization vector
	cipher.NewCBCEncrypter(block, sealed[:16]).CryptBlocks(sealed[16:], plain)

	objects := []string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[4 0 R]>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<</Font<</F1 3 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(sealed), sealed),
		fmt.Sprintf("<</Filter/Standard/V 4/R 4/Length 128/P -4/O<%x>/U<%x>/CF<</StdCF<</CFM/AESV2/AuthEvent/DocOpen/Length 16>>>>/StmF/StdCF/StrF/StdCF>>", owner, user),
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.6\n")
	var table strings.Builder
	for i, o := range objects {
		fmt.Fprintf(&table, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 7\n0000000000 65535 f \n%strailer\n<</Size 7/Root 1 0 R/Encrypt 6 0 R/ID[<%x><%x>]>>\nstartxref\n%d\n%%%%EOF\n", table.String(), fileID, fileID, start)
	return b.Bytes()
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

func TestAES(t *testing.T) {
	t.Parallel()
	elements, err := parse(t.Context(), aesPDF("", at(50, 400, 11, sentence)), format.Options{})
	if err != nil || lines(elements) != "NarrativeText: "+sentence {
		t.Errorf("%v\n%s", err, lines(elements))
	}
	_, err = parse(t.Context(), aesPDF("secret", at(50, 400, 11, sentence)), format.Options{})
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.Encrypted {
		t.Errorf("got %v", err)
	}
}
