package charset

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

const german = "Der Pegel an der Brücke fällt über Nacht, sagt Frau Müßig. Größere Schäden gäbe es nicht; die Schleuse bleibt geöffnet.\n"

func TestDetected(t *testing.T) {
	for name, c := range map[string]struct {
		encoding encoding.Encoding
		text     string
	}{
		"utf-8":              {encoding.Nop, german},
		"utf-8 with a mark":  {unicode.UTF8BOM, german},
		"utf-16le":           {unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), german},
		"utf-16be":           {unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), german},
		"utf-16 with a mark": {unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), german},
		"utf-32le":           {utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), german},
		"utf-32be with mark": {utf32.UTF32(utf32.BigEndian, utf32.UseBOM), german},
		"windows-1252":       {charmap.Windows1252, german},
		"koi8-r":             {charmap.KOI8R, "Уровень воды у моста падает, сообщает служба порта. Шлюз остаётся открытым до вечера.\n"},
		"shift-jis":          {japanese.ShiftJIS, "橋の水位は夜の間に下がると港の事務所は伝えた。水門は夕方まで開いている。\n"},
		"gb18030":            {simplifiedchinese.GB18030, "桥边的水位在夜间下降，港务局说。水闸一直开到晚上，船只可以通行。\n"},
	} {
		b, err := c.encoding.NewEncoder().Bytes([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(b, ""); err != nil || got != c.text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestNamed(t *testing.T) {
	for _, c := range []struct{ in, name, want string }{
		{"caf\xe9", "latin-1", "café"}, {"caf\xe9", "ISO_8859_1", "café"}, {"caf\xe9", "cp1252", "café"}, {"\xef\xbb\xbfa", "utf-8", "a"},
		{"a\x00b\x00", "utf-16", "ab"}, {"\xff\xfea\x00", "utf_16", "a"}, {"\xe9\xf9", "iso-8859-8-i", "יש"},
	} {
		if got, err := Decode([]byte(c.in), c.name); err != nil || got != c.want {
			t.Errorf("%q as %s: %q, %v", c.in, c.name, got, err)
		}
	}
	for in, name := range map[string]string{"a": "klingon", "caf\xe9": "utf-8"} {
		if _, err := Decode([]byte(in), name); err == nil {
			t.Errorf("%q as %s was read", in, name)
		}
	}
	if Known("klingon") || !Known("Windows-1251") {
		t.Error("names")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(german), "")
	f.Add([]byte("\xff\xfea\x00"), "utf-16")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		if s, err := Decode(b, name); err == nil && !utf8.ValidString(s) {
			t.Errorf("not UTF-8: %q", s)
		}
	})
}
