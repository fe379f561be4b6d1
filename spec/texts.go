package spec

// Texts are the texts of a decoded field of kind Strings, without the empty ones; nil when the field is absent.
func Texts(v any) []string {
	var out []string
	members, _ := v.([]any)
	for _, m := range members {
		if text, ok := m.(string); ok && text != "" {
			out = append(out, text)
		}
	}
	return out
}
