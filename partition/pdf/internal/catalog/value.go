package catalog

import (
	"bytes"
	"strconv"
)

// The kinds of values (ISO 32000-1, 7.3): dictionary, array, name, text, number as float64, reference, and nil for null, true, false and what is
// no value.
type (
	dictionary map[string]any
	array      []any
	name       string
	text       string
	reference  int // number of the object
)

// Bounds of one value.
const (
	maxDepth   = 32
	maxMembers = 10_000
)

// scanner reads values from bytes. What is cut off or wrong ends it: at is then behind the end.
type scanner struct {
	b       []byte
	at      int
	members int
}

func (s *scanner) fail() any {
	s.at = len(s.b) + 1
	return nil
}

func (s *scanner) failed() bool { return s.at > len(s.b) }

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func (s *scanner) skip() {
	for s.at < len(s.b) {
		switch c := s.b[s.at]; {
		case isSpace(c):
			s.at++
		case c == '%':
			for s.at < len(s.b) && s.b[s.at] != '\n' && s.b[s.at] != '\r' {
				s.at++
			}
		default:
			return
		}
	}
}

// next tells whether word comes next, and passes over it.
func (s *scanner) next(word string) bool {
	s.skip()
	if s.failed() || !bytes.HasPrefix(s.b[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

// word reads what stands up to a space or a delimiter.
func (s *scanner) word() string {
	s.skip()
	from := min(s.at, len(s.b))
	for s.at < len(s.b) && !isSpace(s.b[s.at]) && !isDelimiter(s.b[s.at]) {
		s.at++
	}
	return string(s.b[from:min(s.at, len(s.b))])
}

// number reads a whole number that is not negative; -1 where there is none.
func (s *scanner) number() int {
	n, err := strconv.ParseUint(s.word(), 10, 32)
	if err != nil {
		return -1
	}
	return int(n)
}

// value reads a value.
func (s *scanner) value(depth int) any {
	s.skip()
	if s.members++; depth > maxDepth || s.members > maxMembers || s.at >= len(s.b) {
		return s.fail()
	}
	switch c := s.b[s.at]; {
	case c == '/':
		s.at++
		return name(unescaped(s.word()))
	case c == '(':
		return s.literal()
	case bytes.HasPrefix(s.b[s.at:], []byte("<<")):
		s.at += 2
		d := dictionary{}
		for !s.next(">>") {
			key, ok := s.value(depth + 1).(name)
			if !ok || s.failed() {
				return s.fail()
			}
			d[string(key)] = s.value(depth + 1)
		}
		return d
	case c == '<':
		return s.hexadecimal()
	case c == '[':
		s.at++
		a := array{}
		for !s.next("]") {
			if a = append(a, s.value(depth+1)); s.failed() {
				return nil
			}
		}
		return a
	case isDelimiter(c):
		return s.fail()
	}
	return s.plain()
}

// plain reads a number, a reference or a word.
func (s *scanner) plain() any {
	word := s.word()
	v, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return nil
	}
	from := s.at
	if n, err := strconv.ParseUint(word, 10, 31); err == nil && s.number() >= 0 && s.word() == "R" {
		return reference(n)
	}
	s.at = from
	return v
}

// literal reads a text in brackets.
func (s *scanner) literal() any {
	var out []byte
	open := 0
	for s.at < len(s.b) {
		c := s.b[s.at]
		s.at++
		switch {
		case c == '\\' && s.at < len(s.b):
			c, s.at = s.b[s.at], s.at+1
			switch {
			case c >= '0' && c <= '7':
				code := int(c - '0')
				for k := 0; k < 2 && s.at < len(s.b) && s.b[s.at] >= '0' && s.b[s.at] <= '7'; k++ {
					code = 8*code + int(s.b[s.at]-'0')
					s.at++
				}
				out = append(out, byte(code)) //nolint:gosec // high bits are ignored by the standard
			case c == '\n' || c == '\r':
			default:
				if i := bytes.IndexByte([]byte("nrtbf"), c); i >= 0 {
					c = "\n\r\t\b\f"[i]
				}
				out = append(out, c)
			}
			continue
		case c == '(':
			if open++; open == 1 {
				continue
			}
		case c == ')':
			if open--; open == 0 {
				return text(out)
			}
		}
		out = append(out, c)
	}
	return s.fail()
}

func (s *scanner) hexadecimal() any {
	end := bytes.IndexByte(s.b[s.at:], '>')
	if end < 0 {
		return s.fail()
	}
	digits := bytes.Map(func(r rune) rune {
		if isSpace(byte(r)) { //nolint:gosec // a digit or a space
			return -1
		}
		return r
	}, s.b[s.at+1:s.at+end])
	s.at += end + 1
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make([]byte, 0, len(digits)/2)
	for i := 0; i+1 < len(digits); i += 2 {
		v, err := strconv.ParseUint(string(digits[i:i+2]), 16, 8)
		if err != nil {
			return text("")
		}
		out = append(out, byte(v))
	}
	return text(out)
}

// unescaped replaces #20 and the like in a name.
func unescaped(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
