// Command train learns the weights of package speech from texts that the reference's English model has labelled (label.py):
//
//	go run ./partition/text/internal/speech/train LABELLED.jsonl partition/text/internal/speech/weights.bin.gz
//
// It prints how often both agree on texts that it did not learn from, those whose part is "test".
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/sluicehq/sluice/partition/text/internal/speech"
)

type example struct {
	kind, text string
	narrative  bool
	test       bool
	features   [speech.Questions][][]uint32
	want       [speech.Questions][]bool
}

// verbs are the tags of what counts as a verb.
var verbs = []string{"VB", "VBD", "VBG", "VBN", "VBP", "VBZ"}

func read(path string) []example {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	var out []example
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var l struct {
			Kind, Part, Text string
			Tok              [][4]any // start and length in characters, tag, whether a sentence starts
			Narr             bool
		}
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue // the last line of a file that is still written
		}
		e := example{kind: l.Kind, text: l.Text, narrative: l.Narr, test: l.Part == "test"}
		runes := []rune(l.Text)
		isVerb, isStart := make([]bool, len(runes)+1), make([]bool, len(runes)+1)
		pending := false
		for _, k := range l.Tok {
			from, n := int(k[0].(float64)), int(k[1].(float64))
			pending = pending || k[3].(float64) == 1
			if slices.Contains([]string{"_SP", ""}, k[2].(string)) {
				continue
			}
			isStart[from], pending = pending, false
			if slices.Contains(verbs, k[2].(string)) {
				for i := from; i < from+n; i++ {
					isVerb[i] = true
				}
			}
		}
		t := speech.Read(l.Text)
		place := 0
		for i, w := range t.Words {
			word := []rune(w)
			for place < len(runes) && !slices.Equal(runes[place:min(len(runes), place+len(word))], word) {
				place++
			}
			end := min(len(runes), place+len(word))
			e.want[speech.Verb] = append(e.want[speech.Verb], slices.Contains(isVerb[place:end], true))
			e.want[speech.Start] = append(e.want[speech.Start], slices.Contains(isStart[place:end], true))
			place = end
			for q := range speech.Questions {
				var list []uint32
				t.Features(i, q, func(p uint32) { list = append(list, p) })
				e.features[q] = append(e.features[q], list)
			}
		}
		out = append(out, e)
	}
	return out
}

// learn is logistic regression by AdaGrad with a small pull to zero.
func learn(list []example, q speech.Question) []float32 {
	w, g := make([]float32, speech.WeightCount), make([]float32, speech.WeightCount)
	r := rand.New(rand.NewPCG(1, uint64(q)))
	order := r.Perm(len(list))
	const rounds = 2
	for round := range rounds {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		loss, n := 0.0, 0
		for _, k := range order {
			e := &list[k]
			if e.test {
				continue
			}
			for i, f := range e.features[q] {
				var x float32
				for _, p := range f {
					x += w[p]
				}
				y := 1 / (1 + math.Exp(-float64(x)))
				d := y
				if e.want[q][i] {
					d--
					loss -= math.Log(max(y, 1e-9))
				} else {
					loss -= math.Log(max(1-y, 1e-9))
				}
				n++
				for _, p := range f {
					gradient := float32(d) + 1e-3*w[p]
					g[p] += gradient * gradient
					w[p] -= 0.12 * gradient / float32(math.Sqrt(float64(g[p]))+1e-3)
				}
			}
		}
		fmt.Printf("question %d, round %d: loss %.4f a word\n", q, round+1, loss/float64(n))
	}
	return w
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: train LABELLED.jsonl WEIGHTS")
	}
	list := read(os.Args[1])
	var raw bytes.Buffer
	for q := range speech.Questions {
		for _, w := range learn(list, q) {
			raw.WriteByte(byte(int8(max(-127, min(127, math.Round(float64(w)*speech.Scale))))))
		}
	}
	report(list, raw.Bytes())
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if _, err := z.Write(raw.Bytes()); err != nil {
		log.Fatal(err)
	}
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[2], b.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// report prints, for the texts of the test, how many words and texts agree, at several bounds for a text with a verb.
func report(list []example, raw []byte) {
	score := func(f []uint32, q speech.Question) float64 {
		sum := 0
		for _, p := range f {
			sum += int(int8(raw[int(q)*speech.WeightCount+int(p)]))
		}
		return float64(sum) / speech.Scale
	}
	for _, q := range []speech.Question{speech.Verb, speech.Start} {
		var right, all, texts, same int
		bounds := []float64{-1, -.5, 0, .5, 1}
		exact := make([]int, len(bounds))
		for _, e := range list {
			if !e.test {
				continue
			}
			texts++
			whole := true
			miss := make([]bool, len(bounds))
			for i, f := range e.features[q] {
				all++
				x := score(f, q)
				if x > 0 == e.want[q][i] || q == speech.Start && i == 0 {
					right++
				} else {
					whole = false
				}
				for k, b := range bounds {
					if x > b != e.want[q][i] && (q == speech.Verb || i > 0) {
						miss[k] = true
					}
				}
			}
			if whole {
				same++
			}
			for k := range bounds {
				if !miss[k] {
					exact[k]++
				}
			}
		}
		fmt.Printf("question %d: %.2f %% of %d words, %.2f %% of %d texts whole; bounds %v: %v\n", q, 100*float64(right)/float64(all), all, 100*float64(same)/float64(texts), texts, bounds, exact)
	}
	for _, bound := range []float64{.4, .5, .6, .7, .8, .9, 1.1} {
		right, all := 0, 0
		for _, e := range list {
			if !e.test {
				continue
			}
			sum, has := 0.0, false
			for i, f := range e.features[speech.Verb] {
				sum += math.Log1p(math.Exp(min(30, score(f, speech.Verb))))
				has = has || e.want[speech.Verb][i]
			}
			all++
			if sum > bound == has {
				right++
			}
		}
		fmt.Printf("verb bound %.1f: %.2f %% of %d texts\n", bound, 100*float64(right)/float64(all), all)
	}
}
