package spec

import (
	"fmt"
	"strings"
)

// Decode reads an object that came from JSON. It resolves aliases, coerces each value to its field's kind ("true" to
// true, "20" and 20.0 to 20), fills in defaults, checks enums and ranges, and treats unknown keys as the spec says.
// Integers come back as int64 and other numbers as float64, also inside values that are kept as they are. The input
// is not changed and not shared with the result. A field with a problem is absent from the result.
func (s Spec) Decode(in map[string]any) (map[string]any, []Problem) {
	out := make(map[string]any, len(s.Fields))
	var problems []Problem
	known := make(map[string]bool, len(s.Fields))
	for _, f := range s.Fields {
		known[f.Name] = true
		for _, a := range f.Aliases {
			known[a] = true
		}
		value, given := s.find(f, in)
		if value == nil {
			if p, ok := s.decodeAbsent(f, in, given, out); !ok {
				problems = append(problems, p)
			}
			continue
		}
		v, found := f.coerce(value)
		for _, p := range found {
			p.Path = append([]any{f.Name}, p.Path...)
			if f.Secret {
				p.Input = Mask
			}
			problems = append(problems, p)
		}
		if len(found) == 0 {
			out[f.Name] = v
		}
	}
	if s.Open {
		for k, v := range in {
			if !known[k] {
				out[k] = Plain(v)
			}
		}
	}
	return out, problems
}

// find returns the value of a field and whether its key was there. The field's own name wins over its aliases, a value
// over null.
func (s Spec) find(f Field, in map[string]any) (value any, given bool) {
	for i := -1; i < len(f.Aliases); i++ {
		name := f.Name
		if i >= 0 {
			name = f.Aliases[i]
		}
		v, ok := in[name]
		given = given || ok
		if !ok || v == nil {
			continue
		}
		if text, isText := v.(string); isText && s.Lenient && f.Kind != String && f.Kind != Any &&
			strings.TrimSpace(text) == "" {
			continue
		}
		return v, true
	}
	return nil, given
}

// decodeAbsent fills in a field that is absent or null.
func (s Spec) decodeAbsent(f Field, in map[string]any, given bool, out map[string]any) (Problem, bool) {
	switch {
	case f.Default != nil && (given || !f.Omit):
		out[f.Name] = Plain(f.Default)
	case f.Required && !s.Lenient && given:
		p := f.wrongType(nil)
		p.Path = []any{f.Name}
		return p, false
	case f.Required && !s.Lenient:
		return Problem{Path: []any{f.Name}, Type: "missing", Msg: "Field required", Input: s.Mask(in)}, false
	case given || !f.Omit:
		out[f.Name] = nil
	}
	return Problem{}, true
}

// inEnum finds text among the allowed strings without regard to case.
func (f Field) inEnum(text string) (string, *Problem) {
	if len(f.Enum) == 0 {
		return text, nil
	}
	for _, e := range f.Enum {
		if strings.EqualFold(strings.TrimSpace(text), e) {
			return e, nil
		}
	}
	if f.OpenEnum {
		return text, nil
	}
	return "", &Problem{Type: "enum", Msg: "Input should be " + Choice(f.Enum), Input: text}
}

// Choice writes a list of allowed strings as clients of the contract know it: 'a', 'b' or 'c'.
func Choice(words []string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "'%s'", w)
	}
	return b.String()
}

// inRange checks the inclusive bounds of a number.
func (f Field) inRange(v float64, input any) *Problem {
	switch {
	case f.Min != nil && v < *f.Min:
		return &Problem{Type: "greater_than_equal",
			Msg: fmt.Sprintf("Input should be greater than or equal to %v", *f.Min), Input: input}
	case f.Max != nil && v > *f.Max:
		return &Problem{Type: "less_than_equal",
			Msg: fmt.Sprintf("Input should be less than or equal to %v", *f.Max), Input: input}
	}
	return nil
}
