package engine

import (
	"context"

	"github.com/sluicehq/sluice/internal/observe"
)

// observeConnector says which type of connector the work in hand uses.
func (e *Engine) observeConnector(ctx context.Context, id string) {
	if kind, ok := e.kinds.Load(id); ok {
		observe.Connector(ctx, kind.(string))
	}
}

// outcomeOf is the outcome of work that ended for good, with the reason that it gave its user.
func outcomeOf(reason string) string {
	if reason != "" {
		return observe.Failed
	}
	return observe.OK
}
