package connector

import (
	"slices"

	"github.com/sluicehq/sluice/spec"
)

// catalog lists every source and destination type of the contract with the fields of its config, whether or not this
// program carries a connector for it: all of them can be stored, listed and shown with their secrets masked. Fields
// that the contract calls optional in one place and required in another are optional here, under the SDK's name with
// the documentation's as an alias. A field without a default that a client leaves out stays out.
func catalog() []Kind {
	return slices.Concat(blobKinds(), driveKinds(), appKinds(), sqlKinds(), lakeKinds(), searchKinds(), vectorKinds(),
		streamKinds())
}

// both makes the kinds of a type that is a source and a destination.
func both(id, title string, source, destination []spec.Field, aliases ...string) []Kind {
	return []Kind{from(id, title, source, aliases...), to(id, title, destination, aliases...)}
}

func from(id, title string, fields []spec.Field, aliases ...string) Kind {
	return Kind{Side: SideSource, Type: id, Aliases: aliases, Title: title, Spec: spec.Spec{Fields: fields}}
}

func to(id, title string, fields []spec.Field, aliases ...string) Kind {
	return Kind{Side: SideDestination, Type: id, Aliases: aliases, Title: title, Spec: spec.Spec{Fields: fields}}
}

func text(name, help string) spec.Field {
	return spec.Field{Name: name, Kind: spec.String, Omit: true, Help: help}
}

func textOr(name, value, help string) spec.Field {
	return spec.Field{Name: name, Kind: spec.String, Default: value, Help: help}
}

func secret(name, help string) spec.Field {
	return spec.Field{Name: name, Kind: spec.String, Omit: true, Secret: true, Help: help}
}

func flag(name string, value bool, help string) spec.Field {
	return spec.Field{Name: name, Kind: spec.Bool, Default: value, Help: help}
}

// count is a whole number of at least 1.
func count(name string, value int64, help string) spec.Field {
	return spec.Field{Name: name, Kind: spec.Int, Default: value, Min: spec.Limit(1), Help: help}
}

func port(value int64) spec.Field {
	return spec.Field{Name: "port", Kind: spec.Int, Default: value, Min: spec.Limit(1), Max: spec.Limit(65535),
		Help: "TCP port"}
}

func list(name, help string) spec.Field {
	return spec.Field{Name: name, Kind: spec.Strings, Omit: true, Help: help}
}

// needed marks a field without which the connector cannot work.
func needed(f spec.Field) spec.Field {
	f.Required = true
	return f
}

func alias(f spec.Field, names ...string) spec.Field {
	f.Aliases = names
	return f
}

func recursive() spec.Field {
	return flag("recursive", false, "read the folders below too")
}

func batchSize(value int64) spec.Field {
	return count("batch_size", value, "records a request")
}
