package markup

import "strings"

// Block is a piece of a document as HTML. A text is written as a paragraph, or bare where a list is tight.
type Block struct {
	HTML string // of a text what stands in its paragraph, else whole elements
	Text Kind
}

// Kind tells texts from other blocks.
type Kind int

const (
	Whole Kind = iota // no text: a list, table, code, quotation
	Para              // a text that a blank line ends
	Plain             // a text that something else ends
)

// Write writes blocks one after the other.
func Write(b *strings.Builder, blocks []Block) {
	for _, k := range blocks {
		switch k.Text {
		case Para:
			b.WriteString("<p>" + k.HTML + "</p>\n")
		default:
			b.WriteString(k.HTML + "\n")
		}
	}
}

// List writes a list. Its items are tight when none of them holds paragraphs, or only the last one does, at its end; else
// every text in it is a paragraph.
func List(tag string, items [][]Block) Block {
	if last := items[len(items)-1]; len(last) > 0 && last[len(last)-1].Text == Para && count(items) == 1 {
		last[len(last)-1].Text = Plain
	} else if count(items) > 0 {
		for _, item := range items {
			for i := range item {
				if item[i].Text == Plain {
					item[i].Text = Para
				}
			}
		}
	}
	var b strings.Builder
	b.WriteString("<" + tag + ">\n")
	for _, item := range items {
		b.WriteString("<li>")
		Write(&b, item)
		b.WriteString("</li>\n")
	}
	b.WriteString("</" + tag + ">")
	return Block{HTML: b.String()}
}

func count(items [][]Block) int {
	n := 0
	for _, item := range items {
		for _, k := range item {
			if k.Text == Para {
				n++
			}
		}
	}
	return n
}
