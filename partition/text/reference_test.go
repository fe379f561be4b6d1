package text

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluicehq/sluice/element"
)

// TestAgreement measures the classes against labelled texts of the reference, where those stand.
func TestAgreement(t *testing.T) {
	dir := os.Getenv("SLUICE_EVAL")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "eval")
	}
	f, err := os.Open(filepath.Join(dir, "classify.jsonl"))
	if err != nil {
		t.Skip("no evaluation data here; SLUICE_EVAL names its folder")
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	good, all := map[string]int{}, map[string]int{}
	for lines.Scan() {
		var c struct {
			Rule, Text string
			Type       element.Type
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		var got element.Type
		switch c.Rule {
		case "html":
			got, _, _ = ClassifyHTML(c.Text)
		case "docx":
			got, _, _ = ClassifyWord(c.Text)
		case "xlsx":
			got = ClassifyCell(c.Text)
		default:
			got, _, _ = Classify(c.Text)
		}
		all[c.Rule]++
		all["all"]++
		if got == c.Type {
			good[c.Rule]++
			good["all"]++
		} else {
			t.Logf("%s: %s, want %s: %.80q", c.Rule, got, c.Type, c.Text)
		}
	}
	for rule, n := range all {
		t.Logf("%s: %d of %d agree (%.1f %%)", rule, good[rule], n, 100*float64(good[rule])/float64(n))
	}
	// Most of the others are texts in languages that neither tagger knows.
	if 100*good["all"] < 97*all["all"] {
		t.Errorf("%d of %d agree; at least 97 %% must", good["all"], all["all"])
	}
}
