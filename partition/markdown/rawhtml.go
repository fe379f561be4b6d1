package markdown

import "strings"

// takeHTML keeps HTML of blocks: what begins with such a tag at the start of a line goes, unread, to the end tag that
// matches it, or to the end of the text. Comments and declarations at the start of a line are kept too. Tags inside a
// line are left to the inline rules.
func (s *stash) takeHTML(text string) string {
	if strings.IndexByte(text, '<') < 0 {
		return text
	}
	var b strings.Builder
	z := rawScanner{text: text}
	done := 0 // up to where text is in b
	for at := 0; at < len(text); {
		from := at
		for from < len(text) && text[from] == ' ' {
			from++
		}
		if from-at < tab && from < len(text) && text[from] == '<' {
			if end := z.end(from); end > 0 {
				b.WriteString(text[done:at])
				b.WriteString("\n" + s.keep(text[from:end]) + "\n\n")
				done, at = end, end // the tail of the line is no start of one
			}
		}
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
	}
	b.WriteString(text[done:])
	return b.String()
}

// rawScanner finds the ends of HTML. What it once did not find to the end of the text it does not look for again.
type rawScanner struct {
	text                       string
	noCommentEnd, noDeclareEnd bool
}

// end returns where the HTML that begins at from ends; 0 when no HTML of a block begins there.
func (z *rawScanner) end(from int) int {
	rest := z.text[from:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		return z.until(from, "-->", &z.noCommentEnd)
	case strings.HasPrefix(rest, "<!"), strings.HasPrefix(rest, "<?"):
		return z.until(from, ">", &z.noDeclareEnd)
	}
	name, end, empty := startTag(z.text, from)
	switch {
	case end == 0 || !isBlockTag(name):
		return 0
	case empty || name == "hr":
		return end
	}
	return elementEnd(z.text, name, end)
}

func (z *rawScanner) until(from int, mark string, none *bool) int {
	if *none {
		return 0
	}
	i := strings.Index(z.text[from:], mark)
	if i < 0 {
		*none = true
		return 0
	}
	return from + i + len(mark)
}

// elementEnd returns where the element ends whose start tag ends at at: behind the end tag that leaves nothing open.
func elementEnd(text, name string, at int) int {
	open := map[string]int{name: 1}
	stack := []string{name}
	if isScript(name) {
		at = skipScript(text, name, at)
	}
	for {
		i := strings.IndexByte(text[at:], '<')
		if i < 0 {
			return len(text)
		}
		at += i
		switch {
		case strings.HasPrefix(text[at:], "<!--"):
			i := strings.Index(text[at:], "-->")
			if i < 0 {
				return len(text)
			}
			at += i + len("-->")
		case strings.HasPrefix(text[at:], "</"):
			tag, end := endTag(text, at)
			if end == 0 {
				at += len("</")
				continue
			}
			if at = end; open[tag] == 0 {
				continue
			}
			for last := ""; last != tag; {
				last = stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				open[last]--
			}
			if len(stack) == 0 {
				return at
			}
		default:
			tag, end, empty := startTag(text, at)
			if end == 0 {
				at++
				continue
			}
			if at = end; empty || tag == "hr" {
				continue
			}
			stack = append(stack, tag)
			open[tag]++
			if isScript(tag) {
				at = skipScript(text, tag, at)
			}
		}
	}
}

func isScript(tag string) bool { return tag == "script" || tag == "style" }

// skipScript moves to the end tag of a script or style.
func skipScript(text, tag string, at int) int {
	for {
		i := strings.Index(text[at:], "</")
		if i < 0 {
			return len(text)
		}
		at += i
		if name, end := endTag(text, at); end > 0 && name == tag {
			return at
		}
		at += len("</")
	}
}

// startTag reads the name of the tag at from and finds its end; end is 0 when it is no tag.
func startTag(text string, from int) (name string, end int, empty bool) {
	i := from + 1
	for i < len(text) && isNameByte(text[i]) {
		i++
	}
	if i == from+1 || text[from+1] >= '0' && text[from+1] <= '9' || text[from+1] == '-' {
		return "", 0, false
	}
	name = strings.ToLower(text[from+1 : i])
	if i < len(text) && text[i] != '>' && text[i] != '/' && text[i] != ' ' && text[i] != '\n' {
		return "", 0, false
	}
	for i < len(text) {
		switch c := text[i]; c {
		case '>':
			return name, i + 1, text[i-1] == '/'
		case '<':
			return "", 0, false
		case '"', '\'':
			if text[i-1] == '=' || text[i-1] == ' ' {
				close := strings.IndexByte(text[i+1:], c)
				if close < 0 {
					return "", 0, false
				}
				i += close + 1
			}
		}
		i++
	}
	return "", 0, false
}

func endTag(text string, from int) (name string, end int) {
	i := from + 2
	for i < len(text) && isNameByte(text[i]) {
		i++
	}
	close := strings.IndexAny(text[i:], "<>")
	if i == from+2 || close < 0 || text[i+close] == '<' {
		return "", 0
	}
	return strings.ToLower(text[from+2 : i]), i + close + 1
}

func isNameByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == ':'
}

func isBlockTag(name string) bool {
	switch name {
	case "address", "article", "aside", "blockquote", "body", "canvas", "center", "colgroup", "dd", "details", "div", "dl", "dt",
		"fieldset", "figcaption", "figure", "footer", "form", "group", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup",
		"hr", "html", "iframe", "legend", "li", "main", "map", "math", "menu", "nav", "noscript", "object", "ol", "option",
		"output", "p", "pre", "progress", "script", "search", "section", "style", "summary", "table", "tbody", "td", "textarea",
		"tfoot", "th", "thead", "tr", "ul", "video":
		return true
	}
	return false
}
