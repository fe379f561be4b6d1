package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

// machine gives the credentials of a server to the process, as an operator does. Tests that call it cannot be parallel.
func machine(t *testing.T, s *server.Server) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", s.Key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Secret)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func openURL(t *testing.T, endpoint, bucketAndPrefix string) Store {
	t.Helper()
	s, err := Open(context.Background(), "s3://"+bucketAndPrefix+"?use_path_style=true&endpoint="+url.QueryEscape(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestBucket(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *server.Server{"fake": server.StartFake, "real": server.StartReal} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			machine(t, s)
			t.Run("suite", func(t *testing.T) {
				conform(t, func(t *testing.T) Store { return openURL(t, s.Endpoint, s.Bucket(t)+"/out puts/of/sluice") })
			})
		})
	}
}

// What stands beside the prefix is never touched, and parts that a killed writer left go with the job.
func TestBucketPrefix(t *testing.T) {
	s := server.Start(t)
	machine(t, s)
	ctx := context.Background()
	name := s.Bucket(t)
	s.Put(t, name, "w/j/f/a", "beside", nil)
	s.Put(t, name, "sluice/w/j-2/a", "beside", nil)
	store := openURL(t, s.Endpoint, name+"/sluice/").(*objects)
	if _, _, err := store.Put(ctx, "w/j/f/a", strings.NewReader("mine")); err != nil {
		t.Fatal(err)
	}
	killed := store.bucket.Write(ctx, "sluice/w/j/f/b", "")
	if _, err := killed.Write(bytes.Repeat([]byte("x"), 9<<20)); err != nil {
		t.Fatal(err)
	}
	if got := s.Uploads(t, name); len(got) != 1 {
		t.Errorf("uploads %q", got)
	}
	if err := store.DeletePrefix(ctx, JobPrefix("w", "j")); err != nil {
		t.Fatal(err)
	}
	if got, left := s.List(t, name), s.Uploads(t, name); len(got) != 2 || len(left) != 0 {
		t.Errorf("there are %q and uploads %q", got, left)
	}
}

// More than a page of blobs goes.
func TestBucketDeletesManyPages(t *testing.T) {
	s := server.StartFake(t)
	machine(t, s)
	ctx := context.Background()
	store := openURL(t, s.Endpoint, s.Bucket(t))
	for i := range 1100 {
		if _, _, err := store.Put(ctx, fmt.Sprintf("w/j/%d/input", i), strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := store.List(ctx, "w/j/"); err != nil || len(names) != 1100 {
		t.Errorf("listed %d, %v", len(names), err)
	}
	if err := store.DeletePrefix(ctx, "w/j/"); err != nil {
		t.Fatal(err)
	}
	if names, err := store.List(ctx, "w/"); err != nil || len(names) != 0 {
		t.Errorf("left %q, %v", names, err)
	}
}

// What a store answers when it is full, refuses, is not there, or does not know a request.
func TestBucketErrors(t *testing.T) {
	answer := func(w http.ResponseWriter, status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", code)
	}
	status, code := 507, "InsufficientStorage"
	deleted := 0
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodDelete:
			deleted++
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodGet && r.URL.Query().Get("list-type") != "":
			fmt.Fprint(w, "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated><Contents><Key>w/j/f/a</Key></Contents>"+
				"<Contents><Key>w/j/f/b</Key></Contents><Contents><Key>elsewhere</Key></Contents></ListBucketResult>")
		default:
			answer(w, status, code)
		}
	}))
	defer h.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
	ctx := context.Background()
	store := openURL(t, h.URL, "b")
	if _, _, err := store.Put(ctx, "w/j/f/a", strings.NewReader("x")); !errors.Is(err, ErrFull) {
		t.Errorf("a full store: %v", err)
	}
	if err := store.Ping(ctx); !errors.Is(err, ErrFull) {
		t.Errorf("ping of a full store: %v", err)
	}
	// A bucket that is gone is a fault of the store, not a blob that is gone.
	status, code = 404, "NoSuchBucket"
	if _, err := store.Get(ctx, "w/j/f/a", 0); err == nil || errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a bucket that is gone: %v", err)
	}
	status, code = 501, "NotImplemented"
	if err := store.DeletePrefix(ctx, "w/j/"); err != nil || deleted != 2 {
		t.Errorf("a store that deletes one at a time: %v, %d deleted", err, deleted)
	}
}
