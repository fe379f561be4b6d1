package rtf

import "bytes"

type kind int

const (
	endOfFile kind = iota
	openGroup
	closeGroup
	word   // \name, with a number or without
	sign   // \ and one character that is no letter
	hex    // \'hh
	plain  // bytes of text
	binary // the bytes that \bin announces were passed over
	broken // the file ends within one of these
)

// token is a piece of RTF (specification 1.9.1, "Conventions of an RTF Reader").
type token struct {
	kind   kind
	name   string // of a word
	number int
	given  bool // the word has a number
	char   byte // of a sign or hex
	text   []byte
}

type scanner struct {
	b   []byte
	pos int
}

const longestWord = 32 // letters; the specification's own bound

func (z *scanner) next() token {
	for z.pos < len(z.b) && (z.b[z.pos] == '\r' || z.b[z.pos] == '\n' || z.b[z.pos] == 0) {
		z.pos++
	}
	if z.pos == len(z.b) {
		return token{kind: endOfFile}
	}
	switch c := z.b[z.pos]; c {
	case '{':
		z.pos++
		return token{kind: openGroup}
	case '}':
		z.pos++
		return token{kind: closeGroup}
	case '\\':
		return z.control()
	}
	n := bytes.IndexAny(z.b[z.pos:], "\\{}\r\n\x00")
	if n < 0 {
		n = len(z.b) - z.pos
	}
	z.pos += n
	return token{kind: plain, text: z.b[z.pos-n : z.pos]}
}

func (z *scanner) control() token {
	z.pos++
	if z.pos == len(z.b) {
		return token{kind: broken}
	}
	c := z.b[z.pos]
	switch {
	case c == '\'':
		if z.pos+2 >= len(z.b) {
			z.pos = len(z.b)
			return token{kind: broken}
		}
		high, ok1 := nibble(z.b[z.pos+1])
		low, ok2 := nibble(z.b[z.pos+2])
		if !ok1 || !ok2 { // as a word processor does: no character
			z.pos++
			return token{kind: sign, char: '\''}
		}
		z.pos += 3
		return token{kind: hex, char: high<<4 | low}
	case !isLetter(c):
		z.pos++
		return token{kind: sign, char: c}
	}
	start := z.pos
	for z.pos < len(z.b) && isLetter(z.b[z.pos]) && z.pos-start < longestWord {
		z.pos++
	}
	t := token{kind: word, name: string(z.b[start:z.pos])}
	negative := false
	if z.pos+1 < len(z.b) && z.b[z.pos] == '-' && isDigit(z.b[z.pos+1]) {
		negative = true
		z.pos++
	}
	for z.pos < len(z.b) && isDigit(z.b[z.pos]) {
		t.given = true
		if t.number < 1<<31 {
			t.number = t.number*10 + int(z.b[z.pos]-'0')
		}
		z.pos++
	}
	if negative {
		t.number = -t.number
	}
	if z.pos < len(z.b) && z.b[z.pos] == ' ' {
		z.pos++
	}
	if t.name == "bin" {
		if t.number > len(z.b)-z.pos {
			return token{kind: broken}
		}
		z.pos += max(t.number, 0)
		return token{kind: binary}
	}
	return t
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

func nibble(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
