package epub

import (
	"context"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/markup"
)

// chapters rewrites the documents of a book as the reference's converter does: notes (EPUB Structural Semantics: noteref,
// footnote) are numbered through the book and stand at its end, title pages and lists of contents are left out, and
// pictures are named by their place beside the list of contents.
type chapters struct {
	ctx    context.Context
	budget *budget.Budget
	notes  markup.Notes
	open   int // elements whose end was not found
}

// rewrite gives the page of a chapter; folder is where that stands, from the list of contents.
func (c *chapters) rewrite(page, folder string) (string, error) {
	if !strings.Contains(page, "epub:type") && !strings.Contains(page, "<img") {
		return page, nil
	}
	bodies, err := c.bodies(page)
	if err != nil {
		return "", err
	}
	numbers := map[string]int{}
	var b strings.Builder
	err = c.walk(page, func(t html.Token, raw, behind string) (passed int) {
		types := kinds(t)
		switch {
		case slices.Contains(types, "titlepage"), slices.Contains(types, "toc"), isNote(types) && bodies[attribute(t, "id")] != "":
			if _, passed = c.content(behind, t); passed > 0 {
				return passed
			}
		case slices.Contains(types, "noteref") && t.Data == "a":
			id := strings.TrimPrefix(attribute(t, "href"), "#")
			if bodies[id] == "" {
				break
			}
			if _, passed = c.content(behind, t); passed == 0 {
				break
			}
			if numbers[id] == 0 {
				numbers[id] = c.notes.Reserve()
				c.notes.Set(numbers[id], bodies[id])
			}
			b.WriteString(markup.Mark(numbers[id]))
			return passed
		case t.Data == "img" && local(attribute(t, "src")):
			for i, a := range t.Attr {
				if a.Key == "src" {
					t.Attr[i].Val = path.Join(folder, a.Val)
				}
			}
			b.WriteString(t.String())
			return 0
		}
		b.WriteString(raw)
		return 0
	})
	return b.String(), err
}

// bodies are the notes of a page that it refers to, as HTML by their ids.
func (c *chapters) bodies(page string) (map[string]string, error) {
	out := map[string]string{}
	if !strings.Contains(page, "noteref") {
		return out, nil
	}
	wanted := map[string]bool{}
	err := c.walk(page, func(t html.Token, _, _ string) int {
		if slices.Contains(kinds(t), "noteref") {
			wanted[strings.TrimPrefix(attribute(t, "href"), "#")] = true
		}
		return 0
	})
	if err != nil {
		return nil, err
	}
	err = c.walk(page, func(t html.Token, _, behind string) (passed int) {
		if id := attribute(t, "id"); isNote(kinds(t)) && wanted[id] {
			out[id], passed = c.content(behind, t)
		}
		return passed
	})
	return out, err
}

// walk visits the pieces of a page: t is a start tag, without a name for other pieces, raw the piece as it is written, behind the
// page behind it. visit gives how much of that is passed over, bytes.
func (c *chapters) walk(page string, visit func(t html.Token, raw, behind string) (passed int)) error {
	z := html.NewTokenizer(strings.NewReader(page))
	at := 0
	for z.Next() != html.ErrorToken {
		if err := c.budget.Tick(c.ctx); err != nil {
			return err
		}
		raw := string(z.Raw())
		at += len(raw)
		t := z.Token()
		if t.Type != html.StartTagToken && t.Type != html.SelfClosingTagToken {
			t = html.Token{}
		}
		if passed := visit(t, raw, page[at:]); passed > 0 {
			at += passed
			z = html.NewTokenizer(strings.NewReader(page[at:]))
		}
	}
	return nil
}

// maxOpen is how many elements without an end are looked for: each search goes to the end of the page.
const maxOpen = 100

// content gives what stands in an element whose start tag is t, and the bytes up to behind its end tag; nothing when that is missing.
func (c *chapters) content(behind string, t html.Token) (inner string, whole int) {
	if t.Type == html.SelfClosingTagToken || c.open >= maxOpen {
		return "", 0
	}
	z := html.NewTokenizer(strings.NewReader(behind))
	for depth := 1; ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			c.open++
			return "", 0
		}
		n := len(z.Raw())
		if tag, _ := z.TagName(); string(tag) == t.Data {
			switch kind {
			case html.StartTagToken:
				depth++
			case html.EndTagToken:
				depth--
			}
		}
		if depth == 0 {
			return behind[:whole], whole + n
		}
		whole += n
	}
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func kinds(t html.Token) []string { return strings.Fields(attribute(t, "epub:type")) }

func isNote(types []string) bool {
	return slices.Contains(types, "footnote") || slices.Contains(types, "rearnote") || slices.Contains(types, "endnote")
}

// local tells whether an address is that of a file in the book.
func local(address string) bool {
	return address != "" && !strings.ContainsAny(address, ":#?") && address[0] != '/'
}
