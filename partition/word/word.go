// Package word decides what the paragraphs of word processors are, for all their formats: by list, by style, then by text.
package word

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/text"
)

// Classify makes the element of a paragraph. style is the English name of its style; listed says that it is an item of a
// list itself, level is how deep that is nested, from 0, or -1 when nothing says so. ok is false for blank paragraphs and
// single characters.
func Classify(style string, listed bool, level int, s string) (e element.Element, ok bool) {
	if text.Strip(s) == "" {
		return e, false
	}
	depth := depthOf(style, level)
	e.Metadata.CategoryDepth, e.Metadata.StyleName = &depth, style
	if text.IsBulleted(s) || listed {
		e.Type, e.Text = element.ListItem, text.Strip(text.TrimBullet(s))
		return e, e.Text != ""
	}
	if kind, known := typeOf(style); known {
		e.Type, e.Text = kind, s
		return e, true
	}
	e.Type, e.Text = ByText(s)
	return e, true
}

// ByText is the type of a paragraph that neither a list nor a style decides, and its text. A single character is a text too.
func ByText(s string) (element.Type, string) {
	if t, rest, ok := text.ClassifyWord(s); ok {
		return t, rest
	}
	return element.UncategorizedText, s
}

// StyleName is the name that programs show for a style: some are stored in lower case and shown with capitals.
func StyleName(name string) string {
	if rest, ok := strings.CutPrefix(name, "heading "); ok {
		return "Heading " + rest
	}
	switch name {
	case "caption":
		return "Caption"
	case "header":
		return "Header"
	case "footer":
		return "Footer"
	}
	return name
}

// typeOf is the type that a style stands for.
func typeOf(style string) (element.Type, bool) {
	switch style {
	case "Title", "Subtitle", "TOCHeading":
		return element.Title, true
	case "List", "List 2", "List 3", "List Bullet", "List Bullet 2", "List Bullet 3", "List Continue", "List Continue 2",
		"List Continue 3", "List Number", "List Number 2", "List Number 3", "List Paragraph":
		return element.ListItem, true
	case "Caption", "Intense Quote", "Quote", "Macro Text", "No Spacing":
		return element.UncategorizedText, true
	}
	if n, ok := strings.CutPrefix(style, "Heading "); ok && len(n) == 1 && n[0] >= '1' && n[0] <= '9' {
		return element.Title, true
	}
	return "", false
}

// depthOf is the nesting of a list item or the level of a heading.
func depthOf(style string, level int) int {
	if level >= 0 {
		return level
	}
	if style == "Subtitle" {
		return 1
	}
	if strings.HasPrefix(style, "Heading ") || strings.HasPrefix(style, "List") {
		if i := strings.LastIndexByte(style, ' '); i > 0 {
			if n, err := strconv.Atoi(style[i+1:]); err == nil && n > 0 {
				return n - 1
			}
		}
	}
	return 0
}
