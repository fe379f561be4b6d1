package layout

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// isWide tells whether s begins with a character of a script that is written without spaces between words and may
// run down the page: Chinese and Japanese.
func isWide(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return wide(r)
}

func wide(r rune) bool {
	switch {
	case r < 0x2E80:
		return false
	case r >= 0x3000 && r <= 0x30FF, r >= 0x31F0 && r <= 0x31FF, r >= 0x3400 && r <= 0x4DBF, r >= 0x4E00 && r <= 0x9FFF,
		r >= 0xF900 && r <= 0xFAFF, r >= 0xFF00 && r <= 0xFF65, r >= 0x2E80 && r <= 0x2FDF, r >= 0x20000 && r <= 0x3FFFF, r >= 0xFE30 && r <= 0xFE4F:
		return true
	}
	return false
}

// isRTL tells whether a character is of a script that runs from right to left.
func isRTL(r rune) bool {
	switch {
	case r < 0x590:
		return false
	case r <= 0x8FF, r >= 0xFB1D && r <= 0xFDFF, r >= 0xFE70 && r <= 0xFEFC, r >= 0x10800 && r <= 0x10FFF, r >= 0x1E800 && r <= 0x1EFFF:
		return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsPunct(r)
	}
	return false
}

// plain is the text of a glyph as words have it: the Latin ligatures and the presentation forms of Arabic are taken apart.
// What else NFKC would change (superscript digits, fractions, full-width letters) carries meaning and stays.
func plain(s string) string {
	for _, r := range s {
		if r >= 0xFB00 && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC {
			return norm.NFKC.String(s)
		}
		if r < 0xFB00 {
			continue
		}
	}
	return s
}

func firstRune(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }
func lastRune(s string) rune  { r, _ := utf8.DecodeLastRuneInString(s); return r }
