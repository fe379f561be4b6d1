package speech

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"sync"
)

// weights.bin.gz is written by train: for each question the weights, one signed byte each.
//
//go:embed weights.bin.gz
var packed []byte

var weights = sync.OnceValue(func() *[Questions][WeightCount]int8 {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("speech: the weights in the program are damaged: " + err.Error())
	}
	raw, err := io.ReadAll(io.LimitReader(r, int64(Questions)*WeightCount+1))
	if err != nil || len(raw) != int(Questions)*WeightCount {
		panic("speech: the weights in the program are damaged")
	}
	var w [Questions][WeightCount]int8
	for i, b := range raw {
		w[i/WeightCount][i%WeightCount] = int8(b)
	}
	return &w
})

// Scale is by how much weights are larger in the file than they are.
const Scale = 24

// Where a yes begins: for the words of a text together, whose scores are less sure than they look, by the doubt; and for the
// start of a sentence. Chosen on the texts that train reports about. In running text of another language (words that no
// English text lacks are missing) the model takes some word for a verb nearly always, so less is asked.
const (
	englishDoubt, englishBound = 0.6, 0.9
	otherDoubt, otherBound     = 0.6, 0.55
	running                    = 20 // words and marks
	startBound                 = 0.0
)

// score is the logarithm of the odds of a yes.
func (t *Text) score(i int, q Question) float64 {
	w := &weights()[q]
	sum := 0
	t.Features(i, q, func(p uint32) { sum += int(w[p]) })
	return float64(sum) / Scale
}
