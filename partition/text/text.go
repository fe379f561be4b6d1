// Package text decides what a piece of text is: a title, a sentence, a list item, an address. The rules are the
// reference's; sentences and verbs come from an averaged-perceptron tagger that is linked into the program.
package text

import (
	"strings"

	"github.com/sluicehq/sluice/element"
)

// Classify is the rule of plain text, PDF text and mail bodies. It returns the type and the text without its bullet; ok
// is false when nothing is left of it.
func Classify(s string) (t element.Type, rest string, ok bool) {
	switch {
	case IsBulleted(s):
		rest = TrimBullet(s)
		return element.ListItem, rest, rest != ""
	case IsEmailAddress(s):
		return element.EmailAddress, s, true
	case IsUSCityStateZip(s):
		return element.Address, s, true
	case IsNumberedList(s):
		return element.ListItem, s, true
	case IsNarrative(s):
		return element.NarrativeText, s, true
	case IsTitle(s):
		return element.Title, s, true
	}
	return element.UncategorizedText, s, s != ""
}

// ClassifyHTML is the rule of HTML paragraphs: only headings are titles there, and they are not asked.
func ClassifyHTML(s string) (t element.Type, rest string, ok bool) {
	if IsBulleted(s) {
		rest = TrimBullet(s)
		return element.ListItem, rest, rest != ""
	}
	return classifyBody(s)
}

// ClassifyWord is the rule of word-processor paragraphs that neither a list nor a style decides.
func ClassifyWord(s string) (t element.Type, rest string, ok bool) { return classifyBody(s) }

func classifyBody(s string) (element.Type, string, bool) {
	switch {
	case length(s) < 2:
		return "", "", false
	case IsUSCityStateZip(s):
		return element.Address, s, true
	case IsEmailAddress(s):
		return element.EmailAddress, s, true
	case IsNarrative(s):
		return element.NarrativeText, s, true
	}
	return element.UncategorizedText, s, true
}

// ClassifySlide is the rule of text on slides that has no bullet and is no title placeholder.
func ClassifySlide(s string) element.Type {
	switch {
	case IsEmailAddress(s):
		return element.EmailAddress
	case IsNarrative(s):
		return element.NarrativeText
	case IsTitle(s):
		return element.Title
	}
	return element.UncategorizedText
}

// ClassifyCell is the rule of a sheet's row that has one cell.
func ClassifyCell(s string) element.Type {
	switch {
	case IsBulleted(s), IsNumberedList(s):
		return element.ListItem
	case IsNarrative(s):
		return element.NarrativeText
	case IsTitle(s):
		return element.Title
	}
	return element.UncategorizedText
}

// IsNarrative tells whether s may be running text: not shouted, mostly letters, and with a verb or two sentences.
func IsNarrative(s string) bool {
	if strings.TrimSpace(s) == "" || isNumeric(s) || tooFewLetters(s) {
		return false
	}
	if beginsWithSentences(s) || sentences(s, 3) >= 2 { // such a text is never too capitalised
		return true
	}
	list := tokens(s)
	return !tooCapitalised(s, list) && (hasVerb(list) || isOtherLanguage(list))
}

// maxTitleWords is the largest number of words, split on single spaces, that a title has.
const maxTitleWords = 12

// IsTitle tells whether s may be a heading: short, mostly letters, and no more than one sentence.
func IsTitle(s string) bool {
	switch {
	case s == "", isUpper(s) && endsInPunctuation(s):
		return false
	case strings.Count(s, " ")+1 > maxTitleWords, tooFewLetters(s), strings.HasSuffix(s, ","), isNumeric(s):
		return false
	}
	return sentences(s, 5) <= 1
}
