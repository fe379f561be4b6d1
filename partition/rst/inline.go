package rst

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/markup"
)

// inline writes a text with its links, emphasis, notes and substitutions.
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
		rest := s[i:]
		switch c := rest[0]; {
		case c == '\\':
			n = escape(b, rest)
		case strings.HasPrefix(rest, "-\n"): // a word that is cut at the end of a line
			b.WriteByte('-')
			n = len("-\n")
		case c == '*' && opens(before):
			if n = p.marked(b, rest, "**", "strong"); n == 0 && !strings.HasPrefix(rest, "**") {
				n = p.marked(b, rest, "*", "em")
			}
		case strings.HasPrefix(rest, "``") && opens(before):
			n = literal(b, rest)
		case c == '`' && opens(before):
			n = p.interpreted(b, rest, p.role)
		case c == ':' && opens(before):
			n = p.roleFirst(b, rest)
		case c == '|' && opens(before):
			n = p.substitution(b, rest)
		case c == '[' || c == ' ' || c == '\n': // the mark of a note stands at the word before it
			marker := strings.TrimLeft(rest[:min(len(rest), 100)], " \n")
			if spaces := min(len(rest), 100) - len(marker); strings.HasPrefix(marker, "[") {
				if n = p.note(b, rest[spaces:]); n > 0 {
					n += spaces
				} else if c == '[' {
					n = cite(b, rest)
				}
			}
		case c == '_' && strings.HasPrefix(rest, "_`") && opens(before):
			if n = p.interpreted(b, rest[1:], "target"); n > 0 {
				n++
			}
		case !isWord(before) && (c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'):
			n = p.word(b, rest)
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(rest)
			b.WriteString(markup.Escape(rest[:n]))
		}
		before, _ = utf8.DecodeLastRuneInString(s[:i+n])
		i += n
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// opens tells whether markup may begin behind a character, closes whether it may end before one.
func opens(before rune) bool {
	return unicode.IsSpace(before) || strings.ContainsRune("'\"([{<-/:\u2018\u201c\u00ab\u2013\u2014", before)
}

func closes(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || unicode.IsSpace(r) || strings.ContainsRune("'\")]}>-/\\:.,;!?\u2019\u201d\u00bb\u2013\u2014_", r)
}

// escape reads a backslash: the character behind it is itself, and space is nothing.
func escape(b *strings.Builder, s string) int {
	if len(s) == 1 {
		return 0
	}
	_, n := utf8.DecodeRuneInString(s[1:])
	if s[1] != ' ' && s[1] != '\n' {
		b.WriteString(markup.Escape(s[1 : 1+n]))
	}
	return 1 + n
}

const maxSpan = 10_000 // bytes within which the end of something is looked for

// end finds where a mark closes a text that it opened, -1 when it does not.
func end(s, mark string) int {
	s = s[:min(len(s), maxSpan)]
	if len(s) <= len(mark) || unicode.IsSpace(rune(s[len(mark)])) {
		return -1
	}
	for at := len(mark) + 1; at < len(s); {
		k := strings.Index(s[at:], mark)
		if k < 0 {
			return -1
		}
		at += k
		if c := s[at-1]; c != ' ' && c != '\n' && c != '\\' && closes(s[at+len(mark):]) {
			return at
		}
		at++
	}
	return -1
}

func (p *parser) marked(b *strings.Builder, s, mark, tag string) int {
	if !strings.HasPrefix(s, mark) {
		return 0
	}
	at := end(s, mark)
	if at < 0 {
		return 0
	}
	b.WriteString("<" + tag + ">" + markup.Escape(unescaped(s[len(mark):at])) + "</" + tag + ">")
	return at + len(mark)
}

// unescaped drops backslashes; markup does not nest.
func unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if i++; s[i] == ' ' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func literal(b *strings.Builder, s string) int {
	s = s[:min(len(s), maxSpan)]
	at := strings.Index(s[2:], "``")
	if at < 1 {
		return 0
	}
	for at+4 < len(s) && s[at+4] == '`' {
		at++
	}
	b.WriteString("<code>" + markup.Escape(strings.Join(strings.Fields(s[2:2+at]), " ")) + "</code>")
	return at + 4
}

// roleFirst reads :role:`text`.
func (p *parser) roleFirst(b *strings.Builder, s string) int {
	at := strings.Index(s[:min(len(s), 100)], ":`")
	if at < 1 || strings.ContainsAny(s[1:at], " \n`") {
		return 0
	}
	if n := p.interpreted(b, s[at+1:], s[1:at]); n > 0 {
		return at + 1 + n
	}
	return 0
}

// interpreted reads `text`, `text`_, `text <address>`_ and `text`:role:.
func (p *parser) interpreted(b *strings.Builder, s, role string) int {
	at := end(s, "`")
	if at < 0 {
		return 0
	}
	text, rest := s[1:at], s[at+1:]
	if n := underscores(rest); n > 0 && closes(rest[n:]) && role == p.role {
		p.link(b, text, n == 2)
		return at + 1 + n
	}
	text = markup.Escape(unescaped(text))
	switch role {
	case "emphasis":
		b.WriteString("<em>" + text + "</em>")
	case "strong":
		b.WriteString("<strong>" + text + "</strong>")
	case "sub", "subscript":
		b.WriteString("<sub>" + text + "</sub>")
	case "sup", "superscript":
		b.WriteString("<sup>" + text + "</sup>")
	case "", "title", "title-reference", "t", "math", "target":
		b.WriteString("<span>" + text + "</span>")
	default:
		b.WriteString("<code>" + text + "</code>")
	}
	return at + 1
}

func underscores(s string) int {
	switch {
	case strings.HasPrefix(s, "__"):
		return 2
	case strings.HasPrefix(s, "_"):
		return 1
	}
	return 0
}

// link writes a reference with its text: one to an address within it, to the next address without a name, or by name.
func (p *parser) link(b *strings.Builder, text string, anonymous bool) {
	address := ""
	text = strings.Join(strings.Fields(text), " ")
	if open := strings.LastIndexByte(text, '<'); strings.HasSuffix(text, ">") && open >= 0 && (open == 0 || text[open-1] == ' ') {
		address, text = strings.ReplaceAll(text[open+1:len(text)-1], " ", ""), strings.TrimSpace(text[:open])
		if name, ok := strings.CutSuffix(address, "_"); ok {
			address = p.address(name)
		}
		if text == "" {
			text = address
		} else if _, known := p.targets[normal(text)]; !known {
			p.targets[normal(text)] = address
		}
	} else if anonymous {
		if len(p.anonymous) > 0 {
			address, p.anonymous = p.anonymous[0], p.anonymous[1:]
			if name, ok := strings.CutSuffix(address, "_"); ok {
				address = p.address(name)
			}
		}
	} else {
		address = p.address(text)
	}
	if len(address) > maxLink { // it may be written often
		address = ""
	}
	b.WriteString(`<a href="` + markup.Escape(address) + `">` + markup.Escape(unescaped(text)) + "</a>")
}

const maxLink = 4 << 10 // bytes

// address finds where a name leads. Names may stand for names.
func (p *parser) address(name string) string {
	for range 10 {
		address, known := p.targets[normal(strings.Trim(name, "`"))]
		if !known {
			return ""
		}
		next, indirect := strings.CutSuffix(address, "_")
		if !indirect || strings.Contains(address, ":/") {
			return address
		}
		name = next
	}
	return ""
}

const maxSubstitutions = 20_000 // in one document: they may stand for each other

// substitution reads |name|.
func (p *parser) substitution(b *strings.Builder, s string) int {
	at := end(s, "|")
	if at < 0 {
		return 0
	}
	name := normal(s[1:at])
	what, known := p.substitutions[name]
	n := at + 1
	n += underscores(s[n:])
	if !known { // a program would fill it in
		return n
	}
	if p.expanded >= maxSubstitutions || slices.Contains(p.inside, name) {
		return 0
	}
	p.expanded++
	p.inside = append(p.inside, name)
	defer func() { p.inside = p.inside[:len(p.inside)-1] }()
	argument := what.argument
	switch what.name {
	case "replace":
		p.deeper(func() { p.spans(b, argument) })
	case "image":
		if what.options["alt"] == "" {
			what.options["alt"] = s[1:at]
		}
		b.WriteString(p.picture(what))
	case "unicode":
		b.WriteString(markup.Escape(characters(argument)))
	}
	return n
}

// characters are those that the directive unicode names by number, up to a comment.
func characters(argument string) string {
	var b strings.Builder
	for _, code := range strings.Fields(argument) {
		if strings.HasPrefix(code, "..") {
			break
		}
		trimmed := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(code, "0x"), "U+"), `\u`)
		if v, err := strconv.ParseInt(trimmed, 16, 32); err == nil && trimmed != code && utf8.ValidRune(rune(v)) {
			code = string(rune(v))
		}
		b.WriteString(code)
	}
	return b.String()
}

// label reads [label]_; "" when there is none.
func label(s string) string {
	at := strings.Index(s[:min(len(s), 100)], "]_")
	if at < 2 || strings.ContainsAny(s[1:at], "[] \n") || !closes(s[at+2:]) {
		return ""
	}
	return s[1:at]
}

// cite shows the label of a citation.
func cite(b *strings.Builder, s string) int {
	name := label(s)
	if name == "" || isNote(name) {
		return 0
	}
	b.WriteString(`<a href="#` + markup.Escape(name) + `">[` + markup.Escape(name) + "]</a>")
	return len(name) + len("[]_")
}

// note reads the mark of a footnote.
func (p *parser) note(b *strings.Builder, s string) int {
	label := label(s)
	if !isNote(label) {
		return 0
	}
	number, known := p.numbers[label]
	if !known {
		body := p.bodies[label]
		unnamed := label == "#" || label == "*"
		if unnamed && len(p.auto) > 0 {
			body, p.auto = p.auto[0], p.auto[1:]
		}
		if body == nil {
			return 0
		}
		number = p.notes.Reserve()
		if !unnamed {
			p.numbers[label] = number
		}
		var html strings.Builder
		p.deeper(func() { markup.Write(&html, paragraphs(p.blocks(body, false))) })
		p.notes.Set(number, html.String())
	}
	b.WriteString(markup.Mark(number))
	return len(label) + len("[]_")
}

var (
	bareAddress = regexp.MustCompile(`^(?:https?|ftp|file|news|mailto|irc|git|ssh|svn|gopher|telnet|ldap)(?:://[^\s<>"]*[^\s<>".,;:!?')\]}]|:[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[A-Za-z0-9])`)
	bareMail    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
	reference   = regexp.MustCompile(`^[A-Za-z0-9]+(?:[-_.+:][A-Za-z0-9]+)*__?`)
)

// word reads what may begin with a word: an address, or a reference by a name of one word.
func (p *parser) word(b *strings.Builder, s string) int {
	near := s[:min(len(s), 2_000)]
	if found := bareAddress.FindString(near); found != "" {
		b.WriteString(`<a href="` + markup.Escape(found) + `">` + markup.Escape(found) + "</a>")
		return len(found)
	}
	size := 0 // of the word and what hangs on it
	for size < len(near) && !strings.ContainsRune(" \n", rune(near[size])) {
		size++
	}
	near = near[:size]
	if strings.Contains(near, "@") {
		if found := bareMail.FindString(near); found != "" {
			b.WriteString(`<a href="mailto:` + markup.Escape(found) + `">` + markup.Escape(found) + "</a>")
			return len(found)
		}
	}
	if strings.Contains(near, "_") {
		if found := reference.FindString(near); found != "" && closes(s[len(found):]) {
			name := strings.TrimRight(found, "_")
			p.link(b, name, strings.HasSuffix(found, "__"))
			return len(found)
		}
	}
	plain := 0 // letters that begin nothing
	for plain < len(near) && near[plain] < utf8.RuneSelf && isWord(rune(near[plain])) {
		plain++
	}
	b.WriteString(near[:plain])
	return plain
}
