package connectortest

import (
	"fmt"
	"iter"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/element"
)

// With returns a copy of a config in which one field has another value.
func With(config map[string]any, name string, value any) map[string]any {
	out := maps.Clone(config)
	out[name] = value
	return out
}

// AtHostPort is a Destination.At of configs with the fields host and port.
func AtHostPort(t *testing.T, config map[string]any, address string) map[string]any {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(port, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return With(With(config, "host", host), "port", n)
}

// OnEach runs a test against several servers, such as a fake and the real one, side by side.
func OnEach[S any](t *testing.T, test func(t *testing.T, s S), start map[string]func(testing.TB) S) {
	t.Helper()
	for name, start := range start {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t))
		})
	}
}

// OpenSource opens a source, which is closed with the test.
func OpenSource(t testing.TB, kind string, config map[string]any, env connector.Env) connector.Source {
	t.Helper()
	s, err := connector.OpenSource(kind, config, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// OpenDestination opens a destination, which is closed with the test.
func OpenDestination(t testing.TB, kind string, config map[string]any, env connector.Env) connector.Destination {
	t.Helper()
	d, err := connector.OpenDestination(kind, config, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Marked makes n plain elements with the texts "MARK 0", "MARK 1" and so on, with vectors of so many dimensions; 0 gives none.
func Marked(mark string, n, dimensions int) []element.Element {
	out := make([]element.Element, n)
	for i := range out {
		out[i] = element.Element{Type: element.NarrativeText, ID: fmt.Sprintf("%s-%d", mark, i), Text: fmt.Sprintf("%s %d", mark, i)}
		if dimensions > 0 {
			out[i].Embeddings = Embedding(byte(i), dimensions)
		}
	}
	return out
}

// Padded makes n plain elements as Marked does, without vectors, each with so many more characters of text.
func Padded(mark string, n, size int) []element.Element {
	out := Marked(mark, n, 0)
	for i := range out {
		out[i].Text += " " + strings.Repeat("x", size)
	}
	return out
}

// Stream gives elements one by one.
func Stream(elements []element.Element) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Texts returns the texts of records, sorted.
func Texts(records []Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, r.Text)
	}
	slices.Sort(out)
	return out
}

// TextsOf returns the texts of elements, sorted.
func TextsOf(sets ...[]element.Element) []string {
	var out []string
	for _, e := range slices.Concat(sets...) {
		out = append(out, e.Text)
	}
	slices.Sort(out)
	return out
}
