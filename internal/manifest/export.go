package manifest

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/spec"
	"github.com/sluicehq/sluice/workflow"
)

// Export reads what a server has: all of it, or the named workflows with their connectors. Secrets, which a server does not
// show, become references to the environment; variables are their names, in the order of the file. Names that the server
// has twice get a number.
func Export(ctx context.Context, c *Client, only ...string) (f File, variables []string, err error) {
	e := exporter{taken: map[string]bool{}}
	names := map[string]string{} // of connectors, by id
	for _, side := range []struct {
		kind string
		into *[]Connector
	}{{"source", &f.Sources}, {"destination", &f.Destinations}} {
		there, err := c.connectors(ctx, side.kind+"s")
		if err != nil {
			return f, nil, err
		}
		taken := map[string]bool{}
		for _, info := range there {
			name := unique(info.Name, taken)
			names[info.ID] = name
			config, _ := e.value(info.Config, side.kind, name).(map[string]any)
			*side.into = append(*side.into, Connector{Name: name, Type: info.Type, Config: config})
		}
	}
	there, err := c.workflows(ctx)
	if err != nil {
		return f, nil, err
	}
	taken := map[string]bool{}
	for _, info := range there {
		f.Workflows = append(f.Workflows, e.workflow(info, unique(info.Name, taken), names))
	}
	if len(only) == 0 {
		return f, e.variables, nil
	}
	part := File{}
	var sources, destinations []string
	for _, name := range only {
		w, err := f.Workflow(name)
		if err != nil {
			return File{}, nil, fmt.Errorf("the server has no workflow named %q", name)
		}
		part.Workflows = append(part.Workflows, w)
		sources, destinations = append(sources, w.Sources...), append(destinations, w.Destinations...)
	}
	part.Sources, part.Destinations = named(f.Sources, sources), named(f.Destinations, destinations)
	e.variables = slices.DeleteFunc(e.variables, func(name string) bool { return !part.refers(name) })
	return part, e.variables, nil
}

func unique(name string, taken map[string]bool) string {
	out := name
	for n := 2; taken[out]; n++ {
		out = fmt.Sprintf("%s (%d)", name, n)
	}
	taken[out] = true
	return out
}

// exporter collects the variables that stand for secrets.
type exporter struct {
	variables []string
	taken     map[string]bool
}

func (e *exporter) workflow(info workflowInfo, name string, names map[string]string) Workflow {
	w := Workflow{
		Name: name, Type: info.Type, Status: info.Status, ReprocessAll: info.ReprocessAll, DeleteRemoved: info.DeleteRemoved,
		Sources: renamed(info.Sources, names), Destinations: renamed(info.Destinations, names),
	}
	if len(info.Schedule.Entries) > 0 {
		w.Schedule = cmp.Or(workflow.SchedulePhrase(info.Schedule.Entries[0].Cron), info.Schedule.Entries[0].Cron)
	}
	for _, n := range info.Nodes {
		n.Settings, _ = e.value(n.Settings, name, n.Name).(map[string]any)
		w.Nodes = append(w.Nodes, n)
	}
	return w
}

func renamed(ids []string, names map[string]string) []string {
	var out []string
	for _, id := range ids {
		out = append(out, names[id])
	}
	return out
}

// value copies a value: secrets become references, nulls of a mapping, which say what absence says, are left out. path says
// where it stands.
func (e *exporter) value(v any, path ...string) any {
	switch v := v.(type) {
	case string:
		if v == spec.Mask {
			return "${" + e.variable(path) + "}"
		}
		return escape(v)
	case map[string]any:
		out := map[string]any{}
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			if v[key] != nil {
				out[key] = e.value(v[key], append(slices.Clone(path), key)...)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, member := range v {
			out[i] = e.value(member, append(slices.Clone(path), fmt.Sprint(i+1))...)
		}
		return out
	}
	return v
}

var noLetter = regexp.MustCompile(`[^A-Z0-9]+`)

// variable names a variable after the place of a secret: SLUICE_SOURCE_REPORTS_SECRET.
func (e *exporter) variable(path []string) string {
	name := "SLUICE_" + strings.Trim(noLetter.ReplaceAllString(strings.ToUpper(strings.Join(path, "_")), "_"), "_")
	out := name
	for n := 2; e.taken[out]; n++ {
		out = fmt.Sprintf("%s_%d", name, n)
	}
	e.taken[out] = true
	e.variables = append(e.variables, out)
	return out
}

// refers tells whether a variable stands anywhere in the file.
func (f File) refers(variable string) bool {
	text := "${" + variable + "}"
	for _, c := range slices.Concat(f.Sources, f.Destinations) {
		if holds(c.Config, text) {
			return true
		}
	}
	for _, w := range f.Workflows {
		for _, n := range w.Nodes {
			if holds(n.Settings, text) {
				return true
			}
		}
	}
	return false
}

func holds(v any, text string) bool {
	switch v := v.(type) {
	case string:
		return v == text
	case map[string]any:
		for _, member := range v {
			if holds(member, text) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(member any) bool { return holds(member, text) })
	}
	return false
}
