package pipeline

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/workflow"
)

// Vision names the model of strategy vlm where there is no node: the partition endpoint and the command partition. The provider's
// key and address are those of the environment, never the caller's.
type Vision struct {
	Provider string // vlm_model_provider; "" is the provider of the model, else the first that has a key
	Model    string // vlm_model; "" is the provider's default
}

// node is the partition node that reads as v says.
func (v Vision) node() workflow.Node {
	provider := strings.ToLower(v.Provider)
	switch provider {
	case "":
		provider = "auto"
	case "google": // the names that clients of the endpoint know
		provider = "vertexai"
	case "anthropic_bedrock":
		provider = "bedrock"
	}
	return workflow.Node{Type: workflow.KindPartition, Subtype: workflow.SubtypeVLM, Settings: map[string]any{"provider": provider, "model": v.Model}}
}

// Lacks says why no pages can be read so, such as a missing key with the name of its variable; "" when they can as far as is
// known without asking.
func (v Vision) Lacks() string { return lacksVision(v.node()) }

// See is Partition by a vision model. Files that are neither PDF nor pictures are read by the parsers. Answers are kept for the
// workspace alone. An error is a *model.Error when the provider cannot answer now, and else as that of Partition.
func (r *Runner) See(ctx context.Context, workspace string, f document.File, o partition.Options, v Vision, chunking *child.Chunking) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		o := o
		o.Strategy, o.Filename, o.Limits = "auto", cmp.Or(o.Filename, f.Name), r.cfg.Limits
		run := &run{Runner: r, file: &f, in: Input{Workspace: workspace, Name: f.Name, Urgent: true}}
		elements, err := run.look(ctx, v.node(), &o)
		switch {
		case err != nil:
			elements = func(yield func(element.Element, error) bool) { yield(element.Element{}, err) }
		case elements == nil:
			elements = Partition(ctx, r.cfg.Parser, f, o, chunking)
		case chunking != nil:
			elements = chunked(ctx, elements, o, chunking)
		}
		for e, err := range elements {
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// chunked chunks as within a call (see partition.Options.Chunk): ids are hashed over the chunks.
func chunked(ctx context.Context, in iter.Seq2[element.Element, error], o partition.Options, c *child.Chunking) iter.Seq2[element.Element, error] {
	ids := element.NewHasher(o.Filename)
	return func(yield func(element.Element, error) bool) {
		for e, err := range chunk.Elements(ctx, in, c.Strategy, c.Options) {
			if err == nil && !o.UniqueElementIDs {
				e.ID = ids.ID(e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
