package pdf

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/ocr"
	"github.com/sluicehq/sluice/partition/text"
)

// Recognized makes the elements of a page whose text an OCR has read: with strategy ocr_only the engine's own paragraphs
// in its own order, by the text rule; else as those of any page. width and height are those of the page, turned upright,
// in points.
func Recognized(ctx context.Context, t ocr.Text, width, height float64, pageNumber int, o format.Options, b *budget.Budget) (Sheet, error) {
	if o.Strategy != "ocr_only" {
		return Layout(ctx, t.Page(width, height), model, pageNumber, o, b)
	}
	glyphs := t.Glyphs(layout.Box{X1: width, Y1: height})
	s := Sheet{page: pageNumber}
	for from := 0; from < len(glyphs); {
		if err := b.Tick(ctx); err != nil {
			return Sheet{}, err
		}
		to := from + 1
		for to < len(glyphs) && t.Words[to].Block == t.Words[from].Block && t.Words[to].Paragraph == t.Words[from].Paragraph {
			to++
		}
		p := piece{box: glyphs[from].Box}
		words := make([]string, 0, to-from)
		for _, g := range glyphs[from:to] {
			words = append(words, g.Text)
			p.box = p.box.Union(g.Box)
		}
		var ok bool
		if p.kind, p.text, ok = text.Classify(joined(words)); ok {
			s.elements = append(s.elements, p.element(pageNumber, width, height))
		}
		from = to
	}
	return s, nil
}

// joined puts words together with a space between them, but none between characters of a script that is written without:
// an engine gives each of these as a word.
func joined(words []string) string {
	var s strings.Builder
	var last rune
	for _, w := range words {
		first, _ := utf8.DecodeRuneInString(w)
		if s.Len() > 0 && !(unspaced(last) && unspaced(first)) {
			s.WriteByte(' ')
		}
		s.WriteString(w)
		last, _ = utf8.DecodeLastRuneInString(w)
	}
	return s.String()
}

// unspaced tells characters of Chinese and Japanese and their punctuation.
func unspaced(r rune) bool {
	return r >= 0x2E80 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0xFF00 && r <= 0xFF9F || r >= 0x20000 && r <= 0x3FFFF
}
