// Package language finds the languages of a text: a port of the langdetect algorithm (naive Bayes over character
// n-grams) with its published profiles of 55 languages, drawing the same pseudo-random numbers, so that it answers as the
// reference does. Codes are those of ISO 639-3.
package language

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	trials    = 7
	alpha     = 0.5     // smoothing
	width     = 0.05    // of the noise on alpha, a standard deviation
	base      = 10_000  // alpha is divided by it
	rounds    = 1_000   // of one trial at most
	certain   = 0.99999 // a trial ends when a language has it
	threshold = 0.1     // a language below it is no answer
)

// Detect returns the languages of a text, the most likely first; none for a text without letters. A text of fewer than
// five words in ASCII is English: there is too little to tell.
func Detect(text string) []string {
	if isShortASCII(text) {
		if strings.TrimSpace(text) == "" {
			return nil
		}
		return []string{"eng"}
	}
	p := load()
	grams := p.gramsOf(text)
	if len(grams) == 0 {
		return nil
	}
	sum := make([]float64, len(p.names))
	prob := make([]float64, len(p.names))
	draw := newRandom()
	for range trials {
		for i := range prob {
			prob[i] = 1 / float64(len(prob))
		}
		weight := (alpha + draw.normal()*width) / base
		for i := 0; ; i++ {
			update(prob, p.of(grams[draw.below(len(grams))]), weight)
			if i%5 == 0 && (normalize(prob) > certain || i >= rounds) {
				break
			}
		}
		for i := range sum {
			sum[i] += prob[i] / trials
		}
	}
	var order []int
	for i := range sum {
		if sum[i] > threshold {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sum[b], sum[a]) })
	var out []string
	for _, i := range order {
		if code := Code(p.names[i]); !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// update multiplies each language's probability by that of an n-gram in it. The shares stand in the order of the languages.
func update(prob []float64, shares []share, weight float64) {
	at := 0
	for _, s := range shares {
		for language := int(s.language); at < language; at++ {
			prob[at] *= weight
		}
		prob[at] *= weight + s.p
		at++
	}
	for ; at < len(prob); at++ {
		prob[at] *= weight
	}
}

// normalize makes the sum 1 and returns the largest.
func normalize(prob []float64) float64 {
	sum, most := 0.0, 0.0
	for _, p := range prob {
		sum += p
	}
	for i := range prob {
		prob[i] /= sum
		most = max(most, prob[i])
	}
	return most
}

// isShortASCII looks at no more of the text than it must.
func isShortASCII(text string) bool {
	words, space := 0, true
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= utf8.RuneSelf {
			return false
		}
		blank := c == ' ' || c >= '\t' && c <= '\r' || c >= 0x1c && c <= 0x1f
		if space && !blank {
			if words++; words >= 5 {
				return false
			}
		}
		space = blank
	}
	return true
}

var addresses = regexp.MustCompile(`https?://[-_.?&~;+=/#0-9A-Za-z]{1,1000}|[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}`)

// dropAddresses puts a space in place of web and mail addresses.
func dropAddresses(text string) string {
	if len(text) > 4*maxText {
		text = text[:4*maxText]
	}
	if !strings.Contains(text, "://") && !strings.Contains(text, "@") {
		return text
	}
	return addresses.ReplaceAllString(text, " ")
}
