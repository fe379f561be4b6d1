package html

import (
	"slices"
	"strings"
)

// safeAttrs keeps the attributes that a page which shows the markup may carry without harm: no scripts, no addresses but
// those of the web, mail and telephone, and of pictures inside the page. What the class says is written anew, and ids are left out, since elements have their own.
func safeAttrs(attrs []attr, tag string) []attr {
	var out []attr
	for _, a := range attrs {
		if !allowed(a.name, tag) || !isAttrName(a.name) {
			continue
		}
		switch a.name {
		case "style":
			if a.value = safeStyle(a.value); a.value == "" {
				continue
			}
		case "src", "href", "data-src", "poster", "xlink:href":
			if !safeAddress(a.value, tag == "img" && a.name == "src") {
				continue
			}
		}
		out = append(out, a)
	}
	if tag == "a" && strings.EqualFold(attrOf(out, "target"), "_blank") {
		out = withoutOpener(out)
	}
	return out
}

// withoutOpener keeps what a link opens in a window of its own from the page that it was opened from.
func withoutOpener(attrs []attr) []attr {
	rel := strings.Fields(attrOf(attrs, "rel"))
	for _, word := range []string{"noopener", "noreferrer"} {
		if !slices.ContainsFunc(rel, func(s string) bool { return strings.EqualFold(s, word) }) {
			rel = append(rel, word)
		}
	}
	value := strings.Join(rel, " ")
	for i := range attrs {
		if attrs[i].name == "rel" {
			attrs[i].value = value
			return attrs
		}
	}
	return append(attrs, attr{"rel", value})
}

// allowed tells whether an attribute may stand at a tag.
func allowed(name, tag string) bool {
	switch name {
	case "style", "title", "dir", "lang", "role", "name", "align":
		return true
	}
	return strings.HasPrefix(name, "data-") || strings.HasPrefix(name, "aria-") || slices.Contains(allowedAt[tag], name)
}

var allowedAt = map[string][]string{
	"a":     {"href", "target", "rel"},
	"img":   {"src", "alt", "width", "height"},
	"svg":   {"src", "alt", "width", "height", "xlink:href"},
	"audio": {"src", "controls"},
	"video": {"src", "controls", "poster", "width", "height"},
	"input": {"type", "checked", "value", "placeholder"},
	"td":    {"colspan", "rowspan", "headers", "scope"},
	"th":    {"colspan", "rowspan", "headers", "scope"},
	"ol":    {"start", "type"},
	"label": {"for"},
	"meta":  {"charset", "content"},
	"time":  {"datetime"},
}

// isAttrName tells whether a name can be written as one.
func isAttrName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c) || c == '_' || c == ':':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}

// safeAddress tells whether an address is relative or of a harmless scheme. Browsers pass over control characters and
// spaces within the scheme.
func safeAddress(s string, picture bool) bool {
	scheme, rest, found := strings.Cut(strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, s[:min(len(s), 200)])), ":")
	if !found || !isScheme(scheme) {
		return true
	}
	switch scheme {
	case "http", "https", "mailto", "tel":
		return true
	case "data":
		kind, _, isData := strings.Cut(rest, ",")
		kind, _, _ = strings.Cut(kind, ";")
		switch kind {
		case "image/avif", "image/bmp", "image/gif", "image/jpeg", "image/jpg", "image/png", "image/webp", "image/x-icon":
			return picture && isData
		}
	}
	return false
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '.' && c != '-') {
			return false
		}
	}
	return s != ""
}

// safeStyle keeps the declarations that change how text looks and neither where it stands nor what is loaded.
func safeStyle(s string) string {
	var out []string
	for declaration := range strings.SplitSeq(uncommented(s), ";") {
		name, value, ok := strings.Cut(declaration, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.Join(strings.Fields(value), " ")
		if ok && value != "" && slices.Contains(plainStyles, name) && !risky(value) {
			out = append(out, name+": "+value)
		}
	}
	return strings.Join(out, "; ")
}

var plainStyles = []string{
	"background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right",
	"border-style", "border-top", "border-width", "color", "font-style", "font-weight", "text-align", "text-decoration",
	"vertical-align", "white-space",
}

// risky tells whether a value of CSS may load something or run: anything with an escape, a function but a colour, or a colon.
func risky(value string) bool {
	value = strings.ToLower(value)
	for _, harmless := range []string{"rgb(", "rgba(", "hsl(", "hsla("} {
		value = strings.ReplaceAll(value, harmless, "")
	}
	return strings.ContainsAny(value, `(\@:<>`) || strings.Contains(value, "-moz-binding")
}

// uncommented is a style without its comments.
func uncommented(s string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, "/*")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, s, _ = strings.Cut(after, "*/")
	}
}
