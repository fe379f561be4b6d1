package speech

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Question is what is asked of a word.
type Question int

const (
	Verb  Question = iota // is it a verb?
	Start                 // does a sentence begin with it?
	Questions
)

// word is what is looked at of a word: hashes.
type word struct {
	lower, shape, suffix, prefix uint32
	class                        uint32 // shape without lengths
	english                      bool   // a word that only English texts have often
}

// look finds out about the words, once.
func (t *Text) look() {
	if t.words != nil || len(t.Words) == 0 {
		return
	}
	t.words = make([]word, len(t.Words))
	for i, w := range t.Words {
		t.words[i] = describe(w)
	}
}

func describe(s string) word {
	low := strings.ToLower(s)
	var shape, class [24]byte
	n, m, run := 0, 0, 0
	var last byte
	for _, r := range s {
		var c byte
		switch {
		case r >= '0' && r <= '9':
			c = 'd'
		case r >= utf8.RuneSelf && !unicode.IsLetter(r):
			c = byte(r)
		case unicode.IsUpper(r):
			c = 'X'
		case unicode.IsLetter(r):
			c = 'x'
		default:
			c = byte(r)
		}
		if c != last {
			run = 0
			if m < len(class) {
				class[m] = c
				m++
			}
		}
		run++
		last = c
		if run <= 4 && n < len(shape) {
			shape[n] = c
			n++
		}
	}
	end := len(low)
	for range 3 {
		if end > 0 {
			_, size := utf8.DecodeLastRuneInString(low[:end])
			end -= size
		}
	}
	_, first := utf8.DecodeRuneInString(s)
	return word{hash(low), hash(string(shape[:n])), hash(low[end:]), hash(s[:first]), hash(string(class[:m])), isEnglish(low)}
}

func isEnglish(low string) bool {
	switch low {
	case "the", "of", "and", "to", "is", "for", "with", "by", "that", "it", "you", "from", "be", "are", "this", "or", "an", "as", "at", "not", "was", "which", "have", "has", "will", "your", "on", "i":
		return true
	}
	return false
}

// hash is FNV-1a.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// outside stands for the words before the first and behind the last.
var outside = word{1, 2, 3, 4, 5, false}

func (t *Text) at(i int) *word {
	if i < 0 || i >= len(t.words) {
		return &outside
	}
	return &t.words[i]
}

// Features calls f with the place in the weights of each feature of word i.
func (t *Text) Features(i int, q Question, f func(uint32)) {
	t.look()
	w, b, bb, a, aa := t.at(i), t.at(i-1), t.at(i-2), t.at(i+1), t.at(i+2)
	n := uint32(q) * 1000
	one := func(x uint32) {
		n++
		f(place(n, x, 0))
	}
	two := func(x, y uint32) {
		n++
		f(place(n, x, y))
	}
	position := uint32(min(i, 3))*8 + uint32(min(len(t.words)-1-i, 3))
	english := uint32(0)
	for j := i - 4; j <= i+4; j++ {
		if t.at(j).english {
			english++
		}
	}
	english = min(english, 2)
	one(0)
	one(w.lower)
	one(b.lower)
	one(a.lower)
	two(b.lower, w.lower)
	two(w.lower, a.lower)
	two(w.suffix, w.class)
	two(w.shape, position)
	two(b.class, w.class^a.class*31)
	two(w.suffix, english)
	two(w.prefix, english)
	two(w.suffix, w.prefix)
	if q == Verb {
		one(b.suffix)
		one(a.suffix)
		one(bb.suffix)
		one(aa.suffix)
		two(w.shape, w.suffix)
		two(w.shape, b.shape^a.shape*31)
		two(w.suffix, b.class)
		two(w.suffix, a.class)
		two(w.suffix, b.suffix)
		two(w.suffix, a.suffix)
		one(bb.lower)
		one(aa.lower)
		two(w.lower, w.shape)
		two(w.lower, position)
		two(w.shape, english)
		return
	}
	two(b.lower, bb.class)
	two(b.class, b.lower)
	two(w.class, b.lower)
	two(bb.lower, b.lower)
	two(b.lower, position)
	two(bb.class, b.class^w.class*31)
}

// WeightCount is how many weights there are: a power of two.
const WeightCount = 1 << 18

func place(n, x, y uint32) uint32 {
	h := (n*0x9e3779b1 ^ x) * 0x85ebca6b
	h = (h ^ h>>15 ^ y) * 0xc2b2ae35
	return (h ^ h>>16) & (WeightCount - 1)
}
