package model

import (
	"context"
	"errors"

	"github.com/sluicehq/sluice/model/words"
)

// Local is the provider that is inside the program, or beside it: it makes vectors and asks nobody.
const Local = "local"

// Installed is a network on this machine that makes vectors of texts. It is safe for concurrent use.
type Installed interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

type local struct{}

func openLocal(c *Client) error {
	switch {
	case c.Model.Dimension == 0:
		return c.errorf(NoModel, "provider local has no model %s; leave the name out, or use %s, or %s when it is installed", c.Model.Name, embeddings[Local][0].Name, embeddings[Local][1].Name)
	case c.Model.Name == embeddings[Local][0].Name:
		c.embedder = local{}
		return nil
	case c.config.Installed == nil:
		return c.errorf(NotOffered, "model %s has to be installed, which this program does not know", c.Model.Name)
	}
	network, err := c.config.Installed(c.Model.Name)
	if err != nil {
		return c.errorf(NotOffered, "provider local: %s", err)
	}
	c.embedder = installed{c, network}
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

// installed is a network as a provider.
type installed struct {
	client  *Client
	network Installed
}

func (i installed) embed(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	out, err := i.network.Embed(ctx, texts)
	if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		err = i.client.errorf(Unavailable, "provider local: %s", err)
	}
	return out, Usage{}, err
}
