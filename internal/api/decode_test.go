package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestObject(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]any{
		`{"a": 1}`:                  map[string]any{"a": int64(1)},
		"\ufeff{\"a\": 1.5}":        map[string]any{"a": 1.5},
		"{\n// no\n\"a\": \"//\" }": map[string]any{"a": "//"},
		`{"a": "\"// x"} // end`:    map[string]any{"a": `"// x`},
		"":                          "missing",
		"  ":                        "missing",
		"{":                         "json_invalid",
		"{} {}":                     "json_invalid",
		"[1]":                       "model_attributes_type",
		"null":                      "model_attributes_type",
		"{\"a\": // cut":            "json_invalid",
	} {
		got, err := object(httptest.NewRecorder(), &request{Request: httptest.NewRequest("POST", "/", strings.NewReader(body))})
		if object, ok := want.(map[string]any); ok {
			if err != nil || !reflect.DeepEqual(got, object) {
				t.Errorf("%q: %v %v", body, got, err)
			}
			continue
		}
		var e *apiError
		if !errors.As(err, &e) || e.status != 422 || e.detail.([]fieldError)[0].Type != want {
			t.Errorf("%q: %v", body, err)
		}
	}
	large := strings.NewReader(`{"a":"` + strings.Repeat("x", maxBody) + `"}`)
	_, err := object(httptest.NewRecorder(), &request{Request: httptest.NewRequest("POST", "/", large)})
	if e := (&server{}).explain(&recorder{}, httptest.NewRequest("POST", "/", nil), err); e.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%v", e)
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	read := func(raw string) *query {
		v, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		return &query{values: v}
	}
	q := read("n=7&f=TRUE&none=None&null=null&id=2F9C1D0E-0C39-4D58-9F0F-0C1F0A7C7B21")
	if q.number("n", 1) != 7 || !q.flag("f") || q.text("none") != "" || q.text("null") != "" || q.number("absent", 5) != 5 ||
		q.id("id") != "2f9c1d0e-0c39-4d58-9f0f-0c1f0a7c7b21" || q.err() != nil {
		t.Errorf("%+v", q)
	}
	want := time.Date(2026, 1, 5, 9, 12, 44, 120331000, time.UTC)
	for _, text := range []string{
		"2026-01-05T09:12:44.120331Z", "2026-01-05T09:12:44.120331", "2026-01-05 09:12:44.120331", "2026-01-05T10:12:44.120331%2B01:00",
		"2026-01-05T10:12:44.120331+01:00",
	} {
		q := read("t=" + text)
		if got := q.time("t"); !got.Equal(want) || q.err() != nil {
			t.Errorf("%s: %s %v", text, got, q.err())
		}
	}
	for raw, kind := range map[string]string{
		"x=0": "greater_than_equal", "x=y": "int_parsing", "x=1.5": "int_parsing", "x=99999999999": "less_than_equal",
	} {
		q := read(raw)
		if q.number("x", 1); q.wrong == nil || q.wrong[0].Type != kind {
			t.Errorf("%s: %+v", raw, q.wrong)
		}
	}
	q = read("f=perhaps&t=soon&id=x")
	q.flag("f")
	q.time("t")
	q.id("id")
	if len(q.wrong) != 3 || !reflect.DeepEqual(q.wrong[1].Loc, []any{"query", "t"}) {
		t.Errorf("%+v", q.wrong)
	}
}

func TestStamp(t *testing.T) {
	t.Parallel()
	if got := stamp(time.Date(2026, 1, 5, 10, 0, 0, 0, time.FixedZone("", 3600))); got != "2026-01-05T09:00:00.000000Z" {
		t.Error(got)
	}
	if stamp(time.Time{}) != nil {
		t.Error("no time is null")
	}
}
