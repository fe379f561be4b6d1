package tokens

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// vocabulary is that of BERT's uncased English models, a token a line, as all-MiniLM-L6-v2 has it.
//
//go:embed wordpiece.txt.gz
var vocabulary []byte

// WordPiece cuts as BERT does: lower case, without accents, at white space and punctuation, and words into the longest known
// pieces from the left. A word that no pieces make is one token.
type WordPiece struct {
	ids     map[string]int32 // pieces inside a word with ## before them
	unknown int32
	longest int // piece, bytes
}

// Uncased returns the tokenizer of BERT's uncased English models.
var Uncased = sync.OnceValue(newWordPiece)

func newWordPiece() *WordPiece {
	w := &WordPiece{ids: make(map[string]int32, 31000)}
	z, err := gzip.NewReader(bytes.NewReader(vocabulary))
	if err == nil {
		var text []byte
		if text, err = io.ReadAll(z); err == nil {
			for line := range strings.Lines(string(text)) {
				piece := strings.TrimRight(line, "\n")
				w.ids[piece] = int32(len(w.ids))
				w.longest = max(w.longest, len(piece))
			}
		}
	}
	if err != nil {
		panic("the vocabulary in the program is damaged: " + err.Error())
	}
	w.unknown = w.ids["[UNK]"]
	return w
}

// maxWord is the longest word, in characters, that is cut into pieces.
const maxWord = 100

// Count implements Tokenizer.
func (w *WordPiece) Count(text string) int {
	n := 0
	w.each(text, func(int32, int) { n++ })
	return n
}

// Ends implements Tokenizer. The pieces of a word end where it does, if it changed by taking accents off.
func (w *WordPiece) Ends(ends []int, text string) []int {
	w.each(text, func(_ int32, end int) { ends = append(ends, end) })
	return ends
}

// IDs are the numbers of the tokens in the vocabulary.
func (w *WordPiece) IDs(text string) []int32 {
	var ids []int32
	w.each(text, func(id int32, _ int) { ids = append(ids, id) })
	return ids
}

// each gives every token with the byte offset of its end.
func (w *WordPiece) each(text string, yield func(id int32, end int)) {
	start := -1
	plain := true // the word is of lower-case ASCII letters and digits
	flush := func(end int) {
		if start >= 0 {
			w.word(text[start:end], start, plain, yield)
		}
		start, plain = -1, true
	}
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if start < 0 {
				start = i
			}
		case isGap(r):
			flush(i)
		case isControl(r):
			// It is no character of a word, and does not end one.
			plain = false
		case isPunctuation(r) || isIdeograph(r):
			flush(i)
			w.word(text[i:i+size], i, false, yield)
		default:
			if start < 0 {
				start = i
			}
			if r >= utf8.RuneSelf || r >= 'A' && r <= 'Z' {
				plain = false
			}
		}
		i += size
	}
	flush(len(text))
}

// word cuts one word that begins at an offset of the text.
func (w *WordPiece) word(word string, at int, plain bool, yield func(id int32, end int)) {
	end := at + len(word)
	exact := plain // offsets within the word hold
	if !plain {
		normal := normalize(word)
		exact = len(normal) == len(word)
		word = normal
		if word == "" {
			return
		}
	}
	if id, ok := w.ids[word]; ok {
		yield(id, end)
		return
	}
	if utf8.RuneCountInString(word) > maxWord {
		yield(w.unknown, end)
		return
	}
	type piece struct {
		id  int32
		end int
	}
	var room [maxWord]piece
	pieces := room[:0]
	buffer := make([]byte, 0, 64)
	for from := 0; from < len(word); {
		found := false
		for to := min(len(word), from+w.longest); to > from; to-- {
			if to < len(word) && word[to]&0xc0 == 0x80 {
				continue
			}
			buffer = buffer[:0]
			if from > 0 {
				buffer = append(buffer, "##"...)
			}
			buffer = append(buffer, word[from:to]...)
			if id, ok := w.ids[string(buffer)]; ok {
				pieces = append(pieces, piece{id, to})
				from, found = to, true
				break
			}
		}
		if !found {
			yield(w.unknown, end)
			return
		}
	}
	for i, p := range pieces {
		stop := end
		if exact && i < len(pieces)-1 {
			stop = at + p.end
		}
		yield(p.id, stop)
	}
}

// normalize lowers a word and takes off accents and control characters.
func normalize(word string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(word)) {
		if !unicode.Is(unicode.Mn, r) && !isControl(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isGap(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r >= utf8.RuneSelf && unicode.Is(unicode.Zs, r)
}

// isControl tells whether a character is cleaned away; a byte that is no character is one too.
func isControl(r rune) bool {
	return r == 0 || r == utf8.RuneError || unicode.Is(unicode.C, r) && !isGap(r)
}

// isPunctuation counts all of ASCII that is neither letter nor digit, as BERT does.
func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r < 0x7f && !(r >= '0' && r <= '9') && !(r >= 'A' && r <= 'Z') && !(r >= 'a' && r <= 'z')
	}
	return unicode.IsPunct(r)
}

// isIdeograph tells whether a character stands for a word: the CJK blocks of BERT's rules.
func isIdeograph(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x2a6df || r >= 0x2a700 && r <= 0x2ceaf ||
		r >= 0xf900 && r <= 0xfaff || r >= 0x2f800 && r <= 0x2fa1f
}
