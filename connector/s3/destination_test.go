package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

// large gives elements of 1 MB each, and end after them.
func large(n int, end func() error) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for i := range n {
			if !yield(element.Element{Type: element.NarrativeText, ID: fmt.Sprint(i), Text: strings.Repeat(fmt.Sprint(i%10), 1<<20)}, nil) {
				return
			}
		}
		if end != nil {
			yield(element.Element{}, end())
		}
	}
}

// An output above the size of a part goes in parts; one that is given up leaves none.
func TestParts(t *testing.T) {
	t.Parallel()
	b := newPlace(t, server.Start(t))
	d := connectortest.OpenDestination(t, Type, b.Config(), connector.Env{})
	doc := document.Document{Path: "in/book.pdf"}
	key := b.prefix + "in/book.pdf.json"
	if err := d.Replace(context.Background(), doc, large(20, nil)); err != nil {
		t.Fatal(err)
	}
	var elements []struct{ Text string }
	if err := json.Unmarshal([]byte(b.server.Get(t, b.name, key)), &elements); err != nil || len(elements) != 20 || elements[13].Text != strings.Repeat("3", 1<<20) {
		t.Fatalf("%d elements, %v", len(elements), err)
	}
	if got := b.List(t); !slices.Equal(got, []string{key}) {
		t.Errorf("the bucket has %q", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, end := range map[string]func() error{
		"broken": func() error {
			if got := b.server.Uploads(t, b.name); !slices.Equal(got, []string{key}) {
				t.Errorf("in the middle there are uploads %q", got)
			}
			return errBroken
		},
		"cancelled": func() error { cancel(); return context.Cause(ctx) },
	} {
		if err := d.Replace(ctx, doc, large(12, end)); !errors.Is(err, errBroken) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if got := b.List(t); !slices.Equal(got, []string{key}) {
			t.Errorf("%s: the bucket has %q", name, got)
		}
		if got := b.server.Get(t, b.name, key); len(got) < 20<<20 {
			t.Errorf("%s: the old output has %d bytes", name, len(got))
		}
	}
}

var errBroken = errors.New("broken")

// A part that the service refuses ends the upload; so does an end of the upload that says 200 and holds an error.
func TestPartsRefused(t *testing.T) {
	t.Parallel()
	for _, fails := range []string{"create", "part 2", "complete"} {
		aborted := 0
		w := &web{}
		w.answer = func(r *http.Request, _ string) (int, map[string]string, string) {
			q := r.URL.Query()
			switch {
			case r.Method == http.MethodDelete:
				aborted++
				return 204, nil, ""
			case r.Method == http.MethodPost && q.Has("uploads"):
				if fails == "create" {
					return 403, nil, xmlError("AccessDenied", "")
				}
				return 200, nil, `<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>`
			case r.Method == http.MethodPut && q.Get("partNumber") == "2" && fails == "part 2":
				return 403, nil, xmlError("AccessDenied", "")
			case r.Method == http.MethodPut:
				return 200, map[string]string{"ETag": `"p"`}, ""
			case fails == "complete":
				return 200, nil, xmlError("InternalError", "")
			}
			return 200, nil, `<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>`
		}
		d := connectortest.OpenDestination(t, Type, map[string]any{"remote_url": "s3://acme/", "key": "AKIAOWN", "secret": "own"}, w.env())
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := d.Replace(ctx, document.Document{Path: "a"}, large(20, nil))
		cancel()
		outcome, _ := connector.Classify(err)
		if err == nil || errors.Is(err, connector.ErrForbidden) != (fails != "complete") || (outcome == connector.Transient) != (fails == "complete") {
			t.Errorf("%s: %v", fails, err)
		}
		if want := 1; aborted != want && fails != "create" {
			t.Errorf("%s: %d aborts, requests %q", fails, aborted, w.requests())
		}
	}
}

func TestOutputNames(t *testing.T) {
	t.Parallel()
	b := newPlace(t, server.Start(t))
	beside := "some folder/beside.json"
	b.server.Put(t, b.name, beside, "untouched", nil)
	d := connectortest.OpenDestination(t, Type, connectortest.With(b.Config(), "remote_url", "s3://"+b.name+"/some folder/out"), connector.Env{})
	paths := []string{
		"a.txt", "../a.txt", "a//b.txt", "a/b.txt", "a/b.txt/", "/a/b.txt", "a/../../../beside", "..", "Zoë/世界 +%2F?#.txt", "a\x00\n.txt",
		strings.Repeat("long/", 300) + "x.txt", strings.Repeat("long/", 300) + "y.txt", ".sluice-probe-x",
	}
	for _, p := range paths {
		if err := d.Replace(context.Background(), document.Document{Path: p}, oneElement); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
	keys := b.List(t)
	if len(keys) != len(paths)+1 {
		t.Errorf("%d documents have %d objects: %q", len(paths), len(keys)-1, keys)
	}
	for _, key := range keys {
		inside := strings.HasPrefix(key, "some folder/out/") && strings.HasSuffix(key, ".json") && len(key) <= maxKey
		if !inside && key != beside || strings.Contains(key, "/../") || strings.Contains(key, "//") {
			t.Errorf("wrote %q", key)
		}
	}
	if !slices.Contains(keys, "some folder/out/a.txt.json") || !slices.Contains(keys, "some folder/out/Zoë/世界 +%2F?#.txt.json") {
		t.Errorf("the bucket has %q", keys)
	}
	for _, p := range paths {
		if err := d.(connector.Remover).Remove(context.Background(), document.Document{Path: p}); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
	if keys := b.List(t); !slices.Equal(keys, []string{beside}) || b.server.Get(t, b.name, beside) != "untouched" {
		t.Errorf("after all are removed: %q", keys)
	}
	if _, err := connector.OpenDestination(Type, connectortest.With(b.Config(), "remote_url", "s3://"+b.name+"/a/../b"), connector.Env{}); err == nil {
		t.Error("a prefix with .. was taken")
	}
}

func TestOutputForm(t *testing.T) {
	t.Parallel()
	b := newPlace(t, server.Start(t))
	d := connectortest.OpenDestination(t, Type, b.Config(), connector.Env{})
	if err := d.Replace(context.Background(), document.Document{Path: "a.txt"}, oneElement); err != nil {
		t.Fatal(err)
	}
	want := "[\n  {\n    \"type\": \"Title\",\n    \"element_id\": \"1\",\n    \"text\": \"text\",\n    \"metadata\": {}\n  }\n]"
	if got := b.server.Get(t, b.name, b.prefix+"a.txt.json"); got != want {
		t.Errorf("wrote %s", got)
	}
}

// The right to delete is not needed: the check succeeds, and the log names what stays.
func TestCheckWithoutDelete(t *testing.T) {
	t.Parallel()
	w := &web{}
	w.answer = func(r *http.Request, _ string) (int, map[string]string, string) {
		if r.Method == http.MethodDelete {
			return 403, nil, xmlError("AccessDenied", "")
		}
		return 200, nil, ""
	}
	var log bytes.Buffer
	env := w.env()
	env.Log = slog.New(slog.NewTextHandler(&log, nil))
	d := connectortest.OpenDestination(t, Type, map[string]any{"remote_url": "s3://acme/out", "key": "AKIAOWN", "secret": "own"}, env)
	if err := d.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.requests() {
		if !strings.Contains(r, " acme.s3.us-east-1.amazonaws.com /out/.sluice-probe-") {
			t.Errorf("asked %s", r)
		}
	}
	if !strings.Contains(log.String(), "s3://acme/out/.sluice-probe-") || !strings.Contains(log.String(), "s3:DeleteObject") {
		t.Errorf("logged %s", log.String())
	}
}

// The server goes away and comes back: what fails meanwhile may be tried again, and nothing is half written.
func TestServerGoesAway(t *testing.T) {
	t.Parallel()
	b := newPlace(t, server.Start(t))
	b.Put(t, map[string]string{"a.txt": "text"})
	d := connectortest.OpenDestination(t, Type, b.Config(), connector.Env{})
	s := connectortest.OpenSource(t, Type, b.Config(), connector.Env{})
	doc := document.Document{Path: "in/book.pdf"}
	err := d.Replace(context.Background(), doc, large(20, func() error {
		if err := b.server.Stop(); err != nil {
			t.Error(err)
		}
		return errBroken
	}))
	if !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	for name, err := range map[string]error{
		"write": d.Replace(context.Background(), doc, oneElement), "list": list(t, s), "check": s.Check(context.Background()),
	} {
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("%s without a server: %v", name, err)
		}
	}
	if err := b.server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := d.Replace(context.Background(), doc, oneElement); err != nil {
		t.Error(err)
	}
	if got := paths(t, s); !slices.Equal(got, []string{"a.txt", "in/book.pdf.json"}) {
		t.Errorf("listed %q", got)
	}
}
