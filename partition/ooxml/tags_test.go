package ooxml

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/partition/budget"
)

// written lists what Tags gives: +name of starts with the attribute a, -of ends, texts.
func written(t testing.TB, p *Package) (string, error) {
	t.Helper()
	tags, err := p.Tags(t.Context(), "x.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer tags.Close()
	var b strings.Builder
	for {
		kind, err := tags.Next()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return b.String(), err
		}
		switch kind {
		case TagStart:
			fmt.Fprintf(&b, "+%s[%s]", tags.Name, tags.Attr("a"))
		case TagEnd:
			b.WriteByte('-')
		case TagText:
			b.Write(tags.AppendText(nil))
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`<?xml version="1.0"?><w:r xmlns:w="u" w:a = '1'><b a="x > y"/>t<!-- <c> --></w:r>`: "+r[1]+b[x > y]-t-",
		"\ufeff<r>a&amp;b&lt;&#65;&#x42;&unknown;&#0; &\r\nc\rd<![CDATA[<&amp;]]></r>":      "\ufeff+r[]a&b<AB&unknown;&#0; &\nc\nd<&amp;-",
		`<!DOCTYPE r [<!ENTITY a "b>c"> <!-- -- >]>` + `<r b="2" xa="3"/>`:                  "+r[]-",
		utf16le(`<r a="ü">é</r>`): "+r[ü]é-",
		"":                        "",
		"only text":               "only text",
		"<r " + strings.Repeat("b='1' ", 20_000) + "a='2'>" + strings.Repeat("x", 200_000) + "</r>": "+r[2]" + strings.Repeat("x", 200_000) + "-",
	} {
		if got, err := written(t, mustOpen(t, pack(t, "x.xml", content))); got != want || err != nil {
			t.Errorf("%.60s: %.60q, %v", content, got, err)
		}
	}
	for name, c := range map[string]struct {
		content string
		want    budget.Outcome
	}{
		"cut in a tag": {"<r><b", budget.Corrupt}, "cut in a quote": {`<r a="`, budget.Corrupt}, "cut in a comment": {"<r><!-- x", budget.Corrupt},
		"cut in data": {"<r><![CDATA[x", budget.Corrupt}, "cut in a declaration": {"<!DOCTYPE r [<!ENTITY", budget.Corrupt}, "no name": {"<r>< a='1'></r>", budget.Corrupt},
		"a long text": {"<r>" + strings.Repeat("x", 17<<20), budget.TooLarge}, "a long tag": {"<r a='" + strings.Repeat("x", 17<<20), budget.TooLarge},
	} {
		_, err := written(t, mustOpen(t, pack(t, "x.xml", c.content)))
		if err == nil {
			t.Errorf("%s: read", name)
		}
		wantOutcome(t, err, c.want)
	}
}

func TestSkipTags(t *testing.T) {
	t.Parallel()
	tags, err := mustOpen(t, pack(t, "x.xml", "<r><a><b/><c>x</c></a><d/></r>")).Tags(t.Context(), "x.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer tags.Close()
	for _, want := range []string{"r", "a"} {
		if kind, err := tags.Next(); kind != TagStart || string(tags.Name) != want || err != nil {
			t.Fatalf("%v %s %v, want %s", kind, tags.Name, err, want)
		}
	}
	if err := tags.Skip(); err != nil {
		t.Fatal(err)
	}
	if kind, err := tags.Next(); kind != TagStart || string(tags.Name) != "d" || err != nil {
		t.Fatalf("%v %s %v", kind, tags.Name, err)
	}
	tags, err = mustOpen(t, pack(t, "x.xml", strings.Repeat("<a>", 100_000))).Tags(t.Context(), "x.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer tags.Close()
	if _, err := tags.Next(); err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, tags.Skip(), budget.TooLarge)
}

func FuzzTags(f *testing.F) {
	f.Add([]byte(`<r a="1"><b/>x&amp;<!-- c --><![CDATA[d]]></r>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, _ = written(t, mustOpen(t, pack(t, "x.xml", string(content))))
	})
}
