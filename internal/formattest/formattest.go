// Package formattest helps the tests of the formats: it makes containers and writes elements as lines.
package formattest

import (
	"archive/zip"
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// Zip packs parts by their names, in the order of those.
func Zip(parts map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(parts[name]))
		}
		if err != nil {
			panic(err) // a buffer does not fail
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Parse reads content with a parser under the usual limits.
func Parse(t testing.TB, parser format.Parser, name string, content []byte, o format.Options) ([]element.Element, error) {
	return parser(t.Context(), document.NewFile(name, "", int64(len(content)), bytes.NewReader(content)), o, budget.New(budget.Default))
}

// ParseWithin is Parse under limits of the test.
func ParseWithin(t testing.TB, parser format.Parser, name string, content []byte, o format.Options, l budget.Limits) ([]element.Element, error) {
	return parser(t.Context(), document.NewFile(name, "", int64(len(content)), bytes.NewReader(content)), o, budget.New(l))
}

// Outcome is how parsing ended, "" when the error does not say.
func Outcome(err error) budget.Outcome {
	var failed *budget.Error
	if errors.As(err, &failed) {
		return failed.Outcome
	}
	return ""
}

// Lines writes one "Type: text" a line.
func Lines(elements []element.Element) string {
	var out []string
	for _, e := range elements {
		out = append(out, string(e.Type)+": "+e.Text)
	}
	return strings.Join(out, "\n")
}

// Want parses and compares with lines.
func Want(t testing.TB, parser format.Parser, name string, content []byte, o format.Options, lines ...string) []element.Element {
	t.Helper()
	elements, err := Parse(t, parser, name, content, o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Lines(elements), strings.Join(lines, "\n"); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	return elements
}

// WantOutcome parses what must fail.
func WantOutcome(t testing.TB, parser format.Parser, name string, content []byte, want budget.Outcome) {
	t.Helper()
	WantOutcomeWith(t, parser, name, content, format.Options{}, want)
}

// WantOutcomeWith is WantOutcome with settings.
func WantOutcomeWith(t testing.TB, parser format.Parser, name string, content []byte, o format.Options, want budget.Outcome) {
	t.Helper()
	elements, err := Parse(t, parser, name, content, o)
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != want {
		t.Errorf("%s: %v and %d elements, want %s", name, err, len(elements), want)
	}
}

// Fuzz checks that a parser either answers or says what is wrong, whatever it is given.
func Fuzz(f *testing.F, parser format.Parser, name string, o format.Options, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	limits := budget.Default
	limits.Inflated = 16 << 20
	f.Fuzz(func(t *testing.T, content []byte) {
		file := document.NewFile(name, "", int64(len(content)), bytes.NewReader(content))
		_, err := parser(t.Context(), file, o, budget.New(limits))
		var failed *budget.Error
		if err != nil && !errors.As(err, &failed) {
			t.Errorf("an error without an outcome: %v", err)
		}
	})
}
