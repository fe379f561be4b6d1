// Package plain reads plain text and everything whose MIME type is text/plain: source code, logs, YAML. Paragraphs are
// found by blank lines where there are enough of them, else every line is one, as the reference groups them; each is
// then classified by the text rule (package text).
package plain

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/text"
)

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return nil, err
	}
	s, err := charset.Decode(raw, o.Encoding)
	if err != nil {
		return nil, err
	}
	return Elements(ctx, s, b)
}

// Elements groups and classifies a text.
func Elements(ctx context.Context, s string, b *budget.Budget) ([]element.Element, error) {
	var out []element.Element
	for paragraph := range paragraphs(s) {
		for line := range strings.SplitSeq(paragraph, "\n") {
			if err := b.Tick(ctx); err != nil {
				return nil, err
			}
			line = text.Strip(line)
			if line == "" || isLoneBullet(line) {
				continue
			}
			kind, rest, ok := text.Classify(line)
			if !ok {
				continue
			}
			out = append(out, element.Element{Type: kind, Text: rest})
		}
	}
	return out, nil
}

func isLoneBullet(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	return size == len(s) && text.IsBullet(r)
}

const (
	looked    = 2000 // lines that decide how paragraphs are told apart
	fewBlanks = 0.1  // share of blank lines below which each line is a paragraph
)

// paragraphs yields the pieces of a text.
func paragraphs(s string) func(yield func(string) bool) {
	s = newlines.Replace(s)
	if blankShare(s) < fewBlanks {
		return func(yield func(string) bool) { yield(s) }
	}
	return func(yield func(string) bool) {
		for block := range blocks(s) {
			for _, p := range regroup(block) {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// newlines makes all line ends alike.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func blankShare(s string) float64 {
	lines, blank := 0, 0
	for line := range strings.Lines(s) {
		if lines++; lines > looked {
			lines = looked
			break
		}
		if strings.TrimFunc(line, text.IsSpace) == "" {
			blank++
		}
	}
	if strings.HasSuffix(s, "\n") && lines < looked { // what follows the last line end is a line too
		lines, blank = lines+1, blank+1
	}
	if lines == 0 {
		return 0
	}
	return float64(blank) / float64(lines)
}

// blocks splits where two line ends have nothing but white space between them.
func blocks(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start := 0    // of the block
		end := 0      // behind its last line with text
		blank := true // no line with text yet
		at := 0
		for line := range strings.Lines(s) {
			if strings.TrimFunc(line, text.IsSpace) == "" {
				if !blank {
					if !yield(s[start:end]) {
						return
					}
					blank = true
				}
			} else {
				if blank {
					start, blank = at, false
				}
				end = at + len(line)
			}
			at += len(line)
		}
		if !blank {
			yield(s[start:end])
		}
	}
}

var ocrBullet = regexp.MustCompile(`(?m)^e\s`)

// regroup makes paragraphs of a block: one a bullet, one a line where all lines are short, else one.
func regroup(block string) []string {
	block = strings.TrimFunc(block, text.IsSpace)
	if text.IsBulleted(block) || ocrBullet.MatchString(block[:min(len(block), 8)]) && strings.HasPrefix(block, "e") {
		block = ocrBullet.ReplaceAllString(block, "· ")
		var out []string
		for _, piece := range cutBefore(block) {
			out = append(out, text.Collapse(piece))
		}
		return out
	}
	pieces := cutAt(block)
	short := true
	for _, p := range pieces {
		if strings.Count(strings.TrimFunc(p, text.IsSpace), " ")+1 >= 5 {
			short = false
			break
		}
	}
	if !short {
		var lines []string
		for line := range strings.SplitSeq(block, "\n") {
			lines = append(lines, strings.TrimFunc(line, text.IsSpace))
		}
		return []string{strings.Join(lines, " ")}
	}
	out := pieces[:0]
	for _, p := range pieces {
		if p = strings.TrimFunc(p, text.IsSpace); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// cutBefore cuts before every bullet that no bullet precedes.
func cutBefore(s string) []string {
	var out []string
	start, previous := 0, false
	for i, r := range s {
		bullet := text.IsBullet(r)
		if bullet && !previous && i > start {
			out = append(out, s[start:i])
			start = i
		}
		previous = bullet
	}
	return append(out, s[start:])
}

// cutAt cuts at line ends and at bullets that neither a bullet nor the end follows; both are dropped.
func cutAt(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		size := utf8.RuneLen(r)
		if size < 0 {
			size = 1
		}
		if r != '\n' {
			if !text.IsBullet(r) || i+size >= len(s) {
				continue
			}
			if next, _ := utf8.DecodeRuneInString(s[i+size:]); text.IsBullet(next) {
				continue
			}
		}
		out = append(out, s[start:i])
		start = i + size
	}
	return append(out, s[start:])
}
