package format

// maxSpread is what the merged cells of one file may repeat, bytes; a place counts as much as its text and a bit more.
const maxSpread = 64 << 20

// Spread bounds the copies that merged cells make of their text: a few bytes of markup can claim a thousand of them.
// Past the bound the places that a cell covers stay empty; its own text is never lost.
type Spread struct{ used int }

// Text is what stands in one more place that a merged cell covers.
func (s *Spread) Text(text string) string {
	if s.used += len(text); s.used > maxSpread {
		return ""
	}
	return text
}

// Places is how many of the n places that a cell covers, itself included, are laid out.
func (s *Spread) Places(n int) int {
	const place = 32 // bytes of one without text
	if s.used += place * (n - 1); s.used > maxSpread {
		return 1
	}
	return n
}
