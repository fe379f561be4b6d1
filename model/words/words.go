// Package words makes vectors of English texts without any model or service: the weighted sum of the vectors of their words.
// A text goes in, a unit vector comes out; texts about the same things lie close together, in the order of a hundred
// thousandth of a second a text. It is much cruder than a language model: it knows no word order and no sentence.
//
// The words are the 50,000 most frequent of GloVe (Pennington and others, 2014; public domain). A word that is not among them
// has a vector of its own that means nothing, so that two texts that share a name or a number still are alike.
package words

import (
	_ "embed"
	"encoding/binary"
	"math"
	"strings"
	"sync"
	"unicode"
)

// Dimension is the length of a vector.
const Dimension = 100

// data is made by the command in folder generate, which says how.
//
//go:embed words.bin
var data string

type row struct {
	scale float32
	at    int // of its first number in data
}

// table reads where the words stand. Their numbers stay where they are.
var table = sync.OnceValue(func() map[string]row {
	n := int(binary.LittleEndian.Uint32([]byte(data[:4])))
	rows := make(map[string]row, n)
	at := 8
	for range n {
		length := int(data[at])
		word := data[at+1 : at+1+length]
		at += 1 + length
		rows[word] = row{math.Float32frombits(binary.LittleEndian.Uint32([]byte(data[at : at+4]))), at + 4}
		at += 4 + Dimension
	}
	return rows
})

// Vector returns the unit vector of a text. A text without a word has a vector of equal numbers.
func Vector(text string) []float32 {
	rows := table()
	v := make([]float32, Dimension)
	add := func(word string) {
		if r, ok := rows[word]; ok {
			numbers := data[r.at : r.at+Dimension]
			for k := range v {
				v[k] += r.scale * float32(int8(numbers[k]))
			}
			return
		}
		unknown(word, v)
	}
	each(text, add)
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		for k := range v {
			v[k] = 1 / float32(math.Sqrt(Dimension))
		}
		return v
	}
	length := float32(math.Sqrt(sum))
	for k := range v {
		v[k] /= length
	}
	return v
}

// each calls visit for every word of a text, in lower case. A number is a word too.
func each(text string, visit func(string)) {
	lower := strings.ToLower(text)
	start := -1
	for i, r := range lower {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			visit(lower[start:i])
			start = -1
		}
	}
	if start >= 0 {
		visit(lower[start:])
	}
}

// unknownLength is the length of the vector of a word that is not in the table, about that of a rare word that is.
const unknownLength = 5

// unknown adds a vector that depends on the letters of a word alone.
func unknown(word string, v []float32) {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for i := range len(word) {
		h = (h ^ uint64(word[i])) * prime
	}
	const each = unknownLength / 10.0 // ten times ten is the square root of the sum of a hundred equal squares
	for k := range v {
		h ^= h << 13 // xorshift
		h ^= h >> 7
		h ^= h << 17
		if h&1 == 0 {
			v[k] += each
		} else {
			v[k] -= each
		}
	}
}

// Similarity is the cosine between two vectors that Vector made, from -1 to 1.
func Similarity(a, b []float32) float64 {
	var sum float64
	for k := range a {
		sum += float64(a[k]) * float64(b[k])
	}
	return sum
}
