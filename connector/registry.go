package connector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/spec"
)

// Side tells sources from destinations. A type that is both has one Kind a side.
type Side string

const (
	SideSource      Side = "source"
	SideDestination Side = "destination"
)

// DeleteRemoved is the field that every source's config may have: true is the same as delete_removed on each workflow that
// reads from it. The service reads it, not the connector.
const DeleteRemoved = "delete_removed"

// Kind describes one type of connector on one side.
type Kind struct {
	Side    Side
	Type    string   // canonical id on the wire, lower case
	Aliases []string // other ids that clients use for it
	Title   string   // the product's name
	Spec    spec.Spec
	Doc     Doc
	// Built says that this program carries the connector. The others can be stored and listed, but not opened.
	Built bool

	NewSource      func(config map[string]any, env Env) (Source, error)
	NewDestination func(config map[string]any, env Env) (Destination, error)
}

var registry = struct {
	sync.RWMutex
	kinds map[string]Kind // by key
	names map[string]string
}{kinds: map[string]Kind{}, names: map[string]string{}}

func init() {
	for _, k := range catalog() {
		add(k)
	}
}

// Register adds a connector that can be opened. Its folder calls it from init, once a side. A type that the catalogue
// knows needs no Title, Aliases and Spec; those that are given replace the catalogue's. It panics on a kind without a
// constructor for its side, which is a mistake in the program.
func Register(k Kind) {
	if k.Side == SideSource && k.NewSource == nil || k.Side == SideDestination && k.NewDestination == nil ||
		k.Side != SideSource && k.Side != SideDestination {
		panic(fmt.Sprintf("connector: %s %q has no constructor", k.Side, k.Type))
	}
	if known, ok := Lookup(k.Side, k.Type); ok {
		k.Type = known.Type
		k.Title = cmp.Or(k.Title, known.Title)
		if k.Aliases == nil {
			k.Aliases = known.Aliases
		}
		if k.Spec.Fields == nil {
			k.Spec = known.Spec
		}
		if k.Doc.Records == "" {
			k.Doc = known.Doc
		}
	}
	k.Built = true
	add(k)
}

func add(k Kind) {
	k.Spec.Open, k.Spec.Lenient = true, true
	if k.Side == SideSource && !slices.ContainsFunc(k.Spec.Fields, func(f spec.Field) bool { return f.Name == DeleteRemoved }) {
		k.Spec.Fields = append(slices.Clip(k.Spec.Fields), spec.Field{Name: DeleteRemoved, Kind: spec.Bool, Omit: true,
			Help: "documents that leave the source are removed from the destinations of every workflow that reads it"})
	}
	registry.Lock()
	defer registry.Unlock()
	key := string(k.Side) + ":" + squeeze(k.Type)
	registry.kinds[key] = k
	registry.names[key] = key
	for _, a := range k.Aliases {
		registry.names[string(k.Side)+":"+squeeze(a)] = key
	}
}

// squeeze makes ids that differ in case, hyphens, underscores and spaces equal.
func squeeze(id string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(id)))
}

// Lookup finds a type by its id or an alias, without regard to case, hyphens and underscores.
func Lookup(side Side, id string) (Kind, bool) {
	registry.RLock()
	defer registry.RUnlock()
	key, ok := registry.names[string(side)+":"+squeeze(id)]
	return registry.kinds[key], ok
}

// For is Lookup for an id that a client sent: an unknown type gets a Kind without fields, whose config is kept as it is
// and whose secrets are known by the names of their keys. Its Type is the id in lower case.
func For(side Side, id string) Kind {
	if k, ok := Lookup(side, id); ok {
		return k
	}
	return Kind{Side: side, Type: strings.ToLower(strings.TrimSpace(id)), Title: strings.TrimSpace(id),
		Spec: spec.Spec{Open: true, Lenient: true}}
}

// Kinds lists every known type of a side by its id.
func Kinds(side Side) []Kind {
	registry.RLock()
	defer registry.RUnlock()
	var out []Kind
	for _, k := range registry.kinds {
		if k.Side == side {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b Kind) int { return strings.Compare(a.Type, b.Type) })
	return out
}

// OpenSource makes a source from an opened config (secrets in clear). *UnbuiltError and *ConfigError say why a config
// cannot be used at all; whether the other side answers is for Source.Check.
func OpenSource(id string, config map[string]any, env Env) (Source, error) {
	k, decoded, err := prepare(SideSource, id, config)
	if err != nil {
		return nil, err
	}
	return k.NewSource(decoded, env)
}

// OpenDestination makes a destination; see OpenSource.
func OpenDestination(id string, config map[string]any, env Env) (Destination, error) {
	k, decoded, err := prepare(SideDestination, id, config)
	if err != nil {
		return nil, err
	}
	return k.NewDestination(decoded, env)
}

// prepare finds the kind and completes the config, so that constructors see every default whoever wrote it.
func prepare(side Side, id string, config map[string]any) (Kind, map[string]any, error) {
	k := For(side, id)
	if !k.Built {
		return k, nil, &UnbuiltError{Side: side, Type: k.Type}
	}
	decoded, problems := k.Spec.Decode(config)
	if missing := k.Spec.Missing(decoded); len(missing) > 0 || len(problems) > 0 {
		return k, nil, &ConfigError{Side: side, Type: k.Type, Missing: missing, Problems: problems}
	}
	return k, decoded, nil
}

// UnbuiltError is a connector type that this program does not carry. It is permanent.
type UnbuiltError struct {
	Side Side
	Type string
}

// Error is for the user: it names the types that there are.
func (e *UnbuiltError) Error() string {
	var have []string
	for _, k := range Kinds(e.Side) {
		if k.Built {
			have = append(have, k.Type)
		}
	}
	text := fmt.Sprintf("connector type %q is not part of this version of sluice; ", e.Type)
	if len(have) == 0 {
		return text + "it has no " + string(e.Side) + " connectors"
	}
	return text + "its " + string(e.Side) + " types are: " + strings.Join(have, ", ")
}

// ConfigError is a config that lacks something or holds a value of the wrong kind. It is permanent.
type ConfigError struct {
	Side     Side
	Type     string
	Missing  []string
	Problems []spec.Problem
}

// Error names the fields, never their values.
func (e *ConfigError) Error() string {
	text := fmt.Sprintf("the config of this %s %s", e.Type, e.Side)
	if len(e.Missing) > 0 {
		text += " lacks " + strings.Join(e.Missing, ", ")
	}
	for i, p := range e.Problems {
		switch {
		case i > 0:
			text += "; "
		case len(e.Missing) > 0:
			text += " and has wrong values: "
		default:
			text += " has wrong values: "
		}
		path := make([]string, len(p.Path))
		for j, step := range p.Path {
			path[j] = fmt.Sprint(step)
		}
		text += strings.Join(path, ".") + " (" + p.Msg + ")"
	}
	return text
}
