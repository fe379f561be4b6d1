// Package secret seals the secrets in connector configs before they are stored, opens them for the connector that they
// belong to, and masks them in everything that is shown.
//
// A sealed value stands in the config's JSON in place of the secret, as {"$sealed": "<base64>"}. It is bound to the
// connector's id and the path of the field, so that a value moved to another row or field does not open.
package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/sluicehq/sluice/spec"
)

// Sealer seals and opens with one keyset. It is safe for concurrent use.
type Sealer struct{ aead tink.AEAD }

// sealedKey marks a sealed value.
const sealedKey = "$sealed"

// ErrUnopened is a sealed value that this installation's keyset does not open.
var ErrUnopened = errors.New("a stored secret does not open with this installation's keyset: " +
	"restore the keyset (keyset.json or SLUICE_KEYSET), or update the connector with its secrets again")

// Seal returns the config as JSON with every secret that is set sealed for the connector.
func (s *Sealer) Seal(connectorID string, fields spec.Spec, config map[string]any) ([]byte, error) {
	out, err := fields.MapSecrets(config, func(path []any, v any) (any, error) {
		return s.seal(connectorID, path, v)
	})
	if err != nil {
		return nil, err
	}
	// What a client wrote in the form of a sealed value must not be taken for one later.
	plain, err := escape(config, out, nil, func(path []any, v any) (any, error) { return s.seal(connectorID, path, v) })
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

func (s *Sealer) seal(connectorID string, path []any, v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("seal field %s: it is not a JSON value", dotted(path))
	}
	sealed, err := s.aead.Encrypt(text, bind(connectorID, path))
	if err != nil {
		return nil, fmt.Errorf("seal field %s: encryption failed", dotted(path))
	}
	return map[string]any{sealedKey: base64.StdEncoding.EncodeToString(sealed)}, nil
}

// escape walks the clear and the sealed form of a value side by side and seals every object of the clear form that has
// the mark of a sealed value and was left as it was.
func escape(clear, out any, path []any, seal func([]any, any) (any, error)) (any, error) {
	switch o := out.(type) {
	case map[string]any:
		c, ok := clear.(map[string]any)
		if !ok {
			return out, nil // sealed
		}
		if _, marked := o[sealedKey]; marked {
			if _, was := c[sealedKey]; !was {
				return out, nil // an object that was sealed
			}
			return seal(path, clear)
		}
		for k := range o {
			v, err := escape(c[k], o[k], append(slices.Clone(path), k), seal)
			if err != nil {
				return nil, err
			}
			o[k] = v
		}
	case []any:
		c, ok := clear.([]any)
		if !ok || len(c) != len(o) {
			return out, nil
		}
		for i := range o {
			v, err := escape(c[i], o[i], append(slices.Clone(path), i), seal)
			if err != nil {
				return nil, err
			}
			o[i] = v
		}
	}
	return out, nil
}

// Open returns a stored config with its secrets in clear. ErrUnopened when one does not open.
func (s *Sealer) Open(connectorID string, config []byte) (map[string]any, error) {
	stored, err := parse(config)
	if err != nil {
		return nil, err
	}
	out, err := walk(stored, nil, func(path []any, sealed string) (any, error) {
		return s.open(connectorID, path, sealed)
	})
	if err != nil {
		return nil, err
	}
	object, _ := out.(map[string]any)
	return object, nil
}

func (s *Sealer) open(connectorID string, path []any, sealed string) (any, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", dotted(path), ErrUnopened)
	}
	text, err := s.aead.Decrypt(raw, bind(connectorID, path))
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", dotted(path), ErrUnopened)
	}
	var v any
	if err := decode(text, &v); err != nil {
		return nil, fmt.Errorf("field %s: %w", dotted(path), ErrUnopened)
	}
	return spec.Plain(v), nil
}

// Mask returns a stored config as it is shown: every secret is ten asterisks. It needs no key.
func Mask(fields spec.Spec, config []byte) (map[string]any, error) {
	stored, err := parse(config)
	if err != nil {
		return nil, err
	}
	out, err := walk(stored, nil, func([]any, string) (any, error) { return spec.Mask, nil })
	if err != nil {
		return nil, err
	}
	object, _ := out.(map[string]any)
	return fields.Mask(object), nil
}

// Merge completes a new config (decoded, in clear) that replaces a stored one: a secret that a client sent back as the
// mask keeps its stored value. A mask where nothing is stored is a problem, since ten asterisks are nobody's password.
// With stored nil it only looks for those.
func (s *Sealer) Merge(
	connectorID string, fields spec.Spec, stored []byte, next map[string]any,
) (map[string]any, []spec.Problem, error) {
	var before any
	if len(stored) > 0 {
		object, err := parse(stored)
		if err != nil {
			return nil, nil, err
		}
		before = object
	}
	var problems []spec.Problem
	out, err := fields.MapSecrets(next, func(path []any, v any) (any, error) {
		if v != spec.Mask {
			return v, nil
		}
		old := at(before, path)
		if sealed, ok := sealedText(old); ok {
			return s.open(connectorID, path, sealed)
		}
		if old == nil {
			problems = append(problems, spec.Problem{Path: slices.Clone(path), Type: "value_error", Input: spec.Mask,
				Msg: "Value error, ten asterisks stand for a stored secret, and there is none"})
		}
		return old, nil
	})
	return out, problems, err
}

// at follows a path into a decoded value, nil when it leads nowhere.
func at(v any, path []any) any {
	for _, step := range path {
		switch k := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[k]
		case int:
			list, _ := v.([]any)
			if k >= len(list) {
				return nil
			}
			v = list[k]
		}
	}
	return v
}

// walk returns a copy of a decoded value in which every sealed value is replaced by what fn gives for it.
func walk(v any, path []any, fn func(path []any, sealed string) (any, error)) (any, error) {
	if sealed, ok := sealedText(v); ok {
		return fn(path, sealed)
	}
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for _, k := range slices.Sorted(maps.Keys(x)) {
			member, err := walk(x[k], append(slices.Clone(path), k), fn)
			if err != nil {
				return nil, err
			}
			out[k] = member
		}
		return out, nil
	case []any:
		out := make([]any, len(x))
		for i := range x {
			member, err := walk(x[i], append(slices.Clone(path), i), fn)
			if err != nil {
				return nil, err
			}
			out[i] = member
		}
		return out, nil
	}
	return v, nil
}

func sealedText(v any) (string, bool) {
	object, ok := v.(map[string]any)
	if !ok || len(object) != 1 {
		return "", false
	}
	text, ok := object[sealedKey].(string)
	return text, ok
}

// bind is the associated data of a field. JSON keeps the steps of a path apart.
func bind(connectorID string, path []any) []byte {
	b, _ := json.Marshal(append([]any{connectorID}, path...)) // strings and ints
	return b
}

func dotted(path []any) string {
	steps := make([]string, len(path))
	for i, step := range path {
		steps[i] = fmt.Sprint(step)
	}
	return strings.Join(steps, ".")
}

// parse reads a stored config, "" and null as an empty one.
func parse(config []byte) (map[string]any, error) {
	out := map[string]any{}
	if len(bytes.TrimSpace(config)) == 0 {
		return out, nil
	}
	if err := decode(config, &out); err != nil {
		return nil, errors.New("a stored connector config is not a JSON object")
	}
	if out == nil {
		out = map[string]any{}
	}
	plain, _ := spec.Plain(out).(map[string]any)
	return plain, nil
}

func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(v)
}
