package connectortest

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
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

// Listed returns the rest of a listing behind a cursor, and checks what holds for every document.
func Listed(t *testing.T, source connector.Source, from string) []document.Document {
	t.Helper()
	return listed(t, source, connector.Cursor(from))
}

// Paths are the paths of documents, in their order.
func Paths(list []document.Document) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Path)
	}
	return out
}

// Fetched reads a document whole. The file that it returns too is closed.
func Fetched(t *testing.T, source connector.Source, d document.Document) (string, document.File) {
	t.Helper()
	f, err := source.Fetch(t.Context(), d)
	if err != nil {
		t.Fatalf("fetch of %q: %v", d.Path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(f.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(text), f
}

// ListError is the error with which a listing behind a cursor ends; nil for none.
func ListError(t *testing.T, source connector.Source, from string) error {
	t.Helper()
	for _, err := range source.Index(t.Context(), connector.Cursor(from)) {
		if err != nil {
			return err
		}
	}
	return nil
}

// Access is the permissions_data of those who may read, update and delete: their ids between spaces and in order, those that
// begin with g being groups.
func Access(read, update, remove string) []map[string]any {
	one := func(name, text string) map[string]any {
		users, groups := []any{}, []any{}
		for id := range strings.FieldsSeq(text) {
			if strings.HasPrefix(id, "g") {
				groups = append(groups, id)
			} else {
				users = append(users, id)
			}
		}
		return map[string]any{name: map[string]any{"users": users, "groups": groups}}
	}
	return []map[string]any{one("read", read), one("update", update), one("delete", remove)}
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
