package text

import (
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/text/internal/speech"
)

// longText is from where on a text is judged by its beginning: bytes. A paragraph that long has its verb and its second
// sentence there, and the models' time grows with the length.
const longText = 4 << 10

// head cuts a long text at a space.
func head(s string) string {
	if len(s) <= longText {
		return s
	}
	if i := strings.LastIndexByte(s[:longText], ' '); i > 0 {
		return s[:i]
	}
	return strings.ToValidUTF8(s[:longText], "")
}

// sentences counts the sentences of at least words words.
func sentences(s string, words int) int {
	s = head(s)
	n := 0
	for part := range otherSentences(s) {
		for sentence := range speech.Read(part).Sentences {
			if countWords(sentence) >= words {
				n++
			}
		}
	}
	return n
}

// otherSentences cuts behind the marks that end sentences in scripts other than Latin which have spaces between words, such
// as the danda of India, where white space follows.
func otherSentences(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		from := 0
		for i, r := range s {
			if r < 0x589 {
				continue
			}
			switch r {
			case '։', '۔', '؟', '।', '॥', '᙮', '᠃', '᠉', '𑅁', '𑅂':
				end := i + utf8.RuneLen(r)
				if next, _ := utf8.DecodeRuneInString(s[end:]); end == len(s) || IsSpace(next) {
					if !yield(s[from:end]) {
						return
					}
					from = end
				}
			}
		}
		if from < len(s) {
			yield(s[from:])
		}
	}
}
