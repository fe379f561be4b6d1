package html

import (
	"strings"

	"golang.org/x/net/html"
)

// scanner cuts a page into tags and texts. What it gives are pieces of the page itself wherever nothing had to be decoded,
// so that a picture of 100 MB within an attribute is not copied. Every byte is looked at a fixed number of times.
type scanner struct {
	s   string
	pos int
	raw string // name of the element whose content comes next and is no markup
	all bool   // keep every attribute
}

type tokenKind int

const (
	endOfPage tokenKind = iota
	textToken
	startTag
	endTag
)

type token struct {
	kind   tokenKind
	name   string // of a tag, in lower case
	text   string // of a text, character references resolved
	attrs  []attr // of a start tag, those that are read somewhere
	closed bool   // a start tag that closes itself: <p/>
}

type attr struct{ name, value string }

// wanted are the attributes that are kept.
func wanted(name string) bool {
	switch name {
	case "href", "src", "data-src", "alt", "data-page-number", "alttext", "encoding":
		return true
	}
	return false
}

// next gives the next tag or text. Comments, declarations and processing instructions are passed over. The first tag that the page
// ends inside of is dropped, as browsers do.
func (z *scanner) next() token {
	if z.raw != "" {
		if t := z.rawToken(); t.text != "" {
			return t
		}
	}
	for z.pos < len(z.s) {
		rest := z.s[z.pos:]
		if !opensMarkup(rest) {
			return z.textToken()
		}
		switch c := rest[1]; {
		case c == '!' && strings.HasPrefix(rest, "<!--"):
			z.skipComment()
		case c == '!' || c == '?' || c == '/' && (len(rest) < 3 || !isLetter(rest[2])):
			z.skipTo('>')
		case c == '/':
			name := z.tagName(2)
			z.skipTo('>')
			return token{kind: endTag, name: name}
		default:
			if t, ok := z.startTag(); ok {
				return t
			}
		}
	}
	return token{}
}

// opensMarkup tells whether a tag, a comment or a declaration begins at the start of s; any other < is text.
func opensMarkup(s string) bool {
	return len(s) > 1 && s[0] == '<' && (isLetter(s[1]) || s[1] == '!' || s[1] == '?' || s[1] == '/' && len(s) > 2)
}

func (z *scanner) textToken() token {
	from := z.pos
	for z.pos++; ; z.pos++ { // what it begins with opens nothing, even if it is <
		i := strings.IndexByte(z.s[z.pos:], '<')
		if i < 0 {
			z.pos = len(z.s)
			break
		}
		if z.pos += i; opensMarkup(z.s[z.pos:]) {
			break
		}
	}
	text := z.s[from:z.pos]
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	if strings.IndexByte(text, '&') >= 0 {
		text = html.UnescapeString(text)
	}
	return token{kind: textToken, text: text}
}

// rawToken gives the content of an element in which there is no markup.
func (z *scanner) rawToken() token {
	from := z.pos
	for {
		i := strings.Index(z.s[z.pos:], "</")
		if i < 0 {
			z.pos = len(z.s)
			break
		}
		z.pos += i
		if end := z.pos + 2 + len(z.raw); end <= len(z.s) && strings.EqualFold(z.s[z.pos+2:end], z.raw) {
			break
		}
		z.pos += 2
	}
	text := z.s[from:z.pos]
	if z.raw == "title" || z.raw == "textarea" {
		text = html.UnescapeString(text)
	}
	z.raw = ""
	return token{kind: textToken, text: text}
}

func (z *scanner) skipComment() {
	z.pos += len("<!--")
	if strings.HasPrefix(z.s[z.pos:], ">") || strings.HasPrefix(z.s[z.pos:], "->") { // empty comments
		z.skipTo('>')
		return
	}
	if i := strings.Index(z.s[z.pos:], "-->"); i >= 0 {
		z.pos += i + len("-->")
		return
	}
	z.pos = len(z.s)
}

func (z *scanner) skipTo(c byte) {
	if i := strings.IndexByte(z.s[z.pos:], c); i >= 0 {
		z.pos += i + 1
		return
	}
	z.pos = len(z.s)
}

// tagName reads the name that begins at an offset and moves behind it.
func (z *scanner) tagName(offset int) string {
	from := z.pos + offset
	i := from
	for i < len(z.s) && !isSpace(z.s[i]) && z.s[i] != '/' && z.s[i] != '>' {
		i++
	}
	z.pos = i
	return strings.ToLower(z.s[from:i])
}

// startTag reads a tag with its attributes; ok is false when the page ends inside it.
func (z *scanner) startTag() (t token, ok bool) {
	t = token{kind: startTag, name: z.tagName(1)}
	for {
		for z.pos < len(z.s) && isSpace(z.s[z.pos]) {
			z.pos++
		}
		if z.pos >= len(z.s) {
			return t, false
		}
		switch z.s[z.pos] {
		case '>':
			z.pos++
			if !t.closed && isRaw(t.name) {
				z.raw = t.name
			}
			return t, true
		case '/':
			z.pos++
			t.closed = z.pos < len(z.s) && z.s[z.pos] == '>'
			continue
		}
		a, ok := z.attr()
		if !ok {
			return t, false
		}
		if a.name != "" && !has(t.attrs, a.name) {
			t.attrs = append(t.attrs, a)
		}
	}
}

// attr reads name, name=value, name='value' or name="value". Its name is empty when nobody wants it.
func (z *scanner) attr() (a attr, ok bool) {
	from := z.pos
	for z.pos++; z.pos < len(z.s) && !isSpace(z.s[z.pos]) && z.s[z.pos] != '/' && z.s[z.pos] != '>' && z.s[z.pos] != '='; {
		z.pos++
	}
	name := z.s[from:z.pos]
	at := z.pos
	for at < len(z.s) && isSpace(z.s[at]) {
		at++
	}
	var value string
	if at < len(z.s) && z.s[at] == '=' {
		z.pos = at + 1
		if value, ok = z.value(); !ok {
			return a, false
		}
	}
	if z.all || len(name) <= len("data-page-number") {
		if name = strings.ToLower(name); z.all || wanted(name) {
			a = attr{name, unescapeValue(value)}
		}
	}
	return a, true
}

func (z *scanner) value() (string, bool) {
	for z.pos < len(z.s) && isSpace(z.s[z.pos]) {
		z.pos++
	}
	if z.pos >= len(z.s) {
		return "", false
	}
	from := z.pos
	if quote := z.s[from]; quote == '"' || quote == '\'' {
		i := strings.IndexByte(z.s[from+1:], quote)
		if i < 0 {
			z.pos = len(z.s)
			return "", false
		}
		z.pos = from + 1 + i + 1
		return z.s[from+1 : z.pos-1], true
	}
	for z.pos < len(z.s) && !isSpace(z.s[z.pos]) && z.s[z.pos] != '>' {
		z.pos++
	}
	return z.s[from:z.pos], true
}

// maxReference is longer than the longest name of a character.
const maxReference = 40

// unescapeValue resolves character references that end with a semicolon. The others stay: addresses are full of
// parameters such as &copy=1.
func unescapeValue(s string) string {
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s
	}
	var b strings.Builder
	for ; i >= 0; i = strings.IndexByte(s, '&') {
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s[:min(len(s), maxReference)], ';')
		if end < 0 || strings.IndexByte(s[1:end], '&') >= 0 {
			b.WriteByte('&')
			s = s[1:]
			continue
		}
		if whole := html.UnescapeString(s[:end+1]); !strings.HasSuffix(whole, ";") || whole == ";" {
			b.WriteString(whole)
		} else { // a known name was only the beginning of this one
			b.WriteString(s[:end+1])
		}
		s = s[end+1:]
	}
	b.WriteString(s)
	return b.String()
}

func has(attrs []attr, name string) bool {
	for _, a := range attrs {
		if a.name == name {
			return true
		}
	}
	return false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }
