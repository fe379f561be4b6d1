package ooxml

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
)

// pack makes a container of names and contents in turn.
func pack(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(parts[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openWith(b []byte, l budget.Limits) (*Package, error) {
	return Open(document.NewFile("a.docx", "", int64(len(b)), bytes.NewReader(b)), "docx", budget.New(l))
}

func mustOpen(t testing.TB, b []byte) *Package {
	t.Helper()
	p, err := openWith(b, budget.Default)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// names lists what Each gives for a part.
func names(t testing.TB, p *Package, part string, at ...string) (string, error) {
	t.Helper()
	var out []string
	err := p.Each(t.Context(), part, at, func(n *Node) error {
		out = append(out, n.Name+"="+n.Text)
		return nil
	})
	return strings.Join(out, " "), err
}

func wantOutcome(t *testing.T, err error, want budget.Outcome) {
	t.Helper()
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	const inside = `<w:a>one</w:a><other:b><w:a>not here</w:a></other:b>` + "\n" + `<w:a>t<!-- c -->w<![CDATA[<o>]]>&amp;</w:a>`
	for name, content := range map[string]string{
		"plain":         `<?xml version="1.0"?><w:r><w:skipped><w:body><w:a>no</w:a></w:body></w:skipped><w:body>` + inside + `</w:body></w:r>`,
		"byte mark":     "\ufeff" + `<w:r><w:body>` + inside + `</w:body></w:r>`,
		"utf-16":        utf16le(`<?xml version="1.0" encoding="UTF-16"?><w:r><w:body>` + inside + `</w:body></w:r>`),
		"no prefix":     strings.NewReplacer("w:", "", "other:", "").Replace(`<w:r><w:body>` + inside + `</w:body></w:r>`),
		"closed inside": `<w:r><w:empty/><w:body>` + inside + `</w:body></w:r>`,
	} {
		p := mustOpen(t, pack(t, "x.xml", content))
		got, err := names(t, p, "x.xml", "r", "body")
		if want := "a=one b= a=tw<o>&"; err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestNode(t *testing.T) {
	t.Parallel()
	p := mustOpen(t, pack(t, "x.xml", `<r><p w:val="1" rel:id="r7" id="3"><b/><i w:val="0"/><u w:val="none"/><s><size w:val="12"/></s></p></r>`))
	err := p.Each(t.Context(), "x.xml", []string{"r"}, func(n *Node) error {
		if n.Attr("val") != "1" || n.Attr("missing") != "" || n.RelationshipID() != "r7" || n.AttrOf("", "id") != "3" {
			t.Errorf("attributes %v", n.Attrs)
		}
		if !n.On("b") || n.On("i") || n.On("u") || n.On("missing") || n.Val("s", "size") != "12" || n.Child("s", "missing", "deeper") != nil {
			t.Errorf("children of %v", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMixedKeepsTheOrderOfText(t *testing.T) {
	t.Parallel()
	p := mustOpen(t, pack(t, "x.xml", `<r><p>one<b>two</b>three</p></r>`))
	p.Mixed = true
	var got []string
	if err := p.Each(t.Context(), "x.xml", []string{"r"}, func(n *Node) error {
		for _, c := range n.Children {
			got = append(got, fmt.Sprintf("%s:%s:%d", c.Name, c.Text, len(c.Children)))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got, " "); s != ":one:0 b::1 :three:0" {
		t.Error(s)
	}
}

func TestRelationships(t *testing.T) {
	t.Parallel()
	const list = `<Relationships>` +
		`<Relationship Id="a" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/styles" Target="styles.xml"/>` +
		`<Relationship Id="b" Type="x/image" Target="../media/1.png"/><Relationship Id="c" Type="x/header" Target="/word/h.xml"/>` +
		`<Relationship Id="d" Type="x/hyperlink" Target="../../etc" TargetMode="External"/>` +
		`<Relationship Id="e" Type="x/image" Target="../../../../../etc/passwd"/></Relationships>`
	p := mustOpen(t, pack(t, "word/_rels/document.xml.rels", list, "etc/passwd", "inside"))
	got, err := p.Relationships(t.Context(), "word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]Relationship{
		"a": {"styles", "word/styles.xml", false}, "b": {"image", "media/1.png", false}, "c": {"header", "word/h.xml", false},
		"d": {"hyperlink", "../../etc", true},
	} {
		if got[id] != want {
			t.Errorf("%s: %+v, want %+v", id, got[id], want)
		}
	}
	if p.Has(got["e"].Target) {
		t.Errorf("%s leads out of the container", got["e"].Target)
	}
	if none, err := p.Relationships(t.Context(), "word/styles.xml"); err != nil || len(none) != 0 {
		t.Errorf("%v, %v of a part without any", none, err)
	}
}

func TestMainPart(t *testing.T) {
	t.Parallel()
	main := func(targets ...string) string {
		s := "<Relationships>"
		for i, target := range targets {
			s += fmt.Sprintf(`<Relationship Id="r%d" Type="x/officeDocument" Target="%s"/>`, i, target)
		}
		return s + "</Relationships>"
	}
	for _, c := range []struct {
		rels, want string
		parts      []string
	}{
		{main("word/document2.xml"), "word/document2.xml", []string{"word/document2.xml"}},
		{main("/word/a.xml", "word/b.xml"), "word/a.xml", []string{"word/b.xml", "word/a.xml"}},
		{main("word/gone.xml"), "word/document.xml", []string{"word/document.xml"}},
		{main("word/gone.xml"), "", nil},
	} {
		parts := []string{"_rels/.rels", c.rels}
		for _, name := range c.parts {
			parts = append(parts, name, "<a/>")
		}
		got, err := mustOpen(t, pack(t, parts...)).Main(t.Context(), "word/document.xml")
		if got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.rels, got, err, c.want)
		}
		if c.want == "" {
			wantOutcome(t, err, budget.Corrupt)
		}
	}
}

// TestBadXML asserts that a part that is no XML ends as damaged, and one that asks for more than its share as too large.
func TestBadXML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		want    budget.Outcome
	}{
		"cut off in a block":    {`<r><p>one`, budget.Corrupt},
		"cut off between":       {`<r><p>one</p>`, budget.Corrupt},
		"cut off in a tag":      {`<r><p`, budget.Corrupt},
		"closes what is not":    {`</r></p><r><p>one</p></r>`, budget.Corrupt},
		"bytes":                 {"<r><p>\xff\xfe\x00</p></r>", budget.Corrupt},
		"nested":                {"<r>" + strings.Repeat("<p>", 100_000) + strings.Repeat("</p>", 100_000) + "</r>", budget.TooLarge},
		"one long tag":          {`<r><p a="` + strings.Repeat("x", 17<<20) + `"/></r>`, budget.TooLarge},
		"one long text":         {`<r><p>` + strings.Repeat("x", 17<<20) + `</p></r>`, budget.TooLarge},
		"one long comment":      {`<r><!--` + strings.Repeat("x", 17<<20) + `--></r>`, budget.TooLarge},
		"a long document type":  {`<!DOCTYPE r [` + strings.Repeat("<!ENTITY a 'b'>", 2<<20) + `]><r/>`, budget.TooLarge},
		"skipped and cut off":   {`<x>` + strings.Repeat("<p>", 100_000), budget.Corrupt},
		"too many in one block": {"<r><p>" + strings.Repeat("<b/>", 2000) + "</p></r>", budget.TooLarge},
		"too many attributes":   {"<r><p " + strings.Repeat("a='' ", 2000) + "/></r>", budget.TooLarge},
	} {
		p := mustOpen(t, pack(t, "x.xml", c.content))
		if strings.HasPrefix(name, "too many") {
			p.limits.nodes = 1000
		}
		_, err := names(t, p, "x.xml", "r")
		if err == nil {
			t.Errorf("%s: read", name)
			continue
		}
		var failed *budget.Error
		if !errors.As(err, &failed) || failed.Outcome != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestSkippedMarkupMayNest(t *testing.T) {
	t.Parallel()
	p := mustOpen(t, pack(t, "x.xml", "<r><x>"+strings.Repeat("<p>", 100_000)+strings.Repeat("</p>", 100_000)+"</x><y><p>one</p></y></r>"))
	if got, err := names(t, p, "x.xml", "r", "y"); err != nil || got != "p=one" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestEntities asserts that neither entities of the file's own making nor those that name other files are filled in.
func TestEntities(t *testing.T) {
	t.Parallel()
	bomb := `<!DOCTYPE r [<!ENTITY a "ha">`
	for c := 'b'; c <= 'z'; c++ {
		bomb += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat("&"+string(c-1)+";", 10))
	}
	for name, content := range map[string]string{
		"bomb":     bomb + `]><r><p>&z;</p></r>`,
		"external": `<!DOCTYPE r [<!ENTITY z SYSTEM "file:///etc/hostname">]><r><p>&z;</p></r>`,
		"dtd":      `<!DOCTYPE r SYSTEM "http://127.0.0.1:1/z.dtd"><r><p>&z;</p></r>`,
	} {
		got, err := names(t, mustOpen(t, pack(t, "x.xml", content)), "x.xml", "r")
		if err != nil || got != "p=&z;" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestPiecesOfText asserts that text in many pieces is gathered in one go: what is allocated grows with the length.
func TestPiecesOfText(t *testing.T) { // alone: it counts what the process allocates
	const pieces = 100_000
	p := mustOpen(t, pack(t, "x.xml", "<r><p>"+strings.Repeat("ab<!---->", pieces)+"</p></r>"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := names(t, p, "x.xml", "r")
	runtime.ReadMemStats(&after)
	if err != nil || got != "p="+strings.Repeat("ab", pieces) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<30 { // piece by piece it would be 10 GB
		t.Errorf("%d bytes allocated", used)
	}
}

func TestBombs(t *testing.T) {
	t.Parallel()
	small := budget.Default
	small.Inflated = 16 << 20
	inner := pack(t, "big", strings.Repeat("\x00", 32<<20))
	part := "<r>" + strings.Repeat("<p></p>", 10<<20) + "</r>"
	for name, b := range map[string][]byte{
		"one entry": pack(t, "x.xml", part),
		"nested":    pack(t, "x.xml", part, "inner.zip", string(inner)),
		"overlap":   overlapping(t, "<r>"+strings.Repeat("<p></p>", 1<<20)+"</r>", 100),
	} {
		if len(b) > 1<<20 {
			t.Fatalf("%s: the bomb has %d bytes itself", name, len(b))
		}
		p, err := openWith(b, small)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, part := range p.Names() {
			if err = p.Each(t.Context(), part, []string{"r"}, func(*Node) error { return nil }); err != nil {
				break
			}
		}
		wantOutcome(t, err, budget.TooLarge)
	}
}

// overlapping makes a container whose directory names the bytes of its one entry n times.
func overlapping(t *testing.T, content string, n int) []byte {
	b := pack(t, "x.xml", content)
	end := bytes.LastIndex(b, []byte("PK\x05\x06"))
	at := int(binary.LittleEndian.Uint32(b[end+16:]))
	entry := b[at:end]
	out := bytes.Clone(b[:at])
	for i := range n {
		e := bytes.Clone(entry)
		copy(e[46:], fmt.Sprintf("%05d", i))
		out = append(out, e...)
	}
	record := bytes.Clone(b[end:])
	binary.LittleEndian.PutUint16(record[8:], uint16(n))
	binary.LittleEndian.PutUint16(record[10:], uint16(n))
	binary.LittleEndian.PutUint32(record[12:], uint32(n*len(entry)))
	return append(out, record...)
}

func TestMillionEntries(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 1_000_000 {
		if _, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := openWith(b.Bytes(), budget.Default)
	wantOutcome(t, err, budget.TooLarge)
}

func TestManyRelationships(t *testing.T) {
	t.Parallel()
	var s strings.Builder
	s.WriteString("<Relationships>")
	for i := range maxRelationships + 1 {
		fmt.Fprintf(&s, `<R Id="%d"/>`, i)
	}
	s.WriteString("</Relationships>")
	_, err := mustOpen(t, pack(t, "_rels/.rels", s.String())).Relationships(t.Context(), "")
	wantOutcome(t, err, budget.TooLarge)
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	p := mustOpen(t, pack(t, "x.xml", "<r>"+strings.Repeat("<p/>", 5000)+"</r>"))
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err := p.Each(ctx, "x.xml", []string{"r"}, func(*Node) error {
		seen++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || seen == 5000 {
		t.Errorf("%v after %d elements", err, seen)
	}
	if err := p.Each(t.Context(), "y.xml", nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a part that is not there: %v", err)
	}
}

func FuzzEach(f *testing.F) {
	f.Add(`<r><p a="1">one<b/>two</p></r>`)
	f.Add(`</r></r><r><p>&x;</p>`)
	f.Add(`<!DOCTYPE r [<!ENTITY a "b">]><r><![CDATA[x]]><p><p><p></r>`)
	f.Fuzz(func(t *testing.T, content string) {
		p := mustOpen(t, pack(t, "x.xml", content))
		_, err := names(t, p, "x.xml", "r", "p")
		var failed *budget.Error
		if err != nil && !errors.As(err, &failed) {
			t.Errorf("an error without an outcome: %v", err)
		}
	})
}

func BenchmarkEach(b *testing.B) {
	content := "<r>" + strings.Repeat(`<w:p w:rsid="00A1"><w:r><w:t xml:space="preserve">The keeper opened the gate.</w:t></w:r></w:p>`, 10_000) + "</r>"
	p := mustOpen(b, pack(b, "x.xml", content))
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		p.budget = budget.New(budget.Default)
		if err := p.Each(b.Context(), "x.xml", []string{"r"}, func(*Node) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
