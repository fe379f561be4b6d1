package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/internal/store"
)

// TestPoisonFilesFailAlone runs a hundred files, three of which break their parser each in a way of its own.
func TestPoisonFilesFailAlone(t *testing.T) {
	t.Parallel()
	pool := newPool(t, child.Config{Memory: 192 << 20, Timeout: 4 * time.Second})
	b := newBench(t, func(s *setup) { s.parser = pool })
	var files []string
	for i := range 97 {
		files = append(files, fmt.Sprintf("good-%02d.txt", i), memo)
		switch i {
		case 10:
			files = append(files, "poison-memory.txt", memo)
		case 30:
			files = append(files, "poison-stack.txt", memo)
		case 50:
			files = append(files, "poison-spin.txt", memo)
		}
	}
	j := b.end(b.upload(nodes(t, "chunk_by_title"), files...).ID)
	if j.Status != store.Completed || j.Done != 97 || j.Failed != 3 || j.Processing != store.ProcessingWithErrors {
		t.Errorf("%+v", j)
	}
	outcomes := map[string]string{}
	for _, f := range b.files(j.ID, store.FileFailed) {
		outcomes[f.Name] = f.Outcome
		if f.Error == "" || !strings.Contains(f.Error, "poison") {
			t.Errorf("%s: the reason does not name the file: %q", f.Name, f.Error)
		}
	}
	want := map[string]string{"poison-memory.txt": "too_large", "poison-stack.txt": "crashed", "poison-spin.txt": "timed_out"}
	for name, outcome := range want {
		if outcomes[name] != outcome {
			t.Errorf("%s: %q, want %q", name, outcomes[name], outcome)
		}
	}
	b.statsAddUp(j.ID)
	if after := b.end(b.upload(nodes(t), "a.txt", memo).ID); after.Status != store.Completed {
		t.Errorf("%+v", after)
	}
}
