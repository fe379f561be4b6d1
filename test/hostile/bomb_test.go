//go:build linux

package hostile

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

// inflating is a container with an entry that inflates to start, some size bytes of pieces, and end. The pieces are packed
// once and repeated as they are.
func inflating(name, start, piece, end string, size int, more ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(more); i += 2 {
		w, _ := z.Create(more[i])
		_, _ = w.Write([]byte(more[i+1]))
	}
	block := []byte(strings.Repeat(piece, 1<<20/len(piece)))
	n := size / len(block)
	squeeze := func(p []byte, last bool) []byte {
		var out bytes.Buffer
		w, _ := flate.NewWriter(&out, flate.BestCompression)
		_, _ = w.Write(p)
		if last {
			_ = w.Close()
		} else {
			_ = w.Flush()
		}
		return out.Bytes()
	}
	packed := append(squeeze([]byte(start), false), bytes.Repeat(squeeze(block, false), n)...)
	packed = append(packed, squeeze([]byte(end), true)...)
	sum := crc32.ChecksumIEEE([]byte(start))
	for range n {
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	sum = crc32.Update(sum, crc32.IEEETable, []byte(end))
	w, _ := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: sum, CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(start) + n*len(block) + len(end))})
	_, _ = w.Write(packed)
	_ = z.Close()
	return b.Bytes()
}

// overlapping is a container in which n names, made by name, stand for the same packed bytes of the entry that is last.
func overlapping(whole []byte, name func(int) string, n int) []byte {
	end := bytes.LastIndex(whole, []byte("PK\x05\x06"))
	start := int(binary.LittleEndian.Uint32(whole[end+16:]))
	last := bytes.LastIndex(whole[:end], []byte("PK\x01\x02"))
	out := append([]byte{}, whole[:end]...)
	for i := range n {
		e := append([]byte{}, whole[last:last+46]...)
		binary.LittleEndian.PutUint16(e[28:], uint16(len(name(i))))
		binary.LittleEndian.PutUint16(e[30:], 0)
		binary.LittleEndian.PutUint16(e[32:], 0)
		out = append(append(out, e...), name(i)...)
	}
	tail := append([]byte{}, whole[end:]...)
	entries := int(binary.LittleEndian.Uint16(tail[10:])) + n
	binary.LittleEndian.PutUint16(tail[8:], uint16(entries))
	binary.LittleEndian.PutUint16(tail[10:], uint16(entries))
	binary.LittleEndian.PutUint32(tail[12:], uint32(len(out)-start))
	return append(out, tail...)
}

// entries is a container whose directory lists n empty entries.
func entries(n int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range n {
		_, _ = z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("word/%d", i), CRC32: crc32.ChecksumIEEE(nil)})
	}
	_ = z.Close()
	return b.Bytes()
}

// sheets is a workbook of n sheets that all stand for the same packed bytes.
func sheets(n int) []byte {
	var rels, list strings.Builder
	for i := range n {
		fmt.Fprintf(&rels, `<Relationship Id="s%d" Type="%sworksheet" Target="s%d.xml"/>`, i, office, i)
		fmt.Fprintf(&list, `<sheet name="S%d" r:id="s%d"/>`, i, i)
	}
	whole := inflating("xl/data.xml", "<worksheet><sheetData>", "<row/>", "</sheetData></worksheet>", 64<<20,
		"_rels/.rels", `<Relationships><Relationship Id="r" Type="`+office+`officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/_rels/workbook.xml.rels", `<Relationships>`+rels.String()+`</Relationships>`,
		"xl/workbook.xml", `<workbook xmlns:r="x"><sheets>`+list.String()+`</sheets></workbook>`)
	return overlapping(whole, func(i int) string { return fmt.Sprintf("xl/s%d.xml", i) }, n)
}

// nested is a container in a container and so on, n deep.
func nested(n int) []byte {
	b := inflating("bomb.docx", "", "a", "", 1<<20)
	for range n {
		b = pack("a.zip", string(b), "b.zip", string(b))
	}
	return b
}

func of(b []byte) func() []byte { return func() []byte { return b } }

func text(s ...string) func() []byte { return func() []byte { return []byte(strings.Join(s, "")) } }

func times(n int, s string) string { return strings.Repeat(s, n) }

const (
	laughs = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">` +
		`<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">` +
		`<!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;"><!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;"><!ENTITY i "&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;">` +
		`<!ENTITY j SYSTEM "file:///etc/passwd"><!ENTITY % k SYSTEM "http://127.0.0.1:9/x.dtd">%k;]>`
	expand = "&i; &j; " + sentence
)

// entities are files of every format of XML with an entity that grows a billion times, and others that name files.
func entities() []hostile {
	document := strings.Replace(`<office:document-content><office:body><office:KIND>BODY</office:KIND></office:body></office:document-content>`, "BODY", "<text:p>"+expand+"</text:p>", 1)
	kind := func(k string) string { return laughs + strings.ReplaceAll(document, "KIND", k) }
	return []hostile{
		{name: "entities.xml", content: text(`<?xml version="1.0"?>`, laughs, "<x>", expand, "</x>"), want: budget.OK, text: sentence},
		{name: "entities.html", content: text(laughs, "<html><body><p>", expand, "</body></html>"), want: budget.OK, text: sentence},
		{name: "entities.docx", content: of(docx("", "word/document.xml", laughs+`<w:document><w:body>`+paragraph(expand)+`</w:body></w:document>`)), want: budget.OK, text: sentence},
		{name: "entities.xlsx", content: of(xlsx("", "xl/s1.xml", laughs+`<worksheet><sheetData><row>`+cell(expand)+`</row></sheetData></worksheet>`)), want: budget.OK, text: sentence},
		{name: "entities.pptx", content: of(pptx("", "ppt/s1.xml", laughs+`<p:sld><p:cSld><p:spTree>`+shape(expand)+`</p:spTree></p:cSld></p:sld>`)), want: budget.OK, text: sentence},
		{name: "entities.odt", content: of(odf("text", "", "content.xml", kind("text"))), want: budget.OK, text: sentence},
		{name: "entities.epub", content: of(epub("", "one.xhtml", `<?xml version="1.0"?>`+laughs+`<html><body><p>`+expand+`</p></body></html>`)), want: budget.OK, text: sentence},
		{name: "entities.fodt", content: func() []byte {
			return bytes.Replace(flat("text", "<text:p>"+expand+"</text:p>"), []byte("<office:document "), []byte(laughs+"<office:document "), 1)
		}, want: budget.OK, text: sentence},
	}
}

func TestBombs(t *testing.T) {
	t.Parallel()
	tight := budget.Default // what takes long with the usual limits, though not for ever
	tight.Inflated, tight.Elements = 64<<20, 100_000
	const word, wordEnd = `<w:document xmlns:w="w"><w:body>`, `</w:body></w:document>`
	check(t, append(entities(), []hostile{
		{name: "one text.docx", content: func() []byte {
			return inflating("word/document.xml", word+"<w:p><w:r><w:t>", "a ", "</w:t></w:r></w:p>"+wordEnd, 5<<30)
		}, want: budget.TooLarge},
		{name: "zeros.docx", content: func() []byte { return inflating("word/document.xml", word, "\x00", "", 5<<30) }, want: budget.Corrupt},
		{name: "blanks.docx", content: func() []byte { return inflating("word/document.xml", word, " ", wordEnd, 5<<30) }, want: budget.TooLarge},
		{name: "paragraphs.docx", content: func() []byte {
			return inflating("word/document.xml", word, paragraph("a"), wordEnd, 512<<20)
		}, want: budget.TooLarge, options: partition.Options{Limits: tight}},
		{name: "strings.xlsx", content: func() []byte {
			return inflating("xl/sharedStrings.xml", "<sst>", "<si><t>a</t></si>", "</sst>", 256<<20,
				"_rels/.rels", `<Relationships><Relationship Id="r" Type="`+office+`officeDocument" Target="xl/workbook.xml"/></Relationships>`,
				"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="s1" Type="`+office+`worksheet" Target="s1.xml"/><Relationship Id="s2" Type="`+office+`sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
				"xl/workbook.xml", `<workbook xmlns:r="x"><sheets><sheet name="Gates" r:id="s1"/></sheets></workbook>`,
				"xl/s1.xml", `<worksheet><sheetData><row>`+cell(sentence)+`</row></sheetData></worksheet>`)
		}, want: budget.TooLarge, memory: 600},
		{name: "chapter.epub", content: func() []byte {
			return inflating("one.xhtml", "<html><body><p>", "a ", "</body></html>", 5<<30,
				"mimetype", "application/epub+zip", "META-INF/container.xml", `<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>`,
				"book.opf", `<package><manifest><item id="a" href="one.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>`)
		}, want: budget.TooLarge, memory: 600},
		{name: "overlapping.xlsx", content: func() []byte { return sheets(1000) }, want: budget.TooLarge},
		{name: "nested.zip", content: func() []byte { return nested(12) }, want: budget.Unsupported},
		{name: "nested.docx", content: func() []byte {
			return docx(paragraph(sentence), "word/embeddings/a.zip", string(nested(8)), "word/media/a.docx", string(inflating("word/document.xml", "", "\x00", "", 1<<30)))
		}, want: budget.OK, text: sentence},
		{name: "entries.docx", content: func() []byte { return entries(1_000_000) }, want: budget.TooLarge},
		{name: "entries.zip", content: func() []byte { return entries(1_000_000) }, want: budget.TooLarge},
		{name: "overlapping.docx", content: func() []byte {
			return overlapping(docx(paragraph(sentence)), func(i int) string { return fmt.Sprintf("word/%d.xml", i) }, 60_000)
		}, want: budget.OK, text: sentence},
	}...))
}

// TestNesting has every format that nests, nested deeper than any document.
func TestNesting(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	const many = 100_000
	pair := func(n int, open, end string) string { return times(n, open) + sentence + times(n, end) }
	deepest := func(name string) hostile { return hostile{name: name, want: budget.TooLarge} }
	with := func(h hostile, content func() []byte) hostile { h.content = content; return h }
	check(t, []hostile{
		with(deepest("a.xml"), text("<?xml version='1.0'?>", pair(million, "<a>", "</a>"))),
		with(deepest("open.xml"), text("<?xml version='1.0'?>", times(million, "<a>"))),
		with(deepest("a.json"), text(times(million, "["), times(million, "]"))),
		with(deepest("objects.json"), text(times(million, `{"a":`), "1", times(million, "}"))),
		with(deepest("open.json"), text(times(million, "["))),
		with(deepest("a.ndjson"), text("{\"a\":1}\n", times(million, "["), times(million, "]"), "\n")),
		with(deepest("a.docx"), func() []byte { return docx(pair(million, "<w:p>", "</w:p>")) }),
		with(deepest("tables.docx"), func() []byte { return docx(pair(many, "<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>")) }),
		with(deepest("content controls.docx"), func() []byte { return docx(pair(million, "<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>")) }),
		with(deepest("a.xlsx"), func() []byte { return xlsx(pair(million, "<row>", "</row>")) }),
		with(deepest("a.pptx"), func() []byte { return pptx(pair(million, "<p:grpSp>", "</p:grpSp>")) }),
		with(deepest("a.odt"), func() []byte { return odf("text", pair(million, "<text:section>", "</text:section>")) }),
		with(deepest("tables.odt"), func() []byte {
			return odf("text", pair(many, "<table:table><table:table-row><table:table-cell>", "</table:table-cell></table:table-row></table:table>"))
		}),
		with(deepest("a.fodt"), func() []byte { return flat("text", pair(million, "<text:section>", "</text:section>")) }),
		with(deepest("a.ods"), func() []byte { return odf("spreadsheet", pair(million, "<table:table>", "</table:table>")) }),
		with(deepest("a.odp"), func() []byte {
			return odf("presentation", "<draw:page>"+pair(million, "<draw:g>", "</draw:g>")+"</draw:page>")
		}),
		with(deepest("a.rtf"), text(`{\rtf1 `, pair(million, "{", "}"), "}")),
		{name: "a.html", content: text(pair(many, "<div>", "</div>")), want: budget.OK, text: sentence},
		{name: "many.html", content: text(times(many, "<b><i><ul><li><span>"), sentence), want: budget.OK, text: sentence},
		{name: "tables.html", content: text(pair(many, "<table><tr><td>", "</table>")), want: budget.OK, text: sentence},
		{name: "a.epub", content: func() []byte { return epub(pair(many, "<div>", "</div>")) }, want: budget.OK, text: sentence},
		{name: "quotes.md", content: text(times(many, "> "), sentence), want: budget.OK, text: sentence},
		{name: "lists.md", content: text(times(many, "- "), sentence), want: budget.OK, text: sentence},
		{name: "tags.md", content: text(pair(many, "<div>", "</div>")), want: budget.OK, text: sentence},
		{name: "lists.org", content: func() []byte { return staircase(1500, "- x") }, want: budget.TooLarge},
		{name: "headlines.org", content: text(times(many, "*"), " ", sentence), want: budget.OK, text: sentence},
		{name: "lists.rst", content: func() []byte { return staircase(1500, "- x\n") }, want: budget.TooLarge},
		{name: "quotes.rst", content: func() []byte { return staircase(1500, "x\n") }, want: budget.TooLarge},
		{name: "code.txt", content: text(pair(million, "(", ")")), want: budget.OK},
		{name: "a.csv", content: text(times(million, `"`), ",a\nb,c\n"), want: budget.OK},
	})
}

// staircase has n lines, each further in than the one before.
func staircase(n int, s string) []byte {
	var b bytes.Buffer
	for i := range n {
		b.WriteString(times(i, "  "))
		b.WriteString(s)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// TestLocked has encrypted files of all kinds: they say what is missing, and where a password opens them, it does.
func TestLocked(t *testing.T) {
	t.Parallel()
	agile := read(t, "partition/crypt/testdata/agile.docx")
	word := formattest.OLE(map[string]string{"WordDocument": "\xec\xa5\xc1\x00" + strings.Repeat("\x00", 7) + "\x03" + strings.Repeat("\x00", 1000), "1Table": strings.Repeat("\x01\x00", 100)})
	book := formattest.OLE(map[string]string{"Workbook": "\x09\x08\x10\x00\x00\x06\x05\x00" + strings.Repeat("\x00", 12) + "\x2f\x00\x36\x00\x01\x00\x01\x00\x01\x00" + strings.Repeat("x", 48)})
	// The bit of an entry that says that it is encrypted, in the directory of the container.
	lock := func(b []byte) []byte {
		for at := 0; ; {
			i := bytes.Index(b[at:], []byte("PK\x01\x02"))
			if i < 0 {
				return b
			}
			b[at+i+8] |= 1
			at += i + 4
		}
	}
	check(t, []hostile{
		{name: "agile.docx", content: of(agile), want: budget.Encrypted},
		{name: "wrong word.docx", content: of(agile), want: budget.Encrypted, options: partition.Options{Password: "Uber"}},
		{name: "right word.docx", content: of(agile), want: budget.OK, text: "The level at the bridge", options: partition.Options{Password: "Über den Fluß"}},
		{name: "a.doc", content: of(word), want: budget.Encrypted},
		{name: "a.xls", content: of(book), want: budget.Encrypted},
		{name: "a.odt", content: of(odf("text", "noise", "META-INF/manifest.xml", `<manifest:manifest><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>`)), want: budget.Encrypted},
		{name: "a.ods", content: of(odf("spreadsheet", "noise", "META-INF/manifest.xml", `<manifest:manifest><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>`)), want: budget.Encrypted},
		{name: "zip.docx", content: of(lock(docx(paragraph(sentence)))), want: budget.Encrypted},
		{name: "zip.xlsx", content: of(lock(xlsx("<row>" + cell("x") + "</row>"))), want: budget.Encrypted},
		{name: "zip.odt", content: of(lock(odf("text", "<text:p>x</text:p>"))), want: budget.Encrypted},
		{name: "zip.epub", content: of(lock(epub("<p>x"))), want: budget.Encrypted},
		{name: "plain.zip", content: of(lock(pack("a.txt", sentence))), want: budget.Encrypted},
		{name: "a.eml", content: text("From: a@x.example\nSubject: x\nContent-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b--\n"), want: budget.Encrypted},
	})
}
