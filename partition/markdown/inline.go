package markdown

import (
	"regexp"
	"strings"
)

// inline makes HTML of the text of a block. The rules run one after the other over the whole text, each keeping what it
// finished from the next: code and escapes, links and tags, emphasis.
func (w *writer) inline(text string) {
	text = w.stash.takeCode(text)
	w.stash.expand(&w.out, emphasis(w.stash.takeAlone(w.links(text, false)), 0))
}

// links keeps links, images, addresses in angle brackets and tags. Inside a link there is no other.
func (w *writer) links(text string, inLink bool) string {
	if !strings.ContainsAny(text, "[<") {
		return text
	}
	square, round := pairs(text, '[', ']'), map[int]int(nil)
	if len(square) > 0 {
		round = pairs(text, '(', ')')
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '!' && i+1 < len(text) && text[i+1] == '[':
			if l, ok := w.link(text, i+1, square, round); ok {
				b.WriteString(w.stash.keep(`<img alt="` + quoteAttr(w.stash.plain(l.text)) + `" src="` + quoteAttr(w.stash.plain(l.address)) + `"/>`))
				i = l.end - 1
				continue
			}
		case c == '[' && !inLink:
			if l, ok := w.link(text, i, square, round); ok {
				b.WriteString(w.stash.keep(`<a href="` + quoteAttr(w.stash.plain(l.address)) + `">` +
					emphasis(w.stash.takeAlone(w.links(l.text, true)), 0) + `</a>`))
				i = l.end - 1
				continue
			}
		case c == '<':
			if html, end := angled(text, i); end > 0 {
				b.WriteString(w.stash.keep(html))
				i = end - 1
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// link is [text](address "title"), [text][id], [id][] or [id] with id defined somewhere.
type link struct {
	text, address string
	end           int
}

func (w *writer) link(text string, at int, square, round map[int]int) (l link, ok bool) {
	closing, ok := square[at]
	if !ok {
		return l, false
	}
	l.text = text[at+1 : closing]
	next := closing + 1
	if next < len(text) && text[next] == '(' {
		if end, ok := round[next]; ok {
			l.address, l.end = address(text[next+1:end]), end+1
			return l, true
		}
	}
	second := next
	if second < len(text) && (text[second] == ' ' || text[second] == '\n') {
		second++
	}
	if end, found := square[second]; found {
		id := text[second+1 : end]
		if strings.TrimSpace(id) == "" {
			id = l.text
		}
		if l.address, ok = w.references[reference(id)]; ok {
			l.end = end + 1
			return l, true
		}
	}
	l.address, ok = w.references[reference(l.text)]
	l.end = next
	return l, ok
}

var lineEnd = regexp.MustCompile(`\s*\n\s*`)

func reference(id string) string {
	return strings.ToLower(lineEnd.ReplaceAllString(strings.TrimSpace(id), " "))
}

var title = regexp.MustCompile(`(?s)^(.*?)\s+(?:".*"|'.*')\s*$`)

// address takes the title off what stands in the brackets of a link.
func address(s string) string {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, "<"); ok {
		if i := strings.IndexByte(inner, '>'); i >= 0 {
			return inner[:i]
		}
	}
	if strings.HasSuffix(s, `"`) || strings.HasSuffix(s, "'") { // a picture inside the page may have a hundred megabytes
		if m := title.FindStringSubmatch(s); m != nil {
			s = m[1]
		}
	}
	return strings.TrimSpace(s)
}

// pairs finds for each opening bracket the one that closes it.
func pairs(s string, open, close byte) map[int]int {
	var stack []int
	out := map[int]int{}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case open:
			stack = append(stack, i)
		case close:
			if n := len(stack); n > 0 {
				out[stack[n-1]] = i
				stack = stack[:n-1]
			}
		}
	}
	return out
}

var (
	webAddress  = regexp.MustCompile(`^(?i:f|ht)(?i:tps?)://[^<>]*$`)
	mailAddress = regexp.MustCompile(`^[^<> !]+@[^@<> ]+$`)
	anyTag      = regexp.MustCompile(`^/?[a-zA-Z][^<>@ ]*(?: [^<>]*)?$`)
)

// angled reads what stands in angle brackets: an address, a mail address, a comment or a tag. end is 0 for anything else.
func angled(text string, at int) (html string, end int) {
	if strings.HasPrefix(text[at:], "<!--") {
		i := strings.Index(text[at:min(len(text), at+maxComment)], "-->")
		if i < 0 {
			return "", 0
		}
		return "", at + i + len("-->")
	}
	i := strings.IndexAny(text[at+1:], "<>")
	if i < 0 || text[at+1+i] == '<' {
		return "", 0
	}
	inner := text[at+1 : at+1+i]
	end = at + 1 + i + 1
	switch {
	case webAddress.MatchString(inner):
		return `<a href="` + quoteAttr(inner) + `">` + escapeText(inner) + `</a>`, end
	case mailAddress.MatchString(inner):
		inner = strings.TrimPrefix(inner, "mailto:")
		return `<a href="mailto:` + quoteAttr(inner) + `">` + escapeText(inner) + `</a>`, end
	case anyTag.MatchString(inner):
		return text[at:end], end
	}
	return "", 0
}

// maxComment is how long a comment inside a line is looked for, bytes.
const maxComment = 4096

var entity = regexp.MustCompile(`^&(?:[a-zA-Z][a-zA-Z0-9]*|#[0-9]+|#[xX][0-9a-fA-F]+);`)

// escapeText writes text as HTML. Character references are kept.
func escapeText(s string) string {
	if !strings.ContainsAny(s, "<>&") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch s[i] {
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			if entity.MatchString(s[i:min(len(s), i+40)]) {
				b.WriteByte('&')
			} else {
				b.WriteString("&amp;")
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func quoteAttr(s string) string { return strings.ReplaceAll(escapeText(s), `"`, "&quot;") }
