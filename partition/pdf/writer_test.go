package pdf

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// writer makes small PDF files for tests.
type writer struct {
	pages    []string // contents
	extra    []string // more of each page's dictionary
	objects  []string // further objects, numbered from 100
	catalog  string   // more of the catalogue
	font     string   // base font, Helvetica unless set
	password string   // user password; with encrypt
	encrypt  bool
	noXref   bool
}

// page adds a page of drawing operators, with what else its dictionary holds.
func (w *writer) page(content, extra string) *writer {
	w.pages, w.extra = append(w.pages, content), append(w.extra, extra)
	return w
}

// at writes text with its baseline at a place, from the lower left corner, in Helvetica of a size.
func at(x, y, size float64, text string) string {
	escaped := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(text)
	return fmt.Sprintf("BT /F1 %g Tf %g %g Td (%s) Tj ET\n", size, x, y, escaped)
}

// padding is what passwords are filled up with (ISO 32000-1, 7.6.3.3).
const padding = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"

// pageObject is the number of the object of a page; its contents come next.
func pageObject(i int) int {
	if i < 40 {
		return 10 + 2*i
	}
	return 1000 + 2*i
}

func (w *writer) bytes() []byte {
	const fileID = "0123456789abcdef"
	var key, owner, user []byte
	if w.encrypt { // revision 2: RC4 with 40 bits
		padded := []byte((w.password + padding)[:32])
		seal := func(k, b []byte) []byte {
			c, _ := rc4.NewCipher(k)
			out := make([]byte, len(b))
			c.XORKeyStream(out, b)
			return out
		}
		sum := md5.Sum([]byte(("owner" + padding)[:32]))
		owner = seal(sum[:5], padded)
		h := md5.New()
		h.Write(padded)
		h.Write(owner)
		_ = binary.Write(h, binary.LittleEndian, int32(-4))
		h.Write([]byte(fileID))
		key = h.Sum(nil)[:5]
		user = seal(key, []byte(padding))
	}
	stream := func(number int, content string) string {
		b := []byte(content)
		if w.encrypt {
			salt := append(append([]byte{}, key...), byte(number), byte(number>>8), byte(number>>16), 0, 0)
			sum := md5.Sum(salt)
			c, _ := rc4.NewCipher(sum[:10])
			c.XORKeyStream(b, b)
		}
		return fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(b), b)
	}
	objects := map[int]string{
		1: "<</Type/Catalog/Pages 2 0 R" + w.catalog + ">>",
		3: "<</Type/Font/Subtype/Type1/BaseFont/" + cmp.Or(w.font, "Helvetica") + "/Encoding/WinAnsiEncoding>>",
	}
	var kids strings.Builder
	for i, content := range w.pages {
		page := pageObject(i)
		fmt.Fprintf(&kids, "%d 0 R ", page)
		extra := w.extra[i]
		if !strings.Contains(extra, "/MediaBox") {
			extra += "/MediaBox[0 0 600 800]"
		}
		objects[page] = fmt.Sprintf("<</Type/Page/Parent 2 0 R/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>/XObject<</Im 101 0 R>>>>%s>>", page+1, extra)
		objects[page+1] = stream(page+1, content)
	}
	objects[2] = fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(w.pages), kids.String())
	for i, o := range w.objects {
		objects[100+i] = o
	}
	trailer := "/Root 1 0 R"
	if w.encrypt {
		objects[4] = fmt.Sprintf("<</Filter/Standard/V 1/R 2/P -4/O<%x>/U<%x>>>", owner, user)
		trailer += fmt.Sprintf("/Encrypt 4 0 R/ID[<%x><%x>]", fileID, fileID)
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	offsets := map[int]int{}
	last := 0
	for n := range slices.Max(slices.Collect(maps.Keys(objects))) + 1 {
		if o, ok := objects[n]; ok {
			offsets[n], last = b.Len(), n
			fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, o)
		}
	}
	start := b.Len()
	if !w.noXref {
		fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", last+1)
		for n := 1; n <= last; n++ {
			if at, ok := offsets[n]; ok {
				fmt.Fprintf(&b, "%010d 00000 n \n", at)
			} else {
				b.WriteString("0000000000 65535 f \n")
			}
		}
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n", last+1, trailer, start)
	return b.Bytes()
}
