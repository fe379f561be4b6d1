package connectordocs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	_ "github.com/sluicehq/sluice/connector/all"
)

var update = flag.Bool("update", false, "write docs/connectors anew")

var folder = filepath.Join("..", "..", "docs", "connectors")

// The folder holds what the connectors say of themselves, and nothing else.
func TestPagesAreCurrent(t *testing.T) {
	pages := Pages()
	if *update {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range pages {
			if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range pages {
		have, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if !bytes.Equal(have, text) {
			t.Errorf("docs/connectors/%s is not what the connector says of itself; run make docs", name)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if pages[e.Name()] == nil {
			t.Errorf("docs/connectors/%s is of no connector; run make docs", e.Name())
		}
	}
}

func built(t *testing.T) []connector.Kind {
	t.Helper()
	var all []connector.Kind
	for _, side := range []connector.Side{connector.SideSource, connector.SideDestination} {
		for _, k := range connector.Kinds(side) {
			if k.Built {
				all = append(all, k)
			}
		}
	}
	if len(all) < 2 {
		t.Fatalf("%d connectors are built in", len(all))
	}
	return all
}

// Every connector says what its user must know, its example is a config that it takes, and its guarantee is the one that
// it gives.
func TestDocsAreWhole(t *testing.T) {
	t.Parallel()
	env := connector.Env{
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("the docs reach nobody")
		},
		TempDir: t.TempDir(), Local: []string{t.TempDir()},
	}
	env.HTTP = &http.Client{Transport: &http.Transport{DialContext: env.Dial}}
	for _, k := range built(t) {
		name := string(k.Side) + " " + k.Type
		if k.Doc.Permissions == "" || k.Doc.Records == "" {
			t.Errorf("%s: Doc.Permissions or Doc.Records is empty", name)
		}
		if strings.Contains("\n"+k.Doc.Permissions+"\n"+k.Doc.Records+"\n"+k.Doc.Notes, "\n#") {
			t.Errorf("%s: its texts hold headings", name)
		}
		if (k.Side == connector.SideDestination) != (guarantees[k.Doc.Guarantee] != "") {
			t.Errorf("%s: Doc.Guarantee is %q", name, k.Doc.Guarantee)
		}
		for _, f := range k.Spec.Fields {
			if f.Help == "" {
				t.Errorf("%s: the field %s has no help", name, f.Name)
			}
		}
		if k.Doc.Example == nil {
			t.Errorf("%s: Doc.Example is empty", name)
			continue
		}
		var config map[string]any // as JSON has it
		if err := json.Unmarshal([]byte(compact(k.Doc.Example)), &config); err != nil {
			t.Fatal(err)
		}
		decoded, problems := k.Spec.Decode(config)
		if missing := k.Spec.Missing(decoded); len(missing) > 0 || len(problems) > 0 {
			t.Errorf("%s: the example lacks %v and has %v", name, missing, problems)
		}
		for field, v := range config {
			f, ok := k.Spec.Field(field)
			if !ok {
				t.Errorf("%s: the example has %s, which is no field", name, field)
			}
			if text, _ := v.(string); f.Secret && !variable.MatchString(text) {
				t.Errorf("%s: the example's secret %s is not the name of an environment variable", name, field)
			}
		}
		if k.Side != connector.SideDestination {
			continue
		}
		if k.Type == "local" {
			config["path"] = env.Local[0]
		}
		d, err := connector.OpenDestination(k.Type, config, env)
		if err != nil {
			t.Logf("%s: its guarantee is not compared, since the example's secrets are none: %v", name, err)
			continue
		}
		if got := d.Guarantee(); got != k.Doc.Guarantee {
			t.Errorf("%s guarantees %q, its Doc says %q", name, got, k.Doc.Guarantee)
		}
		_ = d.Close()
	}
}

// The examples are programs: what stands in them can be parsed.
func TestExamplesParse(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is needed to parse the examples; install it with apt-get install python3")
	}
	body := regexp.MustCompile(`(?s)<<END\n(.*?)\nEND\n`)
	code := regexp.MustCompile("(?s)```python\n(.*?)```")
	for name, text := range Pages() {
		if name == "README.md" {
			continue
		}
		bodies, programs := body.FindAllSubmatch(text, -1), code.FindAllSubmatch(text, -1)
		if len(bodies) == 0 || len(bodies) != len(programs) {
			t.Errorf("%s has %d calls of curl and %d programs", name, len(bodies), len(programs))
		}
		for _, b := range bodies {
			var call struct {
				Name, Type string
				Config     map[string]any
			}
			if err := json.Unmarshal(b[1], &call); err != nil || call.Type != strings.TrimSuffix(name, ".md") || call.Config == nil {
				t.Errorf("%s: %v in %s", name, err, b[1])
			}
		}
		for _, p := range programs {
			c := exec.CommandContext(t.Context(), python, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
			c.Stdin = bytes.NewReader(p[1])
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", name, err, out, p[1])
			}
		}
	}
}

func TestPython(t *testing.T) {
	t.Parallel()
	got := python(map[string]any{"a": true, "b": nil, "c": []string{"x"}, "d": "$KEY", "e": 3, "f": "say \"no\""}, "")
	want := "{\n    \"a\": True,\n    \"b\": None,\n    \"c\": [\"x\"],\n    \"d\": os.environ[\"KEY\"],\n    \"e\": 3,\n    \"f\": \"say \\\"no\\\"\",\n}"
	if got != want {
		t.Errorf("got %s", got)
	}
	if number(65535) != "65535" || number(0.5) != "0.5" {
		t.Error("numbers are written with what they have")
	}
}
