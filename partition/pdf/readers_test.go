package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// book is a document of n pages that say their number.
func book(n int) *writer {
	w := &writer{}
	for i := range n {
		w.page(at(50, 400, 11, fmt.Sprintf("Page %d says a few words here.", i+1)), "")
	}
	return w
}

func TestPagesInOrder(t *testing.T) {
	t.Parallel()
	d := book(100).open(t)
	pages, err := format.Options{Pages: format.Pages{{First: 2}}}.Select(d.Pages())
	if err != nil {
		t.Fatal(err)
	}
	for _, slow := range []bool{false, true} {
		got, err := readPages(t.Context(), d, pages, func(ctx context.Context, d *Document, i int) (func() (string, error), bool, error) {
			p, err := d.Page(ctx, i)
			return func() (string, error) {
				var text strings.Builder
				for _, g := range p.Glyphs {
					text.WriteString(g.Text)
				}
				return text.String(), nil
			}, slow, err
		})
		if err != nil || len(got) != 99 {
			t.Fatal(err, len(got))
		}
		for k, text := range got {
			if text != fmt.Sprintf("Page %d says a few words here.", k+2) {
				t.Errorf("at %d: %s", k, text)
			}
		}
	}
}

// Pages that take all memory cost only themselves where several read the document, whoever meets them.
func TestBombsInABook(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills the memory of PDFium")
	}
	w := book(48)
	content := deflated("0 0 1 1 re f\n", 20_000_000)
	w.objects = []string{fmt.Sprintf("<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream", len(content), content)}
	file := w.bytes()
	for _, i := range []int{3, 4, 30} {
		file = bytes.Replace(file, fmt.Appendf(nil, "/Contents %d 0 R", pageObject(i)+1), fmt.Appendf(nil, "/Contents %d 0 R", 100), 1)
	}
	elements, err := parse(t.Context(), file, format.Options{Strategy: "fast"})
	if err != nil {
		t.Fatal(err)
	}
	page := 0
	for _, e := range elements {
		if page++; page == 4 {
			page = 6
		} else if page == 31 {
			page++
		}
		if e.Text != fmt.Sprintf("Page %d says a few words here.", page) || *e.Metadata.PageNumber != page {
			t.Fatalf("got page %d, %q, want page %d", *e.Metadata.PageNumber, e.Text, page)
		}
	}
	if got := fmt.Sprint(elements[0].Metadata.Extra[unreadKey]); page != 48 || strings.Count(got, "384 MiB") != 3 || !strings.Contains(got, "page_number:31") {
		t.Errorf("last page %d, %s", page, got)
	}
}

func TestFirstFailureWins(t *testing.T) {
	t.Parallel()
	d := book(60).open(t)
	pages, _ := format.Options{}.Select(60)
	for _, slow := range []bool{false, true} {
		_, err := readPages(t.Context(), d, pages, func(_ context.Context, _ *Document, i int) (func() (int, error), bool, error) {
			return func() (int, error) {
				switch {
				case i == 20:
					panic("a page of trouble")
				case i > 20:
					return 0, errors.New("a later page")
				}
				return i, nil
			}, slow, nil
		})
		var failed *budget.Error
		if !slow && (!errors.As(err, &failed) || failed.Outcome != budget.Crashed) || err == nil {
			t.Errorf("got %v", err)
		}
	}
}

func TestStoppedReading(t *testing.T) {
	t.Parallel()
	d := book(60).open(t)
	pages, _ := format.Options{}.Select(60)
	ctx, cancel := context.WithCancel(t.Context())
	read := 0
	_, err := readPages(ctx, d, pages[:10], func(ctx context.Context, d *Document, i int) (func() (int, error), bool, error) {
		if read++; i == 3 {
			cancel()
		}
		_, err := d.Page(ctx, i)
		return func() (int, error) { return i, nil }, false, err
	})
	if !errors.Is(err, context.Canceled) || read > 4 {
		t.Errorf("%v after %d pages", err, read)
	}
}

func TestPageRanges(t *testing.T) {
	t.Parallel()
	w := book(9)
	elements := want(t, w, format.Options{Pages: format.Pages{{First: 8}, {First: 2, Last: 2}}, StartingPageNumber: 11},
		"NarrativeText: Page 2 says a few words here.", "NarrativeText: Page 8 says a few words here.", "NarrativeText: Page 9 says a few words here.")
	if *elements[0].Metadata.PageNumber != 12 || *elements[2].Metadata.PageNumber != 19 {
		t.Errorf("%d, %d", *elements[0].Metadata.PageNumber, *elements[2].Metadata.PageNumber)
	}
	for _, o := range []format.Options{{MaxPages: 8}, {Pages: format.Pages{{First: 10, Last: 12}}}} {
		var failed *budget.Error
		if _, err := parse(t.Context(), w.bytes(), o); !errors.As(err, &failed) || !strings.Contains(failed.Message, "9") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	want(t, w, format.Options{Pages: format.Pages{{First: 1, Last: 1}}, MaxPages: 1}, "NarrativeText: Page 1 says a few words here.")
}

// A long document takes no more of PDFium's memory than a short one.
func TestLongDocument(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads thousands of pages")
	}
	most := func(n int) (peak int) {
		w := &writer{}
		for i := range n {
			w.page(strings.Repeat(at(50, 400, 11, fmt.Sprintf("Page %d says a few words here.", i+1)), 8)+"%"+strings.Repeat("x", 20_000), "")
		}
		w.during(t, func(d *Document) {
			for i := range d.Pages() {
				if _, err := d.Page(t.Context(), i); err != nil {
					t.Fatal(err)
				}
				peak = max(peak, d.in.Grown())
			}
		})
		return peak
	}
	short, long := most(50), most(5000)
	t.Logf("PDFium grew by %d and %d KiB", short>>10, long>>10)
	if long > grown+32<<20 {
		t.Errorf("5,000 pages took %d MiB, 50 pages %d", long>>20, short>>20)
	}
}
