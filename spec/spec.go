// Package spec describes typed fields: those of a connector's config and of a node's settings. A Spec that is declared
// once gives decoding with defaults, validation, the masking of secrets, forms and documentation.
package spec

// Kind is the JSON type of a field after coercion.
type Kind string

const (
	String  Kind = "string"
	Int     Kind = "integer"
	Float   Kind = "number"
	Bool    Kind = "boolean"
	Strings Kind = "array of strings"
	Object  Kind = "object"
	Any     Kind = "any" // kept as it is
)

// Field is one named value.
type Field struct {
	Name     string   `json:"name"`
	Kind     Kind     `json:"kind"`
	Required bool     `json:"required"`
	Default  any      `json:"default,omitempty"` // value when absent or null; nil leaves null, unless Omit
	Omit     bool     `json:"-"`                 // absent stays absent instead of becoming null
	Secret   bool     `json:"secret"`
	Help     string   `json:"help,omitempty"`
	Aliases  []string `json:"aliases,omitempty"` // other names accepted on input; the value is stored under Name
	Enum     []string `json:"enum,omitempty"`    // allowed strings or members, in any case; stored as listed
	OpenEnum bool     `json:"-"`                 // Enum only suggests: strings that are not listed are kept
	Min, Max *float64 `json:"-"`                 // inclusive
}

// Spec is the list of fields of one object.
type Spec struct {
	Fields []Field
	Open   bool // unknown keys are kept as they are; otherwise they are dropped
	// Lenient lets an object be stored before it is complete: Decode does not report required fields that are absent
	// (Missing lists them when the object is used), and an empty string in a field that holds no string means absent.
	Lenient bool
}

// Problem is one thing wrong with a value. Type is an error code of pydantic v2 (missing, string_type, bool_parsing,
// int_parsing, float_parsing, list_type, dict_type, enum, greater_than_equal, less_than_equal, value_error ...), since
// that is what clients of the contract know.
type Problem struct {
	Path  []any  // keys and indexes from the object that was decoded
	Type  string // error code
	Msg   string // "Field required"
	Input any    // the offending value, masked if it is a secret
}

// Field finds a field by its name or one of its aliases.
func (s Spec) Field(name string) (Field, bool) {
	for _, f := range s.Fields {
		if f.Name == name {
			return f, true
		}
	}
	for _, f := range s.Fields {
		for _, a := range f.Aliases {
			if a == name {
				return f, true
			}
		}
	}
	return Field{}, false
}

// Missing lists the required fields that a decoded object lacks, in the order of the spec.
func (s Spec) Missing(in map[string]any) []string {
	var out []string
	for _, f := range s.Fields {
		if v := in[f.Name]; f.Required && (v == nil || v == "") {
			out = append(out, f.Name)
		}
	}
	return out
}

// Limit makes a bound for Field.Min and Field.Max.
func Limit(v float64) *float64 { return &v }
