package api

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/element"
)

func TestStreamElements(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	err := streamElements(w, element.HTML, func(yield func(element.Element, error) bool) {
		yield(element.Element{Type: element.Title, Text: "<Locks>"}, nil)
	})
	if err != nil || !strings.Contains(w.Body.String(), "<h1>&lt;Locks&gt;</h1>") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") ||
		!strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "sandbox;") {
		t.Errorf("%v %v %s", err, w.Header(), w.Body)
	}
	// An error before anything was sent is an answer of its own.
	broken := errors.New("broken")
	w = httptest.NewRecorder()
	err = streamElements(w, element.NDJSON, func(yield func(element.Element, error) bool) {
		if yield(element.Element{Type: element.Title, Text: "Locks"}, nil) {
			yield(element.Element{}, broken)
		}
	})
	if !errors.Is(err, broken) || w.Body.Len() > 0 {
		t.Errorf("%v %q", err, w.Body)
	}
	// One behind that breaks the connection off, and the writing ends.
	stopped := make(chan struct{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("half an answer looks whole")
			}
		}()
		_ = streamElements(httptest.NewRecorder(), element.Text, func(yield func(element.Element, error) bool) {
			defer close(stopped)
			if yield(element.Element{Text: strings.Repeat("Locks ", 100_000)}, nil) {
				yield(element.Element{}, broken)
			}
		})
	}()
	<-stopped
}
