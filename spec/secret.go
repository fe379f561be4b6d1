package spec

import (
	"slices"
	"strings"
	"unicode"
)

// Mask stands for a secret in everything that leaves the program: exactly ten asterisks.
const Mask = "**********"

// Mask returns a copy of a decoded object in which every secret that is set is replaced by Mask.
func (s Spec) Mask(in map[string]any) map[string]any {
	out, _ := s.MapSecrets(in, func([]any, any) (any, error) { return Mask, nil })
	return out
}

// Secrets returns the paths (keys and indexes) of the secrets that are set, in the order of their keys.
func (s Spec) Secrets(in map[string]any) [][]any {
	var paths [][]any
	// The callback cannot fail, so MapSecrets cannot.
	_, _ = s.MapSecrets(in, func(path []any, v any) (any, error) {
		paths = append(paths, slices.Clone(path))
		return v, nil
	})
	return paths
}

// MapSecrets returns a deep copy of an object in which every secret that is set is replaced by what fn gives for it. A
// secret is the value of a field that is declared so, under its name or an alias, or, at any depth below a key that
// the spec does not know, the value of a key that SecretName accepts. Null, the empty string and booleans are no
// secrets, nor is a reference to a secret that is kept elsewhere ({"id": ..., "type": ...}). A list under a secret key
// is one secret.
func (s Spec) MapSecrets(in map[string]any, fn func(path []any, v any) (any, error)) (map[string]any, error) {
	declared := make(map[string]Field, len(s.Fields))
	for _, f := range s.Fields {
		declared[f.Name] = f
		for _, a := range f.Aliases {
			declared[a] = f
		}
	}
	out := make(map[string]any, len(in))
	for _, k := range sortedKeys(in) {
		v := in[k]
		f, known := declared[k]
		var err error
		switch {
		case known && f.Secret, !known && SecretName(k):
			out[k], err = mapSecret([]any{k}, v, fn)
		case known && f.Kind != Any && f.Kind != Object:
			out[k] = Plain(v)
		default:
			out[k], err = mapUnknown([]any{k}, v, fn)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func mapSecret(path []any, v any, fn func([]any, any) (any, error)) (any, error) {
	switch x := v.(type) {
	case nil, bool:
		return v, nil
	case string:
		if x == "" {
			return v, nil
		}
	case map[string]any:
		if IsReference(x) {
			return Plain(x), nil
		}
	}
	return fn(path, Plain(v))
}

func mapUnknown(path []any, v any, fn func([]any, any) (any, error)) (any, error) {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for _, k := range sortedKeys(x) {
			below := append(slices.Clone(path), k)
			step := mapUnknown
			if SecretName(k) {
				step = mapSecret
			}
			member, err := step(below, x[k], fn)
			if err != nil {
				return nil, err
			}
			out[k] = member
		}
		return out, nil
	case []any:
		out := make([]any, len(x))
		for i := range x {
			member, err := mapUnknown(append(slices.Clone(path), i), x[i], fn)
			if err != nil {
				return nil, err
			}
			out[i] = member
		}
		return out, nil
	}
	return Plain(v), nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// IsReference tells a reference to a secret that is kept elsewhere, which is not itself secret: an object with a string
// id, an optional type of rsa or rsa_aes, and nothing else.
func IsReference(v map[string]any) bool {
	id, ok := v["id"].(string)
	if !ok || id == "" {
		return false
	}
	t, typed := v["type"]
	if !typed {
		return len(v) == 1
	}
	return len(v) == 2 && (t == nil || t == "rsa" || t == "rsa_aes")
}

// SecretName decides by name alone whether a key holds a secret. It is used where no field declares it, so it leans to
// yes: any name about passwords, secrets, credentials, tokens, SAS, private things, connection strings and URIs, and
// names that end in "key", except those of data (primary_key, record_id_key) and names that only begin with such a
// word (key_prefix, token_count, tokenizer). Words are separated by underscores, hyphens, dots, spaces and changes of
// case.
func SecretName(name string) bool {
	words := nameWords(name)
	joined := strings.Join(words, "")
	for _, part := range secretParts {
		if strings.Contains(joined, part) {
			return true
		}
	}
	for i, w := range words {
		last := i == len(words)-1
		switch {
		case slices.Contains(secretWords, w):
			return true
		case w == "token" || w == "uri" || w == "uris" || w == "key" || w == "keys" || strings.HasSuffix(w, "token"):
			if !last && slices.Contains(describing, words[i+1]) {
				continue
			}
			if !last && strings.HasPrefix(w, "key") {
				continue // key_prefix, key_field; api_key_v2 is among the parts
			}
			if i > 0 && strings.HasPrefix(w, "key") && slices.Contains(dataKeys, words[i-1]) {
				continue
			}
			return true
		}
	}
	return false
}

// secretParts are secret wherever they stand in a name, since people also write them as one word.
var secretParts = []string{
	"password", "passwd", "passphrase", "secret", "credential", "apikey", "accesskey", "accountkey", "privatekey",
	"connectionstring", "serviceaccount", "boxappconfig",
}

// secretWords are secret as whole words.
var secretWords = []string{"pass", "pwd", "cred", "creds", "sas", "private", "dsn", "bearer", "cookie", "authorization"}

// describing are words that, after a token or a URI, name something about it.
var describing = []string{
	"count", "limit", "counts", "limits", "type", "size", "length", "ttl", "expiry", "expiration", "prefix", "suffix",
	"name", "field", "column", "header", "scheme", "template", "url", "endpoint",
}

// dataKeys are words before "key" that make it part of the data rather than a key to it.
var dataKeys = []string{
	"id", "primary", "foreign", "partition", "sort", "row", "record", "document", "object", "unique", "public", "index",
	"field", "column", "routing", "shard", "sharding", "group", "dedup", "merge", "join", "cluster", "clustering", "cache",
}

// nameWords splits a name into lower-case words.
func nameWords(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]) ||
			unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			flush()
		}
		word = append(word, unicode.ToLower(r))
	}
	flush()
	return words
}
