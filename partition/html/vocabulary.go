package html

import (
	"slices"

	"github.com/sluicehq/sluice/element"
)

// class is one word of the vocabulary of labelled pages: what an element of the page is, whatever its tag.
type class struct {
	name   string       // as class="..." has it
	tags   []string     // that it stands with; the first replaces a tag that does not fit
	kind   element.Type // of the element that it becomes
	layout bool         // holds others and becomes an element without text
	joins  bool         // without parts of its own it is joined with its neighbours into one element
}

// classes is the vocabulary (spec section 3.2, "v2 parser").
var classes = []*class{
	{"Document", []string{"body"}, element.UncategorizedText, true, false},
	{"Section", []string{"section"}, element.UncategorizedText, true, false},
	{"Page", []string{"div"}, element.UncategorizedText, true, false},
	{"Column", []string{"div"}, element.UncategorizedText, true, false},
	{"Sidebar", []string{"aside"}, element.UncategorizedText, true, false},
	{"PageBreak", []string{"hr"}, element.UncategorizedText, true, false},

	{"Paragraph", []string{"p"}, element.NarrativeText, false, true},
	{"Header", []string{"header"}, element.Header, false, false},
	{"Footer", []string{"footer"}, element.Footer, false, false},
	{"Title", []string{"h1"}, element.Title, false, false},
	{"Subtitle", []string{"h2"}, element.Title, false, false},
	{"Heading", []string{"h1", "h2", "h3", "h4", "h5", "h6"}, element.Title, false, false},
	{"NarrativeText", []string{"p"}, element.NarrativeText, false, true},
	{"Quote", []string{"blockquote"}, element.NarrativeText, false, true},
	{"Footnote", []string{"div"}, element.UncategorizedText, false, true},
	{"Caption", []string{"figcaption"}, element.FigureCaption, false, false},
	{"PageNumber", []string{"span"}, element.PageNumber, false, false},
	{"UncategorizedText", []string{"span"}, element.UncategorizedText, false, false},

	{"OrderedList", []string{"ol"}, element.UncategorizedText, false, false},
	{"UnorderedList", []string{"ul"}, element.UncategorizedText, false, false},
	{"DefinitionList", []string{"dl"}, element.UncategorizedText, false, false},
	{"ListItem", []string{"li"}, element.ListItem, false, false},

	{"Table", []string{"table"}, element.Table, false, false},
	{"TableBody", []string{"tbody"}, element.Table, false, false},
	{"TableHeader", []string{"thead"}, element.Table, false, false},
	{"TableRow", []string{"tr"}, element.Table, false, false},
	{"TableCell", []string{"td"}, element.Table, false, false},
	{"TableCellHeader", []string{"th"}, element.Table, false, false},
	{"TableOfContents", []string{"table"}, element.Table, false, false},

	{"Image", []string{"img"}, element.Image, false, false},
	{"Figure", []string{"figure"}, element.Image, false, false},
	{"Video", []string{"video"}, element.UncategorizedText, false, false},
	{"Audio", []string{"audio"}, element.UncategorizedText, false, false},
	{"Barcode", []string{"img"}, element.Image, false, false},
	{"QRCode", []string{"img"}, element.Image, false, false},
	{"Logo", []string{"img"}, element.Image, false, false},

	{"CodeBlock", []string{"pre", "code"}, element.CodeSnippet, false, false},
	{"InlineCode", []string{"code"}, element.CodeSnippet, false, false},
	{"Formula", []string{"math"}, element.Formula, false, false},
	{"Equation", []string{"math"}, element.Formula, false, false},

	{"FootnoteReference", []string{"sub"}, element.UncategorizedText, false, true},
	{"Citation", []string{"cite"}, element.UncategorizedText, false, true},
	{"Bibliography", []string{"ul"}, element.UncategorizedText, false, true},
	{"Glossary", []string{"dl"}, element.UncategorizedText, false, true},
	{"Author", []string{"meta"}, element.UncategorizedText, false, true},
	{"MetaDate", []string{"meta"}, element.UncategorizedText, false, true},
	{"Keywords", []string{"meta"}, element.UncategorizedText, false, true},
	{"Abstract", []string{"section"}, element.NarrativeText, false, true},
	{"Hyperlink", []string{"a"}, element.UncategorizedText, false, true},
	{"Index", []string{"nav"}, element.UncategorizedText, false, false},

	{"Form", []string{"form"}, element.UncategorizedText, false, false},
	{"FormField", []string{"label"}, element.UncategorizedText, false, false},
	{"FormFieldValue", []string{"input"}, element.UncategorizedText, false, false},
	{"Checkbox", []string{"input"}, element.UncategorizedText, false, false},
	{"RadioButton", []string{"input"}, element.UncategorizedText, false, false},
	{"Button", []string{"button"}, element.UncategorizedText, false, false},

	{"Comment", []string{"span"}, element.UncategorizedText, false, true},
	{"Highlight", []string{"mark"}, element.UncategorizedText, false, true},
	{"RevisionInsertion", []string{"ins"}, element.UncategorizedText, false, true},
	{"RevisionDeletion", []string{"del"}, element.UncategorizedText, false, true},

	{"Address", []string{"address"}, element.Address, false, true},
	{"EmailAddress", []string{"a"}, element.EmailAddress, false, true},
	{"PhoneNumber", []string{"span"}, element.UncategorizedText, false, true},
	{"CalendarDate", []string{"time"}, element.UncategorizedText, false, true},
	{"Time", []string{"time"}, element.UncategorizedText, false, true},
	{"Currency", []string{"span"}, element.UncategorizedText, false, true},
	{"Measurement", []string{"span"}, element.UncategorizedText, false, true},

	{"Letterhead", []string{"header"}, element.Header, false, false},
	{"Signature", []string{"img", "svg"}, element.UncategorizedText, false, false},
	{"Watermark", []string{"div"}, element.UncategorizedText, false, false},
	{"Stamp", []string{"img", "svg"}, element.UncategorizedText, false, false},
}

// byTag names the class of a tag that carries none of the vocabulary.
var byTag = map[string]string{
	"a": "Hyperlink", "address": "Address", "aside": "Sidebar", "audio": "Audio", "blockquote": "Quote", "body": "Document",
	"button": "Button", "cite": "Citation", "code": "CodeBlock", "del": "RevisionDeletion", "div": "UncategorizedText",
	"dl": "DefinitionList", "figcaption": "Caption", "figure": "Figure", "footer": "Footer", "form": "Form",
	"h1": "Title", "h2": "Subtitle", "h3": "Heading", "h4": "Heading", "h5": "Heading", "h6": "Heading", "header": "Header",
	"hr": "PageBreak", "img": "Image", "ins": "RevisionInsertion", "label": "FormField", "li": "ListItem",
	"mark": "Highlight", "math": "Equation", "meta": "Keywords", "nav": "Index", "ol": "OrderedList", "p": "Paragraph",
	"pre": "CodeBlock", "section": "Section", "span": "UncategorizedText", "sub": "FootnoteReference", "svg": "Signature",
	"table": "Table", "tbody": "TableBody", "td": "TableCell", "th": "TableCellHeader", "thead": "TableHeader", "time": "Time",
	"tr": "TableRow", "ul": "UnorderedList", "video": "Video",
}

var byName = func() map[string]*class {
	m := make(map[string]*class, len(classes))
	for _, c := range classes {
		m[c.name] = c
	}
	return m
}()

// classOf finds what an element of a page is, and the tag that it is written with: by its first class, else by its tag.
func classOf(n *node) (tag string, c *class) {
	if c = byName[firstWord(n.attr("class"))]; c != nil {
		if slices.Contains(c.tags, n.name) {
			tag = n.name
		} else {
			tag = c.tags[0]
		}
	} else if n.name == "input" {
		tag = n.name
		switch n.attr("type") {
		case "checkbox":
			c = byName["Checkbox"]
		case "radio":
			c = byName["RadioButton"]
		default:
			c = byName["FormFieldValue"]
		}
	} else if c = byName[byTag[n.name]]; c != nil {
		tag = n.name
	} else {
		tag, c = "span", byName["UncategorizedText"]
	}
	if c.name == "UncategorizedText" && n.find("img") != nil && n.blank() {
		c = byName["Image"] // what stands around a picture
	}
	return tag, c
}
