// Package speech finds the verbs and the sentences of a short text: what decides whether it is a heading or running text.
// It gives the answers of the reference's English model, from weights that were learned from that model's answers
// (train), over the tags of an averaged perceptron. A text in another language gets the answer that the model guesses.
package speech

import (
	"math"
	"slices"
	"strings"
)

// Text is a text of which verbs and sentences are asked. It is not safe for concurrent use.
type Text struct {
	Words []string // words and marks, as Tokens cuts them
	whole string
	words []word
}

// Read cuts s into words.
func Read(s string) *Text { return &Text{Words: Tokens(s), whole: s} }

// HasVerb tells whether a word is likely a verb, other than a modal.
func (t *Text) HasVerb() bool {
	t.look()
	doubt, bound := englishDoubt, englishBound
	if len(t.words) >= running && !slices.ContainsFunc(t.words, func(w word) bool { return w.english }) {
		doubt, bound = otherDoubt, otherBound
	}
	sum := 0.0
	for i := range t.words {
		sum += softplus(doubt * t.score(i, Verb))
		if sum > bound {
			return true
		}
	}
	return false
}

// Sentences gives the sentences, white space between them included.
func (t *Text) Sentences(yield func(string) bool) {
	t.look()
	from, at := 0, 0
	for i, w := range t.Words {
		at += strings.Index(t.whole[at:], w) // the words are all that is not white space, in order
		if i > 0 && t.score(i, Start) > startBound {
			if !yield(t.whole[from:at]) {
				return
			}
			from = at
		}
		at += len(w)
	}
	if from < len(t.whole) {
		yield(t.whole[from:])
	}
}

// softplus is the logarithm of how unlikely it is that a word with this score is none: the sum over all words tells how
// likely one of them is.
func softplus(x float64) float64 {
	if x > 20 {
		return x
	}
	return math.Log1p(math.Exp(x))
}
