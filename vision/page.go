package vision

import (
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxPage is the longest page, in bytes.
const maxPage = 1 << 20

// fromHTML returns what stands inside the page of an answer: without a fence, a head, a body and the element of the page itself.
func fromHTML(answer string) (string, error) {
	answer = unfenced(answer)
	switch {
	case answer == "":
		return "", badAnswer("it is empty")
	case len(answer) > maxPage:
		return "", badAnswer("it is longer than %d bytes", maxPage)
	}
	root, err := html.Parse(strings.NewReader(answer))
	if err != nil {
		return "", badAnswer("it is not HTML")
	}
	body := find(root, atom.Body)
	if body == nil || !hasElements(body) {
		return "", badAnswer("it is not HTML")
	}
	inside := body
	for {
		only := onlyElement(inside)
		if only == nil || !isAround(only) {
			break
		}
		inside = only
	}
	var b strings.Builder
	for c := inside.FirstChild; c != nil; c = c.NextSibling {
		if isPage(c) { // several of them: a model that saw columns as pages
			for in := c.FirstChild; in != nil; in = in.NextSibling {
				if err := html.Render(&b, in); err != nil {
					return "", badAnswer("it nests too deeply")
				}
			}
			continue
		}
		if err := html.Render(&b, c); err != nil {
			return "", badAnswer("it nests too deeply")
		}
	}
	return strings.TrimSpace(b.String()), nil
}

func find(n *html.Node, a atom.Atom) *html.Node {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == a {
			return c
		}
		if found := find(c, a); found != nil && c.DataAtom == atom.Html {
			return found
		}
	}
	return nil
}

// hasElements tells whether an answer has any element of HTML: prose, JSON and Markdown have none.
func hasElements(body *html.Node) bool {
	for c := body.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.DataAtom != 0 && c.DataAtom != atom.Br && c.DataAtom != atom.A {
			return true
		}
	}
	return false
}

// onlyElement is the one child of n, when there is nothing beside it but blanks.
func onlyElement(n *html.Node) *html.Node {
	var only *html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.CommentNode, c.Type == html.TextNode && strings.TrimSpace(c.Data) == "":
		case c.Type == html.ElementNode && only == nil:
			only = c
		default:
			return nil
		}
	}
	return only
}

func classOf(n *html.Node) string {
	for _, a := range n.Attr {
		if a.Key == "class" {
			first, _, _ := strings.Cut(strings.TrimSpace(a.Val), " ")
			return first
		}
	}
	return ""
}

func isPage(n *html.Node) bool { return n.Type == html.ElementNode && classOf(n) == "Page" }

// isAround tells whether an element holds the whole page and is none of its own.
func isAround(n *html.Node) bool {
	class := classOf(n)
	return class == "Page" || class == "Document" || class == "" && (n.DataAtom == atom.Div || n.DataAtom == atom.Main || n.DataAtom == atom.Article)
}

// tags are how the types of a JSON answer are written as HTML.
var tags = map[string]string{
	"Title": "h1", "Subtitle": "h2", "Heading": "h3", "NarrativeText": "p", "UncategorizedText": "span", "ListItem": "li",
	"Caption": "figcaption", "Header": "header", "Footer": "footer", "PageNumber": "span", "Footnote": "div", "Formula": "math",
	"CodeBlock": "pre", "Address": "address",
}

// fromJSON writes the elements of a JSON answer as the HTML of their page.
func fromJSON(answer string) (string, error) {
	var list struct {
		Elements []struct{ Type, Text, HTML string }
	}
	answer = unfenced(answer)
	if len(answer) > maxPage {
		return "", badAnswer("it is longer than %d bytes", maxPage)
	}
	if strings.HasPrefix(answer, "[") { // the list alone
		answer = `{"elements":` + answer + `}`
	}
	if err := json.Unmarshal([]byte(answer), &list); err != nil || list.Elements == nil {
		return "", badAnswer("it is not the JSON that was asked for")
	}
	var b strings.Builder
	for _, e := range list.Elements {
		text := html.EscapeString(e.Text)
		switch {
		case e.Type == "Table" && strings.Contains(strings.ToLower(e.HTML), "<table"):
			b.WriteString(e.HTML)
		case e.Type == "Table":
			b.WriteString(`<table class="Table"><tr><td>` + text + `</td></tr></table>`)
		case e.Type == "Image":
			b.WriteString(`<img class="Image" alt="` + text + `"/>`)
		default:
			kind := e.Type
			if tags[kind] == "" {
				kind = "UncategorizedText"
			}
			b.WriteString("<" + tags[kind] + ` class="` + kind + `">` + text + "</" + tags[kind] + ">")
		}
	}
	if b.Len() == 0 {
		return "", nil
	}
	return fromHTML(b.String())
}

// Pretty writes HTML with a line for each tag and text, indented by one blank a level, as format_html asks for. What stands in
// <pre> and <textarea> stays as it is.
func Pretty(s string) string {
	var b strings.Builder
	depth, kept := 0, 0
	line := func(text string) {
		if kept == 0 {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(strings.Repeat(" ", max(depth, 0)))
		}
		b.WriteString(text)
	}
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		kind := z.Next()
		raw := string(z.Raw())
		name, _ := z.TagName()
		tag := atom.Lookup(name)
		keeps := tag == atom.Pre || tag == atom.Textarea
		switch kind {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if kept > 0 {
				b.WriteString(raw)
			} else if text := strings.Join(strings.Fields(raw), " "); text != "" {
				line(text)
			}
		case html.StartTagToken:
			line(raw)
			if !slices.Contains(void, tag) {
				depth++
			}
			if keeps {
				kept++
			}
		case html.EndTagToken:
			depth--
			line(raw)
			if keeps {
				kept = max(0, kept-1)
			}
		default:
			line(raw)
		}
	}
}

var void = []atom.Atom{atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta,
	atom.Param, atom.Source, atom.Track, atom.Wbr}
