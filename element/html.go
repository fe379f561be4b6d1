package element

import (
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// WriteHTML writes a stream as one page: headings, lists, tables, code, pictures and links, with an anchor for every page
// (page-1) and every element (its id). Nothing of a text is ever markup: all is escaped, tables are written anew with
// nothing but rows and cells, addresses are those of the web, and the page forbids scripts.
func WriteHTML(w io.Writer, elements iter.Seq2[Element, error]) error {
	p := &pageWriter{page: -1}
	for e, err := range elements {
		if err != nil {
			return err
		}
		if !p.begun {
			p.begin(e.Metadata.Filename)
		}
		p.element(e)
		if _, err := io.WriteString(w, p.b.String()); err != nil {
			return err
		}
		p.b.Reset()
	}
	if !p.begun {
		p.begin("")
	}
	p.lists(0)
	p.b.WriteString("</body>\n</html>\n")
	_, err := io.WriteString(w, p.b.String())
	return err
}

type pageWriter struct {
	b     strings.Builder
	begun bool
	page  int // -1 before the first
	open  int // lists that are
	base  int // depth of the first item of the outermost
}

func (p *pageWriter) begin(title string) {
	p.begun = true
	if title == "" {
		title = "Document"
	}
	p.b.WriteString("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: http: https:; style-src 'unsafe-inline'\">\n" +
		"<title>" + escapeHTML(title) + "</title>\n</head>\n<body>\n")
}

// element writes one element.
func (p *pageWriter) element(e Element) {
	m := &e.Metadata
	if e.Type != ListItem {
		p.lists(0)
	}
	if m.PageNumber != nil && *m.PageNumber != p.page {
		p.lists(0)
		p.page = *m.PageNumber
		fmt.Fprintf(&p.b, "<a id=\"page-%d\"></a>\n", p.page)
	}
	id := ""
	if e.ID != "" {
		id = ` id="` + escapeHTML(e.ID) + `"`
	}
	switch e.Type {
	case Title:
		tag := "h" + strconv.Itoa(headingLevel(e))
		p.b.WriteString("<" + tag + id + ">" + linked(e) + "</" + tag + ">\n")
	case ListItem:
		p.item(e, id)
	case Table, TableChunk:
		p.b.WriteString("<div" + id + ">\n")
		if !appendTable(&p.b, m.TextAsHTML) {
			p.b.WriteString("<p>" + linked(e) + "</p>\n")
		}
		p.b.WriteString("</div>\n")
	case CodeSnippet:
		p.b.WriteString("<pre" + id + "><code>" + escapeHTML(e.Text) + "</code></pre>\n")
	case Image:
		p.b.WriteString("<figure" + id + ">")
		if source := pictureSource(m); source != "" {
			p.b.WriteString(`<img src="` + escapeHTML(source) + `" alt="` + escapeHTML(e.Text) + `">`)
		} else {
			p.b.WriteString(linked(e))
		}
		p.b.WriteString("</figure>\n")
	case PageBreak:
		p.b.WriteString("<hr" + id + ">\n")
	case Header:
		p.b.WriteString("<header" + id + ">" + linked(e) + "</header>\n")
	case Footer:
		p.b.WriteString("<footer" + id + ">" + linked(e) + "</footer>\n")
	case Address:
		p.b.WriteString("<address" + id + ">" + linked(e) + "</address>\n")
	case CheckBox:
		p.b.WriteString("<p" + id + ">" + box(e) + "</p>\n")
	default:
		p.b.WriteString("<p" + id + ">" + linked(e) + "</p>\n")
	}
}

// item writes an item in as many lists as its depth says, counted from the first of its run.
func (p *pageWriter) item(e Element, id string) {
	depth := 0
	if e.Metadata.CategoryDepth != nil {
		depth = *e.Metadata.CategoryDepth
	}
	if p.open == 0 {
		p.base = depth
	}
	p.lists(min(max(depth-p.base, 0), maxItemDepth, p.open) + 1)
	p.b.WriteString("<li" + id + ">" + linked(e) + "\n") // its end is implied: lists below it stand in it
}

// lists opens or closes lists until so many are open.
func (p *pageWriter) lists(n int) {
	for ; p.open < n; p.open++ {
		p.b.WriteString("<ul>\n")
	}
	for ; p.open > n; p.open-- {
		p.b.WriteString("</ul>\n")
	}
}

const maxItemDepth = 20

// headingLevel is 1 to 6.
func headingLevel(e Element) int {
	if d := e.Metadata.CategoryDepth; d != nil {
		return min(max(*d, 0), 5) + 1
	}
	return 1
}

func box(e Element) string {
	if e.Checked != nil && *e.Checked {
		return "\u2611"
	}
	return "\u2610"
}

var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "`", "&#96;", "\x00", "\ufffd")

// escapeHTML makes text safe between tags and inside quoted attributes.
func escapeHTML(s string) string { return htmlEscaper.Replace(strings.ToValidUTF8(s, "\ufffd")) }

// linked is the text of an element with its links, line breaks kept.
func linked(e Element) string {
	return inLinks(e, escapeLines, func(text, address string) string {
		return `<a href="` + escapeHTML(address) + `">` + escapeLines(text) + "</a>"
	})
}

func escapeLines(s string) string { return strings.ReplaceAll(escapeHTML(s), "\n", "<br>\n") }

// inLinks writes the text of an element: what is no link with plain, the links, in their order, with link. Those with
// addresses that a browser would run are text.
func inLinks(e Element, plain func(string) string, link func(text, address string) string) string {
	var b strings.Builder
	rest := e.Text
	m := &e.Metadata
	for i, words := range m.LinkTexts {
		if i >= len(m.LinkURLs) {
			break
		}
		at := strings.Index(rest, words)
		if words == "" || at < 0 {
			continue
		}
		b.WriteString(plain(rest[:at]))
		if address, ok := safeAddress(m.LinkURLs[i]); ok {
			b.WriteString(link(words, address))
		} else {
			b.WriteString(plain(words))
		}
		rest = rest[at+len(words):]
	}
	b.WriteString(plain(rest))
	return b.String()
}

// safeAddress lets addresses of the web, of mail, and places of this page through.
func safeAddress(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 8<<10 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
		return "", false
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https", "mailto", "ftp", "tel":
		return s, true
	case "":
		return s, !strings.HasPrefix(s, "//") && !strings.HasPrefix(s, `\`)
	}
	return "", false
}

// pictureSource is where a picture's bytes are: in the element, or at an address.
func pictureSource(m *Metadata) string {
	switch m.ImageMimeType {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp":
		if _, err := base64.StdEncoding.DecodeString(m.ImageBase64); err == nil && m.ImageBase64 != "" {
			return "data:" + m.ImageMimeType + ";base64," + strings.NewReplacer("\r", "", "\n", "").Replace(m.ImageBase64)
		}
	}
	if address, ok := safeAddress(m.ImageURL); ok {
		return address
	}
	return ""
}
