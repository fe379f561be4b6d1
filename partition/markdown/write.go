package markdown

import "strings"

// writer writes blocks as HTML.
type writer struct {
	out        strings.Builder
	stash      *stash
	references map[string]string
}

func (w *writer) children(b *block) {
	for _, child := range b.children {
		w.block(child)
		if len(child.tail) > 0 {
			w.inline("\n" + strings.Join(child.tail, "\n"))
		}
	}
}

func (w *writer) block(b *block) {
	text := strings.Join(b.text, "\n")
	switch {
	case b.isCode():
		w.out.WriteString("<pre><code>")
		w.stash.expand(&w.out, escapeCode(strings.TrimRight(text, " \n")))
		w.out.WriteString("\n</code></pre>\n")
		return
	case b.tag == "p" && isMark(strings.TrimSpace(text)):
		w.stash.expand(&w.out, strings.TrimSpace(text)+"\n")
		return
	}
	w.out.WriteString("<" + b.tag + ">")
	if text != "" {
		w.inline(text)
	}
	w.children(b)
	w.out.WriteString("</" + b.tag + ">\n")
}
