package org

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/markup"
)

// inline writes a text with its links, emphasis, notes and signs.
func (p *parser) inline(s string) string {
	var b strings.Builder
	p.deeper(func() { p.spans(&b, s) })
	return strings.TrimSpace(strings.ReplaceAll(b.String(), "\n", " "))
}

// spans writes a text. At each place it tries what the character there may begin.
func (p *parser) spans(b *strings.Builder, s string) {
	before := rune(' ')
	for i := 0; i < len(s); {
		if p.stopped() {
			return
		}
		n := 0
		switch c := s[i]; c {
		case '[':
			n = p.bracket(b, s[i:])
		case '*', '/', '_', '+', '=', '~':
			if n = p.emphasis(b, s[i:], before); n == 0 && c == '_' {
				n = p.script(b, s[i:], before, "sub")
			}
		case '^':
			n = p.script(b, s[i:], before, "sup")
		case '\\':
			n = sign(b, s[i:])
		case '$':
			n = formula(b, s[i:], before)
		case '<':
			n = p.angle(b, s[i:])
		case '-':
			n = dashes(b, s[i:])
		case '.':
			if strings.HasPrefix(s[i:], "...") {
				b.WriteString("\u2026")
				n = 3
			}
		case 'h', 'f', 'm':
			n = bare(b, s[i:], before)
		case 's':
			n = code(b, s[i:], before)
		case '@':
			n = snippet(b, s[i:])
		}
		if n == 0 {
			var r rune
			r, n = utf8.DecodeRuneInString(s[i:])
			if r != 0 {
				b.WriteString(markup.Escape(s[i : i+n]))
			}
		}
		before, _ = utf8.DecodeLastRuneInString(s[:i+n])
		i += n
	}
}

// Bytes within which the end of something is looked for.
const (
	maxSpan = 10_000
	maxNear = 2_000 // where each of them has to be looked at
)

func within(s string) string { return s[:min(len(s), maxSpan)] }

// bracket reads links and notes.
func (p *parser) bracket(b *strings.Builder, s string) int {
	if strings.HasPrefix(s, "[fn:") {
		return p.note(b, s)
	}
	if !strings.HasPrefix(s, "[[") {
		return 0
	}
	end := strings.Index(within(s), "]]")
	if end < 0 {
		return 0
	}
	target, label, labelled := strings.Cut(s[2:end], "][")
	if strings.ContainsAny(target, "[]") {
		return 0
	}
	target = strings.ReplaceAll(target, "\n", " ")
	address := address(target)
	switch {
	case !labelled && isPicture(target):
		b.WriteString(`<img src="` + markup.Escape(address) + `"/>`)
	case address == "":
		if !labelled {
			label = target
		}
		b.WriteString("<span><em>")
		p.deeper(func() { p.spans(b, label) })
		b.WriteString("</em></span>")
	default:
		b.WriteString(`<a href="` + markup.Escape(address) + `">`)
		switch {
		case !labelled:
			b.WriteString(markup.Escape(target))
		case isPicture(label):
			b.WriteString(`<img src="` + markup.Escape(strings.TrimPrefix(label, "file:")) + `"/>`)
		default:
			p.deeper(func() { p.spans(b, label) })
		}
		b.WriteString("</a>")
	}
	return end + 2
}

// address is where a link leads; "" for one to a headline or a target of the file.
func address(target string) string {
	for _, start := range []string{"#", "/", "./", "../"} {
		if strings.HasPrefix(target, start) {
			return target
		}
	}
	if rest, ok := strings.CutPrefix(target, "file:"); ok {
		return rest
	}
	scheme, _, ok := strings.Cut(target, ":")
	if !ok || scheme == "" || strings.ContainsFunc(scheme, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-' }) {
		return ""
	}
	return target
}

func isPicture(target string) bool {
	if !strings.HasPrefix(target, "file:") && address(target) == "" {
		return false
	}
	dot := strings.LastIndexByte(target, '.')
	if dot < 0 {
		return false
	}
	switch strings.ToLower(target[dot+1:]) {
	case "jpeg", "jpg", "png", "gif", "svg", "webp", "bmp", "tiff", "tif":
		return true
	}
	return false
}

// note reads [fn:label], [fn:label:text] and [fn::text].
func (p *parser) note(b *strings.Builder, s string) int {
	depth, end := 0, -1
	for i := 0; i < min(len(s), maxNear); i++ {
		if s[i] == '[' {
			depth++
		} else if s[i] == ']' {
			if depth--; depth == 0 {
				end = i
				break
			}
		}
	}
	if end < 0 {
		return 0
	}
	label, text, inside := strings.Cut(s[len("[fn:"):end], ":")
	if inside {
		number := p.notes.Reserve()
		if label != "" {
			p.numbers[label] = number
		}
		p.notes.Set(number, "<p>"+p.inline(text)+"</p>")
		b.WriteString(markup.Mark(number))
		return end + 1
	}
	number, known := p.numbers[label]
	if !known {
		lines, defined := p.bodies[label]
		if !defined {
			return 0
		}
		number = p.notes.Reserve()
		p.numbers[label] = number
		var body strings.Builder
		p.deeper(func() { markup.Write(&body, paragraphs(p.blocks(lines))) })
		p.notes.Set(number, body.String())
	}
	b.WriteString(markup.Mark(number))
	return end + 1
}

// emphasis reads a text between two marks, which stand at the edges of words.
func (p *parser) emphasis(b *strings.Builder, s string, before rune) int {
	if !unicode.IsSpace(before) && !strings.ContainsRune("-('\"{\u00a0", before) || len(s) < 3 {
		return 0
	}
	c := s[0]
	if first, _ := utf8.DecodeRuneInString(s[1:]); unicode.IsSpace(first) || first == ',' || first == '\'' || first == '"' {
		return 0
	}
	end, lines := -1, 0
	for i := 2; i < min(len(s), maxNear); i++ {
		if s[i] == '\n' {
			if lines++; lines > 1 {
				return 0
			}
		}
		if s[i] != c || s[i-1] == ' ' || s[i-1] == '\n' {
			continue
		}
		if after, _ := utf8.DecodeRuneInString(s[i+1:]); i+1 == len(s) || unicode.IsSpace(after) || strings.ContainsRune("-.,;:!?'\")}[\\", after) {
			end = i
			break
		}
	}
	if end < 0 {
		return 0
	}
	inner := s[1:end]
	if c == '=' || c == '~' {
		b.WriteString("<code>" + markup.Escape(strings.ReplaceAll(inner, "\n", " ")) + "</code>")
		return end + 1
	}
	tag := map[byte]string{'*': "strong", '/': "em", '_': "u", '+': "del"}[c]
	b.WriteString("<" + tag + ">")
	p.deeper(func() { p.spans(b, inner) })
	b.WriteString("</" + tag + ">")
	return end + 1
}

// script reads a letter or word below or above the line, behind another one: x_2, x^{long}.
func (p *parser) script(b *strings.Builder, s string, before rune, tag string) int {
	if unicode.IsSpace(before) || len(s) < 2 {
		return 0
	}
	var inner string
	var n int
	if s[1] == '{' {
		end := strings.IndexByte(within(s), '}')
		if end < 0 {
			return 0
		}
		inner, n = s[2:end], end+1
	} else {
		n = 1
		for n < len(s) {
			r, size := utf8.DecodeRuneInString(s[n:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				break
			}
			n += size
		}
		inner = s[1:n]
	}
	if inner == "" {
		return 0
	}
	b.WriteString("<" + tag + ">")
	p.deeper(func() { p.spans(b, inner) })
	b.WriteString("</" + tag + ">")
	return n
}

// named are signs whose names are not those of HTML.
var named = map[string]string{
	"to": "\u2192", "gets": "\u2190", "infty": "\u221e", "ldots": "\u2026", "dots": "\u2026", "cdot": "\u22c5", "neq": "\u2260",
	"deg": "\u00b0", "EUR": "\u20ac", "pounds": "\u00a3", "checkmark": "\u2713", "slash": "/", "under": "_", "dollar": "$", "star": "*",
	"vert": "|", "plus": "+", "emptyset": "\u2205", "in": "\u2208",
}

// sign reads a line break and the signs that have names: \alpha, \to.
func sign(b *strings.Builder, s string) int {
	if strings.HasPrefix(s, `\\`) && (len(s) == 2 || s[2] == '\n') {
		b.WriteString("<br/>")
		return 2
	}
	for begin, end := range map[string]string{`\(`: `\)`, `\[`: `\]`} {
		if !strings.HasPrefix(s, begin) {
			continue
		}
		n := strings.Index(within(s), end)
		if n < 0 {
			return 0
		}
		b.WriteString("<span>" + markup.Escape(strings.TrimSpace(s[2:n])) + "</span>")
		return n + 2
	}
	n := 1
	for n < len(s) && n < 40 && (s[n] >= 'a' && s[n] <= 'z' || s[n] >= 'A' && s[n] <= 'Z') {
		n++
	}
	name := s[1:n]
	shown, ok := named[name]
	if !ok {
		if shown = html.UnescapeString("&" + name + ";"); name == "" || shown == "&"+name+";" || strings.HasPrefix(shown, "&") {
			return 0
		}
	}
	b.WriteString(markup.Escape(shown))
	if strings.HasPrefix(s[n:], "{}") {
		n += 2
	}
	return n
}

// code reads src_language{code} and src_language[options]{code}.
func code(b *strings.Builder, s string, before rune) int {
	rest, ok := strings.CutPrefix(s, "src_")
	if !ok || unicode.IsLetter(before) || unicode.IsDigit(before) {
		return 0
	}
	open := strings.IndexAny(within(rest), "{[ \n")
	if open > 0 && rest[open] == '[' {
		end := strings.IndexByte(within(rest), ']')
		if end < 0 || end+1 == len(rest) {
			return 0
		}
		open = end + 1
	}
	if open < 1 || rest[open] != '{' {
		return 0
	}
	end := strings.IndexByte(within(rest[open:]), '}')
	if end < 0 {
		return 0
	}
	b.WriteString("<code>" + markup.Escape(rest[open+1:open+end]) + "</code>")
	return len("src_") + open + end + 1
}

// snippet reads @@language:text@@, which is for one language of the export only: HTML is shown.
func snippet(b *strings.Builder, s string) int {
	if !strings.HasPrefix(s, "@@") {
		return 0
	}
	end := strings.Index(within(s[2:]), "@@")
	if end < 0 {
		return 0
	}
	language, text, ok := strings.Cut(s[2:2+end], ":")
	if !ok || language == "" || strings.ContainsAny(language, " \n") {
		return 0
	}
	if strings.EqualFold(language, "html") {
		b.WriteString(text)
	}
	return end + 4
}

// formula reads $x$, which stands between words as emphasis does.
func formula(b *strings.Builder, s string, before rune) int {
	if unicode.IsLetter(before) || unicode.IsDigit(before) || len(s) < 3 || strings.ContainsRune(" ,.;\n$", rune(s[1])) {
		return 0
	}
	end := strings.IndexByte(within(s[1:]), '$') + 1
	if end <= 1 || strings.ContainsRune(" ,.\n", rune(s[end-1])) || strings.Count(s[:end], "\n") > 2 {
		return 0
	}
	if after, _ := utf8.DecodeRuneInString(s[end+1:]); end+1 < len(s) && (unicode.IsLetter(after) || unicode.IsDigit(after)) {
		return 0
	}
	b.WriteString("<span>" + markup.Escape(s[1:end]) + "</span>")
	return end + 1
}

// angle reads <https://address>.
func (p *parser) angle(b *strings.Builder, s string) int {
	end := strings.IndexAny(within(s), ">\n ")
	if end < 0 || s[end] != '>' {
		return 0
	}
	target := s[1:end]
	if !strings.HasPrefix(target, "http:") && !strings.HasPrefix(target, "https:") && !strings.HasPrefix(target, "ftp:") && !strings.HasPrefix(target, "mailto:") {
		if strings.HasPrefix(s, "<<") { // a place that links lead to
			if place := strings.Index(within(s), ">>"); place > 0 && !strings.ContainsAny(s[:place], "\n") {
				return place + 2
			}
		}
		return 0
	}
	b.WriteString(`<a href="` + markup.Escape(target) + `">` + markup.Escape(target) + "</a>")
	return end + 1
}

func dashes(b *strings.Builder, s string) int {
	switch {
	case strings.HasPrefix(s, "---"):
		b.WriteString("\u2014")
		return 3
	case strings.HasPrefix(s, "--"):
		b.WriteString("\u2013")
		return 2
	}
	return 0
}

// bare reads an address that stands in the text by itself.
func bare(b *strings.Builder, s string, before rune) int {
	if unicode.IsLetter(before) || unicode.IsDigit(before) {
		return 0
	}
	for _, scheme := range []string{"http://", "https://", "ftp://", "mailto:"} {
		rest, ok := strings.CutPrefix(s, scheme)
		if !ok {
			continue
		}
		n := strings.IndexAny(rest, " \t\n<>[]()\"")
		if n < 0 {
			n = len(rest)
		}
		if n = len(strings.TrimRight(rest[:n], ".,;:!?'")); n == 0 {
			return 0
		}
		target := markup.Escape(s[:len(scheme)+n])
		b.WriteString(`<a href="` + target + `">` + target + "</a>")
		return len(scheme) + n
	}
	return 0
}
