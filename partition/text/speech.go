package text

import (
	"iter"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jdkato/prose/v3/segment"
	"github.com/jdkato/prose/v3/tag"
	"github.com/jdkato/prose/v3/tokenize"
)

// speech are the models, loaded at the first use and shared.
type speech struct {
	segmenter *segment.Segmenter
	tokenizer *tokenize.Tokenizer
	tagger    *tag.Tagger
}

var models = sync.OnceValue(func() speech {
	segmenter, err := segment.New()
	if err != nil {
		panic("text: the sentence model in the program is damaged: " + err.Error())
	}
	tagger, err := tag.New()
	if err != nil {
		panic("text: the tagger in the program is damaged: " + err.Error())
	}
	return speech{segmenter, tokenize.New(), tagger}
})

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

// beginsWithSentences tells whether a text is long and its beginning has a third sentence: it has two whole ones then.
func beginsWithSentences(s string) bool {
	const beginning = 512 // bytes
	if len(s) <= 2*beginning {
		return false
	}
	i := strings.LastIndexByte(s[:beginning], ' ')
	return i > 0 && sentences(s[:i], 3) > 2
}

// sentences counts the sentences of at least words words.
func sentences(s string, words int) int {
	s = head(s)
	n := 0
	for part := range otherSentences(s) {
		if !mayHoldTwo(part) {
			if countWords(part) >= words {
				n++
			}
			continue
		}
		for _, sentence := range models().segmenter.SegmentText(part) {
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

// mayHoldTwo is false when no mark that ends a sentence stands inside s.
func mayHoldTwo(s string) bool {
	i := strings.IndexAny(s, ".?!\n")
	return i >= 0 && i < len(strings.TrimRight(s, " \t\r\n\"')]}.?!”’"))
}

// tokens splits into words as the Penn Treebank does: don't is do and n't.
func tokens(s string) []tokenize.Token { return models().tokenizer.Tokenize(head(s)) }

// hasVerb tells whether a word is tagged as a verb; a modal alone does not count, an equals sign between letters does: what is
// said to be equal is a statement, as the reference's model takes it. So do three attributes of markup, in which that model
// finds a verb more often than not. It sets tags of the list, up to those that it needs.
func hasVerb(list []tokenize.Token) bool {
	attributes := 0
	for i, t := range list {
		at := strings.IndexByte(t.Text, '=')
		if at < 0 {
			continue
		}
		if strings.HasSuffix(t.Text, "=") && i+1 < len(list) && strings.HasPrefix(list[i+1].Text, `"`) || strings.Contains(t.Text, `="`) {
			if attributes++; attributes == 3 {
				return true
			}
		}
		if at > 0 && at+1 < len(t.Text) && isASCIILetter(t.Text[at-1]) && isASCIILetter(t.Text[at+1]) {
			return true
		}
	}
	// Most sentences have their verb near the start. A tag follows from the tags before it and from the next two words.
	const first, faster, ahead = 8, 4, 2
	for done, most := 0, first; done < len(list); most *= faster {
		end := min(most, len(list))
		models().tagger.TagTokens(list[:min(end+ahead, len(list))])
		for _, t := range list[done:end] {
			switch t.Tag {
			case "VB", "VBG", "VBD", "VBN", "VBP", "VBZ":
				return true
			}
		}
		done = end
	}
	return false
}

func isASCIILetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// running is how many words a text of another language must have to be taken for sentences, whatever the tagger says: the
// reference's model, which knows English alone, finds a verb in three of four such texts of up to forty words and in nearly all
// that are longer.
const running = 30

// isOtherLanguage tells running text without any of the words that English cannot do without.
func isOtherLanguage(list []tokenize.Token) bool {
	if len(list) < running {
		return false
	}
	words := 0
	for _, t := range list {
		switch strings.ToLower(t.Text) {
		case "the", "of", "and", "to", "is", "for", "with", "by", "that", "it", "you", "from", "be", "are", "this", "or", "an", "as", "at", "not",
			"was", "which", "have", "has", "will", "your", "on", "i":
			return false
		}
		if isAlpha(t.Text) {
			words++
		}
	}
	return 4*words > 3*len(list)
}
