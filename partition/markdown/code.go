package markdown

import (
	"strings"
)

// takeCode keeps what a text holds between backticks, and the characters behind backslashes.
func (s *stash) takeCode(text string) string {
	if !strings.ContainsAny(text, "`\\") {
		return text
	}
	closing := closers(text)
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && strings.IndexByte("\\`*_{}[]()>#+-.!|", text[i+1]) >= 0:
			i++
			b.WriteString(s.keep(escapeCode(text[i : i+1])))
		case c == '`':
			n := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
			if code, ok := closing[i]; ok {
				b.WriteString(s.keep("<code>" + escapeCode(strings.TrimSpace(text[i+code.marks:code.end-code.marks])) + "</code>"))
				i = code.end - 1
			} else {
				b.WriteString(text[i : i+n])
				i += n - 1
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// codeSpan is code between as many backticks as marks says; end is behind the last.
type codeSpan struct{ marks, end int }

// closers tells for each run of backticks that begins code where that ends. A run that none like it closes is a shorter
// one with backticks in its code.
func closers(s string) map[int]codeSpan {
	if strings.IndexByte(s, '`') < 0 {
		return nil
	}
	type run struct{ at, n int }
	var runs []run
	for i := 0; i < len(s); i++ {
		if s[i] == '`' {
			n := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
			runs = append(runs, run{i, n})
			i += n - 1
		}
	}
	next := map[int]int{} // length of a run: where the next such run begins
	out := map[int]codeSpan{}
	for i := len(runs) - 1; i >= 0; i-- {
		for marks := runs[i].n; marks > 0; marks-- {
			if at, ok := next[marks]; ok {
				out[runs[i].at] = codeSpan{marks, at + marks}
				break
			}
		}
		next[runs[i].n] = runs[i].at
	}
	return out
}
