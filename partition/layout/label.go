package layout

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// label is what stands before the text of a list item or a numbered heading.
type label struct {
	kind   labelKind
	parts  []int  // 1.2.3 is [1 2 3]; a letter or a Roman number counts from 1
	close  string // what ends it: ".", ")", "" ...
	opened bool   // begins with a bracket
	size   int    // bytes of the label in the text
}

type labelKind uint8

const (
	noLabel labelKind = iota
	bulletLabel
	numberLabel
	letterLabel
	romanLabel
)

// bulletSigns are the characters that mark a list item wherever a line begins with one and a space, or stands for itself.
const bulletSigns = "•‣⁃⁌⁍∙○●◘◦☙❥❧⦾⦿·▪▫■□◆◇►▶▸➢➤➔→✓✔✗✘❖★☆\uf0b7\uf0a7\uf0d8\uf0fc\uf076\uf0a8\u0095"

// dashSigns mark one only where a space follows.
const dashSigns = "-–—*+"

// parseLabel reads the label at the start of a line's text.
func parseLabel(s string) label {
	r, n := utf8.DecodeRuneInString(s)
	rest := s[n:]
	switch {
	case n == 0:
		return label{}
	case strings.ContainsRune(bulletSigns, r):
		if next, _ := utf8.DecodeRuneInString(rest); next == r {
			return label{}
		}
		return label{kind: bulletLabel, close: string(r), size: n}
	case strings.ContainsRune(dashSigns, r):
		if strings.HasPrefix(rest, " ") {
			return label{kind: bulletLabel, close: string(r), size: n}
		}
		return label{}
	case r == 'o' && strings.HasPrefix(rest, " ") && len(rest) > 2 && unicode.IsUpper(firstRune(rest[1:])):
		return label{kind: bulletLabel, close: "o", size: n}
	}
	return parseNumber(s)
}

// parseNumber reads 1. 1) (1) [1] 1.2 1.2.3. a) a. (a) iv. IV) A.1 and the like, followed by a space or the end.
func parseNumber(s string) label {
	l := label{}
	i := 0
	if s[0] == '(' || s[0] == '[' {
		l.opened = true
		i++
	}
	start := i
	for {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		switch {
		case i > from && i-from <= 3:
			l.parts = append(l.parts, atoi(s[from:i]))
			if l.kind == noLabel {
				l.kind = numberLabel
			}
		case i > from:
			return label{}
		case len(l.parts) == 0:
			for i < len(s) && i-from < 6 && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z') {
				i++
			}
			word := s[from:i]
			switch value := roman(word); {
			case len(word) == 1 && (value == 0 || !strings.ContainsAny(word, "iIvVxX")):
				l.kind, l.parts = letterLabel, []int{int(unicode.ToLower(rune(word[0])) - 'a' + 1)}
			case value > 0 && value < 100:
				l.kind, l.parts = romanLabel, []int{value}
			default:
				return label{}
			}
		default: // a separator without a number: it ended the label
			return l.end(s, i)
		}
		if i < len(s) && (s[i] == '.' || s[i] == '-' && !l.opened) && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' && i > start && len(l.parts) < 6 {
			i++
			continue
		}
		return l.end(s, i)
	}
}

// end reads what closes a label and checks that the text goes on behind it.
func (l label) end(s string, i int) label {
	if i < len(s) && strings.IndexByte(".):]", s[i]) >= 0 {
		l.close = s[i : i+1]
		i++
		if i < len(s) && s[i] == ')' && l.close == "." {
			i++
		}
	}
	if i < len(s) && s[i] != ' ' {
		return label{}
	}
	if l.opened && l.close != ")" && l.close != "]" {
		return label{}
	}
	if l.kind != numberLabel && l.close == "" { // a word
		return label{}
	}
	l.size = i
	return l
}

// isLabel tells whether s is a label and nothing else.
func isLabel(s string) bool {
	if s == "" {
		return false
	}
	if len(s) <= 2 && strings.Contains(dashSigns+"o", s) {
		return true
	}
	l := parseLabel(s)
	return l.kind != noLabel && l.size == len(s)
}

func atoi(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = n*10 + int(c-'0')
	}
	return n
}

// roman reads a Roman number in one case; 0 when it is none.
func roman(s string) int {
	if s == "" || s != strings.ToLower(s) && s != strings.ToUpper(s) {
		return 0
	}
	digit := func(c byte) int {
		switch c | 0x20 {
		case 'i':
			return 1
		case 'v':
			return 5
		case 'x':
			return 10
		case 'l':
			return 50
		case 'c':
			return 100
		}
		return 0
	}
	n := 0
	for i := range len(s) {
		d := digit(s[i])
		if d == 0 {
			return 0
		}
		if i+1 < len(s) && digit(s[i+1]) > d {
			n -= d
		} else {
			n += d
		}
	}
	return n
}

// sections tells whether a label may number a heading: 1, 1., 1.2, IV., A.
func (l label) sections() bool {
	return !l.opened && (l.kind == numberLabel && (l.close == "" || l.close == ".") || (l.kind == romanLabel || l.kind == letterLabel) && l.close == ".")
}
