package manifest

import (
	"reflect"
	"strings"
	"testing"
)

// environment has one secret.
func environment(name string) (string, bool) {
	value, ok := map[string]string{"SECRET": "s3cr3t: #1", "DAY": "2026-01-02"}[name]
	return value, ok
}

const whole = `
sources:
  - name: reports
    type: s3
    config: {remote_url: s3://reports/, secret: "${SECRET}", note: "$${SECRET}", since: 2026-01-02, day: "${DAY}", 7: seven}
workflows:
  - name: nightly
    sources: [reports]
    schedule: daily
    reprocess_all: true
    workflow_nodes:
      - {name: Partitioner, type: partition, subtype: unstructured_api, settings: {pages: 3, ratio: 0.5, off: false}}
`

func TestRead(t *testing.T) {
	t.Parallel()
	got, err := Read(strings.NewReader(whole), environment)
	if err != nil {
		t.Fatal(err)
	}
	want := File{
		Sources: []Connector{{Name: "reports", Type: "s3", Config: map[string]any{
			"remote_url": "s3://reports/", "secret": "s3cr3t: #1", "note": "${SECRET}", "since": "2026-01-02", "day": "2026-01-02", "7": "seven",
		}}},
		Workflows: []Workflow{{Name: "nightly", Sources: []string{"reports"}, Schedule: "daily", ReprocessAll: true, Nodes: []Node{{
			Name: "Partitioner", Type: "partition", Subtype: "unstructured_api",
			Settings: map[string]any{"pages": 3, "ratio": 0.5, "off": false},
		}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v, want\n%+v", got, want)
	}
	// What is written is read again, braces included.
	got.Sources[0].Config["note"] = escape("${SECRET}")
	var out strings.Builder
	if err := got.Write(&out, "one\ntwo"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "# one\n# two\nsources:\n") {
		t.Errorf("written:\n%s", out.String())
	}
	again, err := Read(strings.NewReader(out.String()), environment)
	if err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("read again: %v\n%+v", err, again)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "is empty",
		"- a":                           "a mapping of sources, destinations and workflows",
		"sources: {a: b}":               "a list of connectors",
		"sources:\n- nam: x":            "line 2: field nam not found, which is none of name, type, config",
		"workflows:\n- {name: x, a: b}": "which no workflow has",
		"workflows: [{name: x}]\n---\nworkflows: []":                                 "several YAML documents",
		"sources: [{type: s3}]":                                                      "source 1 has no name",
		"sources: [{name: x}]":                                                       `source "x" has no type`,
		"sources: [{name: x, type: s3}, {name: x, type: s3}]":                        `two sources are named "x"`,
		"workflows: [{name: x}, {name: x}]":                                          `two workflows are named "x"`,
		"workflows: [{name: x, template_id: t, workflow_nodes: [{name: y}]}]":        "keep one",
		"workflows: [{name: '${ONE}'}, {name: '${TWO}${ONE}'}]":                      "the environment has no ONE (line 1), TWO (line 1)",
		"workflows: [{name: '${A-B}'}]":                                              "is no reference",
		"workflows: [{name: x, reprocess_all: '${SECRET}'}]":                         "cannot unmarshal",
		"a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\n" + strings.Repeat("c: d\n", 3): "already defined",
		"workflows: [":                 "line 1",
		strings.Repeat("#", MaxSize+1): "larger than 16 MB",
	} {
		_, err := Read(strings.NewReader(text), environment)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "manifest.") || strings.Contains(err.Error(), "yaml:")) {
			t.Errorf("%.60q: the error tells too much: %v", text, err)
		}
	}
}

func TestWorkflow(t *testing.T) {
	t.Parallel()
	f := File{Sources: []Connector{{Name: "s"}, {Name: "unused"}}, Workflows: []Workflow{{Name: "a", Sources: []string{"s"}}, {Name: "b"}}}
	w, err := f.Workflow("a")
	if err != nil || w.Name != "a" {
		t.Errorf("%+v %v", w, err)
	}
	if only := f.Only(w); len(only.Sources) != 1 || len(only.Workflows) != 1 {
		t.Errorf("only %+v", only)
	}
	for name, want := range map[string]string{"": "name one of: a, b", "c": `no workflow named "c"; it has: a, b`} {
		if _, err := f.Workflow(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := (File{}).Workflow(""); err == nil || !strings.Contains(err.Error(), "holds no workflow") {
		t.Errorf("none: %v", err)
	}
}
