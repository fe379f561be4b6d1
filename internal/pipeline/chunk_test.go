package pipeline

import (
	"testing"

	"github.com/sluicehq/sluice/model/tokens"
	"github.com/sluicehq/sluice/workflow"
)

// Every tokenizer that a node may name is there.
func TestTokenizers(t *testing.T) {
	t.Parallel()
	for _, name := range workflow.Tokenizers {
		if !tokens.Known(name) {
			t.Errorf("there is no tokenizer %q", name)
		}
		strategy, o, err := chunkOptions(workflow.Node{Type: workflow.KindChunk, Subtype: workflow.SubtypeByTitle,
			Settings: map[string]any{"max_tokens": int64(64), "tokenizer": name, "max_characters": nil, "overlap": nil}})
		if err == nil {
			err = o.Validate(strategy)
		}
		if err != nil || *o.MaxTokens != 64 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}
