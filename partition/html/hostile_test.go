package html

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// traps are pages on which a parser can recurse without end or do work that grows with the square of the length.
func traps(n int) map[string]string {
	return map[string]string{
		"open blocks":          strings.Repeat("<div>", n) + "deep words here",
		"open phrases":         strings.Repeat("<b><i>", n/2) + "deep words here",
		"open lists":           strings.Repeat("<ul><li>", n/2) + "deep words here",
		"open tables":          strings.Repeat("<table><tr><td>", n/3) + "deep words here",
		"open unknown tags":    "deep words here" + strings.Repeat("<x>", n),
		"formatting adopted":   strings.Repeat("<a><b><p>", n/3) + strings.Repeat("</b></a></p>", n/3) + "deep words here",
		"end tags of nothing":  strings.Repeat("x</b>", n) + " deep words here",
		"texts cut by nothing": strings.Repeat("x<!---->", n) + " deep words here",
		"end tags held back":   strings.Repeat("<b>", 100) + "<table><tr><td>" + strings.Repeat("</b>", n) + "deep words here",
		"attributes":           "<p " + strings.Repeat("href=a ", n) + ">deep words here",
		"lone angles":          strings.Repeat("<", n) + " deep words here",
		"comments without end": "deep words here" + strings.Repeat("<!--", n),
		"scripts without end":  "deep words here" + strings.Repeat("<script></scrip>", n),
		"quotes without end":   "deep words here" + strings.Repeat(`<a href="`, n),
		"references":           "deep words here" + strings.Repeat("&amp", n),
		"references in values": "deep words here<a href='" + strings.Repeat("&", n) + ";'>",
		"links without text":   "deep words here" + strings.Repeat("<a href=x></a>", n),
		"anchors in anchors":   strings.Repeat("<a href=x><span>", n/2) + "deep words here",
	}
}

func TestTraps(t *testing.T) {
	t.Parallel()
	for name, page := range traps(100_000) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := summary(elements(t, page))
			if !strings.Contains(got, "deep words here") {
				t.Errorf("the words are lost: %.200q", got)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Elements(ctx, strings.Repeat("<p>x y", 10_000), format.Options{}, budget.New(budget.Default)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled parse ends with %v", err)
	}
}

// TestLargePicture holds that a picture inside the page is not copied when nobody asked for it.
func TestLargePicture(t *testing.T) { // not parallel: it counts what is allocated
	page := `<p>Before it<img alt="Plan" src="data:image/png;base64,` + strings.Repeat("QUJD", 4<<20) + `"><p>After it`
	elements(t, "<p>Words first, since the tagger is loaded with them.")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := Elements(t.Context(), page, format.Options{}, budget.New(budget.Default))
	runtime.ReadMemStats(&after)
	if err != nil || summary(got) != "UncategorizedText: Before it\nImage: Plan\nUncategorizedText: After it\n" {
		t.Fatalf("%v, %v", summary(got), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("a page of %d bytes takes %d bytes more", len(page), used)
	}
}

func FuzzElements(f *testing.F) {
	for _, page := range traps(50) {
		f.Add(page)
	}
	f.Add(`<!DOCTYPE html><html><head><meta charset=utf-8><title>t</title></head><body><main><h1>A</h1><ul><li>b<table><tr><td>c</ul></main>`)
	f.Add(`<img src="data:image/png;base64,AAAA"><a href=x><img data-src=y alt="&quot;z">w</a><pre>` + "\n a\r\n b\r" + `</pre>`)
	f.Add("<p data-page-number=3>- \u2022 x<br>\u00a0y<wbr>z<del>q</p></del></body>tail")
	f.Fuzz(func(t *testing.T, page string) {
		got, err := Elements(t.Context(), page, format.Options{ImagePayloads: true}, budget.New(budget.Default))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got {
			if e.Type == "" || e.Text == "" && e.Type != "Image" {
				t.Errorf("element without type or text: %+v", e)
			}
			if utf8.ValidString(page) && !utf8.ValidString(e.Text) {
				t.Errorf("text %q is not UTF-8", e.Text)
			}
			if len(e.Metadata.LinkTexts) != len(e.Metadata.LinkURLs) ||
				len(e.Metadata.EmphasizedTextContents) != len(e.Metadata.EmphasizedTextTags) {
				t.Errorf("lists of different lengths: %+v", e.Metadata)
			}
		}
	})
}

func BenchmarkElements(b *testing.B) {
	page := strings.Repeat(`<div class="post"><h2>Gate log</h2><p>The <a href="/gate">gate</a> was opened at <b>six</b> by the crew of
		the upper reach.</p><ul><li>Rope</li><li>Hook</li></ul><table><tr><td>Lock</td><td>3.2</td></tr></table></div>`, 2000)
	b.Run("tree", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parse(b.Context(), page, budget.New(budget.Default)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("elements", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Elements(b.Context(), page, format.Options{}, budget.New(budget.Default)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
