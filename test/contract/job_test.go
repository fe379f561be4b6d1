package contract_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/engine"
)

const jobs = "/api/v1/jobs"

func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var jobTypes = map[any]bool{"ephemeral": true, "persistent": true, "scheduled": true, "template": true}

func TestCreateJob(t *testing.T) {
	t.Parallel()
	s := start(t)
	create := func(t *testing.T, f any) map[string]any {
		return s.call(t, "POST", jobs+"/", s.key, f).want(200).object()
	}

	t.Run("51 template and one PDF", func(t *testing.T) {
		o := create(t, templateForm("hi_res_partition").file("input_files", "invoice.pdf", "application/pdf", sample(t, "invoice.pdf")))
		if o["status"] != "SCHEDULED" && o["status"] != "IN_PROGRESS" || !jobTypes[o["job_type"]] || o["job_type"] != "template" {
			t.Errorf("%v", o)
		}
		if got := s.finish(t, o["id"].(string)); got["status"] != "COMPLETED" {
			t.Errorf("%v", got)
		}
	})
	t.Run("52 part names", func(t *testing.T) {
		f := jobForm(partitionNode()).file("input_files[]", "a.txt", "", text).file("input_files", "b.txt", "", text).file("input_files[]", "c.txt", "", text)
		ids := create(t, f)["input_file_ids"].([]any)
		if len(ids) != 3 || !strings.HasPrefix(ids[0].(string), "a-") || !strings.HasPrefix(ids[2].(string), "c-") {
			t.Errorf("%v", ids)
		}
		// request_data may stand behind the files.
		late := newForm().file("input_files", "a.txt", "", text).field("request_data", `{"template_id":"hi_res_partition"}`)
		if got := s.run(t, late); got["status"] != "COMPLETED" {
			t.Errorf("%v", got)
		}
	})
	t.Run("53 and 54 without files", func(t *testing.T) {
		nodes, _ := json.Marshal(map[string]any{"job_nodes": []any{partitionNode()}})
		for _, body := range []any{
			url.Values{"request_data": {string(nodes)}}, url.Values{"request_data": {`{"template_id":"hi_res_partition"}`}},
			templateForm("hi_res_partition"),
		} {
			o := create(t, body)
			if o["status"] == "COMPLETED" {
				t.Error("the answer must not be COMPLETED")
			}
			done := s.finish(t, o["id"].(string))
			if done["status"] != "COMPLETED" || len(done["input_file_ids"].([]any)) != 0 || len(done["output_node_files"].([]any)) != 0 {
				t.Errorf("%v", done)
			}
		}
	})
	t.Run("55 wrong request_data", func(t *testing.T) {
		s.call(t, "POST", jobs, s.key, newForm().file("input_files", "a.txt", "", text)).wantLoc("body.request_data")
		s.call(t, "POST", jobs, s.key, nil).wantLoc("body.request_data")
		bad := s.call(t, "POST", jobs, s.key, newForm().field("request_data", "{nonsense")).want(422)
		if !strings.HasPrefix(bad.locs()[0], "body.request_data") || !strings.Contains(string(bad.body), "json_invalid") {
			t.Errorf("%s", bad.body)
		}
		s.call(t, "POST", jobs, s.key, newForm().field("request_data", `{}`)).wantLoc("body.request_data")
		s.call(t, "POST", jobs, s.key, newForm().field("request_data", `{"template_id":"","job_nodes":[]}`)).wantLoc("body.request_data")
		s.call(t, "POST", jobs, s.key, newForm().field("request_data", `[]`)).wantLoc("body.request_data")
		both, _ := json.Marshal(map[string]any{"template_id": "hi_res_partition", "job_nodes": []any{partitionNode()}})
		s.call(t, "POST", jobs, s.key, newForm().field("request_data", string(both))).wantLoc("body.request_data")
		// Empty counts as absent.
		create(t, newForm().field("request_data", `{"template_id":"hi_res_partition","job_nodes":[]}`))
		create(t, newForm().field("request_data", `{"template_id":"hi_res_partition","job_nodes":null}`))
		s.call(t, "POST", jobs, s.key, jobForm(chunkNode("chunk_by_title"))).want(422)
	})
	t.Run("56 unknown template", func(t *testing.T) {
		if got := s.call(t, "POST", jobs, s.key, templateForm("nope")).want(404).detail(); got != "Template nope not found" {
			t.Error(got)
		}
	})
	t.Run("57 and 58 file ids", func(t *testing.T) {
		shape := regexp.MustCompile(`^[A-Za-z0-9_-]+-[0-9a-f]{8}\.[A-Za-z0-9]+$`)
		names := map[string]string{ // to the beginning of the id
			"a/b/c.pdf": "c-", `C:\docs\d.txt`: "d-", "2507.13305v1.txt": "250713305v1-", "with space.txt": "with-space-", "..": "file-",
			"Übersicht.txt": "bersicht-", "日本語.txt": "file-", ".hidden": "hidden-", "no_extension": "no_extension-", "x.tar.gz": "xtar-",
			"quo%22te.txt": "quote-", strings.Repeat("n", 240) + ".txt": strings.Repeat("n", 100) + "-", "../../etc/passwd": "passwd-",
		}
		for name, begin := range names {
			id := create(t, jobForm(partitionNode()).file("input_files", name, "", text))["input_file_ids"].([]any)[0].(string)
			if !shape.MatchString(id) || !strings.HasPrefix(id, begin) || url.PathEscape(id) != id {
				t.Errorf("%q: %s", name, id)
			}
		}
		ids := create(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text).file("input_files", "a.txt", "", text))["input_file_ids"].([]any)
		if ids[0] == ids[1] {
			t.Errorf("%v", ids)
		}
	})
	t.Run("59 and 60 output_node_files", func(t *testing.T) {
		const own = "2f9c1d0e-0c39-4d58-9f0f-0c1f0a7c7b21"
		first := partitionNode()
		first["id"] = own
		o := create(t, jobForm(first, chunkNode("chunk_by_page")).file("input_files", "a.txt", "", text).file("input_files", "b.txt", "", text))
		rows := o["output_node_files"].([]any)
		if len(rows) != 4 {
			t.Fatalf("%v", rows)
		}
		for i, r := range rows {
			row := r.(map[string]any)
			wantType := []any{"partition", "chunk"}[i%2]
			if row["file_id"] != o["input_file_ids"].([]any)[i/2] || row["node_type"] != wantType || row["node_subtype"] == nil || row["node_id"] == nil {
				t.Errorf("row %d: %v", i, row)
			}
			if i%2 == 0 && row["node_id"] != own {
				t.Errorf("row %d: %v", i, row)
			}
		}
	})
	t.Run("64 name", func(t *testing.T) {
		o := create(t, jobForm(partitionNode()))
		if o["workflow_name"] != "Job "+o["id"].(string)[:8] {
			t.Errorf("%v", o)
		}
	})
	t.Run("65 stray parts", func(t *testing.T) {
		f := jobForm(partitionNode()).field("filename", "").field("type", "").file("other", "x.txt", "", "no").file("input_files", "a.txt", "", text)
		if ids := create(t, f)["input_file_ids"].([]any); len(ids) != 1 {
			t.Errorf("%v", ids)
		}
	})
	t.Run("a broken form is a 400", func(t *testing.T) {
		s.call(t, "POST", jobs, s.key, "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end", "Content-Type", "multipart/form-data; boundary=x").want(400)
		s.call(t, "POST", jobs, s.key, "x", "Content-Type", "multipart/form-data").want(400)
	})
	t.Run("the temporary workflow is hidden and goes", func(t *testing.T) {
		o := create(t, jobForm(partitionNode()).file("input_files", "slow.txt", "", text))
		flow := o["workflow_id"].(string)
		s.call(t, "GET", "/api/v1/workflows/"+flow, s.key, nil).want(200)
		s.call(t, "PUT", "/api/v1/workflows/"+flow, s.key, map[string]any{"name": "x"}).want(409)
		if got := s.call(t, "GET", "/api/v1/workflows?page_size=100", s.key, nil).want(200).list(); len(got) != 0 {
			t.Errorf("%v", got)
		}
		s.gate.release()
		s.finish(t, o["id"].(string))
		s.call(t, "GET", "/api/v1/workflows/"+flow, s.key, nil).want(404)
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	t.Run("61 files and sizes", func(t *testing.T) {
		t.Parallel()
		s := start(t, withLimits(engine.Limits{Files: 10, FileSize: 10 << 20}))
		f := jobForm(partitionNode())
		for i := range 11 {
			f.file("input_files", fmt.Sprintf("%d.txt", i), "", text)
		}
		if a := s.call(t, "POST", jobs, s.key, f); a.status/100 != 4 {
			t.Errorf("11 files: %d", a.status)
		}
		exact := strings.Repeat("x", 10<<20)
		if got := s.call(t, "POST", jobs, s.key, jobForm(partitionNode()).file("input_files", "big.txt", "", exact+"x")).want(413).detail(); !strings.Contains(got, "big.txt") {
			t.Error(got)
		}
		if got := s.call(t, "GET", jobs, s.key, nil).want(200).list(); len(got) != 0 {
			t.Errorf("a refused request left a job: %v", got)
		}
		if left, err := filepath.Glob(filepath.Join(s.dir, "blobs", "*", "*", "*")); err != nil || len(left) != 0 {
			t.Errorf("refused requests left %v", left)
		}
		s.call(t, "POST", jobs, s.key, jobForm(partitionNode()).file("input_files", "big.bin", "", exact)).want(200)
	})
	t.Run("62 one launch a second", func(t *testing.T) {
		t.Parallel()
		s := start(t, withLimits(engine.Limits{LaunchEvery: time.Second}))
		s.call(t, "POST", jobs, s.key, jobForm(partitionNode())).want(200)
		a := s.call(t, "POST", jobs, s.key, jobForm(partitionNode())).want(429)
		if a.header.Get("Retry-After") != "1" || a.detail() == "" {
			t.Errorf("%v %s", a.header, a.body)
		}
		s.call(t, "POST", jobs, s.other, jobForm(partitionNode())).want(200) // another key
		eventually(t, "a launch is allowed again", func() bool { return s.call(t, "POST", jobs, s.key, jobForm(partitionNode())).status == 200 })
	})
	t.Run("63 five running", func(t *testing.T) {
		t.Parallel()
		s := start(t, withLimits(engine.Limits{Running: 2}))
		var ids []string
		for range 3 {
			ids = append(ids, s.call(t, "POST", jobs, s.key, jobForm(partitionNode()).file("input_files", "slow.txt", "", text)).want(200).id())
		}
		status := func(i int) any { return s.call(t, "GET", jobs+"/"+ids[i], s.key, nil).want(200).object()["status"] }
		eventually(t, "two run", func() bool { return status(0) == "IN_PROGRESS" && status(1) == "IN_PROGRESS" })
		if got := status(2); got != "SCHEDULED" {
			t.Errorf("the third is %v", got)
		}
		s.call(t, "POST", jobs+"/"+ids[0]+"/cancel", s.key, nil).want(200)
		eventually(t, "the third runs", func() bool { return status(2) == "IN_PROGRESS" })
		s.gate.release()
		for _, id := range ids[1:] {
			if got := s.finish(t, id)["status"]; got != "COMPLETED" {
				t.Error(got)
			}
		}
	})
}

func TestReadJobs(t *testing.T) {
	t.Parallel()
	s := start(t)
	create := func(t *testing.T, f any) map[string]any {
		return s.call(t, "POST", jobs+"/", s.key, f).want(200).object()
	}
	const broken = "%PDF-1.7\nnothing more"

	t.Run("66 the same lists at every time", func(t *testing.T) {
		before := create(t, jobForm(partitionNode(), chunkNode("basic")).file("input_files", "a.txt", "", text))
		during := s.call(t, "GET", jobs+"/"+before["id"].(string), s.key, nil).want(200).object()
		after := s.finish(t, before["id"].(string))
		for _, field := range []string{"input_file_ids", "output_node_files", "job_type", "workflow_id", "created_at"} {
			a, _ := json.Marshal(before[field])
			b, _ := json.Marshal(during[field])
			c, _ := json.Marshal(after[field])
			if string(a) != string(b) || string(b) != string(c) {
				t.Errorf("%s: %s, %s, %s", field, a, b, c)
			}
		}
		if !stamped(after["created_at"]) {
			t.Error(after["created_at"])
		}
	})
	t.Run("67 and 68 lists", func(t *testing.T) {
		good := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text))
		bad := s.run(t, jobForm(partitionNode()).file("input_files", "b.pdf", "", broken))
		waiting := create(t, jobForm(partitionNode()).file("input_files", "slow.txt", "", text))
		id := waiting["id"].(string)
		eventually(t, "it runs", func() bool {
			return s.call(t, "GET", jobs+"/"+id, s.key, nil).object()["status"] == "IN_PROGRESS"
		})
		list := func(query string) (out []any) {
			t.Helper()
			for _, j := range s.call(t, "GET", query, s.key, nil).want(200).list() {
				out = append(out, j["id"])
			}
			return out
		}
		if all := list(jobs); all[0] != waiting["id"] || all[1] != bad["id"] || all[2] != good["id"] {
			t.Errorf("not newest first: %v", all)
		}
		if got := list(jobs + "?workflow_id=" + good["workflow_id"].(string)); len(got) != 1 || got[0] != good["id"] {
			t.Errorf("%v", got)
		}
		for word, want := range map[string]any{
			"completed": good["id"], "COMPLETED": good["id"], "in+progress": id, "im+progress": id, "IN_PROGRESS": id, "failed": bad["id"],
		} {
			if got := list(jobs + "?status=" + word); len(got) == 0 || got[0] != want {
				t.Errorf("%s: %v, want %v first", word, got, want)
			}
		}
		for _, word := range []string{"scheduled", "stopped", "nonesuch"} {
			if got := list(jobs + "?status=" + word); len(got) != 0 {
				t.Errorf("%s: %v", word, got)
			}
		}
		if got := list("/job?status=completed"); len(got) == 0 {
			t.Error("the alias /job gives nothing")
		}
		if got := list(jobs + "?page=2&page_size=1"); len(got) != 1 || got[0] != bad["id"] {
			t.Errorf("%v", got)
		}
		s.call(t, "POST", jobs+"/"+id+"/cancel", s.key, nil).want(200)
		if got := list(jobs + "?status=cancelled"); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
	t.Run("69 runtime", func(t *testing.T) {
		f := start(t, withLimits(engine.Limits{Running: 1}))
		first := f.call(t, "POST", jobs, f.key, jobForm(partitionNode()).file("input_files", "slow.txt", "", text)).want(200).id()
		second := f.call(t, "POST", jobs, f.key, jobForm(partitionNode()).file("input_files", "b.txt", "", text)).want(200).object()
		if second["runtime"] != nil {
			t.Error(second["runtime"])
		}
		f.gate.release()
		for _, id := range []string{first, second["id"].(string)} {
			if got, _ := f.finish(t, id)["runtime"].(string); !regexp.MustCompile(`^PT[0-9.]+S$`).MatchString(got) {
				t.Error(got)
			}
		}
	})
	t.Run("70 details", func(t *testing.T) {
		job := s.run(t, jobForm(partitionNode(), chunkNode("basic")).file("input_files", "a.txt", "", text).file("input_files", "b.pdf", "", broken))
		d := s.call(t, "GET", jobs+"/"+job["id"].(string)+"/details", s.key, nil).want(200).object()
		stats := d["node_stats"].([]any)
		if d["processing_status"] != "FAILED" || d["message"] == nil || len(stats) != 2 {
			t.Fatalf("%v", d)
		}
		for i, reached := range []float64{2, 1} {
			row := stats[i].(map[string]any)
			if sum := row["ready"].(float64) + row["in_progress"].(float64) + row["success"].(float64) + row["failure"].(float64); sum != reached {
				t.Errorf("node %d: %v", i, row)
			}
			if row["success"] != 1.0 || row["failure"] != reached-1 || row["node_name"] == nil || row["node_type"] == nil {
				t.Errorf("node %d: %v", i, row)
			}
		}
		good := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text))
		if got := s.call(t, "GET", jobs+"/"+good["id"].(string)+"/details", s.key, nil).want(200).object()["processing_status"]; got != "SUCCESS" {
			t.Error(got)
		}
	})
	t.Run("71 failed files", func(t *testing.T) {
		good := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text))
		if a := s.call(t, "GET", jobs+"/"+good["id"].(string)+"/failed-files", s.key, nil).want(200); string(a.body) != `{"failed_files":[]}` {
			t.Errorf("%s", a.body)
		}
		bad := s.run(t, jobForm(partitionNode()).file("input_files", "b.pdf", "", broken))
		failed := s.call(t, "GET", jobs+"/"+bad["id"].(string)+"/failed-files", s.key, nil).want(200).object()["failed_files"].([]any)[0].(map[string]any)
		if failed["document"] != bad["input_file_ids"].([]any)[0] || !strings.Contains(failed["error"].(string), "valid PDF") {
			t.Errorf("%v", failed)
		}
	})
	t.Run("72 thresholds", func(t *testing.T) {
		half := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text).file("input_files", "b.pdf", "", broken))
		if half["status"] != "FAILED" {
			t.Errorf("%v", half)
		}
		if got := s.download(t, half, 0, ""); len(got) == 0 {
			t.Error("the good file gave nothing")
		}
		f := jobForm(partitionNode()).file("input_files", "b.pdf", "", broken)
		for i := range 9 {
			f.file("input_files", fmt.Sprintf("%d.txt", i), "", text)
		}
		most := s.run(t, f)
		d := s.call(t, "GET", jobs+"/"+most["id"].(string)+"/details", s.key, nil).want(200).object()
		if most["status"] != "COMPLETED" || d["processing_status"] != "COMPLETED_WITH_ERRORS" {
			t.Errorf("%v %v", most["status"], d["processing_status"])
		}
	})
	t.Run("73 cancel", func(t *testing.T) {
		id := create(t, jobForm(partitionNode()).file("input_files", "slow.txt", "", text))["id"].(string)
		o := s.call(t, "POST", jobs+"/"+id+"/cancel", s.key, "", "Content-Type", "application/json").want(200).object()
		if o["id"] != id || o["status"] != "cancelled" {
			t.Errorf("%v", o)
		}
		if got := s.finish(t, id); got["status"] != "STOPPED" {
			t.Errorf("%v", got)
		}
		if got := s.call(t, "GET", jobs+"/"+id+"/details", s.key, nil).want(200).object()["processing_status"]; got != "STOPPED" {
			t.Error(got)
		}
		s.call(t, "POST", jobs+"/"+id+"/cancel", s.key, nil).want(200) // again
		s.call(t, "POST", jobs+"/"+uuid.NewString()+"/cancel", s.key, nil).want(404)
		done := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text))["id"].(string)
		s.call(t, "POST", jobs+"/"+done+"/cancel", s.key, nil).want(409)
		if got := s.finish(t, done); got["status"] != "COMPLETED" {
			t.Errorf("%v", got)
		}
	})
	t.Run("74 and 75 download", func(t *testing.T) {
		job := s.run(t, jobForm(partitionNode(), chunkNode("basic")).file("input_files", "a.txt", "", text).file("input_files", "b.pdf", "", broken))
		id, file := job["id"].(string), job["input_file_ids"].([]any)[0].(string)
		first := job["output_node_files"].([]any)[0].(map[string]any)["node_id"].(string)
		if got := s.download(t, job, 0, ""); got[0]["type"] != "CompositeElement" {
			t.Errorf("%v", got)
		}
		if got := s.download(t, job, 0, first); len(got) != 3 || got[0]["type"] != "Title" {
			t.Errorf("%v", got)
		}
		path := jobs + "/" + id + "/download"
		s.call(t, "GET", path, s.key, nil).wantLoc("query.file_id")
		if a := s.call(t, "GET", path+"?format=markdown&file_id="+file+"&node_id="+first, s.key, nil).want(200); !strings.HasPrefix(a.header.Get("Content-Type"), "text/markdown") ||
			!strings.HasPrefix(string(a.body), "# <a id=") {
			t.Errorf("%s", a.body)
		}
		s.call(t, "GET", path+"?format=xml&file_id="+file, s.key, nil).wantLoc("query.format")
		s.call(t, "GET", path+"?file_id=nope", s.key, nil).want(404)
		s.call(t, "GET", path+"?file_id="+file+"&node_id="+uuid.NewString(), s.key, nil).want(404)
		s.call(t, "GET", path+"?file_id="+file+"&node_id=nonsense", s.key, nil).want(404)
		s.call(t, "GET", path+"?file_id="+job["input_file_ids"].([]any)[1].(string), s.key, nil).want(404) // it failed
		s.call(t, "GET", jobs+"/%3E"+id+"/download?file_id="+file, s.key, nil).want(200)
		early := create(t, jobForm(partitionNode()).file("input_files", "slow.txt", "", text))
		s.call(t, "GET", jobs+"/"+early["id"].(string)+"/download?file_id="+early["input_file_ids"].([]any)[0].(string), s.key, nil).want(404)
	})
	t.Run("76 names beyond ASCII", func(t *testing.T) {
		job := s.run(t, jobForm(partitionNode()).file("input_files", "Prüfung – 検査.txt", "", text))
		if got := s.download(t, job, 0, ""); len(got) != 3 {
			t.Errorf("%v", got)
		}
	})
	t.Run("retry", func(t *testing.T) {
		good := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text))
		s.call(t, "POST", jobs+"/"+good["id"].(string)+"/retry", s.key, nil).want(409)
		bad := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text).file("input_files", "b.pdf", "", broken))
		s.call(t, "POST", jobs+"/"+bad["id"].(string)+"/retry", s.key, nil).want(202)
		if got := s.finish(t, bad["id"].(string)); got["status"] != "FAILED" {
			t.Errorf("%v", got)
		}
		d := s.call(t, "GET", jobs+"/"+bad["id"].(string)+"/details", s.key, nil).want(200).object()["node_stats"].([]any)[0].(map[string]any)
		if d["success"] != 1.0 || d["failure"] != 1.0 {
			t.Errorf("%v", d)
		}
	})
	s.gate.release()
}

func TestRestart(t *testing.T) { // check 77
	t.Parallel()
	dir := t.TempDir()
	s := startIn(t, dir)
	done := s.run(t, jobForm(partitionNode()).file("input_files", "a.txt", "", text))
	running := s.call(t, "POST", jobs, s.key, jobForm(partitionNode()).file("input_files", "slow.txt", "", text).file("input_files", "b.txt", "", text)).want(200).id()
	eventually(t, "it runs", func() bool {
		return s.call(t, "GET", jobs+"/"+running, s.key, nil).object()["status"] == "IN_PROGRESS"
	})
	key := s.key
	s.stop()

	again := startIn(t, dir)
	again.key = key
	again.gate.release()
	if got := again.finish(t, running); got["status"] != "COMPLETED" {
		t.Errorf("%v", got)
	}
	if got := again.finish(t, done["id"].(string)); got["status"] != "COMPLETED" {
		t.Errorf("%v", got)
	}
	if got := again.download(t, done, 0, ""); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	s := start(t)
	t.Run("78 list", func(t *testing.T) {
		seen := map[any]bool{}
		for _, item := range s.call(t, "GET", "/api/v1/templates", s.key, nil).want(200).list() {
			seen[item["id"]] = true
			for _, field := range []string{"id", "name", "description", "version", "last_updated"} {
				if text, _ := item[field].(string); text == "" {
					t.Errorf("%s: %v", field, item)
				}
			}
		}
		if !seen["hi_res_partition"] || !seen["hi_res_and_enrichment"] {
			t.Errorf("%v", seen)
		}
	})
	t.Run("79 get", func(t *testing.T) {
		for _, id := range []string{"hi_res_partition", "hi_res_and_enrichment"} {
			for _, n := range s.call(t, "GET", "/api/v1/templates/"+id, s.key, nil).want(200).object()["nodes"].([]any) {
				for _, field := range []string{"id", "name", "type", "subtype"} {
					if text, _ := n.(map[string]any)[field].(string); text == "" {
						t.Errorf("%v", n)
					}
				}
			}
		}
		if got := s.call(t, "GET", "/api/v1/templates/nope", s.key, nil).want(404).detail(); got != "Template nope not found" {
			t.Error(got)
		}
	})
}
