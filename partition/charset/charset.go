// Package charset turns the bytes of a text file into UTF-8: by the encoding that the caller names, by a byte order mark,
// or by what the bytes look like.
package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/sluicehq/sluice/partition/budget"
)

// Decode returns b as UTF-8 without a byte order mark. name is the encoding that the caller ordered, "" to find it. An
// order that names no encoding or does not fit is a *budget.Error.
func Decode(b []byte, name string) (string, error) {
	if name == "" {
		return detected(b), nil
	}
	e, ok := lookup(name)
	if !ok {
		return "", budget.Errorf(budget.Corrupt, "encoding %q is not known; leave it out to have it found", name)
	}
	if e == nil {
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
		if !utf8.Valid(b) {
			return "", budget.Errorf(budget.Corrupt, "the file is not valid UTF-8; leave encoding out, or give the file's own")
		}
		return string(b), nil
	}
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return "", budget.Errorf(budget.Corrupt, "the file is not valid %s; leave encoding out, or give the file's own", name)
	}
	return strings.TrimPrefix(string(out), "\ufeff"), nil
}

// Known tells whether a name is that of an encoding.
func Known(name string) bool {
	_, ok := lookup(name)
	return ok
}

// lookup finds an encoding by its name; nil is UTF-8.
func lookup(name string) (encoding.Encoding, bool) {
	name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")
	switch name {
	case "utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii":
		return nil, true
	case "utf-16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), true
	case "utf-16le", "utf-16-le":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), true
	case "utf-16be", "utf-16-be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), true
	case "utf-32", "utf-32le", "utf-32-le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), true
	case "utf-32be", "utf-32-be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM), true
	case "latin-1", "latin1", "iso-8859-1", "iso8859-1":
		return charmap.ISO8859_1, true
	}
	if base, ok := strings.CutSuffix(name, "-i"); ok {
		name = base
	} else if base, ok := strings.CutSuffix(name, "-e"); ok {
		name = base
	}
	if n, ok := strings.CutPrefix(name, "cp"); ok && strings.HasPrefix(n, "12") {
		name = "windows-" + n
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, false
	}
	return e, true
}

// sample is how much of a file the detector looks at, bytes.
const sample = 64 << 10

// detected finds the encoding: a byte order mark, UTF-8, UTF-16 and UTF-32 by their zero bytes, then the statistics of
// a detector that must be sure of itself, else ISO 8859-1, which reads everything.
func detected(b []byte) string {
	if e, skip := marked(b); e != nil || skip > 0 {
		return decode(b[skip:], e)
	}
	if utf8.Valid(b) && !bytes.ContainsRune(b[:min(len(b), sample)], 0) {
		return string(b)
	}
	if e := wide(b[:min(len(b), sample)]); e != nil {
		return decode(b, e)
	}
	if utf8.Valid(b) {
		return string(b)
	}
	guess := chardet.Detect(b[:min(len(b), sample)])
	if guess.Confidence >= 0.5 {
		if e, ok := lookup(guess.Encoding); ok && e != nil {
			return decode(b, e)
		}
	}
	if isShiftJIS(b[:min(len(b), sample)]) { // the detector is never sure of it
		return decode(b, japanese.ShiftJIS)
	}
	return decode(b, charmap.Windows1252)
}

// isShiftJIS tells text that decodes without an error, into kana for a fifth of what is not ASCII.
func isShiftJIS(b []byte) bool {
	if len(b) == sample { // a character may be cut in two
		b = b[:bytes.LastIndexByte(b, '\n')+1]
	}
	out, err := japanese.ShiftJIS.NewDecoder().Bytes(b)
	if err != nil {
		return false
	}
	kana, other := 0, 0
	for _, r := range string(out) {
		switch {
		case r == utf8.RuneError:
			return false
		case r >= 0x3040 && r < 0x3100: // not the half-width ones, which single bytes of other encodings decode to
			kana++
		case r >= utf8.RuneSelf:
			other++
		}
	}
	return kana > 0 && kana*4 >= other
}

func decode(b []byte, e encoding.Encoding) string {
	if e == nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return string(out)
}

// marked reads a byte order mark.
func marked(b []byte) (e encoding.Encoding, skip int) {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return nil, 3
	case bytes.HasPrefix(b, []byte{0xff, 0xfe, 0, 0}):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4
	case bytes.HasPrefix(b, []byte{0, 0, 0xfe, 0xff}):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 2
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 2
	}
	return nil, 0
}

// wide recognises UTF-16 and UTF-32 without a mark by where the zero bytes stand: texts of most scripts have many
// spaces, digits and line ends, whose other bytes are zero.
func wide(b []byte) encoding.Encoding {
	if len(b) < 4 || len(b)%2 != 0 {
		return nil
	}
	var zero [4]int
	for i, c := range b {
		if c == 0 {
			zero[i%4]++
		}
	}
	n := len(b) / 4
	switch {
	case n > 0 && zero[3] == n && zero[2] > n*9/10 && zero[0]*10 < n:
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case n > 0 && zero[0] == n && zero[1] > n*9/10 && zero[3]*10 < n:
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	}
	even, odd := zero[0]+zero[2], zero[1]+zero[3]
	switch half := len(b) / 2; {
	case odd > half/10 && even*20 < odd:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case even > half/10 && odd*20 < even:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}
