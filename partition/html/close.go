package html

import "slices"

// isVoid tells whether an element has no content.
func isVoid(name string) bool {
	switch name {
	case "area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "isindex", "keygen", "link", "meta",
		"param", "source", "track", "wbr":
		return true
	}
	return false
}

// inHead tells whether an element does not begin the body.
func inHead(name string) bool {
	switch name {
	case "title", "meta", "link", "base", "style", "script", "noscript", "object", "template", "frameset", "frame", "noframes":
		return true
	}
	return false
}

// closes tells whether a start tag ends an open element because it cannot stand inside it.
func closes(tag, open string) bool { return slices.Contains(closedBy[open], tag) }

// closedBy holds the content models of HTML 4 as lenient parsers of that age apply them: for an open element, the start
// tags that end it.
var closedBy = map[string][]string{
	"a":        {"a", "fieldset", "table", "td", "th"},
	"address":  {"dd", "dl", "dt", "form", "li", "ul"},
	"b":        {"center", "p", "td", "th"},
	"big":      {"p"},
	"caption":  {"col", "colgroup", "tbody", "tfoot", "thead", "tr"},
	"colgroup": {"colgroup", "tbody", "tfoot", "thead", "tr"},
	"dd":       {"dt"},
	"dir":      {"dd", "dl", "dt", "form", "ul"},
	"dl":       {"form", "li"},
	"dt":       {"dd", "dl"},
	"font":     {"center", "td", "th"},
	"form":     {"form"},
	"h1":       afterHeading,
	"h2":       afterHeading,
	"h3":       afterHeading,
	"h4":       afterHeading,
	"h5":       afterHeading,
	"h6":       afterHeading,
	"i":        {"center", "p", "td", "th"},
	"legend":   {"fieldset"},
	"li":       {"li"},
	"listing":  {"dd", "dl", "dt", "fieldset", "form", "li", "table", "ul"},
	"menu":     {"dd", "dl", "dt", "form", "ul"},
	"ol":       {"form"},
	"option":   {"optgroup", "option"},
	"p": {"address", "blockquote", "caption", "center", "col", "colgroup", "dd", "dir", "div", "dl", "dt", "fieldset", "form",
		"h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "listing", "menu", "ol", "p", "pre", "table", "tbody", "td", "tfoot",
		"th", "title", "tr", "ul", "xmp"},
	"pre":    {"dd", "dl", "dt", "fieldset", "form", "li", "table", "ul"},
	"s":      {"p"},
	"small":  {"p"},
	"span":   {"td", "th"},
	"strike": {"p"},
	"tbody":  {"tbody", "tfoot"},
	"td":     {"tbody", "td", "tfoot", "th", "tr"},
	"tfoot":  {"tbody"},
	"th":     {"tbody", "td", "tfoot", "th", "tr"},
	"thead":  {"tbody", "tfoot"},
	"tr":     {"tbody", "tfoot", "tr"},
	"tt":     {"p"},
	"u":      {"p", "td", "th"},
	"ul":     {"address", "form", "menu", "pre"},
}

var afterHeading = []string{"fieldset", "form", "li", "p", "table"}

// rankOf orders elements by what an end tag may close on its way: </b> does not end a table cell that is open inside.
func rankOf(name string) int {
	switch name {
	case "div":
		return 150
	case "td", "th":
		return 160
	case "tr":
		return 170
	case "thead", "tbody", "tfoot":
		return 180
	case "table":
		return 190
	case "head", "body":
		return 200
	}
	return 100
}

// isRaw tells whether the content of an element is no markup.
func isRaw(name string) bool {
	switch name {
	case "script", "style", "textarea", "title", "iframe", "xmp", "noembed", "noframes":
		return true
	}
	return false
}
