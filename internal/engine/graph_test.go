package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
	server "github.com/sluicehq/sluice/internal/testserver/graph"
)

// A library is read and a drive written while the service asks for fewer requests in two of three answers: every document is there
// once and whole. Then a document's permissions change: it is written again, and not read.
func TestThrottledLibrary(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	b := newBench(t, func(c *setup) { c.config.Env.HTTP, c.config.Keep.Remote = s.Client(), engine.KeepLast })
	library, drive := s.Site(server.Site, "Documents")[0], s.Drive(server.User)
	const files = 15
	for i := range files {
		library.Put(fmt.Sprintf("folder %d/%02d.txt", i%3, i), fmt.Sprintf("%s%02d", memo, i))
	}
	config := func(name string, value any) map[string]any {
		return connectortest.With(connectortest.With(s.Config(), "user_pname", server.User), name, value)
	}
	source := b.connector(store.SideSource, "sharepoint", connectortest.With(config("site", server.Site), "recursive", true))
	destination := b.connector(store.SideDestination, "onedrive", config("remote_url", "onedrive://out"))
	w := b.flow(func(w *store.Workflow) { w.Sources, w.Destinations = []string{source}, []string{destination} })
	s.Busy(true)
	if j := b.run(w); j.Status != store.Completed || j.Done != files {
		t.Fatalf("%+v", j)
	}
	s.Busy(false)
	readers := func(name string) string {
		t.Helper()
		var elements []struct {
			Metadata struct {
				Source struct {
					Permissions []map[string]struct{ Users []string } `json:"permissions_data"`
				} `json:"data_source"`
			}
		}
		must(t, json.Unmarshal([]byte(drive.Files()["out/"+name+".json"]), &elements))
		if len(elements) != 2 {
			t.Fatalf("%s has %d elements", name, len(elements))
		}
		return fmt.Sprint(elements[1].Metadata.Source.Permissions[0]["read"].Users)
	}
	for i := range files {
		equal(t, "readers", readers(fmt.Sprintf("folder %d/%02d.txt", i%3, i)), "[owner-of-"+library.ID+"]")
	}
	equal(t, "files", len(drive.Files()), files)

	library.Share("folder 1/01.txt", []string{"read"}, []string{"somebody"}, nil)
	s.NoLinks.Store(true) // contents are asked of Graph, where it is seen
	s.Log()
	if j := b.run(w); j.Status != store.Completed || j.Total != 1 || j.Done != 1 {
		t.Errorf("%+v", j)
	}
	for _, call := range s.Log() {
		if len(call) > 8 && call[len(call)-8:] == "/content" && call[:3] == "GET" {
			t.Errorf("it is read again: %s", call)
		}
	}
	equal(t, "readers after a change", readers("folder 1/01.txt"), "[somebody]")
	equal(t, "readers beside", readers("folder 2/02.txt"), "[owner-of-"+library.ID+"]")
}
