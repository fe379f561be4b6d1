package engine

import (
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

func TestWorkOf(t *testing.T) {
	t.Parallel()
	j := store.Job{WorkflowID: "w", Nodes: []workflow.Node{
		{Type: workflow.KindPartition}, {Type: workflow.KindEmbed, Settings: map[string]any{"model_name": "m"}},
	}}
	if got := workOf(j); got != (connector.Work{Workflow: "w", Model: "m"}) {
		t.Errorf("%+v", got)
	}
}
