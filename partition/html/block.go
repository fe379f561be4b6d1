package html

import (
	"encoding/base64"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/text"
)

// block reads an element that is one thing.
func (p *partitioner) block(n *node, c around) {
	switch n.name {
	case "pre":
		s := strings.TrimSuffix(strings.TrimPrefix(verbatim(n), "\n"), "\n")
		if text.Strip(s) != "" {
			p.emitBlock(element.Element{Type: element.CodeSnippet, Text: strings.Clone(s)}, c)
		}
	case "img":
		p.image(n, c)
	case "table":
		if e, ok := table(n, !p.options.NoTableHTML); ok {
			p.emitBlock(e, c)
		}
	}
}

// emitBlock gives an element that stands directly in a link the link. One without text uses it up all the same: what
// follows it is the caption of a picture that is the link.
func (p *partitioner) emitBlock(e element.Element, c around) {
	if a := c.anchor; a != nil && !a.used && a.href != "" {
		a.used = true
		if words := text.Collapse(e.Text); words != "" {
			e.Metadata.LinkTexts, e.Metadata.LinkURLs = []string{words}, []string{strings.Clone(a.href)}
		}
	}
	p.emit(e, c)
}

// verbatim is the text of an element with its white space; a line break is a line feed.
func verbatim(n *node) string {
	var b strings.Builder
	var walk func(*node)
	walk = func(n *node) {
		switch n.name {
		case "":
			b.WriteString(n.text)
		case "br":
			b.WriteByte('\n')
		}
		for _, c := range n.children {
			walk(c)
		}
	}
	walk(n)
	return b.String()
}

// image makes an element of a picture. Its bytes are kept only when they were asked for.
func (p *partitioner) image(n *node, c around) {
	source := strings.TrimSpace(n.attr("data-src"))
	if source == "" {
		source = strings.TrimSpace(n.attr("src"))
	}
	if source == "" {
		return
	}
	e := element.Element{Type: element.Image, Text: strings.Clone(text.Strip(n.attr("alt")))}
	kind, data, isData := dataURI(source)
	switch {
	case !isData:
		e.Metadata.ImageURL = strings.Clone(source)
	case p.options.ImagePayloads && isBase64(data):
		e.Metadata.ImageBase64, e.Metadata.ImageMimeType = data, kind
	}
	p.emitBlock(e, c)
}

// dataURI splits data:image/png;base64,... (RFC 2397). ok is false for anything else.
func dataURI(s string) (kind, data string, ok bool) {
	if len(s) < len("data:") || !strings.EqualFold(s[:len("data:")], "data:") {
		return "", "", false
	}
	head, data, ok := strings.Cut(s[len("data:"):], ",")
	if !ok || !strings.HasSuffix(strings.ToLower(head), ";base64") {
		return "", "", false
	}
	kind, _, _ = strings.Cut(head, ";")
	return strings.ToLower(kind), data, true
}

// isBase64 looks at the beginning only: what is behind it is a matter of who reads the picture.
func isBase64(data string) bool {
	_, err := base64.StdEncoding.DecodeString(data[:min(len(data), 400)/4*4])
	return err == nil && data != ""
}
