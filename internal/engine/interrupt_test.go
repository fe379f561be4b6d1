package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/model"
)

// A file that a provider of models has held up for too long fails by the node and what the matter is. What else went wrong in
// the server is in its log alone.
func TestReasonOfAModel(t *testing.T) {
	t.Parallel()
	e := &Engine{cfg: Config{Log: slog.New(slog.DiscardHandler)}}
	down := &model.Error{Kind: model.Unavailable, Provider: "openai", Status: 503, Message: "provider openai fails"}
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("node %q: %w", "Embedder", down), `node "Embedder": provider openai fails (HTTP 503)`},
		{errors.New("disk 7 of host db.internal"), "the work on this file failed for a reason of the server; its log says more"},
	} {
		var reason string
		err := e.interrupted(t.Context(), store.Task{Kind: store.TaskFile}, ownAttempts, c.err, func(r string) error {
			reason = r
			return nil
		})
		if err != nil || !strings.HasPrefix(reason, c.want) {
			t.Errorf("%v: %q, %v", c.err, reason, err)
		}
	}
}
