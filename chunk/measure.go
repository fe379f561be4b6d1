package chunk

import (
	"iter"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/model/tokens"
)

// meter measures texts: in characters, or in the tokens of a tokenizer. One serves one stream of elements.
type meter struct {
	tokenizer tokens.Tokenizer // nil measures characters
	keep      int              // the ends of the tokens of a text with more bytes are kept: it will be cut
	held      [2]encoded       // of the last two such texts: an element is measured before the one before it is cut
	words     map[string]int   // the sizes of words with which pieces began
}

// encoded is a text with the ends of its tokens.
type encoded struct {
	text string
	ends []int
}

// size is the length of a text.
func (m *meter) size(text string) int {
	if m.tokenizer == nil {
		return utf8.RuneCountInString(text)
	}
	if len(text) <= m.keep {
		return m.tokenizer.Count(text)
	}
	return len(m.endsOf(text))
}

// endsOf returns where the tokens of a text end. The list is valid until two other texts were asked for.
func (m *meter) endsOf(text string) []int {
	if m.held[1].text != text {
		m.held[0], m.held[1] = m.held[1], m.held[0]
	}
	if m.held[1].text != text {
		m.held[1] = encoded{text, m.tokenizer.Ends(m.held[1].ends[:0], text)}
	}
	return m.held[1].ends
}

// lend returns the list of endsOf for longer: nobody else writes into it until its memory is given back. The text is measured
// anew if it is asked for again.
func (m *meter) lend(text string) []int {
	ends := m.endsOf(text)
	m.held[0], m.held[1] = encoded{}, m.held[0]
	return ends
}

func (m *meter) giveBack(ends []int) {
	for i := range m.held {
		if m.held[i].ends == nil {
			m.held[i].ends = ends[:0]
			return
		}
	}
}

// word is the size of a word with which a piece begins.
func (m *meter) word(word string) int {
	if n, ok := m.words[word]; ok {
		return n
	}
	n := m.tokenizer.Count(word)
	if m.words == nil || len(m.words) > 10_000 {
		m.words = map[string]int{}
	}
	if len(word) < 100 {
		m.words[word] = n
	}
	return n
}

// tail is the end of a text of at most n characters or tokens.
func (m *meter) tail(text string, n int) string {
	if m.tokenizer == nil {
		return last(text, n)
	}
	ends := m.endsOf(text)
	if len(ends) <= n {
		return text
	}
	return text[onRune(text, ends[len(ends)-n-1]):]
}

// onRune moves an offset to the beginning of the next character.
func onRune(text string, at int) int {
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}

// split cuts a text into pieces of at most limit characters or tokens.
func (m *meter) split(text string, limit, overlap int) iter.Seq[string] {
	if m.tokenizer == nil {
		return split(text, limit, overlap)
	}
	return func(yield func(string) bool) {
		ends := m.lend(text) // whoever takes a piece may measure others
		defer m.giveBack(ends)
		for at := 0; at < len(text); {
			end := m.reach(text, ends, at, limit)
			if end == len(text) {
				if part := strings.TrimRightFunc(text[at:], isSpace); part != "" {
					yield(part)
				}
				return
			}
			end = separated(text, at, end)
			part := strings.TrimRightFunc(text[at:end], isSpace)
			next := skipSpace(text, end)
			if back := m.overlapped(text, ends, at+len(part), overlap); overlap > 0 && back > at && back < next {
				next = back
			}
			at = next
			if part != "" && !yield(part) {
				return
			}
		}
	}
}

// reach is the offset up to which a text that begins at an offset has no more than limit tokens. The tokens are those of the
// whole text; only the first word can have others when the text before it is gone, and is counted anew.
func (m *meter) reach(text string, ends []int, at, limit int) int {
	word := at
	for word < len(text) && text[word] != ' ' && text[word] != '\n' {
		word++
	}
	first := m.word(text[at:word])
	if first > limit { // a word that is too long is cut within
		end := at + m.tokenizer.Ends(nil, text[at:word])[limit-1]
		for end > at && end < len(text) && !utf8.RuneStart(text[end]) {
			end--
		}
		if end == at { // not even a character fits
			end = onRune(text, at+1)
		}
		return end
	}
	behind := sort.SearchInts(ends, word+1) // the first token that ends behind the word
	room := limit - first
	if len(ends)-behind <= room {
		return len(text)
	}
	if room == 0 {
		return word
	}
	return max(word, ends[behind+room-1])
}

// separated moves the end of a piece back to the last line feed or, without one, space, unless there is none.
func separated(text string, at, end int) int {
	if text[end] == '\n' || text[end] == ' ' {
		if i := strings.LastIndexByte(text[at:end], '\n'); text[end] == ' ' && i > 0 {
			return at + i
		}
		return end
	}
	for _, separator := range []byte{'\n', ' '} {
		if i := strings.LastIndexByte(text[at:end], separator); i > 0 {
			return at + i
		}
	}
	for end > at+1 && !utf8.RuneStart(text[end]) {
		end--
	}
	if !utf8.RuneStart(text[end]) {
		return onRune(text, end)
	}
	return end
}

func skipSpace(text string, at int) int {
	return len(text) - len(strings.TrimLeftFunc(text[at:], isSpace))
}

// overlapped is where the text before an offset begins that is repeated: at most n tokens, from a word on if it holds one.
func (m *meter) overlapped(text string, ends []int, end, n int) int {
	upto := sort.SearchInts(ends, end+1) // tokens that end at the offset or before
	if upto <= n || n == 0 {
		return 0
	}
	at := onRune(text, ends[upto-n-1])
	if at > 0 && !strings.ContainsRune(" \n", rune(text[at])) && !strings.ContainsRune(" \n", rune(text[at-1])) {
		if i := strings.IndexAny(text[at:end], " \n"); i >= 0 {
			at += i
		}
	}
	return skipSpace(text, at)
}
