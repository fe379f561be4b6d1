package markdown

import (
	"context"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
)

// block is an element of the document: p, h1, ul, li, blockquote, pre ... with the text that begins it and, when it stands in a list
// without blank lines, the text that follows it there. Both are still Markdown.
type block struct {
	tag      string
	text     []string // pieces joined with line feeds
	tail     []string
	children []*block
}

func (b *block) add(tag string) *block {
	child := &block{tag: tag}
	b.children = append(b.children, child)
	return child
}

func (b *block) last() *block {
	if b == nil || len(b.children) == 0 {
		return nil
	}
	return b.children[len(b.children)-1]
}

func (b *block) isList() bool { return b != nil && (b.tag == "ul" || b.tag == "ol") }
func (b *block) isItem() bool { return b != nil && b.tag == "li" }
func (b *block) isCode() bool { return b != nil && b.tag == "pre" }

// piece is source text between blank lines, and what is known not to be in it: what was cut off its front has no more.
type piece struct {
	s                                 string
	noHeading, noRule, noQuote, noRef bool
}

func (p piece) rest(s string) piece {
	p.s = s
	return p
}

// state is where the parser is: it decides whether text becomes a paragraph.
type state int

const (
	top   state = iota
	tight       // in a list item without blank lines
	loose       // in a list item that begins behind a blank line
	quoted
	detabbed // in the indented content of an item
)

// maxNesting is how deep lists and quotes nest; deeper ones are text.
const maxNesting = 64

type parser struct {
	ctx        context.Context
	budget     *budget.Budget
	references map[string]string // id: address
	states     []state
	depth      int
	err        error
}

func (p *parser) is(s state) bool { return len(p.states) > 0 && p.states[len(p.states)-1] == s }
func (p *parser) enter(s state)   { p.states = append(p.states, s) }
func (p *parser) leave()          { p.states = p.states[:len(p.states)-1] }

// chunk parses text with blank lines in it.
func (p *parser) chunk(parent *block, s string) {
	var pieces []piece
	for part := range strings.SplitSeq(s, "\n\n") {
		pieces = append(pieces, piece{s: part})
	}
	p.pieces(parent, pieces)
}

// one parses text without blank lines.
func (p *parser) one(parent *block, x piece) { p.pieces(parent, []piece{x}) }

// pieces parses pieces in their order. A rule takes the piece, or its beginning, and gives back what is left of it.
func (p *parser) pieces(parent *block, todo []piece) {
	p.depth++
	defer func() { p.depth-- }()
	for _, x := range todo {
		for more := true; more; {
			if p.err = p.budget.Tick(p.ctx); p.err != nil {
				return
			}
			if x, more = p.take(parent, x); p.err != nil {
				return
			}
		}
	}
}

// take applies the first rule that fits. more tells whether rest is still to be parsed.
func (p *parser) take(parent *block, x piece) (rest piece, more bool) {
	deep := p.depth > maxNesting
	switch {
	case x.s == "" || x.s[0] == '\n':
		if pre := parent.last(); pre.isCode() {
			pre.text = append(pre.text, "")
		}
		return x.rest(strings.TrimPrefix(x.s, "\n")), len(x.s) > 1
	case strings.HasPrefix(x.s, "    ") && !p.is(detabbed) && (parent.isItem() || parent.last().isList()) && !deep:
		p.indented(parent, x)
		return piece{}, false
	case strings.HasPrefix(x.s, "    "):
		return p.code(parent, x)
	}
	if p.table(parent, x.s) {
		return piece{}, false
	}
	if rest, more, ok := p.heading(parent, &x); ok {
		return rest, more
	}
	if rest, more, ok := underlined(parent, x); ok {
		return rest, more
	}
	if rest, more, ok := p.rule(parent, &x); ok {
		return rest, more
	}
	if !deep {
		if item.MatchString(x.s) {
			p.list(parent, x.s)
			return piece{}, false
		}
		if p.quote(parent, &x) {
			return piece{}, false
		}
	}
	if rest, more, ok := p.reference(parent, &x); ok {
		return rest, more
	}
	p.paragraph(parent, x.s)
	return piece{}, false
}

func (p *parser) paragraph(parent *block, s string) {
	switch {
	case strings.Trim(s, " \n") == "":
	case !p.is(tight):
		parent.add("p").text = []string{strings.TrimLeft(s, " \n")}
	case parent.last() != nil:
		parent.last().tail = append(parent.last().tail, s)
	default:
		parent.text = append(parent.text, strings.TrimLeft(s, " \n"))
	}
}

// code takes the lines that are indented.
func (p *parser) code(parent *block, x piece) (rest piece, more bool) {
	code, after := detab(x.s)
	pre := parent.last()
	if !pre.isCode() {
		pre = parent.add("pre")
	} else {
		pre.text = append(pre.text, "")
	}
	pre.text = append(pre.text, strings.TrimRight(code, " \n"))
	return x.rest(after), after != ""
}

// detab splits text where its indented lines end, and takes a level of indentation off these.
func detab(s string) (indented, rest string) {
	var b strings.Builder
	for s != "" {
		line, after, _ := strings.Cut(s, "\n")
		if content, ok := strings.CutPrefix(line, "    "); ok {
			line = content
		} else if strings.Trim(line, " ") != "" {
			break
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
		s = after
	}
	return b.String(), s
}

// heading takes a line that begins with #, and what is before it.
func (p *parser) heading(parent *block, x *piece) (rest piece, more, ok bool) {
	if x.noHeading {
		return rest, false, false
	}
	from := 0
	if x.s[0] != '#' {
		i := strings.Index(x.s, "\n#")
		if i < 0 {
			x.noHeading = true
			return rest, false, false
		}
		from = i + 1
	}
	if before := strings.TrimSuffix(x.s[:from], "\n"); before != "" {
		p.one(parent, piece{s: before, noHeading: true})
	}
	line, after, _ := strings.Cut(x.s[from:], "\n")
	level := min(len(line)-len(strings.TrimLeft(line, "#")), 6)
	content := strings.TrimRight(line[level:], "#")
	if strings.HasSuffix(content, `\`) { // the mark is escaped
		content = line[level:]
	}
	parent.add("h" + string(rune('0'+level))).text = []string{strings.TrimSpace(content)}
	return x.rest(after), after != "", true
}

// underlined takes a heading of two lines, the second of = or -.
func underlined(parent *block, x piece) (rest piece, more, ok bool) {
	line, after, found := strings.Cut(x.s, "\n")
	if !found || after == "" || after[0] != '=' && after[0] != '-' {
		return rest, false, false
	}
	under, after, _ := strings.Cut(after, "\n")
	if strings.Trim(under, "=- ") != "" || strings.ContainsRune(strings.TrimRight(under, " "), ' ') {
		return rest, false, false
	}
	tag := "h2"
	if under[0] == '=' {
		tag = "h1"
	}
	parent.add(tag).text = []string{strings.TrimSpace(line)}
	return x.rest(after), after != "", true
}

// rule takes a line of three or more -, _ or *, and what is before it.
func (p *parser) rule(parent *block, x *piece) (rest piece, more, ok bool) {
	if x.noRule {
		return rest, false, false
	}
	for from := 0; from <= len(x.s); {
		end := len(x.s)
		if i := strings.IndexByte(x.s[from:], '\n'); i >= 0 {
			end = from + i
		}
		if isRule(x.s[from:end]) {
			if before := strings.TrimRight(x.s[:from], "\n"); before != "" {
				p.one(parent, piece{s: before, noHeading: true, noRule: true})
			}
			parent.add("hr")
			after := strings.TrimLeft(x.s[end:], "\n")
			return x.rest(after), after != "", true
		}
		from = end + 1
	}
	x.noRule = true
	return rest, false, false
}

var ruleLine = regexp.MustCompile(`^ {0,3}(?:(?:-+ {0,2}){3,}|(?:_+ {0,2}){3,}|(?:\*+ {0,2}){3,}) *$`)

func isRule(line string) bool {
	return strings.Trim(line, " -") == "" && ruleLine.MatchString(line) ||
		strings.Trim(line, " _") == "" && ruleLine.MatchString(line) ||
		strings.Trim(line, " *") == "" && ruleLine.MatchString(line)
}

var quoteLine = regexp.MustCompile(`(?m)^ {0,3}> ?`)

// quote takes the piece from its first line that begins with >.
func (p *parser) quote(parent *block, x *piece) bool {
	if x.noQuote {
		return false
	}
	var at []int
	if strings.IndexByte(x.s, '>') >= 0 {
		at = quoteLine.FindStringIndex(x.s)
	}
	if at == nil {
		x.noQuote = true
		return false
	}
	if before := x.s[:at[0]]; before != "" {
		p.one(parent, piece{s: before, noHeading: true, noRule: true, noQuote: true})
	}
	quote := parent.last()
	if quote == nil || quote.tag != "blockquote" {
		quote = parent.add("blockquote")
	}
	p.enter(quoted)
	p.chunk(quote, quoteLine.ReplaceAllString(x.s[at[0]:], ""))
	p.leave()
	return true
}

var referenceLine = regexp.MustCompile(`(?m)^ {0,3}\[([^\[\]]*)\]: *\n? *(\S+) *(?:\n *)?(?:"[^\n]*" *|'[^\n]*' *|\([^\n]*\) *)?$`)

// reference takes the definition of a link, and leaves what is around it.
func (p *parser) reference(parent *block, x *piece) (rest piece, more, ok bool) {
	if x.noRef {
		return rest, false, false
	}
	var m []int
	if strings.Contains(x.s, "]:") {
		m = referenceLine.FindStringSubmatchIndex(x.s)
	}
	if m == nil {
		x.noRef = true
		return rest, false, false
	}
	id := strings.ToLower(strings.TrimSpace(x.s[m[2]:m[3]]))
	p.references[id] = strings.TrimRight(strings.TrimLeft(x.s[m[4]:m[5]], "<"), ">")
	if before := strings.TrimRight(x.s[:m[0]], "\n"); strings.TrimSpace(before) != "" {
		p.one(parent, piece{s: before, noHeading: true, noRule: true, noQuote: true, noRef: true})
	}
	after := strings.TrimLeft(x.s[m[1]:], "\n")
	return x.rest(after), strings.TrimSpace(after) != "", true
}
