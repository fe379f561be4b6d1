package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/sqlite"
)

// TestKillDuringRemoval kills the process at each place of a removal. Afterwards the destination holds what is in the
// source, and each document that left it is counted once.
func TestKillDuringRemoval(t *testing.T) {
	t.Parallel()
	for _, point := range []string{failpoint.EndOfPlan, failpoint.MidRemove + ":1", failpoint.MidRemove + ":4", failpoint.EndOfRemoval} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			const files, left = 30, 5
			s := &scene{T: t, dir: t.TempDir(), files: files - left}
			b := newBench(t, func(u *setup) { u.dir = s.dir })
			var names []string
			for i := range files {
				names = append(names, fmt.Sprintf("%03d.txt", i))
			}
			in, out, source, destination := b.folders(names...)
			s.out = out
			w := b.flow(func(w *store.Workflow) {
				w.Sources, w.Destinations, w.Nodes, w.DeleteRemoved = []string{source}, []string{destination}, nodes(t, "chunk_by_title"), true
			})
			if j := b.run(w); j.Done != files {
				t.Fatalf("%+v", j)
			}
			for _, n := range names[:left] {
				must(t, os.Remove(filepath.Join(in, n)))
			}
			b.stop()
			db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: s.dir})
			must(t, err)
			blobs, err := blob.Open(t.Context(), filepath.Join(s.dir, "blobs"))
			must(t, err)
			idle, err := engine.New(engine.Config{Store: db, Blobs: blobs, Secrets: b.secrets, Pipeline: pipeline.New(pipeline.Config{Blobs: blobs})})
			must(t, err)
			j, err := idle.RunWorkflow(t.Context(), b.workspace, w.ID, nil)
			must(t, err)
			must(t, db.Close())
			s.workspace, s.job = b.workspace, j.ID

			if !s.work("SLUICE_FAILPOINT=" + point) {
				t.Fatal("the process ended without coming to its failpoint")
			}
			if s.work() {
				t.Fatal("killed without being asked")
			}
			st := s.state()
			if st.job.Status != store.Completed || st.job.Processing != store.ProcessingSuccess || st.job.Total != 0 {
				t.Errorf("%+v", st.job)
			}
			if db, err = sqlite.Open(t.Context(), sqlite.Options{Dir: s.dir}); err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			must(t, db.View(t.Context(), func(r store.Reader) error {
				removals, err := r.Removals(t.Context(), s.workspace, s.job)
				if err != nil || len(removals) != 1 || removals[0].State != store.FileDone || removals[0].Removed != left {
					t.Errorf("%+v, %v", removals, err)
				}
				identifiers := make([]string, len(names))
				for i, n := range names {
					identifiers[i] = filepath.Join(in, n)
				}
				known, err := r.Known(t.Context(), s.workspace, w.ID, source, identifiers)
				if len(known) != files-left {
					t.Errorf("%d known, want %d", len(known), files-left)
				}
				return err
			}))
			written, err := os.ReadDir(out)
			must(t, err)
			if len(written) != files-left {
				t.Errorf("%d files in the destination, want %d", len(written), files-left)
			}
			for _, n := range names[left:] {
				s.whole(n, filepath.Join(out, n+".json"))
			}
		})
	}
}
