// Package manifest keeps sources, destinations and workflows in a YAML file: the same fields as in the requests of the API,
// connectors called by their names, secrets written as references to the environment. Apply brings a server to what a file
// says; Export writes what a server has.
package manifest

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxSize is the largest file that Read takes, bytes.
const MaxSize = 16 << 20

// File is the content of a manifest.
type File struct {
	Sources      []Connector `yaml:"sources,omitempty"`
	Destinations []Connector `yaml:"destinations,omitempty"`
	Workflows    []Workflow  `yaml:"workflows,omitempty"`
}

// Connector is one source or destination. Name is unique among those of its side.
type Connector struct {
	Name   string         `yaml:"name"`
	Type   string         `yaml:"type"`
	Config map[string]any `yaml:"config"`
}

// Workflow is one workflow; absent fields mean what they mean when the API creates one.
type Workflow struct {
	Name          string   `yaml:"name"`
	Type          string   `yaml:"workflow_type,omitempty"` // custom when absent
	Sources       []string `yaml:"sources,omitempty"`       // names, or ids of connectors that the file does not hold
	Destinations  []string `yaml:"destinations,omitempty"`
	Template      string   `yaml:"template_id,omitempty"` // in place of nodes
	Nodes         []Node   `yaml:"workflow_nodes,omitempty"`
	Schedule      string   `yaml:"schedule,omitempty"` // a phrase of the API, or a cron expression
	Status        string   `yaml:"status,omitempty"`   // active when absent
	ReprocessAll  bool     `yaml:"reprocess_all,omitempty"`
	DeleteRemoved bool     `yaml:"delete_removed,omitempty"`
}

// Node is one step of a workflow. ID may be absent: a node keeps the id that it has on the server.
type Node struct {
	ID       string         `yaml:"id,omitempty" json:"id,omitempty"`
	Name     string         `yaml:"name" json:"name"`
	Type     string         `yaml:"type" json:"type"`
	Subtype  string         `yaml:"subtype" json:"subtype"`
	Settings map[string]any `yaml:"settings,omitempty" json:"settings,omitempty"`
}

// reference is ${NAME}, a reference to the environment; $$ before the brace writes it as text.
var reference = regexp.MustCompile(`\$?\$\{([^}]*)\}`)

// variable is the name of an environment variable.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Read reads a manifest. References in values are replaced by what lookup, usually os.LookupEnv, has under their names; the
// values are not part of any error. Errors name the line, or all variables that are not set.
func Read(r io.Reader, lookup func(name string) (value string, ok bool)) (File, error) {
	var f File
	text, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return f, err
	}
	if len(text) > MaxSize {
		return f, fmt.Errorf("the file is larger than %d MB", MaxSize>>20)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return f, plain(err)
	}
	var missing []string
	if err := resolve(&root, lookup, &missing); err != nil {
		return f, err
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return f, fmt.Errorf("the environment has no %s; set what the file refers to, or write $${...} for a text with a brace",
			strings.Join(slices.Compact(missing), ", "))
	}
	// Decoding the tree would let unknown fields pass.
	resolved, err := yaml.Marshal(&root)
	if err != nil {
		return f, plain(err)
	}
	if err := known(text); err != nil {
		return f, err
	}
	if err := yaml.Unmarshal(resolved, &f); err != nil {
		return f, plain(err)
	}
	return f, f.check()
}

// known checks the text as it was written for fields that no manifest has: a mistyped one must not be passed over. It comes
// before the values so that an error's line is that of the file and its words hold no secret.
func known(text []byte) error {
	var f File
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	err := d.Decode(&f)
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty; it needs sources, destinations or workflows")
	}
	if err != nil {
		return plain(err)
	}
	if err := d.Decode(new(File)); !errors.Is(err, io.EOF) {
		return errors.New("the file holds several YAML documents; write them as one")
	}
	return nil
}

// plain takes the library's name and the types of this package out of an error.
func plain(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	text = strings.ReplaceAll(text, "\n  ", "; ")
	for _, t := range []struct{ name, says string }{
		{" in type manifest.File", ", which is none of sources, destinations, workflows"},
		{" in type manifest.Connector", ", which is none of name, type, config"},
		{" in type manifest.Workflow", ", which no workflow has"},
		{" in type manifest.Node", ", which is none of id, name, type, subtype, settings"},
		{"manifest.File", "a mapping of sources, destinations and workflows"},
		{"[]manifest.Connector", "a list of connectors"},
		{"manifest.Connector", "a connector"},
		{"[]manifest.Workflow", "a list of workflows"},
		{"manifest.Workflow", "a workflow"},
		{"[]manifest.Node", "a list of nodes"},
		{"manifest.Node", "a node"},
		{"map[string]interface {}", "a mapping"},
		{"[]string", "a list of names"},
	} {
		text = strings.ReplaceAll(text, t.name, t.says)
	}
	return errors.New(text)
}

// resolve replaces the references in every string below a node. Keys stay as they are.
func resolve(n *yaml.Node, lookup func(string) (string, bool), missing *[]string) (err error) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		value := reference.ReplaceAllStringFunc(n.Value, func(found string) string {
			if strings.HasPrefix(found, "$$") {
				return found[1:]
			}
			name := found[2 : len(found)-1]
			if !variable.MatchString(name) {
				err = fmt.Errorf("line %d: ${%s} is no reference: a variable's name has letters, digits and underscores; write $${ for a text with a brace", n.Line, name)
				return found
			}
			value, ok := lookup(name)
			if !ok {
				*missing = append(*missing, fmt.Sprintf("%s (line %d)", name, n.Line))
			}
			return value
		})
		if value != n.Value { // it stays a string, whatever it looks like
			n.Value, n.Style = value, yaml.DoubleQuotedStyle
		}
		return err
	}
	if n.Tag == "!!timestamp" { // JSON has no dates: it is what was written
		n.Tag, n.Style = "!!str", yaml.DoubleQuotedStyle
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if child.Kind == yaml.ScalarNode && child.Tag != "!!merge" { // nor keys that are numbers
				child.Tag, child.Style = "!!str", yaml.DoubleQuotedStyle
			}
			continue
		}
		if err := resolve(child, lookup, missing); err != nil {
			return err
		}
	}
	return nil
}

// escape writes a text so that Read gives it back.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// check finds what no server needs to be asked for.
func (f File) check() error {
	for _, side := range []struct {
		name string
		all  []Connector
	}{{"source", f.Sources}, {"destination", f.Destinations}} {
		names := map[string]bool{}
		for i, c := range side.all {
			switch {
			case strings.TrimSpace(c.Name) == "":
				return fmt.Errorf("%s %d has no name; workflows call it by one", side.name, i+1)
			case strings.TrimSpace(c.Type) == "":
				return fmt.Errorf("%s %q has no type, such as s3", side.name, c.Name)
			case names[c.Name]:
				return fmt.Errorf("two %ss are named %q; give each a name of its own", side.name, c.Name)
			}
			names[c.Name] = true
		}
	}
	names := map[string]bool{}
	for i, w := range f.Workflows {
		switch {
		case strings.TrimSpace(w.Name) == "":
			return fmt.Errorf("workflow %d has no name", i+1)
		case names[w.Name]:
			return fmt.Errorf("two workflows are named %q; give each a name of its own", w.Name)
		case w.Template != "" && len(w.Nodes) > 0:
			return fmt.Errorf("workflow %q has both template_id and workflow_nodes; keep one", w.Name)
		}
		names[w.Name] = true
	}
	return nil
}

// Workflow returns the workflow of a name; "" is the only one. The error lists the names.
func (f File) Workflow(name string) (Workflow, error) {
	if name == "" && len(f.Workflows) == 1 {
		return f.Workflows[0], nil
	}
	var names []string
	for _, w := range f.Workflows {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	switch {
	case len(names) == 0:
		return Workflow{}, errors.New("the file holds no workflow; write one under workflows")
	case name == "":
		return Workflow{}, fmt.Errorf("the file holds several workflows; name one of: %s", strings.Join(names, ", "))
	}
	return Workflow{}, fmt.Errorf("the file has no workflow named %q; it has: %s", name, strings.Join(names, ", "))
}

// Only returns the part of the file that a workflow needs.
func (f File) Only(w Workflow) File {
	return File{Sources: named(f.Sources, w.Sources), Destinations: named(f.Destinations, w.Destinations), Workflows: []Workflow{w}}
}

func named(all []Connector, names []string) []Connector {
	var out []Connector
	for _, c := range all {
		if slices.Contains(names, c.Name) {
			out = append(out, c)
		}
	}
	return out
}

// Write writes a manifest. comment stands above it, without number signs.
func (f File) Write(w io.Writer, comment string) error {
	for line := range strings.Lines(comment) {
		if _, err := io.WriteString(w, strings.TrimRight("# "+line, " \n")+"\n"); err != nil {
			return err
		}
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(f); err != nil {
		return err
	}
	return e.Close()
}
