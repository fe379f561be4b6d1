package rst

import (
	"encoding/csv"
	"strings"

	"github.com/sluicehq/sluice/partition/markup"
)

// explicit reads what begins with two dots: directives, and comments, targets and notes, which stand nowhere.
func (p *parser) explicit(lines []string, i int) (out []markup.Block, next int) {
	body, next := indented(lines, i+1, 1)
	head := strings.TrimLeft(strings.TrimPrefix(lines[i], ".."), " ")
	if head == "" || strings.HasPrefix(head, "_") || strings.HasPrefix(head, "[") || strings.HasPrefix(head, "|") {
		return nil, next
	}
	name, argument, ok := strings.Cut(head, "::")
	name = strings.TrimRight(name, " ")
	if !ok || strings.ContainsAny(name, " \t`") || argument != "" && argument[0] != ' ' {
		return nil, next
	}
	d := directive{name: strings.ToLower(name), argument: strings.TrimSpace(argument), options: map[string]string{}}
	body = dedented(body)
	for len(body) > 0 && body[0] != "" && field(body[0]) == "" { // the argument goes on
		if isCode(d.name) || d.argument == "" {
			break
		}
		d.argument += "\n" + body[0]
		body = body[1:]
	}
	for len(body) > 0 && field(body[0]) != "" {
		name := field(body[0])
		d.options[strings.ToLower(name)] = strings.TrimSpace(body[0][len(name)+2:])
		body = body[1:]
		for len(body) > 0 && strings.HasPrefix(body[0], " ") {
			body = body[1:]
		}
	}
	for len(body) > 0 && body[0] == "" {
		body = body[1:]
	}
	d.body = dedented(body)
	p.deeper(func() { out = p.directive(d) })
	return out, next
}

func isCode(name string) bool {
	switch name {
	case "code", "code-block", "sourcecode":
		return true
	}
	return false
}

type directive struct {
	name, argument string
	options        map[string]string
	body           []string
}

// directive writes a directive. One that is not known shows its argument and its content.
func (p *parser) directive(d directive) []markup.Block {
	text := func(s string) markup.Block { return markup.Block{HTML: s, Text: markup.Para} }
	titled := func(title string) []markup.Block {
		return append([]markup.Block{text(title)}, p.blocks(d.body, false)...)
	}
	switch d.name {
	case "include", "role", "highlight", "meta", "sectnum", "target-notes", "date", "restructuredtext-test-directive":
		return nil
	case "contents": // the list is made by who shows it
		d.body = nil
	case "unicode":
		return []markup.Block{text(markup.Escape(characters(d.argument)))}
	case "default-role":
		p.role = d.argument
		return nil
	case "code", "code-block", "sourcecode":
		return []markup.Block{{HTML: pre(d.body)}}
	case "math":
		return []markup.Block{text("<span>" + markup.Escape(strings.TrimSpace(d.argument+"\n"+strings.Join(d.body, "\n"))) + "</span>")}
	case "image":
		return []markup.Block{text(p.picture(d))}
	case "figure": // the picture and its caption are a figure, which the rules for HTML leave out; a legend may follow
		if found := p.blocks(d.body, false); len(found) > 1 {
			return found[1:]
		}
		return nil
	case "raw":
		if strings.Contains(" "+d.argument+" ", " html ") {
			return []markup.Block{{HTML: strings.Join(d.body, "\n")}}
		}
		return nil
	case "attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning":
		out := []markup.Block{text(strings.ToUpper(d.name[:1]) + d.name[1:])}
		if d.argument != "" {
			out = append(out, text(p.inline(d.argument)))
		}
		return append(out, p.blocks(d.body, false)...)
	case "admonition":
		return titled(p.inline(d.argument))
	case "topic", "sidebar":
		return titled("<strong>" + p.inline(d.argument) + "</strong>")
	case "rubric":
		return []markup.Block{text("<strong>" + p.inline(d.argument) + "</strong>")}
	case "epigraph", "highlights", "pull-quote":
		return []markup.Block{wrap("blockquote", p.blocks(d.body, false))}
	case "table", "class", "compound", "container":
		return p.blocks(d.body, false)
	case "list-table":
		return p.listTable(d)
	case "csv-table":
		return p.csvTable(d)
	}
	var out []markup.Block
	if d.argument != "" {
		out = append(out, text(p.inline(d.argument)))
	}
	return append(out, p.blocks(d.body, false)...)
}

// picture writes an image with its link.
func (p *parser) picture(d directive) string {
	alt := d.options["alt"]
	if alt == "" {
		alt = "image"
	}
	s := `<img src="` + markup.Escape(strings.Join(strings.Fields(d.argument), "")) + `" alt="` + markup.Escape(alt) + `"/>`
	if target := d.options["target"]; target != "" {
		return `<a href="` + markup.Escape(target) + `">` + s + "</a>"
	}
	return s
}

// caption is the title of a table.
func (p *parser) caption(d directive) string {
	if d.argument == "" {
		return ""
	}
	return "<caption>" + p.inline(d.argument) + "</caption>"
}

// listTable writes a list of lists as rows of cells.
func (p *parser) listTable(d directive) []markup.Block {
	lines := d.body
	if len(lines) == 0 || bullet(lines[0]).width == 0 {
		return nil
	}
	rows, _ := p.items(lines, 0)
	var b strings.Builder
	b.WriteString("<table>" + p.caption(d))
	for _, row := range rows {
		if len(row) == 0 || bullet(row[0]).width == 0 {
			continue
		}
		cells, _ := p.items(row, 0)
		b.WriteString("<tr>")
		for _, c := range cells {
			b.WriteString("<td>")
			markup.Write(&b, p.blocks(c, false))
			b.WriteString("</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>")
	return []markup.Block{{HTML: b.String()}}
}

// csvTable writes rows of values between commas.
func (p *parser) csvTable(d directive) []markup.Block {
	if d.options["file"] != "" || d.options["url"] != "" {
		return nil
	}
	r := csv.NewReader(strings.NewReader(d.options["header"] + "\n" + strings.Join(d.body, "\n")))
	r.LazyQuotes, r.FieldsPerRecord, r.TrimLeadingSpace = true, -1, true
	if delimiter := []rune(d.options["delim"]); len(delimiter) == 1 && delimiter[0] > ' ' && delimiter[0] != '"' && delimiter[0] != 0xfffd {
		r.Comma = delimiter[0]
	}
	var b strings.Builder
	b.WriteString("<table>" + p.caption(d))
	for !p.stopped() {
		row, err := r.Read()
		if err != nil {
			break
		}
		b.WriteString("<tr>")
		for _, c := range row {
			b.WriteString("<td>" + p.inline(c) + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>")
	return []markup.Block{{HTML: b.String()}}
}
