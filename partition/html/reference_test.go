package html

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestReferenceCases compares with cases of the reference whose page stands in the case, where those stand.
func TestReferenceCases(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("SLUICE_EVAL")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "eval")
	}
	content, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Skip("no evaluation data here; SLUICE_EVAL names its folder")
	}
	var groups map[string][]json.RawMessage
	if err := json.Unmarshal(content, &groups); err != nil {
		t.Fatal(err)
	}
	run := 0
	for _, raw := range groups["partition"] {
		var c struct {
			ID, Function string
			Input        map[string]string
			Assertions   []struct {
				Kind  string
				Index int
				Path  []string
				Value any
			}
		}
		if json.Unmarshal(raw, &c) != nil || c.Function != "partition_html" || c.Input["$text"] == "" {
			continue // other functions have inputs of other types
		}
		run++
		wire, err := json.Marshal(elements(t, c.Input["$text"]))
		if err != nil {
			t.Fatal(err)
		}
		var got []any
		if err := json.Unmarshal(wire, &got); err != nil {
			t.Fatal(err)
		}
		for _, a := range c.Assertions {
			switch a.Kind {
			case "elements":
				want := a.Value.([]any)
				if len(got) != len(want) {
					t.Errorf("%s: %d elements, want %d", c.ID, len(got), len(want))
					continue
				}
				for i := range want {
					for key, v := range want[i].(map[string]any) {
						if have := at(got[i], []string{key}); !reflect.DeepEqual(have, v) {
							t.Errorf("%s: %s of element %d is %v, want %v", c.ID, key, i, have, v)
						}
					}
				}
			case "item":
				if have := at(got[a.Index], a.Path); !reflect.DeepEqual(have, a.Value) {
					t.Errorf("%s: %s is %v, want %v", c.ID, strings.Join(a.Path, "."), have, a.Value)
				}
			case "all":
				for _, e := range got {
					if have := at(e, a.Path); !reflect.DeepEqual(have, a.Value) {
						t.Errorf("%s: %s is %v, want %v", c.ID, strings.Join(a.Path, "."), have, a.Value)
					}
				}
			default:
				t.Errorf("%s: assertion of kind %s", c.ID, a.Kind)
			}
		}
	}
	if run < 10 {
		t.Errorf("%d cases found", run)
	}
}

// at follows a path of keys; nil where there is nothing.
func at(v any, path []string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}
