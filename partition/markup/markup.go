// Package markup writes the HTML that text formats are turned into before package html reads them: escaped text, and
// notes, which the reference's converter gathers in a numbered list behind the document.
package markup

import (
	"strconv"
	"strings"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// Escape makes text safe between tags and inside quoted attributes.
func Escape(s string) string { return escaper.Replace(s) }

// Notes are the footnotes and endnotes of one document, in the order in which they are first referred to.
type Notes struct{ bodies []string }

// Reserve keeps a number for a note whose body comes later with Set.
func (n *Notes) Reserve() int {
	n.bodies = append(n.bodies, "")
	return len(n.bodies)
}

// Set gives the body of a reserved note.
func (n *Notes) Set(number int, body string) { n.bodies[number-1] = body }

// Mark is what stands in the text for a note.
func Mark(number int) string {
	s := strconv.Itoa(number)
	return `<a href="#fn` + s + `"><sup>` + s + `</sup></a>`
}

// Section is the list of the notes; "" when there are none.
func (n *Notes) Section() string {
	if len(n.bodies) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<section><hr/><ol>\n")
	for i, body := range n.bodies {
		back := `<a href="#fnref` + strconv.Itoa(i+1) + "\">\u21a9\ufe0e</a>"
		b.WriteString("<li>")
		if rest, ok := strings.CutSuffix(strings.TrimRight(body, "\n"), "</p>"); ok {
			b.WriteString(rest + back + "</p>")
		} else {
			b.WriteString(body + "<p>" + back + "</p>")
		}
		b.WriteString("</li>\n")
	}
	b.WriteString("</ol></section>\n")
	return b.String()
}

// Lines cuts a text into lines of spaces: tabs lead to the next column that can be divided by four, as the reference's
// converter has it.
func Lines(s string) []string {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(s), "\n")
	for i, line := range lines {
		if !strings.Contains(line, "\t") {
			continue
		}
		var b strings.Builder
		column := 0
		for _, r := range line {
			if r != '\t' {
				b.WriteRune(r)
				column++
				continue
			}
			n := 4 - column%4
			b.WriteString("    "[:n])
			column += n
		}
		lines[i] = b.String()
	}
	return lines
}
