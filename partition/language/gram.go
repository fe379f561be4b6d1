package language

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxText is how much of a text is looked at, in characters.
const maxText = 10_000

// gramsOf lists the known n-grams of a text, in its order.
func (p *profiles) gramsOf(text string) []int32 {
	text = dropAddresses(text)
	if isASCII(text) {
		return p.plainGrams(text)
	}
	return p.anyGrams(text)
}

func (p *profiles) anyGrams(text string) []int32 {
	found := make([]int32, 0, 3*min(len(text), maxText))
	window := [3]rune{0, 0, ' '} // the last characters, the newest at the end; n of them count
	n := 1
	plain := 0       // how many of the newest are of ASCII
	capital := false // inside a word in capitals
	for _, r := range clean(text) {
		r = p.normalize(r)
		last := window[2]
		if last == ' ' {
			window, n, capital = [3]rune{0, 0, ' '}, 1, false
			plain = 1
		}
		if last != ' ' || r != ' ' {
			window = [3]rune{window[1], window[2], r}
			n = min(n+1, 3)
			if plain++; r >= 0x80 {
				plain = 0
			}
			switch {
			case !unicode.IsUpper(r):
				capital = false
			case unicode.IsUpper(last):
				capital = true
			}
		}
		if capital {
			continue
		}
		key := uint64(0)
		for length := 1; length <= n; length++ {
			key |= uint64(window[3-length]) << (21 * (length - 1))
			if length == 1 && window[2] == ' ' {
				continue
			}
			if length <= plain {
				if gram := p.plain[plainKey(key)]; gram > 0 {
					found = append(found, gram-1)
				}
			} else if gram, ok := p.grams[key]; ok {
				found = append(found, gram)
			}
		}
	}
	return found
}

// plainGrams does the same for a text of ASCII, whose last three letters are one number.
func (p *profiles) plainGrams(text string) []int32 {
	found := make([]int32, 0, 3*min(len(text), maxText))
	const blank = 27                          // the code of a space
	last, codes, n := blank, uint32(blank), 1 // n of the codes count
	space, capital, wasUpper := false, false, false
	for i := range min(len(text), maxText) {
		c := text[i]
		if c == ' ' && space {
			continue
		}
		space = c == ' '
		code := blank
		lower := c | 0x20
		upper := lower == c+0x20 && lower >= 'a' && lower <= 'z'
		switch {
		case upper:
			code = int(c & 31)
		case c >= 'a' && c <= 'z':
			code = int(c) - 'a' + 32
		}
		if last == blank {
			codes, n, capital = blank, 1, false
		}
		if last != blank || code != blank {
			codes = codes<<6 | uint32(code)
			n = min(n+1, 3)
			switch {
			case !upper:
				capital = false
			case wasUpper:
				capital = true
			}
		}
		last, wasUpper = code, upper
		if capital {
			continue
		}
		if code != blank {
			if gram := p.plain[codes&(1<<6-1)]; gram > 0 {
				found = append(found, gram-1)
			}
		}
		if n >= 2 {
			if gram := p.plain[codes&(1<<12-1)]; gram > 0 {
				found = append(found, gram-1)
			}
		}
		if n >= 3 {
			if gram := p.plain[codes&(1<<18-1)]; gram > 0 {
				found = append(found, gram-1)
			}
		}
	}
	return found
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plainKey packs an n-gram of spaces and letters of ASCII from its 21 bits a character into six.
func plainKey(key uint64) uint64 {
	letter := func(c uint64) uint64 {
		switch {
		case c >= 'a':
			return c - 'a' + 32
		case c == ' ':
			return 27
		}
		return c & 31
	}
	return letter(key&0x7f) | letter(key>>21&0x7f)<<6 | letter(key>>42&0x7f)<<12
}

// isPlain tells such n-grams.
func isPlain(key uint64) bool {
	for ; key > 0; key >>= 21 {
		if c := key & (1<<21 - 1); c != ' ' && (c < 'A' || c > 'Z' && c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// clean composes Vietnamese vowels, joins spaces and, in a text that is mostly of another script, drops
// Latin letters.
func clean(text string) []rune {
	out := make([]rune, 0, min(len(text), maxText))
	previous := rune(0)
	count := 0
	latin, other := 0, 0
	for _, r := range text {
		if isTone(r) && len(out) > 0 && takesTone(out[len(out)-1]) {
			if composed := []rune(norm.NFC.String(string([]rune{out[len(out)-1], r}))); len(composed) == 1 {
				out[len(out)-1] = composed[0]
				previous = composed[0]
				continue
			}
		}
		if count++; count > maxText {
			break
		}
		if r == ' ' && previous == ' ' {
			continue
		}
		out = append(out, r)
		previous = r
	}
	for _, r := range out {
		switch {
		case r >= 'A' && r <= 'z':
			latin++
		case r >= 0x300 && (r < 0x1e00 || r > 0x1eff):
			other++
		}
	}
	if latin*2 >= other {
		return out
	}
	kept := out[:0]
	for _, r := range out {
		if r < 'A' || r > 'z' {
			kept = append(kept, r)
		}
	}
	return kept
}

// isTone tells the combining marks of Vietnamese tones.
func isTone(r rune) bool {
	switch r {
	case 0x300, 0x301, 0x303, 0x309, 0x323:
		return true
	}
	return false
}

func takesTone(r rune) bool {
	switch r {
	case 'A', 'E', 'I', 'O', 'U', 'Y', 'a', 'e', 'i', 'o', 'u', 'y',
		0xc2, 0xca, 0xd4, 0xe2, 0xea, 0xf4, 0x102, 0x103, 0x1a0, 0x1a1, 0x1af, 0x1b0:
		return true
	}
	return false
}

// normalize maps characters that say the same of the language to one.
func (p *profiles) normalize(r rune) rune {
	switch {
	case r < 0x80:
		if r < 'A' || r > 'Z' && r < 'a' || r > 'z' {
			return ' '
		}
	case r < 0x100:
		if r == 0xa0 || r == 0xab || r == 0xb0 || r == 0xbb {
			return ' '
		}
	case r == 0x219:
		return 0x15f
	case r == 0x21b:
		return 0x163
	case r == 0x6cc:
		return 0x64a
	case r >= 0x1ea0 && r <= 0x1eff:
		return 0x1ec3
	case r >= 0x2000 && r <= 0x206f:
		return ' '
	case r >= 0x3040 && r <= 0x309f:
		return 0x3042
	case r >= 0x30a0 && r <= 0x30ff:
		return 0x30a2
	case r >= 0x3100 && r <= 0x312f, r >= 0x31a0 && r <= 0x31bf:
		return 0x3105
	case r >= 0x4e00 && r <= 0x9fff:
		if class, ok := p.kanji[r]; ok {
			return class
		}
	case r >= 0xac00 && r <= 0xd7af:
		return 0xac00
	}
	return r
}
