package chunk

import (
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/element"
)

// trail is where in the document the chunks have come to: its title and the headings above.
type trail struct {
	title string    // of the document: its first heading
	path  []heading // the headings that hold, outermost first
}

type heading struct {
	depth int
	text  string
}

// maxHeading is the longest heading, in characters, that is put before a chunk whole.
const maxHeading = 120

// context returns the headings above the next group of elements, without those that the group itself begins with or holds,
// and goes on behind the group.
func (t *trail) context(elements []element.Element) []string {
	var above []string
	started := false
	for i := range elements {
		e := &elements[i]
		if e.Type != element.Title || strings.TrimSpace(e.Text) == "" {
			if !started && strings.TrimSpace(e.Text) != "" {
				above, started = t.texts(), true
			}
			continue
		}
		depth := 0
		if e.Metadata.CategoryDepth != nil {
			depth = *e.Metadata.CategoryDepth
		}
		for len(t.path) > 0 && t.path[len(t.path)-1].depth >= depth {
			t.path = t.path[:len(t.path)-1]
		}
		if !started {
			above, started = t.texts(), true
		}
		text := shorten(collapse(e.Text))
		t.path = append(t.path, heading{depth, text})
		if t.title == "" {
			t.title = text
		}
	}
	return above
}

// texts lists the title of the document and the headings that hold.
func (t *trail) texts() []string {
	var out []string
	if t.title != "" {
		out = append(out, t.title)
	}
	for i, h := range t.path {
		if i > 0 || h.text != t.title {
			out = append(out, h.text)
		}
	}
	return out
}

func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxHeading {
		return s
	}
	return string([]rune(s)[:maxHeading-1]) + "…"
}

// contextualize puts the headings above a chunk before its text, in the words that clients know (contract section 6.2),
// and into its metadata as headings. A document without headings is named by its file.
func contextualize(c *element.Element, above []string) {
	if len(above) == 0 {
		name := c.Metadata.Filename
		if name == "" {
			name = "a document"
		}
		c.Text = "Prefix: " + name + "; Original: " + c.Text
		return
	}
	c.Text = "Prefix: " + strings.Join(above, " > ") + "; Original: " + c.Text
	extra := make(map[string]any, len(c.Metadata.Extra)+1)
	for k, v := range c.Metadata.Extra {
		extra[k] = v
	}
	list := make([]any, len(above))
	for i, h := range above {
		list[i] = h
	}
	extra["headings"] = list
	c.Metadata.Extra = extra
}
