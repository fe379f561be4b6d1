package extract_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/extract"
	"github.com/sluicehq/sluice/model"
)

const schema = `{"type":"object","properties":{"title":{"type":"string"},"pages":{"type":"integer"}},"required":["title","pages"],"additionalProperties":false}`

type answers struct {
	list []string
	seen []model.Prompt
}

func (a *answers) Chat(_ context.Context, p model.Prompt) (model.Answer, error) {
	a.seen = append(a.seen, p)
	return model.Answer{Text: a.list[len(a.seen)-1], Usage: model.Usage{Input: 5, Calls: 1}}, nil
}

func document() iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, e := range []element.Element{
			{Type: element.Title, Text: "Report", Metadata: element.Metadata{Filename: "a.pdf", Filetype: "application/pdf"}},
			{Type: element.Table, Text: "1 2", Metadata: element.Metadata{TextAsHTML: "<table><tr><td>1</td><td>2</td></tr></table>"}},
		} {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	a := &answers{list: []string{`{"title":"Report","pages":"many"}`, `{"title":"Report","pages":3}`}}
	e, usage, err := extract.Document(t.Context(), document(), a, extract.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	data, _ := e.Metadata.Extra["extracted_data"].(map[string]any)
	if e.Type != element.DocumentData || e.Text != "" || len(e.ID) != 36 || e.Metadata.Filename != "a.pdf" || data["title"] != "Report" || usage.Calls != 2 {
		t.Errorf("%+v, %+v", e, usage)
	}
	if string(a.seen[0].Schema) != schema || !strings.Contains(a.seen[0].Parts[0].Text, "Report\n\n<table>") {
		t.Errorf("asked %+v", a.seen[0])
	}
	if again := a.seen[1].Parts[1].Text; !strings.Contains(again, "/pages: type") || strings.Contains(again, "many") {
		t.Errorf("asked again with %q", again)
	}
}

func TestGuidance(t *testing.T) {
	t.Parallel()
	a := &answers{list: []string{`{"anything":[1]}`}}
	e, _, err := extract.Document(t.Context(), document(), a, extract.Options{Guidance: "the anything"})
	if err != nil || reflect.DeepEqual(e.Metadata.Extra["extracted_data"], nil) || !strings.Contains(a.seen[0].Parts[0].Text, "the anything") {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	fails := func(want model.Kind, o extract.Options, list ...string) {
		t.Helper()
		_, _, err := extract.Document(t.Context(), document(), &answers{list: list}, o)
		var e *model.Error
		if !errors.As(err, &e) || e.Kind != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	fails(model.BadAnswer, extract.Options{Schema: schema}, "no JSON", "[]")
	fails(model.BadRequest, extract.Options{Schema: `{"type":"nonsense"}`})
	fails(model.BadRequest, extract.Options{Schema: `{"$ref":"file:///etc/passwd"}`})
	fails(model.BadRequest, extract.Options{Schema: `{"$ref":"http://127.0.0.1/x"}`})
	long := func(yield func(element.Element, error) bool) {
		yield(element.Element{Text: strings.Repeat("x", extract.MaxCharacters+1)}, nil)
	}
	_, _, err := extract.Document(t.Context(), long, &answers{}, extract.Options{Schema: schema})
	var e *model.Error
	if !errors.As(err, &e) || e.Kind != model.TooLarge {
		t.Errorf("got %v", err)
	}
}
