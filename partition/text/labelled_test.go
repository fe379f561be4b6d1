package text

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/sluicehq/sluice/element"
)

// TestLabelled measures the classes on texts of this project's own documentation, which the reference (release 0.27.35) has
// labelled and the weights were not learned from.
func TestLabelled(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/labelled.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	good, all := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); all++ {
		var c struct {
			Text string
			Type element.Type
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := Classify(c.Text); got == c.Type {
			good++
		} else {
			t.Logf("%s, want %s: %.100q", got, c.Type, c.Text)
		}
	}
	t.Logf("%d of %d agree", good, all)
	if all < 1000 || 100*good < 93*all {
		t.Errorf("%d of %d agree; at least 93 %% must", good, all)
	}
}
