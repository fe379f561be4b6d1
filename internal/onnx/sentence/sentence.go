// Package sentence makes vectors of texts with a network of the BERT family: the mean of what it makes of the tokens, of
// length one, as the sentence-transformers library does it.
package sentence

import (
	"errors"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sluicehq/sluice/internal/onnx"
	"github.com/sluicehq/sluice/model/tokens"
)

const (
	window   = 256 // tokens of one text, the two around it included
	begin    = 101 // [CLS]
	end      = 102 // [SEP]
	maxBatch = 32  // texts of one run
	maxArea  = 4096
)

// Encoder is a network with its tokenizer. It is safe for concurrent use.
type Encoder struct{ session *onnx.Session }

// New loads a network. output is the name of its output that holds a vector a token.
func New(r *onnx.Runtime, file, output string) (*Encoder, error) {
	s, err := r.Load(file, []string{"input_ids", "attention_mask", "token_type_ids"}, output)
	if err != nil {
		return nil, err
	}
	return &Encoder{s}, nil
}

// Close frees the network.
func (e *Encoder) Close() { e.session.Close() }

// Batch is a run of the network: token ids and where they are, rows x columns.
type Batch struct {
	Rows, Columns int
	IDs, Mask     []int64
	texts         []int // which text each row is
}

// Batches cuts texts into runs of texts that are about as long, so that little is computed for nothing. Texts that are longer
// than the window are cut.
func Batches(texts []string) []Batch {
	t := tokens.Uncased()
	ids := make([][]int32, len(texts))
	order := make([]int, len(texts))
	for i, text := range texts {
		order[i] = i
		ids[i] = t.IDs(text)
		if len(ids[i]) > window-2 {
			ids[i] = ids[i][:window-2]
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(ids[a]) - len(ids[b]) })
	var out []Batch
	for len(order) > 0 {
		n := 1
		for n < len(order) && n < maxBatch && (n+1)*(len(ids[order[n]])+2) <= maxArea {
			n++
		}
		columns := len(ids[order[n-1]]) + 2
		b := Batch{Rows: n, Columns: columns, IDs: make([]int64, n*columns), Mask: make([]int64, n*columns), texts: order[:n]}
		for row, text := range order[:n] {
			line := b.IDs[row*columns:]
			line[0] = begin
			for i, id := range ids[text] {
				line[1+i] = int64(id)
			}
			length := len(ids[text]) + 2
			line[length-1] = end
			for i := range length {
				b.Mask[row*columns+i] = 1
			}
		}
		out = append(out, b)
		order = order[n:]
	}
	return out
}

// Run runs the network on a batch alone.
func (e *Encoder) Run(b Batch) (hidden []float32, width int, err error) {
	hidden, shape, err := e.session.Run(b.Rows, b.Columns, b.IDs, b.Mask, make([]int64, len(b.IDs)))
	if err != nil {
		return nil, 0, err
	}
	if len(shape) != 3 || shape[0] != int64(b.Rows) || shape[1] != int64(b.Columns) {
		return nil, 0, errors.New("the network does not give a vector for each token")
	}
	return hidden, int(shape[2]), nil
}

// Embed returns one vector for each text, in order. It works on all cores.
func (e *Encoder) Embed(texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, b := range slices.Backward(Batches(texts)) { // the longest first
		group.Go(func() error {
			hidden, width, err := e.Run(b)
			if err != nil {
				return err
			}
			for row, text := range b.texts {
				out[text] = mean(hidden[row*b.Columns*width:], b.Mask[row*b.Columns:(row+1)*b.Columns], width)
			}
			return nil
		})
	}
	return out, group.Wait()
}

// mean is the mean vector of the tokens that count, of length one.
func mean(hidden []float32, mask []int64, width int) []float32 {
	v := make([]float32, width)
	for i, counts := range mask {
		if counts == 0 {
			continue
		}
		for k, x := range hidden[i*width : (i+1)*width] {
			v[k] += x
		}
	}
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum > 0 {
		scale := float32(1 / math.Sqrt(sum))
		for k := range v {
			v[k] *= scale
		}
	}
	return v
}
