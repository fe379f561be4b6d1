package format

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
)

// Pages are the pages of a document that are wanted, by their place in the file; none means all.
type Pages []Span

// Span is a run of pages, counted from 1. Last 0 is the end of the document.
type Span struct{ First, Last int }

// ParsePages reads pages as print dialogs have them: numbers and ranges, parted by commas, such as 1-5,9 or 12-.
func ParsePages(s string) (Pages, error) {
	const most = 1000 // spans
	var out Pages
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		span := Span{First: 1}
		var err error
		if first = strings.TrimSpace(first); first != "" || !isRange {
			span.First, err = strconv.Atoi(first)
		}
		if last = strings.TrimSpace(last); err == nil && last != "" {
			span.Last, err = strconv.Atoi(last)
		}
		switch {
		case err != nil, part == "-", part == "":
			return nil, fmt.Errorf("%q names no pages; write numbers and ranges, as in 1-5,9", part)
		case span.First < 1 || last != "" && span.Last < 1:
			return nil, fmt.Errorf("%q: pages are counted from 1", part)
		case last != "" && span.Last < span.First:
			return nil, fmt.Errorf("%q ends before it begins", part)
		case len(out) == most:
			return nil, fmt.Errorf("there are more than %d ranges", most)
		}
		out = append(out, span)
	}
	return out, nil
}

// Of returns the places, from 0, of the wanted pages among n, in the order of the document, each once. A span that begins
// behind the last page is an error; one that only ends there is cut.
func (p Pages) Of(n int) ([]int, error) {
	wanted := make([]bool, n)
	for _, s := range p {
		if s.First > n {
			return nil, budget.Errorf(budget.Unsupported, "Page %d was asked for, but the file has %d. Change pages.", s.First, n)
		}
		last := s.Last
		if last == 0 || last > n {
			last = n
		}
		for i := s.First; i <= last; i++ {
			wanted[i-1] = true
		}
	}
	out := make([]int, 0, n)
	for i, w := range wanted {
		if w || len(p) == 0 {
			out = append(out, i)
		}
	}
	return out, nil
}

// Select returns the places of the pages to read of a file with n: those of Pages, at most MaxPages.
func (o Options) Select(n int) ([]int, error) {
	pages, err := o.Pages.Of(n)
	if err == nil && o.MaxPages > 0 && len(pages) > o.MaxPages {
		return nil, budget.Errorf(budget.TooLarge, "Maximum number of PDF file pages exceeded - pages=%d, maximum=%d. Raise max_pages, or name a part of the file with pages.",
			len(pages), o.MaxPages)
	}
	return pages, err
}
