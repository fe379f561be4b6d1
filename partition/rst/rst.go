// Package rst reads reStructuredText: sections with depth, lists, grid and simple tables, literal blocks, directives, links,
// emphasis and footnotes. The text is made HTML as the reference's converter makes it, and read as that (package html). No
// directive reads a file: include, literalinclude, and the file options of raw and csv-table name files of whoever wrote
// the text, not of the host.
package rst

import (
	"context"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/html"
	"github.com/sluicehq/sluice/partition/markup"
)

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	return html.Converted(ctx, f, o, b, toHTML)
}

// parser turns lines into blocks.
type parser struct {
	ctx    context.Context
	budget *budget.Budget
	err    error
	depth  int

	titles        map[string]int       // level of a section by its adornment
	targets       map[string]string    // addresses by name, "#name" of places in the text
	anonymous     []string             // addresses of links without a name, in order
	substitutions map[string]directive // what stands for |name|
	expanded      int                  // substitutions made
	inside        []string             // substitutions that are being made
	notes         markup.Notes         //
	citations     []citation           // in the order in which they stand
	numbers       map[string]int       // of notes, by label
	bodies        map[string][]string  // lines of notes, by label
	auto          [][]string           // lines of notes that are numbered by their order
	role          string               // of text in single back quotes
}

func toHTML(ctx context.Context, s string, b *budget.Budget) (string, error) {
	p := &parser{ctx: ctx, budget: b, titles: map[string]int{}, targets: map[string]string{}, substitutions: map[string]directive{},
		numbers: map[string]int{}, bodies: map[string][]string{}}
	lines := markup.Lines(s)
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	p.collect(lines)
	var out strings.Builder
	markup.Write(&out, paragraphs(p.blocks(lines, true)))
	if p.err != nil {
		return "", p.err
	}
	p.cited(&out)
	if p.err != nil {
		return "", p.err
	}
	out.WriteString(p.notes.Section())
	return out.String(), nil
}

// citation is a work that the text cites.
type citation struct {
	label string
	lines []string
}

// cited writes the list of the citations.
func (p *parser) cited(out *strings.Builder) {
	if len(p.citations) == 0 {
		return
	}
	out.WriteString("<dl>")
	for _, c := range p.citations {
		if p.stopped() {
			return
		}
		out.WriteString("<dt>" + markup.Escape(c.label) + "</dt><dd>")
		p.deeper(func() { markup.Write(out, paragraphs(p.blocks(c.lines, false))) })
		out.WriteString("</dd>")
	}
	out.WriteString("</dl>\n")
}

func (p *parser) stopped() bool {
	if p.err == nil {
		p.err = p.budget.Tick(p.ctx)
	}
	return p.err != nil
}

// deeper checks the nesting before fn goes a level down.
func (p *parser) deeper(fn func()) {
	p.depth++
	if p.err == nil {
		p.err = p.budget.Depth(p.depth)
	}
	if p.err == nil {
		fn()
	}
	p.depth--
}

// collect gathers what is referred to from elsewhere: targets, substitutions and notes.
func (p *parser) collect(lines []string) {
	for i := 0; i < len(lines); i++ {
		if p.stopped() {
			return
		}
		line := strings.TrimLeft(lines[i], " ")
		indent := len(lines[i]) - len(line)
		if i > 0 && indent == 0 && isAdornment(line, lines[i-1]) && strings.TrimSpace(lines[i-1]) != "" {
			if name := normal(lines[i-1]); p.targets[name] == "" && len(name) < maxLink {
				p.targets[name] = "#" + slug(name)
			}
		}
		if rest, ok := strings.CutPrefix(line, "__ "); ok {
			p.anonymous = append(p.anonymous, strings.TrimSpace(rest))
			continue
		}
		if !strings.HasPrefix(line, ".. ") {
			continue
		}
		rest := strings.TrimLeft(line[3:], " ")
		switch {
		case strings.HasPrefix(rest, "__:"):
			p.anonymous = append(p.anonymous, strings.TrimSpace(rest[3:]))
		case strings.HasPrefix(rest, "_"):
			if name, address, ok := target(rest); ok {
				body, _ := indented(lines, i+1, indent+1)
				for _, more := range body {
					if len(address) > maxAddress {
						break
					}
					address += strings.TrimSpace(more)
				}
				if address == "" {
					address = "#" + name
				}
				if len(address) <= maxAddress {
					p.targets[name] = address
				}
			}
		case strings.HasPrefix(rest, "|"):
			name, what, ok := strings.Cut(rest[1:], "| ")
			kind, argument, isDirective := strings.Cut(what, "::")
			if !ok || !isDirective || len(argument) > maxAddress {
				continue
			}
			d := directive{name: strings.TrimSpace(kind), argument: strings.TrimSpace(argument), options: map[string]string{}}
			body, _ := indented(lines, i+1, indent+1)
			for _, more := range body {
				more = strings.TrimSpace(more)
				if option := field(more); option != "" {
					d.options[strings.ToLower(option)] = strings.TrimSpace(more[len(option)+2:])
				} else if len(d.options) == 0 && len(d.argument) <= maxAddress {
					d.argument = strings.TrimSpace(d.argument + " " + more)
				}
			}
			p.substitutions[normal(name)] = d
		case strings.HasPrefix(rest, "["):
			label, first, ok := strings.Cut(rest[1:], "]")
			if !ok {
				continue
			}
			body, _ := indented(lines, i+1, indent+1)
			body = append([]string{strings.TrimSpace(first)}, dedented(body)...)
			if !isNote(label) {
				p.citations = append(p.citations, citation{label, body})
			} else if label == "#" || label == "*" {
				p.auto = append(p.auto, body)
			} else if p.bodies[label] == nil {
				p.bodies[label] = body
			}
		}
	}
}

const maxAddress = 64 << 10 // bytes of an address or substitution

// target reads "_name: address"; back quotes may stand around a name that holds a colon.
func target(s string) (name, address string, ok bool) {
	s = s[1:]
	if strings.HasPrefix(s, "`") {
		name, address, ok = strings.Cut(s[1:], "`:")
	} else {
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' {
				i++
			} else if s[i] == ':' && (i+1 == len(s) || s[i+1] == ' ') {
				name, address, ok = strings.ReplaceAll(s[:i], `\`, ""), s[i+1:], true
				break
			}
		}
	}
	return normal(name), strings.TrimSpace(address), ok && name != ""
}

// slug is the id that a section's title gives it.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_', r == '.':
			return r
		}
		return -1
	}, name)
}

// normal makes names that differ in case and white space one.
func normal(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// isNote tells labels of footnotes from those of citations, which have none in the text.
func isNote(label string) bool {
	if label == "*" || strings.HasPrefix(label, "#") {
		return true
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}

// indented takes the lines from i on that are blank or begin with at least so many spaces, without blank ones at the end;
// next is the line behind them.
func indented(lines []string, i, least int) (body []string, next int) {
	end := i
	for next = i; next < len(lines); next++ {
		if lines[next] == "" {
			continue
		}
		if indentOf(lines[next]) < least {
			break
		}
		end = next + 1
	}
	return lines[i:end], end
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// dedented drops the space that all lines begin with.
func dedented(lines []string) []string {
	least := -1
	for _, line := range lines {
		if n := indentOf(line); line != "" && (least < 0 || n < least) {
			least = n
		}
	}
	if least <= 0 {
		return lines
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = line[min(least, len(line)):]
	}
	return out
}
