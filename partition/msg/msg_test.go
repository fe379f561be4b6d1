package msg

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func fixed(id, kind uint32, value uint64) string {
	b := binary.LittleEndian.AppendUint32(nil, id<<16|kind)
	b = binary.LittleEndian.AppendUint32(b, 6)
	return string(binary.LittleEndian.AppendUint64(b, value))
}

// message makes the streams of a message below a path.
func message(to map[string]string, path string, header int, texts map[uint32]string, values ...string) {
	to[path+"__properties_version1.0"] = strings.Repeat("\x00", header) + strings.Join(values, "")
	for id, s := range texts {
		to[path+stream(id, typeString)] = wide(s)
	}
}

// recipient adds one to a message.
func recipient(to map[string]string, path string, n int, kind uint64, name, address string) {
	message(to, fmt.Sprintf("%s__recip_version1.0_#%08X/", path, n), 8, map[uint32]string{propDisplayName: name, propMail: address}, fixed(propRecipientKind, typeLong, kind))
}

// attach adds an attachment to a message.
func attach(to map[string]string, path string, n int, name, content string) {
	at := fmt.Sprintf("%s__attach_version1.0_#%08X/", path, n)
	message(to, at, 8, map[uint32]string{propLongName: name, propMIME: "text/plain"})
	to[at+stream(propAttachment, typeBinary)] = content
}

const sentAt = 134_000_000_000_000_000 // 18 August 2025

func sample() map[string]string {
	m := map[string]string{}
	message(m, "", 32, map[uint32]string{
		propSubject: "Pegelstände", propBody: "The level at the bridge is falling.\r\n\r\nVogt\r\n", propSenderName: "Jürgen Vogt",
		propSenderMail: "vogt@northwater.example", propMessageID: "<17@northwater.example>", propClass: "IPM.Note",
	}, fixed(propSubmitted, typeTime, sentAt))
	recipient(m, "", 0, 1, "A", "a@x.example")
	recipient(m, "", 1, 2, "B", "b@x.example")
	recipient(m, "", 2, 3, "C", "c@x.example")
	return m
}

func TestPlain(t *testing.T) {
	t.Parallel()
	got := formattest.Want(t, Parse, "a.msg", formattest.OLE(sample()), format.Options{}, "NarrativeText: The level at the bridge is falling.", "Title: Vogt")
	m := got[0].Metadata
	if !slices.Equal(m.SentFrom, []string{`"Jürgen Vogt" <vogt@northwater.example>`}) || !slices.Equal(m.SentTo, []string{"a@x.example", "b@x.example", "c@x.example"}) ||
		!slices.Equal(m.CCRecipient, []string{"b@x.example"}) || !slices.Equal(m.BCCRecipient, []string{"c@x.example"}) ||
		m.Subject != "Pegelstände" || m.EmailMessageID != "17@northwater.example" || m.LastModified != "2025-08-18T14:13:20+00:00" {
		t.Errorf("%+v", m)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := sample()
	s[stream(propHeaders, typeString)] = wide("From: \"Vogt, J.\" <vogt@northwater.example>,\r\n =?utf-8?q?K=C3=B6hl?= <k@x.example>\r\nCc: d@x.example\r\nMessage-ID: <18@x>\r\n\r\n")
	m := formattest.Want(t, Parse, "a.msg", formattest.OLE(s), format.Options{}, "NarrativeText: The level at the bridge is falling.", "Title: Vogt")[0].Metadata
	if !slices.Equal(m.SentFrom, []string{`"Vogt, J." <vogt@northwater.example>`, "Köhl <k@x.example>"}) || !slices.Equal(m.CCRecipient, []string{"d@x.example"}) || m.EmailMessageID != "18@x" {
		t.Errorf("%+v", m)
	}
	s[stream(propHeaders, typeString)] = wide("Content-Type: multipart/encrypted; boundary=x\r\n\r\n")
	formattest.WantOutcome(t, Parse, "encrypted", formattest.OLE(s), budget.Encrypted)
}

// TestBodies has every form of a body; the first that is there is read.
func TestBodies(t *testing.T) {
	t.Parallel()
	html := "<html><body><h1>Stände</h1><ul><li>eins</li></ul></body></html>"
	encapsulated := `{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 Arial;}}{\*\generator x;}{\*\htmltag19 <html>}{\*\htmltag64 <h1>}\htmlrtf {\b\htmlrtf0 St\'e4nde \f1\'cb\'e5\'f1\f0\htmlrtf }\htmlrtf0{\*\htmltag72 </h1>}{\*\htmltag64 <p>}One \{brace\} \u27700?{\*\htmltag84 &amp;}{\*\mhtmltag84 <a>} two, a sentence that is read as well.{\*\htmltag72 </p>}}`
	for name, c := range map[string]struct {
		streams map[string]string
		values  string
		want    []string
	}{
		"html in UTF-8":     {map[string]string{stream(propHTML, typeBinary): html}, fixed(propInternetPage, typeLong, 65001), []string{"Title: Stände", "ListItem: eins"}},
		"html, found":       {map[string]string{stream(propHTML, typeBinary): html}, "", []string{"Title: Stände", "ListItem: eins"}},
		"html, code page":   {map[string]string{stream(propHTML, typeBinary): "<h1>St\xe4nde</h1>"}, fixed(propInternetPage, typeLong, 1252), []string{"Title: Stände"}},
		"html as text":      {map[string]string{stream(propHTML, typeString): wide(html)}, "", []string{"Title: Stände", "ListItem: eins"}},
		"plain, code page":  {map[string]string{stream(propBody, typeString8): "\xcb\xe5\xf1\xe0"}, fixed(propCodePage, typeLong, 1251), []string{"Title: Леса"}},
		"rtf of html":       {map[string]string{stream(propRTF, typeBinary): store(encapsulated)}, "", []string{"Title: Stände Лес", "NarrativeText: One {brace} 水& two, a sentence that is read as well."}},
		"rtf":               {map[string]string{stream(propRTF, typeBinary): store(`{\rtf1 The level at the bridge is falling.\par}`)}, "", []string{"NarrativeText: The level at the bridge is falling."}},
		"nothing":           {nil, "", nil},
		"rtf that is none":  {map[string]string{stream(propRTF, typeBinary): store("no")}, "", nil},
		"rtf, cut":          {map[string]string{stream(propRTF, typeBinary): "ab"}, "", nil},
		"plain before rtf":  {map[string]string{stream(propBody, typeString): wide("Gate"), stream(propRTF, typeBinary): store(encapsulated)}, "", []string{"Title: Gate"}},
		"blank html":        {map[string]string{stream(propHTML, typeBinary): " ", stream(propBody, typeString): wide("Gate")}, "", []string{"Title: Gate"}},
		"other properties":  {map[string]string{stream(propBody, typeString): wide("Gate"), "__nameid_version1.0/" + stream(2, typeBinary): "x"}, fixed(0x8000, typeLong, 1), []string{"Title: Gate"}},
		"a half properties": {map[string]string{stream(propBody, typeString): wide("Gate")}, "abc", []string{"Title: Gate"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := map[string]string{}
			message(m, "", 32, nil, c.values)
			for k, v := range c.streams {
				m[k] = v
			}
			formattest.Want(t, Parse, "a.msg", formattest.OLE(m), format.Options{}, c.want...)
		})
	}
}

// store wraps RTF without compressing it.
func store(s string) string {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(s)+12))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	b = binary.LittleEndian.AppendUint32(b, uncompressed)
	return string(binary.LittleEndian.AppendUint32(b, 0)) + s
}

// TestInflate undoes the two examples of the specification (MS-OXRTFCP 4.1, 4.2).
func TestInflate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"\x2d\x00\x00\x00\x2b\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125\x42\x32\x0a\xf3 hel\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0": "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
		"\x1a\x00\x00\x00\x1c\x00\x00\x00LZFu\xe2\xd4\x4b\x51\x41\x00\x04\x20WXYZ\x0d\x6e\x7d\x01\x0e\xb0":                                      "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}",
	} {
		got, err := inflateRTF([]byte(in), budget.New(budget.Default))
		if err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
		for i := range in { // cut anywhere
			if _, err := inflateRTF([]byte(in[:i]), budget.New(budget.Default)); err != nil {
				t.Error(err)
			}
		}
	}
	bomb := "\xff\xff\xff\xff\xff\xff\xff\x7fLZFu\x00\x00\x00\x00" + strings.Repeat("\xff\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f", 1000)
	if got, err := inflateRTF([]byte(bomb), budget.New(budget.Default)); err != nil || len(got) < 1<<14 || len(got) > 8*17*1000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	m := sample()
	attach(m, "", 0, `..\..\pumps.txt`, "a,b")
	attach(m, "", 1, "", "c")
	inner := "__attach_version1.0_#00000002/"
	message(m, inner, 8, map[uint32]string{propDisplayName: "An inner/letter"}, fixed(propMethod, typeLong, 5))
	at := inner + stream(propAttachment, typeStorage) + "/"
	message(m, at, 24, map[uint32]string{propSubject: "Inner", propBody: "The inner body stands here."})
	attach(m, at, 0, "deep.txt", "d")
	message(m, "__attach_version1.0_#00000003/", 8, nil)
	m["__attach_version1.0_#00000003/"+stream(propAttachment, typeStorage)+"/Contents"] = "an object"
	attach(m, "", 4, "broken.bin", "z")
	var names []string
	o := format.Options{Nested: func(_ context.Context, f document.File) ([]element.Element, error) {
		names = append(names, f.Name)
		if f.Name == "broken.bin" {
			return nil, budget.Errorf(budget.Unsupported, "no such type")
		}
		b, err := f.Bytes(0)
		return []element.Element{{Type: element.Table, Text: string(b), Metadata: element.Metadata{Filename: f.Name}}}, err
	}}
	got := formattest.Want(t, Parse, "a.msg", formattest.OLE(m), o, "NarrativeText: The level at the bridge is falling.", "Title: Vogt",
		"Table: a,b", "Table: c", "NarrativeText: The inner body stands here.", "Table: d")
	if !slices.Equal(names, []string{"pumps.txt", "unknown", "deep.txt", "broken.bin"}) {
		t.Errorf("%q", names)
	}
	if m := got[4].Metadata; m.Filename != "An inner_letter.msg" || m.Filetype != MIME || m.AttachedToFilename != "a.msg" || m.Subject != "Inner" {
		t.Errorf("%+v", m)
	}
	if got[5].Metadata.Filename != "deep.txt" || got[0].Metadata.AttachedToFilename != "" {
		t.Errorf("%+v", got[5].Metadata)
	}
	formattest.Want(t, Parse, "a.msg", formattest.OLE(m), format.Options{}, "NarrativeText: The level at the bridge is falling.", "Title: Vogt")
	o.Nested = func(context.Context, document.File) ([]element.Element, error) {
		return nil, budget.Errorf(budget.TooLarge, "over the limit")
	}
	formattest.WantOutcomeWith(t, Parse, "a limit inside an attachment is one of the message", formattest.OLE(m), o, budget.TooLarge)
}

func nested(context.Context, document.File) ([]element.Element, error) { return nil, nil }

// TestHostile has messages nested very deep, and very many attachments.
func TestHostile(t *testing.T) {
	t.Parallel()
	deep := sample()
	path := ""
	for range 600 { // the writer of the test grows with the square of the depth
		inner := path + "__attach_version1.0_#00000000/"
		message(deep, inner, 8, nil)
		path = inner + stream(propAttachment, typeStorage) + "/"
		message(deep, path, 24, nil)
	}
	formattest.WantOutcomeWith(t, Parse, "deep", formattest.OLE(deep), format.Options{Nested: nested}, budget.TooLarge)
	many := sample()
	for i := range 20_000 {
		many[fmt.Sprintf("__attach_version1.0_#%08X/%s", i, stream(propAttachment, typeBinary))] = "x"
		many[fmt.Sprintf("__recip_version1.0_#%08X/%s", i, stream(propMail, typeString))] = wide("a@x.example")
	}
	count := 0
	o := format.Options{Nested: func(context.Context, document.File) ([]element.Element, error) {
		count++
		return nil, nil
	}}
	got, err := formattest.Parse(t, Parse, "a.msg", formattest.OLE(many), o)
	if err != nil || count != 20_000 || len(got) != 2 || len(got[0].Metadata.SentTo) != 20_000 {
		t.Errorf("%d attachments, %d elements, %v", count, len(got), err)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	s := sample()
	attach(s, "", 0, "a.txt", strings.Repeat("long ", 5000))
	whole := formattest.OLE(s)
	for i := range 20 {
		formattest.WantOutcomeWith(t, Parse, fmt.Sprintf("cut at %d twentieths", i), whole[:len(whole)*i/20], format.Options{Nested: nested}, budget.Corrupt)
	}
	formattest.WantOutcome(t, Parse, "no message", formattest.OLE(map[string]string{"a": "b"}), budget.Corrupt)
}

func FuzzParse(f *testing.F) {
	s := sample()
	attach(s, "", 0, "a.txt", "x")
	s[stream(propRTF, typeBinary)] = store(`{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}a}`)
	formattest.Fuzz(f, Parse, "a.msg", format.Options{Nested: nested}, formattest.OLE(s))
}

// FuzzRTF gives bodies in RTF, compressed or not.
func FuzzRTF(f *testing.F) {
	f.Add([]byte(store(`{\rtf1\ansi\fromhtml1 {\fonttbl{\f1\fcharset204 A;}}{\*\htmltag64 <p>}\f1\'e4\u27700?\htmlrtf x\htmlrtf0 a}`)))
	f.Add([]byte("\x1a\x00\x00\x00\x1c\x00\x00\x00LZFu\xe2\xd4\x4b\x51\x41\x00\x04\x20WXYZ\x0d\x6e\x7d\x01\x0e\xb0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := map[string]string{stream(propRTF, typeBinary): string(b)}
		message(m, "", 32, nil)
		if _, err := formattest.Parse(t, Parse, "a.msg", formattest.OLE(m), format.Options{}); err != nil && formattest.Outcome(err) == "" {
			t.Errorf("an error without an outcome: %v", err)
		}
	})
}
