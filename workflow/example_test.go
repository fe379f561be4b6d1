package workflow_test

import (
	"fmt"

	"github.com/sluicehq/sluice/workflow"
)

// Names may be swapped or in another case; settings come back complete.
func ExampleNormalize() {
	nodes, problems := workflow.Normalize([]workflow.Node{
		{Name: "Partitioner", Type: "unstructured_api", Subtype: "partition", Settings: map[string]any{"strategy": "FAST"}},
		{Name: "Chunker", Type: "chunk", Subtype: "by_title", Settings: map[string]any{"max_characters": "2048"}},
	})
	fmt.Println(problems)
	for _, n := range nodes {
		fmt.Println(n.Type, n.Subtype, n.Settings["strategy"], n.Settings["max_characters"], n.Settings["overlap_all"])
	}

	_, problems = workflow.Normalize([]workflow.Node{
		{Name: "Partitioner", Type: "partition", Subtype: "unstructured_api", Settings: map[string]any{"strategy": "slow"}},
	})
	fmt.Println(problems[0].Path, problems[0].Type, problems[0].Msg)
	// Output:
	// []
	// partition unstructured_api fast <nil> <nil>
	// chunk chunk_by_title <nil> 2048 false
	// [0 settings strategy] enum Input should be 'auto', 'fast', 'hi_res' or 'ocr_only'
}
