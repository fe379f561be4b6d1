package chunk_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/element"
)

// evalDir is where the evaluation data stands, for those who have it.
func evalDir() string {
	if dir := os.Getenv("SLUICE_EVAL"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "shared", "eval")
}

// TestReference compares with the chunks that the reference gives, in everything but random ids.
func TestReference(t *testing.T) {
	dir := filepath.Join(evalDir(), "chunk")
	text, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Skip("no evaluation data here; SLUICE_EVAL names its folder")
	}
	var cases []struct {
		ID, Input, Strategy, Expected string
		Options                       map[string]any
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 400 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			var in []element.Element
			read(t, filepath.Join(dir, c.Input), &in)
			var want []any
			read(t, filepath.Join(dir, c.Expected), &want)
			strategy, err := chunk.StrategyOf(c.Strategy)
			if err != nil {
				t.Fatal(err)
			}
			var o chunk.Options
			for k, v := range c.Options {
				if err := o.Set(k, v); err != nil {
					t.Fatal(err)
				}
			}
			got, err := chunk.Slice(in, strategy, o)
			if err != nil {
				t.Fatal(err)
			}
			for i := range max(len(got), len(want)) {
				if i >= len(got) {
					t.Fatalf("chunk %d is missing (of %d): %s", i, len(want), dump(want[i]))
				}
				g := comparable(t, got[i])
				if i >= len(want) {
					t.Fatalf("chunk %d is too much: %s", i, g)
				}
				if w := dump(want[i]); g != w {
					t.Fatalf("chunk %d\n got %s\nwant %s", i, g, w)
				}
			}
		})
	}
}

func read(t *testing.T, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

// comparable gives a chunk in the form of the expected files: without ids, the originals' ids in a list of their own.
func comparable(t *testing.T, e element.Element) string {
	t.Helper()
	ids := []any{}
	originals, err := e.Metadata.Originals()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range originals {
		ids = append(ids, o.ID)
	}
	table := e.Metadata.TableID != ""
	e.Metadata = e.Metadata.WithoutOriginals()
	e.Metadata.TableID = ""
	var v map[string]any
	if err := json.Unmarshal(element.AppendJSON(nil, e), &v); err != nil {
		t.Fatal(err)
	}
	delete(v, "element_id")
	v["orig_ids"] = ids
	if table {
		v["has_table_id"] = true
	}
	return dump(v)
}

func dump(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
