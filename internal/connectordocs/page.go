// Package connectordocs writes docs/connectors from what each connector says of itself: the fields of its config
// (spec.Spec) and its Doc. A page a type that this program carries, and an index. Its test compares the folder with what it
// writes; `make docs` brings the folder up to date.
package connectordocs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/spec"
)

const generated = "<!-- Written by `make docs` from the connector itself. Do not edit. -->\n"

// guarantees say in words what a second write leaves.
var guarantees = map[connector.Guarantee]string{
	connector.Replaces: "**Replace.** Writing a document again leaves exactly what it gives now: nothing twice, nothing old.",
	connector.Upserts: "**Upsert.** Writing a document again overwrites its records by their keys; records of elements that the document " +
		"no longer gives may stay.",
	connector.Appends: "**Append.** Every write adds records; a document that is written twice is there twice.",
}

// Pages are the files of docs/connectors by name, of the types that are built into this program.
func Pages() map[string][]byte {
	types := map[string][]connector.Kind{}
	for _, side := range []connector.Side{connector.SideSource, connector.SideDestination} {
		for _, k := range connector.Kinds(side) {
			if k.Built {
				types[k.Type] = append(types[k.Type], k)
			}
		}
	}
	pages := map[string][]byte{"README.md": index(types)}
	for id, kinds := range types {
		pages[id+".md"] = page(kinds)
	}
	return pages
}

// index lists every type, those that are only stored too.
func index(built map[string][]connector.Kind) []byte {
	var b bytes.Buffer
	b.WriteString("# Connectors\n\n" + generated + `
A source is where a workflow reads documents, a destination is where it writes elements. Both are made with
` + "`POST /api/v1/sources/` and `POST /api/v1/destinations/`" + ` and checked with their ` + "`/connection-check`" + `;
` + "`GET /api/v1/connector-types`" + ` answers with the same that these pages show.

| connector | type | source | destination |
|---|---|---|---|
`)
	for _, id := range slices.Sorted(maps.Keys(built)) {
		kinds := built[id]
		cells := map[connector.Side]string{}
		for _, k := range kinds {
			cells[k.Side] = "yes"
			if k.Doc.Guarantee != "" {
				cells[k.Side] = string(k.Doc.Guarantee)
			}
		}
		fmt.Fprintf(&b, "| [%s](%s.md) | `%s` | %s | %s |\n", cell(kinds[0].Title), id, id,
			or(cells[connector.SideSource], "-"), or(cells[connector.SideDestination], "-"))
	}
	b.WriteString(`
Under "destination" stands what a second write of the same document leaves: replace (exactly the last write), upsert
(records overwritten by key) or append (every write adds).

Configs of these types can be stored, listed and shown with their secrets masked, so that clients that have them keep
working; a workflow that uses one is refused when it runs, since this version carries no connector for it:
`)
	var stored []string
	for _, side := range []connector.Side{connector.SideSource, connector.SideDestination} {
		for _, k := range connector.Kinds(side) {
			if !k.Built {
				stored = append(stored, fmt.Sprintf("`%s` (%s)", k.Type, k.Side))
			}
		}
	}
	slices.Sort(stored)
	b.WriteString(strings.Join(stored, ", ") + ".\n")
	return b.Bytes()
}

// page is one type with its sides.
func page(kinds []connector.Kind) []byte {
	var b bytes.Buffer
	first := kinds[0]
	fmt.Fprintf(&b, "# %s\n\n%s\nType `%s`", first.Title, generated, first.Type)
	var aliases []string
	for _, k := range kinds {
		for _, a := range k.Aliases {
			if !slices.Contains(aliases, "`"+a+"`") {
				aliases = append(aliases, "`"+a+"`")
			}
		}
	}
	if len(aliases) > 0 {
		fmt.Fprintf(&b, ", also accepted as %s", strings.Join(aliases, ", "))
	}
	b.WriteString(". Ids are compared without regard to case, hyphens and underscores.\n")
	for _, k := range kinds {
		section(&b, k)
	}
	return b.Bytes()
}

// section is one side of a type.
func section(b *bytes.Buffer, k connector.Kind) {
	title, records := "Source", "Documents"
	if k.Side == connector.SideDestination {
		title, records = "Destination", "What is written"
	}
	fmt.Fprintf(b, "\n## %s\n\n", title)
	fields(b, k.Spec)
	part := func(title, text string) {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(b, "\n### %s\n\n%s\n", title, text)
		}
	}
	part("What the account needs", k.Doc.Permissions)
	part(records, k.Doc.Records)
	part("Guarantee", guarantees[k.Doc.Guarantee])
	part("Good to know", k.Doc.Notes)
	examples(b, k)
}

// fields is the table of a config.
func fields(b *bytes.Buffer, s spec.Spec) {
	b.WriteString("| field | type | required | default | |\n|---|---|---|---|---|\n")
	for _, f := range s.Fields {
		required, fallback := "", ""
		if f.Required {
			required = "yes"
		}
		if f.Default != nil {
			fallback = "`" + compact(f.Default) + "`"
		}
		var notes []string
		if f.Help != "" {
			notes = append(notes, plain.Replace(f.Help))
		}
		if f.Secret {
			notes = append(notes, "secret: stored sealed, shown as `**********`")
		}
		if len(f.Enum) > 0 {
			word := "one of "
			if f.OpenEnum {
				word = "such as "
			}
			notes = append(notes, word+"`"+strings.Join(f.Enum, "`, `")+"`")
		}
		switch {
		case f.Min != nil && f.Max != nil:
			notes = append(notes, fmt.Sprintf("%s to %s", number(*f.Min), number(*f.Max)))
		case f.Min != nil:
			notes = append(notes, "at least "+number(*f.Min))
		case f.Max != nil:
			notes = append(notes, "at most "+number(*f.Max))
		}
		if len(f.Aliases) > 0 {
			notes = append(notes, "also `"+strings.Join(f.Aliases, "`, `")+"`")
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", f.Name, f.Kind, required, cell(fallback), cell(strings.Join(notes, "; ")))
	}
}

// examples make the connector with curl and with the Python SDK, and check it.
func examples(b *bytes.Buffer, k connector.Kind) {
	config := k.Doc.Example
	if config == nil {
		config = map[string]any{}
		for _, f := range k.Spec.Fields {
			if f.Required {
				config[f.Name] = "<" + f.Name + ">"
			}
		}
	}
	one := string(k.Side)
	many, class := one+"s", strings.ToUpper(one[:1])+one[1:]
	name := "my " + k.Type
	body := indented(struct {
		Name   string         `json:"name"`
		Type   string         `json:"type"`
		Config map[string]any `json:"config"`
	}{name, k.Type, config})
	fmt.Fprintf(b, `
### Example

`+"```sh"+`
curl -X POST "$SLUICE_URL/api/v1/%s/" -H "unstructured-api-key: $SLUICE_KEY" -H "content-type: application/json" --data @- <<END
%s
END
curl -X POST "$SLUICE_URL/api/v1/%s/<id>/connection-check" -H "unstructured-api-key: $SLUICE_KEY"
curl "$SLUICE_URL/api/v1/%s/<id>/connection-check" -H "unstructured-api-key: $SLUICE_KEY"
`+"```"+`

`+"```python"+`
import os
from unstructured_client import UnstructuredClient
from unstructured_client.models import operations, shared

client = UnstructuredClient(server_url=os.environ["SLUICE_URL"], api_key_auth=os.environ["SLUICE_KEY"])
made = client.%s.create_%s(request=operations.Create%sRequest(
    create_%s_connector=shared.Create%sConnector(name=%s, type=%s, config=%s)))
print(made.%s_connector_information.id)
`+"```\n", many, body, many, many, many, one, class, one, class, strconv.Quote(name), strconv.Quote(k.Type),
		python(config, "    "), one)
}

// variable is a value that the examples read from the environment.
var variable = regexp.MustCompile(`^\$([A-Z][A-Z0-9_]*)$`)

// python writes a value as a Python expression.
func python(v any, indent string) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		if m := variable.FindStringSubmatch(v); m != nil {
			return "os.environ[" + strconv.Quote(m[1]) + "]"
		}
		return compact(v) // a JSON string is a Python string
	case map[string]any:
		var b strings.Builder
		b.WriteString("{\n")
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(&b, "%s    %s: %s,\n", indent, compact(name), python(v[name], indent+"    "))
		}
		return b.String() + indent + "}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = python(e, indent)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	var plain any // other Go types as JSON has them
	if err := json.Unmarshal([]byte(compact(v)), &plain); err == nil {
		switch plain.(type) {
		case map[string]any, []any:
			return python(plain, indent)
		}
	}
	return compact(v)
}

func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "?"
	}
	return strings.TrimSpace(b.String())
}

func indented(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return "?"
	}
	return strings.TrimSpace(b.String())
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// plain keeps text from being read as Markdown.
var plain = strings.NewReplacer("*", `\*`, "<", `\<`, "_", `\_`, "`", "\\`")

// cell makes text fit a cell of a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
