package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

func TestPrefix(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	name := s.Bucket(t)
	for _, key := range []string{"top.txt", "docs/a.txt", "docs/b.pdf", "docs/sub/c.txt", "docs/sub/deep/d.txt", "docs-old/e.txt", "docs.txt", "data/x/y.txt"} {
		s.Put(t, name, key, "text of "+key, nil)
	}
	s.Put(t, name, "docs/empty.txt", "", nil)
	s.Put(t, name, "docs/marker/", "", nil)
	s.Put(t, name, "docs/.sluice-probe-x", "[]", nil)
	for _, c := range []struct {
		url       string
		recursive bool
		want      []string
	}{
		{"", false, []string{"docs.txt", "top.txt"}},
		{"/", true, []string{"data/x/y.txt", "docs-old/e.txt", "docs.txt", "docs/a.txt", "docs/b.pdf", "docs/sub/c.txt", "docs/sub/deep/d.txt", "top.txt"}},
		{"/docs/", false, []string{"a.txt", "b.pdf"}},
		{"/docs/", true, []string{"a.txt", "b.pdf", "sub/c.txt", "sub/deep/d.txt"}},
		{"/docs", true, []string{"a.txt", "b.pdf", "sub/c.txt", "sub/deep/d.txt"}}, // not docs-old, not docs.txt
		{"/docs", false, []string{"a.txt", "b.pdf"}},
		{"/docs/sub/c.txt", true, []string{"c.txt"}},
		{"/top.txt", false, []string{"top.txt"}},
		{"/data", false, nil},
		{"/nothing/here", true, nil},
	} {
		config := map[string]any{
			"remote_url": "s3://" + name + c.url, "endpoint_url": s.Endpoint, "key": s.Key, "secret": s.Secret, "recursive": c.recursive,
		}
		source := connectortest.OpenSource(t, Type, config, connector.Env{})
		if err := source.Check(context.Background()); err != nil {
			t.Errorf("check of %q: %v", c.url, err)
		}
		got := paths(t, source)
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%q, recursive %v: %q, want %q", c.url, c.recursive, got, c.want)
		}
		for d, err := range source.Index(context.Background(), "") {
			if err != nil {
				t.Fatal(err)
			}
			f, err := source.Fetch(context.Background(), d)
			if err != nil {
				t.Fatal(err)
			}
			if got := content(t, f); !strings.HasPrefix(got, "text of ") || !strings.HasSuffix(got, d.Path) {
				t.Errorf("%q of %q holds %q", d.Path, c.url, got)
			}
			rest := 0
			for _, err := range source.Index(context.Background(), connector.Cursor(d.Cursor)) {
				if err != nil {
					t.Fatal(err)
				}
				rest++
			}
			if at := slices.Index(paths(t, source), d.Path); rest != len(c.want)-at-1 {
				t.Errorf("after %q of %q there are %d", d.Path, c.url, rest)
			}
		}
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	name := s.Bucket(t)
	s.Put(t, name, "in/Zoë +%.txt", "hello", map[string]string{"author": "somebody", "case-id": "17"})
	before := time.Now().Add(-time.Minute)
	url := "s3://" + name + "/in/"
	source := connectortest.OpenSource(t, Type, map[string]any{
		"remote_url": url, "endpoint_url": s.Endpoint, "key": s.Key, "secret": s.Secret,
	}, connector.Env{})
	var d document.Document
	for got, err := range source.Index(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		d = got
	}
	if d.Modified.Before(before) || d.Modified.After(time.Now().Add(time.Minute)) || d.Modified.Location() != time.UTC {
		t.Errorf("modified %s", d.Modified)
	}
	want := document.Document{
		Identifier: uuid.NewSHA1(uuid.NameSpaceDNS, []byte(name+"/in/Zoë +%.txt")).String(),
		Name:       "Zoë +%.txt", Path: "Zoë +%.txt", Version: "5d41402abc4b2a76b9719d911017c592", Size: 5,
		URL: "s3://" + name + "/in/Zoë +%.txt", Created: d.Modified, Modified: d.Modified,
		RecordLocator: map[string]any{"protocol": "s3", "remote_file_path": url}, Cursor: "in/Zoë +%.txt",
	}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got  %+v\nwant %+v", d, want)
	}
	f, err := source.Fetch(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if want := map[string]any{"metadata": map[string]any{"author": "somebody", "case-id": "17"}}; !reflect.DeepEqual(f.Found.RecordLocator, want) ||
		f.Found.Version != "" || !f.Found.Modified.IsZero() {
		t.Errorf("found %+v", f.Found)
	}
	// It changes.
	s.Put(t, name, "in/Zoë +%.txt", "changed", map[string]string{"author": "another"})
	again, err := source.Fetch(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, again); got != "changed" || again.Found.Version != "8977dfac2f8e04cb96e66882235f5aba" || again.Found.Modified.IsZero() ||
		again.Found.RecordLocator["metadata"].(map[string]any)["author"] != "another" {
		t.Errorf("read %q, found %+v", got, again.Found)
	}
}

// Listing asks for pages and for nothing of single objects.
func TestListingAsksForPagesOnly(t *testing.T) {
	t.Parallel()
	w := &web{}
	w.answer = func(r *http.Request, _ string) (int, map[string]string, string) {
		var keys []string
		for i := range 1000 {
			keys = append(keys, fmt.Sprintf("in/%s-%04d", r.URL.Query().Get("continuation-token"), i))
		}
		page := listing(keys...)
		if len(w.seen) < 3 {
			page = strings.Replace(page, "<IsTruncated>false</IsTruncated>",
				fmt.Sprintf("<IsTruncated>true</IsTruncated><NextContinuationToken>t%d</NextContinuationToken>", len(w.seen)), 1)
		}
		return 200, nil, page
	}
	s := connectortest.OpenSource(t, Type, map[string]any{"remote_url": "s3://acme/in/", "anonymous": true}, w.env())
	if got := paths(t, s); len(got) != 3000 || got[2999] != "t2-0999" {
		t.Errorf("listed %d", len(got))
	}
	for i, r := range w.seen {
		q := r.URL.Query()
		if r.Method != http.MethodGet || q.Get("list-type") != "2" || q.Get("prefix") != "in/" || q.Get("delimiter") != "/" || len(w.seen) != 3 {
			t.Errorf("request %d: %s %s", i, r.Method, r.URL)
		}
	}
}

// What a hostile service lists.
func TestHostileListing(t *testing.T) {
	t.Parallel()
	page := ""
	w := &web{}
	w.answer = func(*http.Request, string) (int, map[string]string, string) { return 200, nil, page }
	s := connectortest.OpenSource(t, Type, map[string]any{"remote_url": "s3://acme/in/", "anonymous": true, "recursive": true}, w.env())
	page = listing("elsewhere/x", "in/", "in/../../etc/passwd", "in//x", "in/..", "in/.", "in/folder/", "in/a&amp;b", "in/&lt;i&gt;", "in")
	var names []string
	for d, err := range s.Index(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, d.Path+"|"+d.Name)
	}
	want := []string{"../../etc/passwd|passwd", "/x|x", "..|object", ".|object", "folder/|folder", "a&b|a&b", "<i>|<i>"}
	if !slices.Equal(names, want) {
		t.Errorf("listed %q, want %q", names, want)
	}
	// Encoded names are decoded; those that are encoded wrongly end the listing.
	page = strings.Replace(listing("in/a%2Bb+c%0Ad%25"), "<IsTruncated>", "<EncodingType>url</EncodingType><IsTruncated>", 1)
	if got := paths(t, s); !slices.Equal(got, []string{"a+b c\nd%"}) {
		t.Errorf("listed %q", got)
	}
	for name, bad := range map[string]string{
		"encoding": strings.Replace(listing("in/%zz"), "<IsTruncated>", "<EncodingType>url</EncodingType><IsTruncated>", 1),
		"no token": strings.Replace(listing("in/x"), "false", "true", 1),
		"loop":     strings.Replace(listing("in/x"), "<IsTruncated>false", "<NextContinuationToken>same</NextContinuationToken><IsTruncated>true", 1),
		"HTML":     "<!DOCTYPE html><html><body>Welcome</body></html>",
		"nothing":  "",
		"half":     listing("in/x")[:200],
	} {
		page = bad
		w.seen = nil
		err := list(t, s)
		known := &connector.Error{}
		if !errors.As(err, &known) {
			t.Errorf("%s: %v", name, err)
		}
		if len(w.seen) > 4 {
			t.Errorf("%s: %d requests", name, len(w.seen))
		}
	}
}
