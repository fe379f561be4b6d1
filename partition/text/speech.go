package text

import (
	"strings"
	"sync"

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

// sentences counts the sentences of at least words words.
func sentences(s string, words int) int {
	s = head(s)
	if !mayHoldTwo(s) {
		if countWords(s) >= words {
			return 1
		}
		return 0
	}
	n := 0
	for _, sentence := range models().segmenter.SegmentText(s) {
		if countWords(sentence) >= words {
			n++
		}
	}
	return n
}

// mayHoldTwo is false when no mark that ends a sentence stands inside s.
func mayHoldTwo(s string) bool {
	i := strings.IndexAny(s, ".?!\n")
	return i >= 0 && i < len(strings.TrimRight(s, " \t\r\n\"')]}.?!”’"))
}

// tokens splits into words as the Penn Treebank does: don't is do and n't.
func tokens(s string) []tokenize.Token { return models().tokenizer.Tokenize(head(s)) }

// hasVerb tells whether a word is tagged as a verb; a modal alone does not count. It sets the tags of the list.
func hasVerb(list []tokenize.Token) bool {
	models().tagger.TagTokens(list)
	for _, t := range list {
		switch t.Tag {
		case "VB", "VBG", "VBD", "VBN", "VBP", "VBZ":
			return true
		}
	}
	return false
}
