package contract_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const mask = "**********"

// stamped tells whether a value is a time as the contract has it: UTC, six digits, Z.
func stamped(v any) bool {
	text, _ := v.(string)
	_, err := time.Parse("2006-01-02T15:04:05.000000Z", text)
	return err == nil
}

func TestConnectors(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, side := range []string{"source", "destination"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			connectors(t, s, side)
		})
	}
}

func connectors(t *testing.T, s *server, side string) {
	base := "/api/v1/" + side + "s"
	s3 := func(name string) map[string]any {
		return map[string]any{"name": name, "type": "s3", "config": map[string]any{
			"remote_url": "s3://acme/in/", "key": "AKIA-very-secret", "secret": "hidden-value",
		}}
	}
	create := func(t *testing.T, body any) answer { return s.call(t, "POST", base+"/", s.key, body).want(200) }

	t.Run("15 create", func(t *testing.T) {
		o := create(t, s3("invoices")).object()
		if _, err := uuid.Parse(o["id"].(string)); err != nil {
			t.Error(err)
		}
		if o["name"] != "invoices" || o["type"] != "s3" || !stamped(o["created_at"]) || !stamped(o["updated_at"]) {
			t.Errorf("%v", o)
		}
		if config := o["config"].(map[string]any); config["anonymous"] != false {
			t.Errorf("defaults are missing: %v", config)
		}
	})
	t.Run("16 secrets are masked", func(t *testing.T) {
		id := create(t, s3("masked")).id()
		for what, a := range map[string]answer{
			"create": create(t, s3("masked")),
			"get":    s.call(t, "GET", base+"/"+id, s.key, nil).want(200),
			"list":   s.call(t, "GET", base, s.key, nil).want(200),
			"update": s.call(t, "PUT", base+"/"+id, s.key, s3("masked")).want(200),
		} {
			if bytes.Contains(a.body, []byte("AKIA")) || bytes.Contains(a.body, []byte("hidden-value")) || !bytes.Contains(a.body, []byte(mask)) {
				t.Errorf("%s: %s", what, a.body)
			}
		}
		err := filepath.Walk(s.dir, func(path string, info os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			if info.IsDir() {
				return nil
			}
			if text, err := os.ReadFile(path); err == nil && (bytes.Contains(text, []byte("AKIA-very")) || bytes.Contains(text, []byte("hidden-value"))) {
				t.Errorf("%s holds a secret in clear", info.Name())
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("17 missing fields", func(t *testing.T) {
		for _, field := range []string{"name", "type", "config"} {
			body := s3("x")
			delete(body, field)
			s.call(t, "POST", base, s.key, body).wantLoc("body." + field)
		}
		s.call(t, "POST", base, s.key, map[string]any{}).wantLoc("body.name", "body.type", "body.config")
		s.call(t, "POST", base, s.key, "").wantLoc("body")
		s.call(t, "POST", base, s.key, "{").want(422)
		s.call(t, "POST", base, s.key, "[1]").wantLoc("body")
		s.call(t, "POST", base, s.key, map[string]any{"name": "x", "type": "s3", "config": "text"}).wantLoc("body.config")
		s.call(t, "POST", base, s.key, map[string]any{"name": "x", "type": "s3", "config": map[string]any{"anonymous": "perhaps"}}).
			wantLoc("body.config.anonymous")
	})
	t.Run("18 unknown keys survive", func(t *testing.T) {
		body := s3("odd")
		body["config"].(map[string]any)["my_own"] = map[string]any{"a": []any{1.0, "b"}}
		id := create(t, body).id()
		config := s.call(t, "GET", base+"/"+id, s.key, nil).want(200).object()["config"].(map[string]any)
		own, _ := config["my_own"].(map[string]any)
		if own == nil || own["a"].([]any)[1] != "b" {
			t.Errorf("%v", config)
		}
	})
	t.Run("19 filter by type", func(t *testing.T) {
		create(t, map[string]any{"name": "mongo", "type": "mongodb", "config": map[string]any{"uri": "mongodb://u:p@h/", "database": "d", "collection": "c"}})
		lower := s.call(t, "GET", base+"?"+side+"_type=s3", s.key, nil).want(200)
		upper := s.call(t, "GET", base+"?"+side+"_type=S3", s.key, nil).want(200)
		if len(lower.list()) == 0 || len(lower.list()) != len(upper.list()) {
			t.Errorf("%d and %d", len(lower.list()), len(upper.list()))
		}
		for _, c := range lower.list() {
			if c["type"] != "s3" {
				t.Errorf("%v", c)
			}
		}
		if got := s.call(t, "GET", base+"?"+side+"_type=nonesuch", s.key, nil).want(200).list(); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("20 update replaces the config", func(t *testing.T) {
		before := create(t, s3("replace")).object()
		id := before["id"].(string)
		now := s.call(t, "PUT", base+"/"+id, s.key, map[string]any{"config": map[string]any{"remote_url": "s3://other/"}}).want(200).object()
		config := now["config"].(map[string]any)
		if config["remote_url"] != "s3://other/" || config["key"] != nil || config["secret"] != nil {
			t.Errorf("not replaced whole: %v", config)
		}
		for _, field := range []string{"id", "name", "type", "created_at"} {
			if now[field] != before[field] {
				t.Errorf("%s changed: %v", field, now[field])
			}
		}
		if now["updated_at"].(string) <= before["updated_at"].(string) {
			t.Errorf("updated_at %v, before %v", now["updated_at"], before["updated_at"])
		}
		s.call(t, "PUT", base+"/"+id, s.key, map[string]any{}).wantLoc("body.config")
	})
	t.Run("21 the mask keeps a secret", func(t *testing.T) {
		id := create(t, s3("keep")).id()
		shown := s.call(t, "GET", base+"/"+id, s.key, nil).want(200).object()["config"].(map[string]any)
		again := s.call(t, "PUT", base+"/"+id, s.key, map[string]any{"config": shown}).want(200).object()["config"].(map[string]any)
		if again["secret"] != mask {
			t.Errorf("%v", again)
		}
		// Ten asterisks where nothing is stored are nobody's password.
		s.call(t, "POST", base, s.key, map[string]any{"name": "x", "type": "s3", "config": map[string]any{"secret": mask}}).
			wantLoc("body.config.secret")
	})
	t.Run("22 update does not rename", func(t *testing.T) {
		id := create(t, s3("fixed")).id()
		o := s.call(t, "PUT", base+"/"+id, s.key, map[string]any{"name": "other", "type": "azure", "config": map[string]any{}}).want(200).object()
		if o["name"] != "fixed" || o["type"] != "s3" {
			t.Errorf("%v", o)
		}
	})
	t.Run("23 delete", func(t *testing.T) {
		id := create(t, s3("gone")).id()
		want := strings.ToUpper(side[:1]) + side[1:] + " with id " + id + " successfully deleted."
		if got := s.call(t, "DELETE", base+"/"+id, s.key, nil).want(200).detail(); got != want {
			t.Error(got)
		}
		s.call(t, "DELETE", base+"/"+id, s.key, nil).want(404)
		s.call(t, "GET", base+"/"+id, s.key, nil).want(404)
		for _, c := range s.call(t, "GET", base, s.key, nil).want(200).list() {
			if c["id"] == id {
				t.Error("still listed")
			}
		}
	})
	verdict := func(t *testing.T, id string) map[string]any {
		var check map[string]any
		eventually(t, "a verdict", func() bool {
			check = s.call(t, "GET", base+"/"+id+"/connection-check", s.key, nil).want(200).object()
			return check["status"] != "SCHEDULED"
		})
		return check
	}
	t.Run("24 to 26 connection check", func(t *testing.T) {
		folder := filepath.Join(s.folder, side)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		id := create(t, map[string]any{"name": "files", "type": "local", "config": map[string]any{"path": folder}}).id()
		s.call(t, "GET", base+"/"+id+"/connection-check", s.key, nil).want(404)
		started := s.call(t, "POST", base+"/"+id+"/connection-check", s.key, nil).want(202).object()
		if started["status"] != "SCHEDULED" || started["id"] == id || !stamped(started["created_at"]) || started["reported_at"] != nil {
			t.Errorf("%v", started)
		}
		if got := verdict(t, id); got["status"] != "SUCCESS" || got["id"] != started["id"] || !stamped(got["reported_at"]) || got["reason"] != nil {
			t.Errorf("%v", got)
		}
		for kind, config := range map[string]map[string]any{
			"local": {"path": "/etc"},                         // not open
			"s3":    {"remote_url": "s3://x/", "key": "AKIA"}, // not built
			"odd":   {"a": 1.0},
		} {
			id := create(t, map[string]any{"name": kind, "type": kind, "config": config}).id()
			s.call(t, "POST", base+"/"+id+"/connection-check", s.key, nil).want(202)
			got := verdict(t, id)
			reason, _ := got["reason"].(string)
			if got["status"] != "FAILURE" || reason == "" || !stamped(got["reported_at"]) || strings.Contains(reason, "AKIA") {
				t.Errorf("%s: %v", kind, got)
			}
		}
	})
}

func TestEmptyListsAreArrays(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []string{"sources", "destinations", "workflows", "jobs"} { // check 27
		if a := s.call(t, "GET", "/api/v1/"+c, s.key, nil).want(200); string(a.body) != "[]" {
			t.Errorf("%s: %s", c, a.body)
		}
	}
}
