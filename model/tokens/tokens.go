// Package tokens counts texts in the units of models. The vocabularies are part of the program: nothing is fetched.
package tokens

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tiktoken-go/tokenizer/codec"
)

// Tokenizer cuts texts into tokens. It is safe for concurrent use.
type Tokenizer interface {
	// Count is the number of tokens of a text, without the special ones that a model puts around it.
	Count(text string) int
	// Ends appends the byte offsets at which the tokens of a text end, in order. An offset may lie inside a character.
	Ends(ends []int, text string) []int
}

// names are those under which the tokenizers are known: of encodings, as tiktoken has them, and of models.
var names = map[string]func() Tokenizer{
	"cl100k_base": cl100k, "gpt-4": cl100k, "gpt-3.5-turbo": cl100k,
	"text-embedding-3-small": cl100k, "text-embedding-3-large": cl100k, "text-embedding-ada-002": cl100k,
	"o200k_base": o200k, "gpt-4o": o200k, "gpt-4o-mini": o200k, "gpt-4.1": o200k, "gpt-5": o200k, "o1": o200k, "o3": o200k, "o4-mini": o200k,
	"wordpiece": uncased, "bert-base-uncased": uncased, "all-minilm-l6-v2": uncased, "sentence-transformers/all-minilm-l6-v2": uncased,
}

var (
	cl100k  = sync.OnceValue(func() Tokenizer { return bytePairs{codec.NewCl100kBase()} })
	o200k   = sync.OnceValue(func() Tokenizer { return bytePairs{codec.NewO200kBase()} })
	uncased = func() Tokenizer { return Uncased() }
)

// Known tells whether ByName has a tokenizer.
func Known(name string) bool {
	_, ok := names[strings.ToLower(strings.TrimSpace(name))]
	return ok
}

// ByName returns a tokenizer by the name of an encoding (cl100k_base, o200k_base, wordpiece) or of a model that uses one of
// them, in any case. The first use of an encoding reads its vocabulary, which takes some hundredths of a second.
func ByName(name string) (Tokenizer, error) {
	if make, ok := names[strings.ToLower(strings.TrimSpace(name))]; ok {
		return make(), nil
	}
	return nil, fmt.Errorf("there is no tokenizer %q; it is cl100k_base, o200k_base or wordpiece, or a model such as gpt-4o or text-embedding-3-small", name)
}

// bytePairs are OpenAI's encodings.
type bytePairs struct{ *codec.Codec }

// longest is how many bytes without white space are merged as one: the time that merging takes grows faster than they do,
// and no language writes so long a word.
const longest = 1000

// Count implements Tokenizer.
func (b bytePairs) Count(text string) int {
	n := 0
	for part := range parts(text) {
		count, _ := b.Codec.Count(part) // it fails only in modes that are not set
		n += count
	}
	return n
}

// Ends implements Tokenizer.
func (b bytePairs) Ends(ends []int, text string) []int {
	at := 0
	for part := range parts(text) {
		_, list, _ := b.Encode(part)
		for _, token := range list {
			at += len(token)
			ends = append(ends, at)
		}
	}
	return ends
}

// parts gives a text whole, unless a stretch of it without white space is too long; then that is cut. Bytes that are no
// characters are question marks, so that offsets stay.
func parts(text string) func(func(string) bool) {
	if !utf8.ValidString(text) {
		text = marked(text)
	}
	return func(yield func(string) bool) {
		from, run := 0, 0
		for i := 0; i < len(text); i++ {
			if c := text[i]; c == ' ' || c == '\n' || c == '\t' || c == '\r' {
				run = 0
				continue
			}
			if run++; run > longest && text[i]&0xc0 != 0x80 { // not within a character
				if !yield(text[from:i]) {
					return
				}
				from, run = i, 0
			}
		}
		if from < len(text) {
			yield(text[from:])
		}
	}
}

func marked(text string) string {
	out := []byte(text)
	for i := 0; i < len(out); {
		r, size := utf8.DecodeRune(out[i:])
		if r == utf8.RuneError && size == 1 {
			out[i] = '?'
		}
		i += size
	}
	return string(out)
}
