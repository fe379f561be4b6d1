package sentence_test

import (
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/onnx/sentence"
)

// A batch holds each text once, padded with zeros that do not count, and is bounded.
func TestBatches(t *testing.T) {
	t.Parallel()
	var texts []string
	for i := range 200 {
		texts = append(texts, strings.Repeat("word ", i*2))
	}
	rows := 0
	for _, b := range sentence.Batches(texts) {
		rows += b.Rows
		if len(b.IDs) != b.Rows*b.Columns || len(b.Mask) != len(b.IDs) || b.Columns > 256 || b.Rows > 32 || b.Rows > 1 && len(b.IDs) > 4096 {
			t.Errorf("a batch of %d x %d", b.Rows, b.Columns)
		}
		for row := range b.Rows {
			ids, mask := b.IDs[row*b.Columns:(row+1)*b.Columns], b.Mask[row*b.Columns:(row+1)*b.Columns]
			n := 0
			for i, m := range mask {
				n += int(m)
				if m == 0 && ids[i] != 0 {
					t.Errorf("a token that does not count")
				}
			}
			if n < 2 || ids[0] != 101 || ids[n-1] != 102 {
				t.Errorf("a row of %d tokens: %v", n, ids)
			}
		}
	}
	if rows != len(texts) {
		t.Errorf("%d rows", rows)
	}
}
