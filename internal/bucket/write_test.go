package bucket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// service takes everything and remembers the methods and sizes of requests.
type service struct {
	seen  []string
	sizes []int
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	n := 0
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		n = len(b)
	}
	name, body := r.Method, ""
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		name, body = "create", "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
	case r.Method == http.MethodPost:
		name, body = "complete", "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"
	case r.Method == http.MethodDelete:
		name = "abort"
	case q.Has("partNumber"):
		name = "part " + q.Get("partNumber")
	}
	s.seen, s.sizes = append(s.seen, name), append(s.sizes, n)
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Etag": {`"p"`}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

func to(s *service) *Bucket {
	endpoint := "https://store.example.com"
	return New("acme", s3.Options{
		Region: HomeRegion, BaseEndpoint: &endpoint, Credentials: aws.AnonymousCredentials{}, HTTPClient: HTTPClient(s),
	})
}

func TestWriter(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, c := range []struct {
		size int
		want []string
	}{
		{0, []string{"PUT"}},
		{PartSize, []string{"PUT"}},
		{PartSize + 1, []string{"create", "part 1", "part 2", "complete"}},
		{2*PartSize + 5, []string{"create", "part 1", "part 2", "part 3", "complete"}},
	} {
		s := &service{}
		w := to(s).Write(ctx, "key", "text/plain")
		rest := make([]byte, c.size)
		for len(rest) > 0 {
			n := min(len(rest), 3_000_001)
			if m, err := w.Write(rest[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		for range 2 { // the second is without effect
			if err := w.Commit(); err != nil {
				t.Fatal(err)
			}
			w.Abort()
		}
		if !slices.Equal(s.seen, c.want) || w.Size() != int64(c.size) {
			t.Errorf("%d bytes: asked %q, size %d", c.size, s.seen, w.Size())
		}
		sent := 0
		for i, n := range s.sizes {
			if strings.HasPrefix(s.seen[i], "part") || s.seen[i] == "PUT" {
				sent += n
			}
		}
		if sent != c.size {
			t.Errorf("%d bytes: sent %d", c.size, sent)
		}
	}
}

func TestWriterGivenUp(t *testing.T) {
	t.Parallel()
	s := &service{}
	w := to(s).Write(context.Background(), "key", "")
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("a write after the end was taken")
	}
	if err := w.Commit(); err == nil || len(s.seen) != 0 {
		t.Errorf("commit after the end: %v, asked %q", err, s.seen)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w = to(s).Write(ctx, "key", "")
	if _, err := w.Write(bytes.Repeat([]byte("x"), PartSize+1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := w.Commit(); !errors.Is(err, context.Canceled) {
		t.Errorf("commit under a context that ended: %v", err)
	}
	if want := []string{"create", "part 1", "abort"}; !slices.Equal(s.seen, want) {
		t.Errorf("asked %q, want %q", s.seen, want)
	}
	w = to(s).Write(context.Background(), "key", "")
	w.uploadID, w.parts = "u1", make([]types.CompletedPart, maxParts)
	if _, err := w.Write(bytes.Repeat([]byte("x"), PartSize+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("more parts than there can be: %v", err)
	}
}
