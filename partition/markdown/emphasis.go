package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxEmphasis is how deep emphasis nests.
const maxEmphasis = 16

// emphasis makes HTML of *text*, **text**, _text_, of line breaks, and of the text itself.
func emphasis(s string, depth int) string {
	if depth > maxEmphasis {
		return escapeText(s)
	}
	e := &emphasiser{s: s, depth: depth, none: map[string]int{}}
	done := 0
	for i := 0; i < len(s); {
		n := 0
		switch s[i] {
		case '*', '_':
			var html string
			if html, n = e.span(i); n > 0 {
				e.out.WriteString(escapeText(s[done:i]))
				e.out.WriteString(html)
			} else if s[i] == '_' { // a word goes on behind its underscores
				i += len(run(s, i))
				continue
			}
		case ' ':
			if strings.HasPrefix(s[i:], "  \n") {
				n = len("  \n")
				e.out.WriteString(escapeText(s[done:i]))
				e.out.WriteString("<br/>\n")
			}
		}
		if n == 0 {
			i++
			continue
		}
		i += n
		done = i
	}
	e.out.WriteString(escapeText(s[done:]))
	return e.out.String()
}

type emphasiser struct {
	s     string
	depth int
	out   strings.Builder
	none  map[string]int // mark: from where on it does not come any more
}

func (e *emphasiser) inner(s string) string { return emphasis(s, e.depth+1) }

// run is the stars or underscores that stand at i.
func run(s string, i int) string {
	n := i
	for n < len(s) && s[n] == s[i] {
		n++
	}
	return s[i:n]
}

// takeAlone keeps one to three marks that stand between white space: they are no emphasis.
func (s *stash) takeAlone(text string) string {
	if !strings.ContainsAny(text, "*_") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '*' || c == '_' {
			mark := run(text, i)
			end := i + len(mark)
			if len(mark) <= 3 && (i == 0 || isWhite(text[i-1])) && (end == len(text) || isWhite(text[end])) {
				mark = s.keep(mark)
			}
			b.WriteString(mark)
			i = end - 1
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func isWhite(c byte) bool { return c == ' ' || c == '\n' }

// span reads the emphasis that begins at i; n is 0 when none does.
func (e *emphasiser) span(i int) (html string, n int) {
	if e.s[i] == '_' {
		return e.underscores(i)
	}
	return e.stars(i)
}

// find returns where a mark is from an index on, or -1.
func (e *emphasiser) find(mark string, from int) int {
	if at, ok := e.none[mark]; from >= len(e.s) || ok && from >= at {
		return -1
	}
	i := strings.Index(e.s[from:], mark)
	if i < 0 {
		e.none[mark] = from
		return -1
	}
	return from + i
}

func (e *emphasiser) stars(i int) (html string, n int) {
	s := e.s
	marks := len(run(s[:min(len(s), i+3)], i)) // a long run is many, and is not counted again for each
	if marks >= 3 {
		return e.both(i)
	}
	if marks == 2 {
		if j := e.find("*", i+3); j > 0 && !strings.HasPrefix(s[j+1:], "*") {
			if k := e.find("***", j+2); k > 0 {
				return "<strong>" + e.inner(s[i+2:j]) + "<em>" + e.inner(s[j+1:k]) + "</em></strong>", k + 3 - i
			}
		}
		return e.strong(i)
	}
	if j := e.find("*", i+2); j > 0 {
		return "<em>" + e.inner(s[i+1:j]) + "</em>", j + 1 - i
	}
	return "", 0
}

// both reads what three marks begin: ***a* b**, ***a** b* or ***a***.
func (e *emphasiser) both(i int) (html string, n int) {
	s, one, two := e.s, e.s[i:i+1], e.s[i:i+2]
	if j := e.find(one, i+4); j > 0 {
		if k := e.find(two, j+1); k > 0 {
			return "<strong><em>" + e.inner(s[i+3:j]) + "</em>" + e.inner(s[j+1:k]) + "</strong>", k + 2 - i
		}
	}
	if j := e.find(two, i+4); j > 0 {
		if k := e.find(one, j+2); k > 0 {
			return "<em><strong>" + e.inner(s[i+3:j]) + "</strong>" + e.inner(s[j+2:k]) + "</em>", k + 1 - i
		}
	}
	if one == "*" {
		return e.strong(i)
	}
	return "", 0
}

func (e *emphasiser) strong(i int) (html string, n int) {
	if j := e.find("**", i+3); j > 0 {
		return "<strong>" + e.inner(e.s[i+2:j]) + "</strong>", j + 2 - i
	}
	return "", 0
}

// underscores emphasise whole words only: snake_case_names stay.
func (e *emphasiser) underscores(i int) (html string, n int) {
	mark := run(e.s[:min(len(e.s), i+3)], i)
	if len(mark) >= 3 {
		return e.both(i)
	}
	whole := mark + "w" // a mark that ends a word
	if at, ok := e.none[whole]; isWordBefore(e.s, i) || ok && i >= at {
		return "", 0
	}
	for from := i + len(mark) + 1; ; {
		j := e.find(mark, from)
		if j < 0 {
			e.none[whole] = i
			return "", 0
		}
		closing := run(e.s, j)
		end := j + len(closing)
		if len(closing) == len(mark) && !isWordAt(e.s, end) {
			inner := e.inner(e.s[i+len(mark) : j])
			if len(mark) == 1 {
				return "<em>" + inner + "</em>", end - i
			}
			return "<strong>" + inner + "</strong>", end - i
		}
		from = end
	}
}

func isWordBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return i > 0 && isWord(r)
}

func isWordAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return i < len(s) && isWord(r)
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
