package chunk

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// split cuts text into pieces of at most limit code points, at a line feed, else at a space, else anywhere. Each piece
// but the first begins with the last overlap characters of the one before.
func split(text string, limit, overlap int) iter.Seq[string] {
	return func(yield func(string) bool) {
		// Only as much of the text is looked at as one cut can need, so that the work grows with the length alone.
		window := ""
		for window != "" || text != "" {
			if need := limit + 2 - runes(window); need > 0 {
				at, _ := offset(text, need)
				window, text = window+text[:at], text[at:]
			}
			part, overlapped, rest := cut(window, limit, overlap)
			if rest == "" {
				text = strings.TrimLeftFunc(text, isSpace)
			}
			window = overlapped + rest
			if part != "" && !yield(part) {
				return
			}
		}
	}
}

// cut takes one piece off text. What follows is overlapped, the end of the piece, and then rest.
func cut(text string, limit, overlap int) (part, overlapped, rest string) {
	end, fits := offset(text, limit)
	if fits {
		return strings.TrimRightFunc(text, isSpace), "", ""
	}
	// A separator may begin after position overlap and may end one past the limit.
	from, _ := offset(text, overlap+1)
	to := end
	if to < len(text) {
		_, size := utf8.DecodeRuneInString(text[to:])
		to += size
	}
	for _, sep := range []byte{'\n', ' '} {
		if from >= to {
			break
		}
		i := strings.LastIndexByte(text[from:to], sep)
		if i < 0 {
			continue
		}
		part := strings.TrimRightFunc(text[:from+i], isSpace)
		rest := strings.TrimLeftFunc(text[from+i+1:], isSpace)
		overlapped := ""
		if overlap > 1 {
			overlapped = strings.TrimLeftFunc(last(part, overlap-1), isSpace) + " "
		}
		if part == "" || len(overlapped)+len(rest) >= len(text) {
			continue
		}
		return part, overlapped, rest
	}
	part = strings.TrimRightFunc(text[:end], isSpace)
	back := end
	for range overlap {
		_, size := utf8.DecodeLastRuneInString(text[:back])
		back -= size
	}
	return part, "", strings.TrimLeftFunc(text[back:], isSpace)
}

// offset returns the byte offset of code point n, and whether text has no more than n of them.
func offset(text string, n int) (at int, whole bool) {
	if len(text) <= n {
		return len(text), true
	}
	for at < len(text) {
		if n == 0 {
			return at, false
		}
		n--
		if text[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return len(text), true
}

// isSpace is Python's idea of white space, which has four separators more than Unicode's.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
