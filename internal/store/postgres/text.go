package postgres

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// texts keeps the shared SQL with numbered placeholders: it has about a hundred texts.
var texts sync.Map

// numbered writes the placeholders ? as $1, $2 ... and leaves quoted text alone.
func numbered(query string) string {
	if known, ok := texts.Load(query); ok {
		return known.(string)
	}
	var b strings.Builder
	n := 0
	quoted := false
	for i := range len(query) {
		c := query[i]
		switch {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			n++
			fmt.Fprintf(&b, "$%d", n)
		default:
			b.WriteByte(c)
		}
	}
	out := b.String()
	texts.Store(query, out)
	return out
}

// storable writes what PostgreSQL's text cannot hold, NUL and bytes that are not UTF-8, as \xNN. Names of files come from
// strangers; two that differ only there must stay two.
func storable(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func storableAll(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = storable(s)
		}
	}
	return args
}
