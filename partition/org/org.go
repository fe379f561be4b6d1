// Package org reads Org mode files: headlines with depth, lists, tables, code and other blocks, links, emphasis and
// footnotes. The text is made HTML as the reference's converter makes it, and read as that (package html). Properties,
// planning and comments are no text; what #+INCLUDE names is never read.
package org

import (
	"context"
	"strconv"
	"strings"

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
	ctx     context.Context
	budget  *budget.Budget
	err     error
	notes   markup.Notes
	numbers map[string]int      // of notes, by label
	bodies  map[string][]string // lines of notes, by label
	depth   int
	items   int // of lists that are open
}

func toHTML(ctx context.Context, s string, b *budget.Budget) (string, error) {
	p := &parser{ctx: ctx, budget: b, numbers: map[string]int{}, bodies: map[string][]string{}}
	lines := p.takeNotes(markup.Lines(s))
	var out strings.Builder
	p.document(&out, lines)
	if p.err != nil {
		return "", p.err
	}
	out.WriteString(p.notes.Section())
	return out.String(), nil
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

// takeNotes takes the definitions of footnotes out. One ends at the next, at a headline or at two blank lines.
func (p *parser) takeNotes(lines []string) []string {
	var out []string
	label := ""
	blank := 0
	for _, line := range lines {
		if p.stopped() {
			return nil
		}
		if strings.TrimSpace(line) == "" {
			blank++
		} else {
			if name, rest, ok := noteDefinition(line); ok {
				label, line = name, rest
				if _, twice := p.bodies[label]; twice {
					label = ""
				}
			} else if headline(line) > 0 || blank >= 2 {
				label = ""
			}
			blank = 0
		}
		if label != "" {
			p.bodies[label] = append(p.bodies[label], line)
		} else {
			out = append(out, line)
		}
	}
	return out
}

// noteDefinition reads the start of a line "[fn:label] text".
func noteDefinition(line string) (label, rest string, ok bool) {
	inner, ok := strings.CutPrefix(line, "[fn:")
	if !ok {
		return "", "", false
	}
	label, rest, ok = strings.Cut(inner, "]")
	return label, rest, ok && label != "" && !strings.ContainsAny(label, ": \t")
}

// headline is the level of a headline, 0 of other lines.
func headline(line string) int {
	n := 0
	for n < len(line) && line[n] == '*' {
		n++
	}
	if n == 0 || n == len(line) || line[n] != ' ' {
		return 0
	}
	return n
}

// document writes the sections of a file.
func (p *parser) document(out *strings.Builder, lines []string) {
	hidden := 0 // level of the section that is left out
	start := 0
	flush := func(end int) {
		if hidden == 0 && start < end {
			markup.Write(out, p.blocks(lines[start:end]))
		}
	}
	last := lastEnds(lines)
	literal := "" // the block that is open: headlines in it are text
	for i, line := range lines {
		if p.stopped() {
			return
		}
		if literal != "" {
			if strings.EqualFold(strings.TrimSpace(line), "#+end_"+literal) {
				literal = ""
			}
		} else if name, ok := blockStart(line); ok && isVerbatim(name) && last["#+end_"+name] > i {
			literal = name
		}
		level := 0
		if literal == "" {
			level = headline(line)
		}
		if level == 0 {
			continue
		}
		flush(i)
		start = i + 1
		if hidden > 0 && level > hidden {
			continue
		}
		hidden = 0
		title, shown := p.title(line[level:])
		if !shown {
			hidden = level
			continue
		}
		tag := "h" + strconv.Itoa(min(level, 6))
		out.WriteString("<" + tag + ">" + title + "</" + tag + ">\n")
		for start < len(lines) && isPlanning(lines[start]) { // lines that say when
			lines[start] = ""
			start++
		}
	}
	flush(len(lines))
}

// title writes the text of a headline; false for one that is not shown, with all that is below it.
func (p *parser) title(s string) (string, bool) {
	s = strings.TrimSpace(s)
	var tags []string
	if at := strings.LastIndexByte(s, ' '); strings.HasSuffix(s, ":") && (at < 0 || strings.HasPrefix(s[at+1:], ":")) && len(s)-at > 2 {
		if list := strings.Split(strings.Trim(s[at+1:], ":"), ":"); areTags(list) {
			tags, s = list, strings.TrimSpace(s[:max(at, 0)])
		}
	}
	for _, t := range tags {
		if t == "noexport" {
			return "", false
		}
	}
	word, rest, _ := strings.Cut(s, " ")
	switch word {
	case "COMMENT":
		return "", false
	case "TODO", "DONE":
		s = rest
		word = "<span>" + word + "</span> "
	default:
		word = ""
	}
	out := word + p.inline(s)
	for _, t := range tags {
		out += " <span>" + markup.Escape(t) + "</span>"
	}
	return out, true
}

func areTags(list []string) bool {
	for _, t := range list {
		if t == "" || strings.ContainsFunc(t, func(r rune) bool { return r < '0' && r != '#' && r != '%' }) {
			return false
		}
	}
	return true
}

func isPlanning(line string) bool {
	line = strings.TrimSpace(line)
	for _, word := range []string{"SCHEDULED:", "DEADLINE:", "CLOSED:"} {
		if strings.HasPrefix(line, word) {
			return true
		}
	}
	return false
}
