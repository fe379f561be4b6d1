package filetype

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/archive"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/ole"
)

// head is how much of a text is looked at, bytes.
const head = 64 << 10

// Detect finds the type of a file. hint is the type that the caller ordered or the sender declared, "" for none; the
// file's own MIMEType is not asked. The error is a *budget.Error or that of reading.
func Detect(f document.File, hint string, b *budget.Budget) (Type, error) {
	if f.Size == 0 {
		return Empty, nil
	}
	start := make([]byte, min(f.Size, head))
	if _, err := f.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return Type{}, err
	}
	if t, ok := bySignature(start); ok {
		switch t {
		case ZIP:
			return inZip(f, b)
		case oleStorage:
			return inOLE(f, hint, b)
		}
		return t, nil
	}
	if t, ok := flatOpenDocument(start); ok {
		return t, nil
	}
	asserted, known := ByMIME(hint)
	if known && !asserted.isBinary() && asserted != Text && asserted != Unknown {
		return refineJSON(f, asserted, start), nil
	}
	if t, ok := byText(f, start); ok {
		return t, nil
	}
	if t, ok := ByExtension(f.Name); ok && (t.isBinary() || controls(string(start))*3 < len(start)) {
		return t, nil // its parser says what is wrong with it
	}
	if known {
		return asserted, nil
	}
	return Unknown, nil
}

// oleStorage is a compound file of which only its streams tell what it is.
var oleStorage = Type{"ole", "application/x-ole-storage"}

// bySignature reads what stands at the very beginning, or for PDF near it.
func bySignature(b []byte) (Type, bool) {
	for _, s := range []struct {
		at        int
		signature string
		t         Type
	}{
		{0, ole.Signature, oleStorage},
		{0, "PK\x03\x04", ZIP}, {0, "PK\x05\x06", ZIP}, {0, "PK\x07\x08", ZIP},
		{0, `{\rtf`, RTF},
		{0, "\x89PNG\r\n\x1a\n", PNG}, {0, "\xff\xd8\xff", JPEG}, {0, "GIF87a", GIF}, {0, "GIF89a", GIF},
		{0, "II*\x00", TIFF}, {0, "MM\x00*", TIFF},
		{4, "ftypheic", HEIC}, {4, "ftypheix", HEIC}, {4, "ftypmif1", HEIC}, {4, "ftyphevc", HEIC},
		{8, "WEBP", WEBP}, {8, "WAVE", WAV}, {0, "ID3", MP3},
	} {
		if len(b) >= s.at+len(s.signature) && string(b[s.at:s.at+len(s.signature)]) == s.signature {
			return s.t, true
		}
	}
	if len(b) > 26 && b[0] == 'B' && b[1] == 'M' && bytes.Equal(b[6:10], []byte{0, 0, 0, 0}) {
		return BMP, true
	}
	if i := bytes.Index(b[:min(len(b), 1024)], []byte("%PDF-")); i == 0 || i > 0 && !printable(b[:i]) {
		return PDF, true
	} else if i > 0 && strings.TrimSpace(string(b[:i])) == "" {
		return PDF, true
	}
	return Type{}, false
}

var officeMIME = regexp.MustCompile(`\soffice:mimetype\s*=\s*["']([a-z.\-/]+)["']`)

// flatOpenDocument reads the type that an OpenDocument file of one XML document carries in its first tag.
func flatOpenDocument(b []byte) (Type, bool) {
	at := bytes.Index(b, []byte("<office:document"))
	if at < 0 || !bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<")) {
		return Type{}, false
	}
	tag, _, _ := bytes.Cut(b[at:], []byte(">"))
	found := officeMIME.FindSubmatch(tag)
	if found == nil {
		return Type{}, false
	}
	t, ok := ByMIME(string(found[1]))
	return t, ok && (t == ODT || t == ODS || t == ODP)
}

func printable(b []byte) bool {
	return utf8.Valid(b) && bytes.IndexFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) < 0
}

// inZip looks at the entries.
func inZip(f document.File, b *budget.Budget) (Type, error) {
	a, err := archive.Open(f, b)
	if errors.Is(err, archive.ErrNotZip) { // cut off: the extension says what it was meant to be
		if t, ok := ByExtension(f.Name); ok && t.isBinary() {
			return t, nil
		}
		return ZIP, nil
	}
	if err != nil {
		return Type{}, err
	}
	for _, name := range a.Names() {
		name = strings.ToLower(name)
		for _, kind := range []struct {
			prefix string
			t      Type
		}{{"word/document", DOCX}, {"xl/workbook", XLSX}, {"ppt/presentation", PPTX}} {
			if strings.HasPrefix(name, kind.prefix) && strings.HasSuffix(name, ".xml") {
				return kind.t, nil
			}
		}
	}
	if e, ok := a.Entry("mimetype"); ok && e.Flags&1 == 0 { // one that is encrypted tells nothing
		text, err := a.Read("mimetype", 1<<10)
		if err != nil {
			return Type{}, err
		}
		media := strings.TrimSuffix(strings.TrimSpace(string(text)), "-template")
		if t, ok := ByMIME(media); ok {
			return t, nil
		}
	}
	// The main part may have any name; only its declared type says what it is.
	if text, err := a.Read("[Content_Types].xml", 1<<20); err == nil {
		for _, kind := range []struct {
			word string
			t    Type
		}{
			{"wordprocessingml.document.main+xml", DOCX}, {"wordprocessingml.template.main+xml", DOCX},
			{"ms-word.document.macroEnabled.main+xml", DOCX}, {"ms-word.template.macroEnabledTemplate.main+xml", DOCX},
			{"presentationml.template.main+xml", PPTX}, {"presentationml.slideshow.main+xml", PPTX},
			{"ms-powerpoint.presentation.macroEnabled.main+xml", PPTX}, {"ms-powerpoint.slideshow.macroEnabled.main+xml", PPTX},
			{"ms-powerpoint.template.macroEnabled.main+xml", PPTX}, {"presentationml.presentation.main+xml", PPTX},
			{"spreadsheetml.template.main+xml", XLSX}, {"ms-excel.sheet.macroEnabled.main+xml", XLSX},
			{"ms-excel.template.macroEnabled.main+xml", XLSX},
			{"spreadsheetml.sheet.main+xml", XLSX},
		} {
			if bytes.Contains(text, []byte(kind.word)) {
				return kind.t, nil
			}
		}
	}
	return ZIP, nil
}

// inOLE looks at the streams of the outermost storage: what is embedded further in does not count.
func inOLE(f document.File, hint string, b *budget.Budget) (Type, error) {
	o, err := ole.Open(f, b)
	var failed *budget.Error
	switch {
	case err == nil:
		root := o.Root()
		for _, s := range oleStreams {
			if root.Has(s.name) {
				return s.t, nil
			}
		}
		if t, ok := oleClasses[root.Class()]; ok {
			return t, nil
		}
	case errors.As(err, &failed) && failed.Outcome != budget.Corrupt, failed == nil && !errors.Is(err, ole.ErrNotOLE):
		return Type{}, err
	}
	if t, ok := ByExtension(f.Name); ok && t.isBinary() {
		return t, nil // its parser says what is wrong with it
	}
	if t, ok := ByMIME(hint); ok {
		return t, nil
	}
	if failed != nil {
		return Type{}, err
	}
	return Unknown, nil
}

// oleStreams are the streams that tell the types, in the order in which they decide.
var oleStreams = []struct {
	name string
	t    Type
}{
	{"EncryptedPackage", EncryptedOffice}, {"__properties_version1.0", MSG}, {"WordDocument", DOC},
	{"PowerPoint Document", PPT}, {"Workbook", XLS}, {"Book", XLS},
}

// oleClasses are the class identifiers that programs give to their documents, as they are stored.
var oleClasses = map[[16]byte]Type{
	{0x06, 0x09, 0x02, 8: 0xc0, 15: 0x46}: DOC, {0x00, 0x09, 0x02, 8: 0xc0, 15: 0x46}: DOC,
	{0x20, 0x08, 0x02, 8: 0xc0, 15: 0x46}: XLS, {0x10, 0x08, 0x02, 8: 0xc0, 15: 0x46}: XLS,
	{0x0b, 0x0d, 0x02, 8: 0xc0, 15: 0x46}: MSG,
	{0x10, 0x8d, 0x81, 0x64, 0x9b, 0x4f, 0xcf, 0x11, 0x86, 0xea, 0x00, 0xaa, 0x00, 0xb9, 0x29, 0xe8}: PPT,
}

var (
	markup      = regexp.MustCompile(`(?is)^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html|<head|<body)`)
	htmlTag     = regexp.MustCompile(`(?i)<(?:\w+:)?(?:html|head|body|title|div|span|p|h[1-6]|table|ul|ol|li|br|a|img)[\s/>]`)
	mailHeaders = regexp.MustCompile(`(?i)^(?:(?:MIME-Version|Date|Message-ID|Subject|From|To|Received|Return-Path|Delivered-To|X-[A-Za-z-]+):[^\n]*\n(?:[ \t][^\n]*\n)*){3,}`)
)

// byText decides between the kinds of text; false for what is no text.
func byText(f document.File, start []byte) (Type, bool) {
	if !isText(start) {
		return Type{}, false
	}
	text, _ := charset.Decode(start, "")
	trimmed := strings.TrimLeft(text, " \t\r\n\ufeff")
	named, _ := ByExtension(f.Name)
	switch {
	case strings.HasPrefix(trimmed, "<?xml") && !markup.MatchString(text) && (named != HTML || !htmlTag.MatchString(text)):
		return XML, true
	case named != Type{} && !named.isBinary() && named != Text:
		return refineJSON(f, named, start), true
	case trimmed == "":
		return Text, true
	case markup.MatchString(text):
		return HTML, true
	case trimmed[0] == '[' || trimmed[0] == '{':
		if t := refineJSON(f, Text, start); t != Text {
			return t, true
		}
	case mailHeaders.MatchString(strings.ReplaceAll(trimmed, "\r\n", "\n")):
		return EML, true
	}
	if named == Text {
		return Text, true
	}
	if isCSV(text, int64(len(start)) == f.Size) {
		return CSV, true
	}
	return Text, true
}

// isText tells whether the bytes are those of a text in some encoding: hardly any control characters but those of
// layout, and hardly anything that does not decode.
func isText(b []byte) bool {
	text := string(b)
	if bytes.ContainsRune(b, 0) { // UTF-16 or UTF-32, or no text
		whole := len(b) / 4 * 4
		if whole == 0 {
			whole = len(b) / 2 * 2
		}
		if whole == 0 {
			return false
		}
		decoded, err := charset.Decode(b[:whole], "")
		if err != nil || strings.ContainsRune(decoded, 0) || strings.Count(decoded, "\ufffd")*50 > len(decoded) {
			return false
		}
		text = decoded
	}
	return controls(text)*100 <= len(text)
}

// controls counts the control characters that do not lay out a text.
func controls(text string) int {
	n := 0
	for i := range len(text) {
		switch c := text[i]; c {
		case '\n', '\r', '\t', '\f', '\v', '\b', 0x1b:
		default:
			if c < ' ' {
				n++
			}
		}
	}
	return n
}

// isCSV looks at the first ten lines: at least two, each with as many commas as the others and at least one.
func isCSV(text string, whole bool) bool {
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n")
	if !whole && len(lines) > 1 {
		lines = lines[:len(lines)-1]
	}
	if len(lines) < 2 {
		return false
	}
	commas := strings.Count(lines[0], ",")
	for _, line := range lines[:min(len(lines), 10)] {
		if n := strings.Count(line, ","); n == 0 || n != commas {
			return false
		}
	}
	return true
}

// refineJSON tells one JSON value from one a line. What is neither stays what it was taken for.
func refineJSON(f document.File, t Type, start []byte) Type {
	if t != JSON && t != NDJSON && t != Text {
		return t
	}
	const limit = 1 << 20
	b := start
	if f.Size > int64(len(b)) {
		b = make([]byte, min(f.Size, limit))
		if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
			return t
		}
	}
	cut := int64(len(b)) < f.Size
	if cut {
		if i := bytes.LastIndexByte(b, '\n'); i > 0 && linesAreJSON(b[:i], t == NDJSON) {
			return NDJSON
		}
		if t == Text && looksLikeJSON(b) {
			return JSON
		}
		return t
	}
	if t != NDJSON && json.Valid(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))) {
		return JSON
	}
	if linesAreJSON(b, t == NDJSON) {
		return NDJSON
	}
	return t
}

// looksLikeJSON reads tokens until the text is cut off.
func looksLikeJSON(b []byte) bool {
	d := json.NewDecoder(bytes.NewReader(b))
	for n := 0; ; n++ {
		if _, err := d.Token(); err != nil {
			return n > 2 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF))
		}
	}
}

func linesAreJSON(b []byte, one bool) bool {
	n := 0
	for line := range bytes.Lines(b) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if line[0] != '{' && line[0] != '[' || !json.Valid(line) {
			return false
		}
		n++
	}
	return n >= 2 || one && n == 1
}
