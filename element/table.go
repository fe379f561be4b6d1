package element

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// cell is a place of a table as text_as_html has it.
type cell struct {
	text        string // line breaks as line feeds
	head        bool
	rows, cols  int  // that it covers
	hasElements bool // it holds a table
}

// tableRows reads text_as_html; nil when it holds no rows. Whatever else it holds is read as text or left out: it may come
// from anywhere.
func tableRows(source string) [][]cell {
	var rows [][]cell
	var words strings.Builder
	depth, inCell := 0, false // tables around; a cell of the outermost is open
	end := func() {
		if inCell {
			row := rows[len(rows)-1]
			row[len(row)-1].text = strings.TrimSpace(words.String())
			words.Reset()
			inCell = false
		}
	}
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(16 << 20)
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if errors.Is(z.Err(), html.ErrBufferExceeded) || errors.Is(z.Err(), io.EOF) {
				end()
			}
			return rows
		case html.TextToken:
			if inCell {
				words.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch tag := string(name); {
			case tag == "table":
				if kind == html.StartTagToken {
					if depth++; depth > 1 && inCell {
						words.WriteByte(' ')
						row := rows[len(rows)-1]
						row[len(row)-1].hasElements = true
					}
				}
			case tag == "script" || tag == "style" || tag == "noscript" || tag == "iframe" || tag == "textarea" || tag == "title" || tag == "xmp" || tag == "noembed" || tag == "noframes" || tag == "plaintext":
				if kind == html.StartTagToken {
					z.Next() // what stands in them is one text
				}
			case tag == "br":
				if inCell {
					words.WriteByte('\n')
				}
			case depth > 1:
				if inCell && (tag == "td" || tag == "th" || tag == "tr") {
					words.WriteByte(' ')
				}
			case tag == "tr":
				end()
				rows = append(rows, nil)
			case tag == "td" || tag == "th":
				end()
				if len(rows) == 0 {
					rows = append(rows, nil)
				}
				c := cell{head: tag == "th", rows: 1, cols: 1}
				for more {
					var key, value []byte
					key, value, more = z.TagAttr()
					switch string(key) {
					case "rowspan":
						c.rows = span(string(value))
					case "colspan":
						c.cols = span(string(value))
					}
				}
				rows[len(rows)-1] = append(rows[len(rows)-1], c)
				inCell = kind == html.StartTagToken
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch tag := string(name); {
			case tag == "table":
				if depth > 0 {
					depth--
				}
				if depth == 0 {
					end()
				}
			case depth <= 1 && (tag == "td" || tag == "th" || tag == "tr"):
				end()
			}
		}
	}
}

// span reads how many places a cell covers, within bounds.
func span(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, 1000)
}

// appendTable writes a table with nothing in it but rows, cells, spans and text. ok is false when it has no rows.
func appendTable(b *strings.Builder, source string) (ok bool) {
	rows := tableRows(source)
	for _, row := range rows {
		if len(row) == 0 {
			continue
		}
		if !ok {
			b.WriteString("<table>\n")
			ok = true
		}
		b.WriteString("<tr>")
		for _, c := range row {
			tag := "td"
			if c.head {
				tag = "th"
			}
			b.WriteString("<" + tag)
			if c.cols > 1 {
				b.WriteString(` colspan="` + strconv.Itoa(c.cols) + `"`)
			}
			if c.rows > 1 {
				b.WriteString(` rowspan="` + strconv.Itoa(c.rows) + `"`)
			}
			b.WriteString(">" + strings.ReplaceAll(escapeHTML(c.text), "\n", "<br>") + "</" + tag + ">")
		}
		b.WriteString("</tr>\n")
	}
	if ok {
		b.WriteString("</table>\n")
	}
	return ok
}
