package catalog

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/formattest"
)

// pdf is a file of objects, numbered from 1, with a table; the first is the catalogue.
func pdf(trailer string, objects ...string) []byte {
	return formattest.Objects("1.7", trailer, objects...)
}

func deflated(b []byte) string {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.String()
}

// streamed is a file whose objects stand in an object stream, with a cross-reference stream of rows that PNG's predictor up has changed.
func streamed(trailer string, objects ...string) []byte {
	var heads, bodies strings.Builder
	for i, o := range objects {
		fmt.Fprintf(&heads, "%d %d ", i+1, bodies.Len())
		bodies.WriteString(o + " ")
	}
	packed := deflated([]byte(heads.String() + bodies.String()))
	n := len(objects)
	var b bytes.Buffer
	b.WriteString("noise before\n%PDF-1.7\n")
	base := bytes.Index(b.Bytes(), []byte("%PDF"))
	holder := b.Len() - base
	fmt.Fprintf(&b, "%d 0 obj\n<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n", n+1, n, heads.Len(), len(packed), packed)
	rows := [][]byte{{0, 0, 0, 0}}
	for i := range n {
		rows = append(rows, []byte{2, 0, byte(n + 1), byte(i)})
	}
	at := b.Len() - base
	rows = append(rows, []byte{1, byte(holder >> 8), byte(holder), 0}, []byte{1, byte(at >> 8), byte(at), 0})
	var predicted []byte
	above := make([]byte, 4)
	for _, row := range rows {
		predicted = append(predicted, 2)
		for i, v := range row {
			predicted = append(predicted, v-above[i])
		}
		above = row
	}
	packed = deflated(predicted)
	fmt.Fprintf(&b, "%d 0 obj\n<</Type/XRef/Size %d/W[1 2 1]/Root 1 0 R%s/Filter[/FlateDecode]/DecodeParms<</Predictor 12/Columns 4>>/Length %d>>\nstream\r\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
		n+2, n+3, trailer, len(packed), packed, at)
	return b.Bytes()
}

func found(file []byte) []Action { return Actions(bytes.NewReader(file), int64(len(file))) }

func TestActions(t *testing.T) {
	t.Parallel()
	objects := []string{
		"<</Type/Catalog/OpenAction 2 0 R/AA<</WC 4 0 R/DP<</S/URI/URI(http://example.com/a\\(b\\))>>>>>>",
		"<</S/Launch/F<</Type/Filespec/F(old.exe)/UF<FEFF006E00650077>>>/Next[3 0 R<</S/Named/N/Print>>]>>",
		"<</S/JavaScript/JS(app.alert\\(1\\))/Next 3 0 R>> % for ever",
		"<</S/GoTo#52/F(other\\056pdf)>>",
	}
	want := []Action{{"Launch", "new"}, {"JavaScript", ""}, {"Named", "Print"}, {"URI", "http://example.com/a(b)"}, {"GoToR", "other.pdf"}}
	for name, make := range map[string]func(string, ...string) []byte{"a table": pdf, "streams": streamed} {
		if got := found(make("", objects...)); !slices.Equal(got, want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := found(pdf("/Encrypt 3 0 R", "<</OpenAction<</S/Launch/F(unreadable)>>>>")); !slices.Equal(got, []Action{{"Launch", ""}}) {
		t.Errorf("encrypted: %v", got)
	}
	if got := found(streamed("/Encrypt 3 0 R", objects...)); got != nil {
		t.Errorf("encrypted streams: %v", got)
	}
	if got := found(pdf("", "<</OpenAction[3 0 R/Fit]>>")); got != nil {
		t.Errorf("a place: %v", got)
	}
}

// The older section tells what the newer does not.
func TestSections(t *testing.T) {
	t.Parallel()
	file := pdf("", "<</OpenAction 2 0 R>>", "<</S/Launch/F(old.exe)>>")
	first := bytes.LastIndex(file, []byte("xref\n0 "))
	at := len(file)
	file = append(file, "2 0 obj\n<</S/Launch/F(new.exe)>>\nendobj\n"...)
	section := len(file)
	file = fmt.Appendf(file, "xref\n2 1\n%010d 00000 n \ntrailer\n<</Size 3/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF", at, first, section)
	if got := found(file); !slices.Equal(got, []Action{{"Launch", "new.exe"}}) {
		t.Errorf("got %v", got)
	}
	file = bytes.Replace(file, fmt.Appendf(nil, "/Prev %d", first), fmt.Appendf(nil, "/Prev %d", section), 1) // the older is the newer
	if got := found(file); got != nil {
		t.Errorf("got %v", got)
	}
}

// Files that lead back to themselves, nest, claim or are cut end soon, and find nothing that is not there.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	start := time.Now()
	deep := strings.Repeat("[", 100_000)
	for _, file := range [][]byte{
		nil, []byte("%PDF-1.7"), []byte("startxref\n0"), []byte("startxref\n99999999999999999999"), []byte("%PDF-1.7\nxref\n0 4294967295\nstartxref\n9"),
		pdf("", "1 0 R"), pdf("", "<</OpenAction 1 0 R>>"), pdf("", "<</OpenAction "+deep), pdf("", "<</OpenAction<<"+strings.Repeat("/Next<<", 10_000)),
		pdf("", "<</OpenAction<</S 2 0 R>>>>", "2 0 R"), pdf("", "<</OpenAction("), pdf("", "<</OpenAction<"), pdf("", "<</OpenAction<zz>/AA<</a 5>>>>"),
		pdf("/Prev 5", "<<>>"), streamed("/Index[0 4294967295 -1 5]", "<</OpenAction 1 0 R>>"),
	} {
		if got := found(file); len(got) > 0 {
			t.Errorf("%.60q: %v", file, got)
		}
	}
	whole := streamed("", "<</OpenAction 2 0 R>>", "<</S/Launch/F(a.exe)>>")
	for i := range whole {
		found(whole[:i])
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x15
		found(damaged)
	}
	// An object stream whose length stands in itself, and one that unpacks to a gigabyte of blanks.
	loop := bytes.Replace(whole, []byte("/FlateDecode/Length "), []byte("/FlateDecode/Length 1 0 R%"), 1)
	found(loop)
	bomb := deflated(bytes.Repeat([]byte{' '}, 1<<28))
	found(pdf("", "<</OpenAction 2 0 R>>", fmt.Sprintf("<</Type/ObjStm/N 9/First 9/Filter/FlateDecode/Length %d>>\nstream\n%s", len(bomb), bomb)))
	if d := time.Since(start); d > time.Minute {
		t.Errorf("it took %s", d)
	}
}

func FuzzActions(f *testing.F) {
	f.Add(pdf("", "<</OpenAction 2 0 R>>", "<</S/Launch/F(a.exe)>>"))
	f.Add(streamed("", "<</OpenAction 2 0 R>>", "<</S/Launch/F(a.exe)>>"))
	f.Fuzz(func(_ *testing.T, file []byte) { found(file) })
}
