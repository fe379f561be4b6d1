package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
)

// RunSource runs the suite of sources.
func RunSource(t *testing.T, s Source) {
	t.Helper()
	if s.Many == 0 {
		s.Many = 10_000
	}
	if testing.Short() && s.Many > 1000 {
		t.Logf("-short: 1,000 documents in place of %d", s.Many)
		s.Many = 1000
	}
	tests := map[string]func(*testing.T, Source){
		"empty": sourceEmpty, "one": sourceOne, "names": sourceNames, "many": sourceMany, "resume": sourceResume,
		"cancel": sourceCancel, "at once": sourceAtOnce,
	}
	if !s.AppendOnly {
		tests["vanished"] = sourceVanished
		tests["changed"] = sourceChanged
	}
	if s.Missing != nil {
		tests["missing"] = sourceMissing
	}
	if s.WrongSecret != nil {
		tests["wrong secret"] = sourceWrongSecret
	}
	if s.At != nil {
		tests["host"] = sourceHosts
	}
	t.Run("source", func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tests[name](t, s)
			})
		}
	})
}

// open makes a source that is closed, and checked, when the test ends.
func (s Source) open(t *testing.T, config map[string]any) connector.Source {
	t.Helper()
	source, _, err := s.try(t, config, secretsOf(t, connector.SideSource, s.Type, config))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return source
}

func (s Source) try(t *testing.T, config map[string]any, secrets []string) (connector.Source, *watch, error) {
	t.Helper()
	w := watched(t, s.Env, secrets)
	source, err := connector.OpenSource(s.Type, config, w.Env)
	if err != nil {
		return nil, w, err
	}
	t.Cleanup(func() {
		if err := source.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		w.closed(t)
	})
	return source, w, nil
}

// listed returns the whole rest of a listing and checks what holds for every document.
func listed(t *testing.T, source connector.Source, from connector.Cursor) []document.Document {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var out []document.Document
	seen := map[string]bool{}
	for d, err := range source.Index(ctx, from) {
		if err != nil {
			t.Fatalf("listing after %q, %d documents: %v", from, len(out), err)
		}
		switch {
		case d.Identifier == "" || !utf8.ValidString(d.Identifier):
			t.Fatalf("identifier %q: must be text", d.Identifier)
		case seen[d.Identifier]:
			t.Fatalf("%q is listed twice", d.Identifier)
		case d.Cursor == "" || !utf8.ValidString(d.Cursor):
			t.Fatalf("cursor %q of %q: must be text", d.Cursor, d.Identifier)
		case d.Name == "" || strings.Contains(d.Name, "/"):
			t.Fatalf("name %q of %q: must be a base name", d.Name, d.Identifier)
		}
		seen[d.Identifier] = true
		out = append(out, d)
	}
	return out
}

// stored returns the document as a worker gets it: through JSON, in another process.
func stored(t *testing.T, d document.Document) document.Document {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatalf("%q does not become JSON: %v", d.Identifier, err)
	}
	var out document.Document
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// fetched compares what Fetch gives with what Put was given. It may run on any goroutine.
func fetched(t *testing.T, source connector.Source, d document.Document, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	f, err := source.Fetch(ctx, d)
	if err != nil {
		t.Errorf("fetch of %q: %v", d.Identifier, err)
		return
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Errorf("close of %q: %v", d.Identifier, err)
		}
	}()
	for range 2 { // a file can be read more than once
		got, err := io.ReadAll(f.Reader())
		if err != nil || string(got) != want || f.Size != int64(len(want)) {
			t.Errorf("%q gives %d bytes %q (%v), want %d bytes %q", d.Identifier, f.Size, head(string(got)), err, len(want),
				head(want))
			return
		}
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, f.Size-1); err != nil && !errors.Is(err, io.EOF) || last[0] != want[len(want)-1] {
		t.Errorf("the last byte of %q is %q, %v", d.Identifier, last, err)
	}
	if f.Name == "" {
		t.Errorf("the file of %q has no name", d.Identifier)
	}
	if d.Size != 0 && d.Size != f.Size {
		t.Errorf("%q is listed with %d bytes and has %d", d.Identifier, d.Size, f.Size)
	}
}

func head(s string) string {
	if len(s) > 100 {
		return s[:100] + "..."
	}
	return s
}

// complete checks that a listing has exactly these documents and returns it by name.
func complete(
	t *testing.T, place SourcePlace, documents []document.Document, contents map[string]string,
) map[string]document.Document {
	t.Helper()
	byName := map[string]document.Document{}
	for _, d := range documents {
		name := place.Name(d)
		if _, ok := contents[name]; !ok {
			t.Errorf("%q (%q) is listed and was not put there", name, d.Identifier)
		}
		if other, ok := byName[name]; ok {
			t.Errorf("%q and %q are both %q", other.Identifier, d.Identifier, name)
		}
		byName[name] = d
	}
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		if _, ok := byName[name]; !ok {
			t.Errorf("%q is not listed (%d of %d are)", name, len(documents), len(contents))
			return byName
		}
	}
	return byName
}

func check(t *testing.T, what string, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := f(ctx); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func sourceEmpty(t *testing.T, s Source) {
	source := s.open(t, s.New(t).Config())
	check(t, "check", source.Check)
	if got := listed(t, source, ""); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
}

func sourceOne(t *testing.T, s Source) {
	place := s.New(t)
	contents := map[string]string{"report.txt": "Grüße, 世界\nthe second line\n"}
	place.Put(t, contents)
	source := s.open(t, place.Config())
	check(t, "check", source.Check)
	byName := complete(t, place, listed(t, source, ""), contents)
	d := byName["report.txt"]
	want := place.Content("report.txt", contents["report.txt"])
	fetched(t, source, d, want)
	fetched(t, s.open(t, place.Config()), stored(t, d), want)
	if s.Unversioned != (d.Version == "") {
		t.Errorf("version %q", d.Version)
	}
	whole, err := json.Marshal(d) // it becomes data_source of every element
	if err != nil {
		t.Fatal(err)
	}
	clean(t, "the document", string(whole), secretsOf(t, connector.SideSource, s.Type, place.Config()))
}

// sourceNames has names that differ only in form, and characters that mean something to URLs, patterns and SQL.
func sourceNames(t *testing.T, s Source) {
	place := s.New(t)
	names := []string{
		"Zo\u00eb.txt", "Zoe\u0308.txt", "📄 report 👩‍💻.txt", "two  spaces .txt", "100%.txt", "100%25.txt", "a+b.txt", "a b.txt", "c#1.txt",
		"what?.txt", "what?v=1&w=2.txt", "[x]*.txt", "it's; -- \"q\".txt", "back\\slash.txt", "{brace}$HOME`id`.txt",
		"日本語.txt", "שלום.txt", "<b>&amp;.txt", "a:b.txt", "A:B.txt", "~tilde.txt", "-dash.txt", "no extension",
	}
	if s.Folders {
		names = append(names, "ordner ü/%2F/+#?.txt", "ordner ü/Zo\u00eb/x.txt", "ordner ü/Zoe\u0308/x.txt", "a/b/c/d/e/f.txt")
	}
	contents := map[string]string{}
	for i, name := range names {
		contents[name] = fmt.Sprintf("document %d: %s", i, name)
	}
	place.Put(t, contents)
	source := s.open(t, place.Config())
	documents := listed(t, source, "")
	byName := complete(t, place, documents, contents)
	for _, name := range names {
		if d, ok := byName[name]; ok {
			fetched(t, source, stored(t, d), place.Content(name, contents[name]))
		}
	}
	resumed(t, source, documents, everywhere(len(documents)))
}

func sourceMany(t *testing.T, s Source) {
	place := s.New(t)
	contents := make(map[string]string, s.Many)
	for i := range s.Many {
		name := fmt.Sprintf("document-%05d.txt", i)
		if s.Folders {
			name = fmt.Sprintf("folder-%d/%s", i*7%9, name)
		}
		contents[name] = fmt.Sprintf("The text of number %d.", i)
	}
	place.Put(t, contents)
	source := s.open(t, place.Config())
	documents := listed(t, source, "")
	complete(t, place, documents, contents)
	n := len(documents)
	for _, i := range []int{0, n / 3, n - 1} {
		if i < 0 || i >= n {
			continue
		}
		name := place.Name(documents[i])
		fetched(t, source, documents[i], place.Content(name, contents[name]))
	}
	resumed(t, s.open(t, place.Config()), documents, []int{1, 1000, 1001, n / 2, n - 1, n})
}

// sourceResume has names in which one is the beginning of another, as that is where orders differ.
func sourceResume(t *testing.T, s Source) {
	place := s.New(t)
	contents := map[string]string{}
	for _, name := range []string{"a", "a ", "a!", "a-b", "a.b", "a.txt", "a0", "aa", "A", "Ä", "ä", "b", "B.txt", "10", "9", "ab",
		"_", "~", "é", "e\u0301", "\U0001f600", "\uff5e"} {
		contents[name] = "text of " + name
		if s.Folders {
			contents["folder/"+name] = "text below of " + name
			contents["a.d/"+name] = "text below of " + name
		}
	}
	place.Put(t, contents)
	source := s.open(t, place.Config())
	documents := listed(t, source, "")
	complete(t, place, documents, contents)
	if again := listed(t, source, ""); !slices.Equal(identifiers(again), identifiers(documents)) {
		t.Errorf("two listings differ: %q and %q", identifiers(documents), identifiers(again))
	}
	resumed(t, s.open(t, place.Config()), documents, everywhere(len(documents)))
	if s.AppendOnly || t.Failed() {
		return
	}
	// The document at the cut is gone.
	at := len(documents) / 2
	place.Remove(t, place.Name(documents[at]))
	rest := listed(t, source, connector.Cursor(documents[at].Cursor))
	if want := identifiers(documents[at+1:]); !slices.Equal(identifiers(rest), want) {
		t.Errorf("after a document that is gone: %q, want %q", identifiers(rest), want)
	}
}

func everywhere(n int) []int {
	var cuts []int
	for i := range n {
		cuts = append(cuts, i+1)
	}
	return cuts
}

// resumed cuts a listing after so many documents and compares the rest.
func resumed(t *testing.T, source connector.Source, documents []document.Document, cuts []int) {
	t.Helper()
	for _, n := range cuts {
		if n < 1 || n > len(documents) {
			continue
		}
		rest := listed(t, source, connector.Cursor(documents[n-1].Cursor))
		got, want := identifiers(rest), identifiers(documents[n:])
		if !slices.Equal(got, want) {
			t.Errorf("the rest after %d documents (cursor %q) has %d, want %d; first: %q, want %q", n, documents[n-1].Cursor,
				len(got), len(want), first(got), first(want))
		}
	}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func identifiers(documents []document.Document) []string {
	out := make([]string, len(documents))
	for i, d := range documents {
		out[i] = d.Identifier
	}
	return out
}

func sourceVanished(t *testing.T, s Source) {
	place := s.New(t)
	contents := map[string]string{"stays.txt": "stays", "goes.txt": "goes"}
	place.Put(t, contents)
	source := s.open(t, place.Config())
	byName := complete(t, place, listed(t, source, ""), contents)
	place.Remove(t, "goes.txt")
	f, err := source.Fetch(context.Background(), byName["goes.txt"])
	if err == nil {
		f.Close()
	}
	if !errors.Is(err, connector.ErrNotFound) {
		t.Errorf("fetch of a document that is gone: %v, want ErrNotFound", err)
	}
	spoken(t, "fetch of a document that is gone", err, connector.Permanent, nil)
	delete(contents, "goes.txt")
	complete(t, place, listed(t, source, ""), contents)
	fetched(t, source, byName["stays.txt"], place.Content("stays.txt", "stays"))
}

func sourceChanged(t *testing.T, s Source) {
	place := s.New(t)
	contents := map[string]string{"changes.txt": "first", "stays.txt": "stays"}
	place.Put(t, contents)
	source := s.open(t, place.Config())
	before := complete(t, place, listed(t, source, ""), contents)
	place.Put(t, map[string]string{"changes.txt": "the second content"})
	after := complete(t, place, listed(t, source, ""), contents)
	for name := range contents {
		if before[name].Identifier != after[name].Identifier {
			t.Errorf("%s was %q and is %q", name, before[name].Identifier, after[name].Identifier)
		}
	}
	if a, b := before["stays.txt"].Version, after["stays.txt"].Version; a != b {
		t.Errorf("a document that did not change has versions %q and %q", a, b)
	}
	if a, b := before["changes.txt"].Version, after["changes.txt"].Version; a == b && !s.Unversioned {
		t.Errorf("a document that changed keeps version %q", a)
	}
	fetched(t, source, after["changes.txt"], place.Content("changes.txt", "the second content"))
}

func sourceCancel(t *testing.T, s Source) {
	place := s.New(t)
	contents := map[string]string{}
	for i := range 50 {
		contents[fmt.Sprintf("%02d.txt", i)] = "text"
	}
	place.Put(t, contents)
	source := s.open(t, place.Config())

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := 0
	err := within(t, "a listing that is cancelled", soon, func() (last error) {
		for _, err := range source.Index(ctx, "") {
			if last = err; err != nil {
				break
			}
			seen++
			cancel()
		}
		return last
	})
	if !errors.Is(err, context.Canceled) || seen == 0 || seen == 50 {
		t.Errorf("a listing that is cancelled after its first document gives %d and then %v", seen, err)
	}

	var one document.Document
	for d, err := range source.Index(context.Background(), "") { // a reader that has enough
		if err != nil {
			t.Fatal(err)
		}
		one = d
		break
	}
	for what, call := range calls(source, one) {
		if err := within(t, what, soon, func() error { return call(ctx) }); !errors.Is(err, context.Canceled) {
			t.Errorf("%s under a context that is cancelled: %v", what, err)
		}
	}
	if got := len(listed(t, source, "")); got != 50 {
		t.Errorf("the next listing has %d", got)
	}
	fetched(t, source, one, place.Content(place.Name(one), "text"))
}

// calls are the three calls of a source that talk to the other side.
func calls(source connector.Source, d document.Document) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"check": source.Check,
		"list": func(ctx context.Context) error {
			for _, err := range source.Index(ctx, "") {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"fetch": func(ctx context.Context) error {
			f, err := source.Fetch(ctx, d)
			if err == nil {
				_ = f.Close()
			}
			return err
		},
	}
}

func sourceAtOnce(t *testing.T, s Source) {
	place := s.New(t)
	contents := map[string]string{}
	for i := range 40 {
		name := fmt.Sprintf("%02d.txt", i)
		contents[name] = strings.Repeat(name+"\n", 1+i*i*10) // up to 91 kB
	}
	place.Put(t, contents)
	source := s.open(t, place.Config())
	byName := complete(t, place, listed(t, source, ""), contents)
	if t.Failed() {
		return
	}
	var work sync.WaitGroup
	for worker := range 8 {
		work.Go(func() {
			for i := range 40 {
				name := fmt.Sprintf("%02d.txt", (i+worker*5)%40)
				fetched(t, source, byName[name], place.Content(name, contents[name]))
			}
		})
	}
	listings := make([]int, 3)
	for i := range listings {
		work.Go(func() {
			for _, err := range source.Index(context.Background(), "") {
				if err != nil {
					t.Errorf("a listing beside others: %v", err)
					return
				}
				listings[i]++
			}
		})
	}
	work.Wait()
	for _, n := range listings {
		if n != 40 {
			t.Errorf("a listing beside others has %d documents", n)
		}
	}
}

func sourceMissing(t *testing.T, s Source) {
	place := s.New(t)
	config := s.Missing(t, place.Config())
	secrets := secretsOf(t, connector.SideSource, s.Type, config)
	source, _, err := s.try(t, config, secrets)
	if err == nil {
		err = source.Check(context.Background())
	}
	if !errors.Is(err, connector.ErrNotFound) {
		t.Errorf("check of a place that is not there: %v, want ErrNotFound", err)
	}
	spoken(t, "check", err, connector.Permanent, secrets)
	if source == nil {
		return
	}
	err = calls(source, document.Document{})["list"](context.Background())
	spoken(t, "list", err, connector.Permanent, secrets)
}

// listedOne puts one document into a new place and lists it.
func listedOne(t *testing.T, s Source) (SourcePlace, document.Document) {
	t.Helper()
	place := s.New(t)
	contents := map[string]string{"a.txt": "text"}
	place.Put(t, contents)
	d, ok := complete(t, place, listed(t, s.open(t, place.Config()), ""), contents)["a.txt"]
	if !ok {
		t.FailNow()
	}
	return place, d
}

func sourceWrongSecret(t *testing.T, s Source) {
	place, d := listedOne(t, s)
	config := s.WrongSecret(t, place.Config())
	secrets := secretsOf(t, connector.SideSource, s.Type, place.Config(), config)
	if len(secrets) == 0 {
		t.Fatal("neither config has a secret of six bytes")
	}
	source, _, err := s.try(t, config, secrets)
	if err != nil {
		refused(t, "open", err, secrets)
		return
	}
	for what, call := range calls(source, d) {
		err := within(t, what, later, func() error { return call(context.Background()) })
		refused(t, what, err, secrets)
	}
}

func sourceHosts(t *testing.T, s Source) {
	place, d := listedOne(t, s)
	secrets := secretsOf(t, connector.SideSource, s.Type, place.Config())
	at := func(address string) map[string]any { return s.At(t, place.Config(), address) }
	hosts(t, at, secrets, func(
		t *testing.T, config map[string]any,
	) (map[string]func(context.Context) error, *watch, error) {
		source, w, err := s.try(t, config, secrets)
		if err != nil {
			return nil, w, err
		}
		return calls(source, d), w, nil
	})
}
