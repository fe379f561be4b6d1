package model

import (
	"context"

	"github.com/sluicehq/sluice/model/words"
)

// Local is the provider that is inside the program. It makes vectors and asks nobody.
const Local = "local"

type local struct{}

func openLocal(c *Client) error {
	if c.Model.Dimension == 0 {
		return c.errorf(NoModel, "provider local has no model %s; leave the name out, or use %s", c.Model.Name, embeddings[Local][0].Name)
	}
	c.embedder = local{}
	return nil
}

func (local) embed(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, Usage{}, err
		}
		out[i] = words.Vector(t)
	}
	return out, Usage{}, nil
}
