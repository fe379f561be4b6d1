package contract_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	_ "github.com/sluicehq/sluice/connector/kafka"
)

// The additions to the contract that keep destinations in step with sources: delete_removed, force_delete_removed, removed,
// the dry run.
func TestSync(t *testing.T) {
	t.Parallel()
	s := start(t)
	const base = "/api/v1/workflows"
	in, out := filepath.Join(s.folder, "in"), filepath.Join(s.folder, "out")
	if err := os.MkdirAll(in, 0o755); err != nil {
		t.Fatal(err)
	}
	put := func(names ...string) {
		t.Helper()
		for _, n := range names {
			if err := os.WriteFile(filepath.Join(in, n), []byte("The keeper of "+n+" opened the gate in the morning."), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	take := func(names ...string) {
		t.Helper()
		for _, n := range names {
			if err := os.Remove(filepath.Join(in, n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	written := func() (names []string) {
		t.Helper()
		entries, err := os.ReadDir(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, strings.TrimSuffix(e.Name(), ".txt.json"))
		}
		return names
	}
	put("a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "f.txt")
	connector := func(side, path string) string {
		return s.call(t, "POST", "/api/v1/"+side, s.key, map[string]any{"name": "x", "type": "local", "config": map[string]any{"path": path}}).want(200).id()
	}
	body := map[string]any{
		"name": "sync", "workflow_type": "custom", "workflow_nodes": []any{partitionNode()},
		"source_id": connector("sources", in), "destination_id": connector("destinations", out),
	}

	made := s.call(t, "POST", base, s.key, body).want(200)
	if made.object()["delete_removed"] != false {
		t.Errorf("without the field: %v", made.object())
	}
	one := base + "/" + made.id()
	for _, c := range []struct{ send, want any }{{"true", true}, {false, false}, {nil, false}, {true, true}, {nil, true}} {
		if got := s.call(t, "PUT", one, s.key, map[string]any{"delete_removed": c.send}).want(200).object()["delete_removed"]; got != c.want {
			t.Errorf("sent %v: %v", c.send, got)
		}
	}
	s.call(t, "PUT", one, s.key, map[string]any{"delete_removed": "perhaps"}).wantLoc("body.delete_removed")
	// What the SDK sends, which does not know the field, leaves it as it is.
	if o := s.call(t, "PUT", one, s.key, map[string]any{"name": "sync again", "reprocess_all": false}).want(200).object(); o["delete_removed"] != true {
		t.Errorf("%v", o)
	}
	if o := s.call(t, "GET", one, s.key, nil).want(200).object(); o["delete_removed"] != true {
		t.Errorf("%v", o)
	}

	dry := func(query string) map[string]any {
		t.Helper()
		return s.call(t, "POST", one+"/dry-run"+query, s.key, nil).want(200).object()
	}
	counts := func(o map[string]any) []any { return []any{o["new"], o["changed"], o["unchanged"], o["removed"]} }
	equal := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	o := dry("?limit=2")
	equal("dry run of a new workflow", counts(o), []any{6.0, 0.0, 0.0, 0.0})
	if list := o["documents"].([]any); len(list) != 2 || o["truncated"] != true || !reflect.DeepEqual(list[0], map[string]any{
		"change": "new", "source_id": body["source_id"], "identifier": list[0].(map[string]any)["identifier"], "name": "a.txt", "path": "a.txt", "version": list[0].(map[string]any)["version"],
	}) {
		t.Errorf("%v", o)
	}
	if list := s.call(t, "GET", "/api/v1/jobs?workflow_id="+made.id(), s.key, nil).want(200).list(); len(list) != 0 {
		t.Errorf("a dry run made %v", list)
	}
	run := func(query string, form any) map[string]any {
		t.Helper()
		j := s.call(t, "POST", one+"/run"+query, s.key, form).want(202)
		s.finish(t, j.id())
		return s.call(t, "GET", "/api/v1/jobs/"+j.id()+"/details", s.key, nil).want(200).object()
	}
	d := run("", nil)
	equal("removed by the first run", d["removed"], 0.0)
	equal("written", written(), []string{"a", "b", "c", "d", "e", "f"})

	take("a.txt")
	put("g.txt")
	o = dry("?unchanged=true")
	equal("dry run", counts(o), []any{1.0, 0.0, 5.0, 1.0})
	equal("shown", len(o["documents"].([]any)), 7)
	equal("stops", o["stops"], nil)
	equal("known", o["known"], 6.0)
	d = run("", nil)
	equal("removed", d["removed"], 1.0)
	equal("status", d["processing_status"], "SUCCESS")
	equal("written", written(), []string{"b", "c", "d", "e", "f", "g"})

	take("b.txt", "c.txt")
	if text, _ := dry("")["stops"].(string); !strings.HasPrefix(text, "2 of the 6 documents") {
		t.Errorf("stops: %q", text)
	}
	d = run("", nil)
	equal("status", d["processing_status"], "COMPLETED_WITH_ERRORS")
	equal("removed", d["removed"], 0.0)
	if text, _ := d["message"].(string); !strings.Contains(text, "more than a fifth") || !strings.Contains(text, "force_delete_removed") {
		t.Errorf("message: %q", text)
	}
	s.call(t, "POST", one+"/run?force_delete_removed=perhaps", s.key, nil).wantLoc("query.force_delete_removed")
	d = run("?force_delete_removed=true", nil)
	equal("removed by force", d["removed"], 2.0)
	equal("written", written(), []string{"d", "e", "f", "g"})
	take("d.txt", "e.txt")
	f := newForm()
	f.field("force_delete_removed", "true")
	d = run("", f)
	equal("removed by force of a form", d["removed"], 2.0)
	equal("written", written(), []string{"f", "g"})

	// The SDK's models of workflows have no such field: the config of a source, which it passes on as it is, may say it.
	if got := s.call(t, "POST", "/api/v1/sources", s.key, map[string]any{"name": "x", "type": "local",
		"config": map[string]any{"path": in, "delete_removed": "true"}}).want(200).object()["config"].(map[string]any)["delete_removed"]; got != true {
		t.Errorf("config: %v", got)
	}
	s.call(t, "POST", "/api/v1/sources", s.key, map[string]any{"name": "x", "type": "local",
		"config": map[string]any{"path": in, "delete_removed": "perhaps"}}).wantLoc("body.config.delete_removed")

	// Refusals.
	s.call(t, "POST", one+"/dry-run", s.other, nil).want(404)
	s.call(t, "POST", one+"/dry-run", s.reader, nil).want(403)
	s.call(t, "POST", one+"/dry-run?limit=0", s.key, nil).wantLoc("query.limit")
	s.call(t, "PUT", one, s.key, map[string]any{"delete_removed": false}).want(200)
	s.call(t, "POST", one+"/run?force_delete_removed=true", s.key, nil).want(422)
	bare := s.call(t, "POST", base, s.key, map[string]any{"name": "x", "workflow_type": "basic", "delete_removed": true}).want(200)
	s.call(t, "POST", base+"/"+bare.id()+"/dry-run", s.key, nil).want(422)
	if err := os.RemoveAll(in); err != nil {
		t.Fatal(err)
	}
	if text := s.call(t, "POST", one+"/dry-run", s.key, nil).want(422).detail(); !strings.Contains(text, "cannot be listed") {
		t.Error(text)
	}
	// A topic lists what is new, and only takes more.
	kafka := map[string]any{"name": "k", "type": "kafka-cloud", "config": map[string]any{
		"bootstrap_servers": "127.0.0.1:1", "topic": "t", "kafka_api_key": "k", "secret": "s", "group_id": "g",
	}}
	topic := s.call(t, "POST", "/api/v1/destinations", s.key, kafka).want(200).id()
	if text := s.call(t, "PUT", one, s.key, map[string]any{"delete_removed": true, "destination_id": topic}).want(422).detail(); !strings.Contains(text, "cannot be removed") {
		t.Error(text)
	}
	topic = s.call(t, "POST", "/api/v1/sources", s.key, kafka).want(200).id()
	if text := s.call(t, "POST", base, s.key, map[string]any{"name": "x", "workflow_type": "basic", "delete_removed": true, "source_id": topic}).want(422).detail(); !strings.Contains(text, "lists what is new") {
		t.Error(text)
	}
}
