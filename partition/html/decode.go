package html

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/charset"
)

// headBytes is how far into a page its declaration of an encoding is looked for.
const headBytes = 4096

var declaration = regexp.MustCompile(`(?i)<meta\s[^>]*charset\s*=\s*["']?\s*([\w.:-]+)|^\s*<\?xml\s[^>]*encoding\s*=\s*["']([\w.:-]+)`)

// decode turns a page into UTF-8: by the encoding that was ordered, else by its bytes if they are UTF-8 or bear a mark, else
// by what the page declares, else by what its bytes look like.
func decode(raw []byte, ordered string) (string, error) {
	if ordered == "" && !utf8.Valid(raw) {
		ordered = declared(raw[:min(len(raw), headBytes)])
	}
	return charset.Decode(raw, ordered)
}

// declared reads the encoding that a page names itself, "" when it names none that can be true: who could read the
// declaration as ASCII has no UTF-16, and the bytes are not UTF-8.
func declared(head []byte) string {
	m := declaration.FindSubmatch(head)
	if m == nil {
		return ""
	}
	name := strings.ToLower(string(m[1]) + string(m[2]))
	if strings.HasPrefix(name, "utf") || name == "unicode" || name == "ascii" || name == "us-ascii" || !charset.Known(name) {
		return ""
	}
	if name == "iso-8859-1" || name == "latin1" || name == "latin-1" {
		return "windows-1252" // what pages mean by it, as the encoding standard of the web has it
	}
	return name
}
