package workflow

import (
	"maps"
	"slices"

	"github.com/sluicehq/sluice/spec"
)

// Mask returns a copy of normalised nodes for showing: the secrets in their settings (a provider's key) are masked.
func Mask(nodes []Node) []Node {
	out := slices.Clone(nodes)
	for i, n := range out {
		if kind, ok := kindOf(n.Type, n.Subtype); ok && n.Settings != nil {
			out[i].Settings = kind.Settings.Mask(n.Settings)
		}
	}
	return out
}

// KeepSecrets returns a copy of next in which a masked secret has the value that the node with the same id has in
// stored: a client that sends back what it was shown changes nothing. A mask without a stored value becomes null.
func KeepSecrets(next, stored []Node) []Node {
	before := make(map[string]map[string]any, len(stored))
	for _, n := range stored {
		before[n.ID] = n.Settings
	}
	out := slices.Clone(next)
	for i, n := range out {
		kind, ok := kindOf(n.Type, n.Subtype)
		if !ok {
			continue
		}
		for _, f := range kind.Settings.Fields {
			if f.Secret && n.Settings[f.Name] == spec.Mask {
				settings := maps.Clone(out[i].Settings)
				settings[f.Name] = before[n.ID][f.Name]
				out[i].Settings = settings
			}
		}
	}
	return out
}

// SealedFields are the fields of a node's settings that hold sealed secrets.
func SealedFields(n Node) []spec.Field {
	var out []spec.Field
	kind, _ := kindOf(n.Type, n.Subtype)
	for _, f := range kind.Settings.Fields {
		if _, sealed := n.Settings[f.Name].(map[string]any); f.Secret && sealed {
			out = append(out, f)
		}
	}
	return out
}

// SecretFields are the fields of a node's settings that hold secrets in clear, for sealing; sealed ones are objects and
// are left out.
func SecretFields(n Node) spec.Spec {
	var out spec.Spec
	kind, ok := kindOf(n.Type, n.Subtype)
	if !ok {
		return out
	}
	for _, f := range kind.Settings.Fields {
		if text, isText := n.Settings[f.Name].(string); f.Secret && isText && text != "" {
			out.Fields = append(out.Fields, f)
		}
	}
	return out
}
