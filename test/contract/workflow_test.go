package contract_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWorkflows(t *testing.T) {
	t.Parallel()
	s := start(t)
	const base = "/api/v1/workflows"
	create := func(t *testing.T, body any) answer { return s.call(t, "POST", base+"/", s.key, body).want(200) }
	folder := filepath.Join(s.folder, "in")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	source := s.call(t, "POST", "/api/v1/sources", s.key, map[string]any{"name": "in", "type": "local", "config": map[string]any{"path": folder}}).want(200).id()
	destination := s.call(t, "POST", "/api/v1/destinations", s.key, map[string]any{"name": "out", "type": "local",
		"config": map[string]any{"path": filepath.Join(s.folder, "out")}}).want(200).id()
	custom := func(nodes ...any) map[string]any {
		return map[string]any{"name": "w", "workflow_type": "custom", "workflow_nodes": nodes}
	}

	t.Run("28 basic", func(t *testing.T) {
		o := create(t, map[string]any{"name": "x", "workflow_type": "basic"}).object()
		if o["workflow_type"] != "basic" || o["status"] != "active" || !reflect.DeepEqual(o["sources"], []any{}) || !reflect.DeepEqual(o["destinations"], []any{}) {
			t.Errorf("%v", o)
		}
		for _, kind := range []string{"advanced", "platinum", "Basic"} {
			if got := create(t, map[string]any{"name": "x", "workflow_type": kind}).object(); got["workflow_type"] != strings.ToLower(kind) || len(got["workflow_nodes"].([]any)) != 1 {
				t.Errorf("%v", got)
			}
		}
	})
	t.Run("29 custom", func(t *testing.T) {
		nodes := create(t, custom(partitionNode(), chunkNode("chunk_by_title", "max_characters", "800"))).object()["workflow_nodes"].([]any)
		if len(nodes) != 2 {
			t.Fatalf("%v", nodes)
		}
		first, second := nodes[0].(map[string]any), nodes[1].(map[string]any)
		if first["subtype"] != "unstructured_api" || second["subtype"] != "chunk_by_title" || first["id"] == "" || first["id"] == second["id"] {
			t.Errorf("%v", nodes)
		}
		settings := first["settings"].(map[string]any)
		if settings["encoding"] != "utf-8" || settings["xml_keep_tags"] != false || settings["strategy"] != "fast" || settings["include_page_breaks"] != false {
			t.Errorf("%v", settings)
		}
		if v, ok := settings["exclude_elements"]; !ok || v != nil {
			t.Errorf("exclude_elements %v", v)
		}
		chunk := second["settings"].(map[string]any)
		if chunk["max_characters"] != 800.0 || chunk["include_orig_elements"] != false || chunk["multipage_sections"] != false {
			t.Errorf("%v", chunk)
		}
	})
	ids := []string{
		"93fc2ce8-e7c8-424f-a6aa-41460fc5d35d", "4eb78731-4669-438c-9e2c-c76fcb1c9a52",
		"35cacdfe-3ac1-4183-bbf4-826cd88c882c", "ee5d4bf2-3783-4818-9f69-9ebbaa8778ea",
	}
	nodeIDs := func(o map[string]any) (out []string) {
		for _, n := range o["workflow_nodes"].([]any) {
			out = append(out, n.(map[string]any)["id"].(string))
		}
		return out
	}
	t.Run("30 to 33 templates", func(t *testing.T) {
		made := create(t, map[string]any{"name": "t", "workflow_type": "template", "template_id": "hi_res_and_enrichment"}).object()
		if !slices.Equal(nodeIDs(made), ids) || made["workflow_type"] == "template" {
			t.Errorf("%v %v", nodeIDs(made), made["workflow_type"])
		}
		for _, w := range s.call(t, "GET", base+"?page_size=100", s.key, nil).want(200).list() {
			if w["workflow_type"] == "template" || w["workflow_type"] == "auto" {
				t.Errorf("%v", w)
			}
		}
		for _, body := range []map[string]any{
			{"name": "t", "workflow_type": "custom", "template_id": "hi_res_and_enrichment"},
			{"name": "t", "workflow_type": "custom", "template_id": "hi_res_and_enrichment", "workflow_nodes": []any{}},
			{"name": "t", "workflow_type": "custom", "template_id": "hi_res_and_enrichment", "workflow_nodes": nil},
		} {
			if got := create(t, body).object(); !slices.Equal(nodeIDs(got), ids) {
				t.Errorf("%v", got)
			}
		}
		if got := s.call(t, "POST", base, s.key, map[string]any{"name": "t", "workflow_type": "template", "template_id": "nope"}).want(404).detail(); got != "Template nope not found" {
			t.Error(got)
		}
		s.call(t, "POST", base, s.key, map[string]any{"name": "t", "workflow_type": "template"}).wantLoc("body.template_id")
	})
	cron := func(o map[string]any) string {
		entries := o["schedule"].(map[string]any)["crontab_entries"].([]any)
		if len(entries) == 0 {
			return ""
		}
		return entries[0].(map[string]any)["cron_expression"].(string)
	}
	t.Run("34 to 36 schedules", func(t *testing.T) {
		for phrase, want := range map[string]string{
			"every 15 minutes": "*/15 * * * *", "every hour": "0 * * * *", "every 2 hours": "0 */2 * * *",
			"every 4 hours": "0 */4 * * *", "every 6 hours": "0 */6 * * *", "every 8 hours": "0 */8 * * *",
			"every 10 hours": "0 */10 * * *", "every 12 hours": "0 */12 * * *", "daily": "0 0 * * *",
			"weekly": "0 0 * * 0", "monthly": "0 0 1 * *",
		} {
			got := create(t, map[string]any{"name": "s", "workflow_type": "basic", "source_id": source, "schedule": phrase}).object()
			if cron(got) != want {
				t.Errorf("%s: %v", phrase, got["schedule"])
			}
		}
		s.call(t, "POST", base, s.key, map[string]any{"name": "s", "workflow_type": "basic", "source_id": source, "schedule": "now and then"}).wantLoc("body.schedule")
		plain := create(t, map[string]any{"name": "s", "workflow_type": "basic"}).object()
		if !reflect.DeepEqual(plain["schedule"], map[string]any{"crontab_entries": []any{}}) {
			t.Errorf("%v", plain["schedule"])
		}
		s.call(t, "POST", base, s.key, map[string]any{"name": "s", "workflow_type": "basic", "schedule": "daily"}).wantLoc("body.schedule")
	})
	t.Run("37 reprocess_all", func(t *testing.T) {
		for in, want := range map[string]any{"null": false, "true": true, `"true"`: true, `"false"`: false, "false": false} {
			body := fmt.Sprintf(`{"name":"r","workflow_type":"basic","reprocess_all":%s}`, in)
			if got := create(t, body).object()["reprocess_all"]; got != want {
				t.Errorf("%s: %v", in, got)
			}
		}
		if got := create(t, map[string]any{"name": "r", "workflow_type": "basic"}).object()["reprocess_all"]; got != false {
			t.Error(got)
		}
	})
	t.Run("38 JSON whatever the content type", func(t *testing.T) {
		const body = `{"name": "curl", "workflow_type": "basic"}`
		for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "", "application/json; charset=utf-8"} {
			headers := []string{}
			if kind != "" {
				headers = []string{"Content-Type", kind}
			}
			s.call(t, "POST", base, s.key, body, headers...).want(200)
		}
		commented := "{\n  // the name, see https://x.example\n  \"name\": \"a // b\", \"workflow_type\": \"basic\"\n}"
		if got := create(t, commented).object()["name"]; got != "a // b" {
			t.Error(got)
		}
	})
	t.Run("39 swapped node", func(t *testing.T) {
		o := create(t, custom(node("Auto", "vlm", "partition", "is_dynamic", true, "allow_fast", true, "strategy", "auto"))).object()
		n := o["workflow_nodes"].([]any)[0].(map[string]any)
		settings := n["settings"].(map[string]any)
		if n["type"] != "partition" || n["subtype"] != "vlm" || settings["is_dynamic"] != true || settings["strategy"] != nil {
			t.Errorf("%v", n)
		}
	})
	t.Run("40 wrong orders", func(t *testing.T) {
		for name, nodes := range map[string][]any{
			"no partition":  {chunkNode("chunk_by_title")},
			"two":           {partitionNode(), partitionNode()},
			"chunk first":   {chunkNode("chunk_by_title"), partitionNode()},
			"unknown type":  {partitionNode(), node("x", "juggle", "balls")},
			"no such chunk": {partitionNode(), chunkNode("chunk_by_moon")},
			"strategy":      {partitionNode("strategy", "slow")},
			"overlap":       {partitionNode(), chunkNode("chunk_by_title", "max_characters", 100, "overlap", 100)},
		} {
			a := s.call(t, "POST", base, s.key, custom(nodes...)).want(422)
			if locs := a.locs(); !strings.HasPrefix(locs[0], "body.workflow_nodes") {
				t.Errorf("%s: %v", name, locs)
			}
		}
	})
	t.Run("41 missing and unknown fields", func(t *testing.T) {
		s.call(t, "POST", base, s.key, map[string]any{"workflow_type": "basic"}).wantLoc("body.name")
		s.call(t, "POST", base, s.key, map[string]any{"name": "x"}).wantLoc("body.workflow_type")
		s.call(t, "POST", base, s.key, map[string]any{}).wantLoc("body.name", "body.workflow_type")
		s.call(t, "POST", base, s.key, map[string]any{"name": "x", "workflow_type": "gold"}).wantLoc("body.workflow_type")
		s.call(t, "POST", base, s.key, map[string]any{"name": "x", "workflow_type": "basic", "source_id": "no"}).wantLoc("body.source_id")
		s.call(t, "POST", base, s.key, map[string]any{"name": "x", "workflow_type": "custom", "workflow_nodes": []any{map[string]any{"type": "chunk"}}}).
			wantLoc("body.workflow_nodes.0.name", "body.workflow_nodes.0.subtype")
	})
	t.Run("45 and 46 update", func(t *testing.T) {
		before := create(t, map[string]any{"name": "old", "workflow_type": "custom", "source_id": source, "destination_id": destination,
			"schedule": "daily", "workflow_nodes": []any{partitionNode(), chunkNode("chunk_by_page")}}).object()
		path := base + "/" + before["id"].(string)
		now := s.call(t, "PUT", path, s.key, map[string]any{"name": "new"}).want(200).object()
		if now["name"] != "new" || now["updated_at"].(string) <= before["updated_at"].(string) {
			t.Errorf("%v", now)
		}
		for _, field := range []string{"workflow_nodes", "schedule", "sources", "destinations", "workflow_type", "created_at", "status"} {
			if !reflect.DeepEqual(now[field], before[field]) {
				t.Errorf("%s: %v, before %v", field, now[field], before[field])
			}
		}
		now = s.call(t, "PUT", path, s.key, map[string]any{"workflow_nodes": []any{partitionNode()}, "name": nil, "workflow_type": nil}).want(200).object()
		if len(now["workflow_nodes"].([]any)) != 1 || now["name"] != "new" {
			t.Errorf("%v", now)
		}
		if now = s.call(t, "PUT", path, s.key, map[string]any{"schedule": "weekly"}).want(200).object(); cron(now) != "0 0 * * 0" {
			t.Errorf("%v", now)
		}
		if now = s.call(t, "PUT", path, s.key, map[string]any{"schedule": nil}).want(200).object(); cron(now) != "" {
			t.Errorf("%v", now)
		}
		if now = s.call(t, "PUT", path, s.key, map[string]any{"destination_id": nil}).want(200).object(); len(now["destinations"].([]any)) != 0 {
			t.Errorf("%v", now)
		}
		if now = s.call(t, "PUT", path, s.key, map[string]any{"status": "inactive"}).want(200).object(); now["status"] != "inactive" {
			t.Errorf("%v", now)
		}
		s.call(t, "PUT", path, s.key, map[string]any{"source_id": nil, "schedule": "daily"}).wantLoc("body.schedule")
	})
	t.Run("several connectors", func(t *testing.T) {
		second := s.call(t, "POST", "/api/v1/sources", s.key, map[string]any{"name": "in2", "type": "local", "config": map[string]any{"path": folder}}).want(200).id()
		o := create(t, map[string]any{"name": "many", "workflow_type": "basic", "source_ids": []any{source, second}}).object()
		if !reflect.DeepEqual(o["sources"], []any{source, second}) {
			t.Errorf("%v", o["sources"])
		}
		s.call(t, "DELETE", "/api/v1/sources/"+second, s.key, nil).want(200)
		if got := s.call(t, "GET", base+"/"+o["id"].(string), s.key, nil).want(200).object()["sources"]; !reflect.DeepEqual(got, []any{source}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("47 delete", func(t *testing.T) {
		id := create(t, map[string]any{"name": "bye", "workflow_type": "basic"}).id()
		job := s.call(t, "POST", base+"/"+id+"/run", s.key, newForm().file("input_files", "a.txt", "", text)).want(202).id()
		s.finish(t, job)
		if got := s.call(t, "DELETE", base+"/"+id, s.key, nil).want(200).detail(); got != "Workflow with id "+id+" successfully deleted." {
			t.Error(got)
		}
		s.call(t, "GET", base+"/"+id, s.key, nil).want(404)
		s.call(t, "DELETE", base+"/"+id, s.key, nil).want(404)
		has := func(query string) bool {
			return slices.ContainsFunc(s.call(t, "GET", base+query, s.key, nil).want(200).list(), func(w map[string]any) bool { return w["id"] == id })
		}
		if has("?page_size=100") || !has("?page_size=100&show_only_soft_deleted=true") {
			t.Error("the lists are wrong")
		}
		if got := s.call(t, "GET", "/api/v1/jobs/"+job, s.key, nil).want(200).object(); got["workflow_id"] != id {
			t.Errorf("%v", got)
		}
	})
	t.Run("48 to 50 run", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(folder, "a.txt"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		remote := create(t, map[string]any{"name": "remote", "workflow_type": "basic", "source_id": source, "destination_id": destination}).id()
		started := s.call(t, "POST", base+"/"+remote+"/run", s.key, nil).want(202).object()
		if started["status"] != "SCHEDULED" || started["job_type"] != "persistent" || started["workflow_name"] != "remote" {
			t.Errorf("%v", started)
		}
		if got := s.finish(t, started["id"].(string)); got["status"] != "COMPLETED" || len(got["input_file_ids"].([]any)) != 0 {
			t.Errorf("%v", got)
		}
		if _, err := os.Stat(filepath.Join(s.folder, "out", "a.txt.json")); err != nil {
			t.Error(err)
		}
		local := create(t, map[string]any{"name": "local", "workflow_type": "basic"}).id()
		for _, field := range []string{"input_files", "input_files[]"} {
			f := newForm().field("filename", "").field("type", "").file(field, "b.txt", "text/plain", text).file(field, "a.txt", "", text)
			ids := s.call(t, "POST", base+"/"+local+"/run", s.key, f).want(202).object()["input_file_ids"].([]any)
			if len(ids) != 2 || !strings.HasPrefix(ids[0].(string), "b-") || !strings.HasPrefix(ids[1].(string), "a-") {
				t.Errorf("%v", ids)
			}
		}
		s.call(t, "POST", base+"/"+local+"/run", s.key, nil).want(422)
		s.call(t, "POST", base+"/"+local+"/run", s.key, newForm()).want(422)
		s.call(t, "POST", base+"/"+remote+"/run", s.key, newForm().file("input_files", "a.txt", "", text)).want(422)
		s.call(t, "PUT", base+"/"+local, s.key, map[string]any{"status": "inactive"}).want(200)
		if a := s.call(t, "POST", base+"/"+local+"/run", s.key, newForm().file("input_files", "a.txt", "", text)); a.status/100 != 4 {
			t.Errorf("%d", a.status)
		}
		empty := create(t, map[string]any{"name": "empty", "workflow_type": "custom"}).id()
		s.call(t, "POST", base+"/"+empty+"/run", s.key, newForm().file("input_files", "a.txt", "", text)).want(422)
	})
	t.Run("not built: stored, and refused by name at the run", func(t *testing.T) {
		for _, n := range []map[string]any{
			node("Embedder", "embed", "voyageai", "model_name", "voyage-3"), node("Describer", "prompter", "openai_image_description"),
			node("Extractor", "structured_data_extractor", "llm", "schema_to_extract", map[string]any{"extraction_guidance": "x"}),
		} {
			id := create(t, custom(partitionNode(), n)).id()
			got := s.call(t, "POST", base+"/"+id+"/run", s.key, newForm().file("input_files", "a.txt", "", text)).want(422).detail()
			if !strings.Contains(got, n["name"].(string)) {
				t.Error(got)
			}
		}
		s3 := s.call(t, "POST", "/api/v1/sources", s.key, map[string]any{"name": "bucket", "type": "box", "config": map[string]any{"remote_url": "box://b/", "box_app_config": "{}"}}).want(200).id()
		id := create(t, map[string]any{"name": "x", "workflow_type": "basic", "source_id": s3}).id()
		if got := s.call(t, "POST", base+"/"+id+"/run", s.key, nil).want(422).detail(); !strings.Contains(got, "bucket") || !strings.Contains(got, "box") {
			t.Error(got)
		}
	})
	t.Run("provider keys are masked", func(t *testing.T) {
		made := create(t, custom(node("V", "partition", "vlm", "provider_api_key", "sk-clear-text")))
		if strings.Contains(string(made.body), "sk-clear-text") || !strings.Contains(string(made.body), mask) {
			t.Errorf("%s", made.body)
		}
		nodes := made.object()["workflow_nodes"]
		again := s.call(t, "PUT", base+"/"+made.id(), s.key, map[string]any{"workflow_nodes": nodes}).want(200)
		if !strings.Contains(string(again.body), mask) {
			t.Errorf("%s", again.body)
		}
	})
}

func TestWorkflowLists(t *testing.T) {
	t.Parallel()
	s := start(t)
	const base = "/api/v1/workflows"
	source := s.call(t, "POST", "/api/v1/sources", s.key, map[string]any{"name": "a", "type": "s3", "config": map[string]any{}}).want(200).id()
	destination := s.call(t, "POST", "/api/v1/destinations", s.key, map[string]any{"name": "a", "type": "s3", "config": map[string]any{}}).want(200).id()
	var ids []string
	var times []string
	for i := range 25 {
		body := map[string]any{"name": fmt.Sprintf("Flow %02d", i), "workflow_type": "basic"}
		switch i {
		case 3:
			body["source_id"] = source
		case 4:
			body["destination_id"] = destination
			body["source_id"] = source
		}
		o := s.call(t, "POST", base, s.key, body).want(200).object()
		ids, times = append(ids, o["id"].(string)), append(times, o["created_at"].(string))
		time.Sleep(time.Millisecond)
	}
	s.call(t, "PUT", base+"/"+ids[7], s.key, map[string]any{"status": "inactive"}).want(200)
	names := func(query string) []string {
		t.Helper()
		out := []string{}
		for _, w := range s.call(t, "GET", base+"?"+query, s.key, nil).want(200).list() {
			out = append(out, strings.TrimPrefix(w["name"].(string), "Flow "))
		}
		return out
	}
	want := func(query string, flows ...string) {
		t.Helper()
		if got := names(query); !slices.Equal(got, flows) {
			t.Errorf("%s: %v, want %v", query, got, flows)
		}
	}
	// 42
	if n := len(names("")); n != 20 {
		t.Errorf("%d on the first page", n)
	}
	want("sort_by=name&sort_direction=desc&page_size=2", "24", "23")
	want("sort_by=name&page=2&page_size=1", "01")
	want("sort_by=created_at&page=2&page_size=20", "20", "21", "22", "23", "24")
	for _, q := range []string{"page=0", "page=x", "page_size=0", "sort_by=moon", "sort_direction=up", "status=asleep", "source_id=x", "created_since=yesterday"} {
		a := s.call(t, "GET", base+"?"+q, s.key, nil).want(422)
		if got := a.locs(); got[0] != "query."+q[:strings.IndexByte(q, '=')] {
			t.Errorf("%s: %v", q, got)
		}
	}
	for _, q := range []string{"name=100%", "status=active;page=1"} { // not a filter that is silently dropped
		if got := s.call(t, "GET", base+"?"+q, s.key, nil).want(422).locs(); got[0] != "query" {
			t.Errorf("%s: %v", q, got)
		}
	}
	// 43
	want("sort_by=name&source_id="+source, "03", "04")
	want("destination_id="+destination, "04")
	want("status=inactive", "07")
	want("status=INACTIVE", "07")
	if n := len(names("status=ACTIVE&page_size=100")); n != 24 {
		t.Errorf("%d active", n)
	}
	want("name=FLOW+1&sort_by=name&page_size=3", "10", "11", "12")
	want("sort_by=name&created_since="+times[22], "22", "23", "24")
	want("sort_by=name&created_before="+times[2], "00", "01")
	want("created_since="+url.QueryEscape(strings.Replace(times[10], "Z", "+00:00", 1))+"&created_before="+times[11], "10")
	want("created_since="+strings.TrimSuffix(times[10], "Z")+"&created_before="+times[11], "10")
	want("name=flow&source_id="+source+"&destination_id="+destination+"&status=active", "04")
	want("dag_node_configuration_id="+destination, "04")
	// 44
	if n := len(names("sort_by=id")); n != 20 {
		t.Errorf("%d", n)
	}
}
