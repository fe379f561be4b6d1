package enrich

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// tableTags are what is left of a table that a model wrote: nothing that could act in a page that shows it.
var tableTags = map[atom.Atom]bool{
	atom.Table: true, atom.Thead: true, atom.Tbody: true, atom.Tfoot: true, atom.Tr: true, atom.Th: true, atom.Td: true, atom.Br: true, atom.Caption: true,
}

// tableOf takes the first table out of an answer, without attributes other than spans.
func tableOf(answer string) (string, error) {
	lower := strings.ToLower(answer)
	start, end := strings.Index(lower, "<table"), strings.LastIndex(lower, "</table>")
	if start < 0 || end < start || len(lower) != len(answer) {
		return "", badAnswer("the answer holds no HTML table")
	}
	var b strings.Builder
	cells, silent := 0, 0
	z := html.NewTokenizer(strings.NewReader(answer[start : end+len("</table>")]))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		t := z.Token()
		if t.DataAtom == atom.Script || t.DataAtom == atom.Style {
			switch kind {
			case html.StartTagToken:
				silent++
			case html.EndTagToken:
				silent = max(0, silent-1)
			}
			continue
		}
		switch {
		case silent > 0:
		case kind == html.TextToken:
			b.WriteString(html.EscapeString(strings.Join(strings.Fields(t.Data), " ")))
		case !tableTags[t.DataAtom]:
		case kind == html.EndTagToken:
			b.WriteString("</" + t.Data + ">")
		case t.DataAtom == atom.Br:
			b.WriteString("<br/>")
		default:
			if t.DataAtom == atom.Td || t.DataAtom == atom.Th {
				cells++
			}
			b.WriteString("<" + t.Data)
			for _, a := range t.Attr {
				if (a.Key == "rowspan" || a.Key == "colspan") && len(a.Val) < 5 && strings.Trim(a.Val, "0123456789") == "" {
					b.WriteString(" " + a.Key + `="` + a.Val + `"`)
				}
			}
			b.WriteString(">")
		}
	}
	if cells == 0 {
		return "", badAnswer("the table of the answer has no cells")
	}
	return b.String(), nil
}
