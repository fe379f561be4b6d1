package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jdkato/prose/v3/tokenize"
)

// isNumeric is Python's str.isnumeric.
func isNumeric(s string) bool {
	for _, r := range s {
		if !unicode.IsNumber(r) {
			return false
		}
	}
	return s != ""
}

// isUpper is Python's str.isupper: some letter with case, and none in lower or title case.
func isUpper(s string) bool {
	cased := false
	for _, r := range s {
		switch {
		case unicode.IsLower(r) || unicode.IsTitle(r):
			return false
		case unicode.IsUpper(r):
			cased = true
		}
	}
	return cased
}

// isTitleCase is Python's str.istitle for a word of letters: a capital first, lower case behind it.
func isTitleCase(word string) bool {
	cased, previous := false, false
	for _, r := range word {
		switch {
		case unicode.IsUpper(r) || unicode.IsTitle(r):
			if previous {
				return false
			}
			cased, previous = true, true
		case unicode.IsLower(r):
			if !previous {
				return false
			}
			cased = true
		default:
			previous = false
		}
	}
	return cased
}

func isAlpha(word string) bool {
	for _, r := range word {
		if !unicode.IsLetter(r) {
			return false
		}
	}
	return word != ""
}

// endsInPunctuation tells whether the last character is neither of a word nor white space.
func endsInPunctuation(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r != utf8.RuneError && r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !IsSpace(r)
}

// tooFewLetters tells whether fewer than half of the characters that are not space are letters.
func tooFewLetters(s string) bool {
	letters, all := 0, 0
	for _, r := range s {
		if IsSpace(r) {
			continue
		}
		all++
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return all > 0 && 2*letters < all
}

// tooCapitalised tells whether s is written like a heading: all in capitals, or most of its words with one. It is not
// asked about two sentences of three words, which never are.
func tooCapitalised(s string, list []tokenize.Token) bool {
	if isUpper(s) {
		return true
	}
	words, capital := 0, 0
	for _, t := range list {
		for part := range strings.FieldsFuncSeq(t.Text, isAngle) { // the words of markup
			if !isAlpha(part) {
				continue
			}
			words++
			if isTitleCase(part) || isUpper(part) {
				capital++
			}
		}
	}
	return words == 0 || 2*capital > words
}

func isAngle(r rune) bool { return r == '<' || r == '>' }

// countWords counts words of white space after all punctuation is removed.
func countWords(s string) int {
	return len(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsPunct(r) {
			return -1
		}
		return r
	}, s)))
}
