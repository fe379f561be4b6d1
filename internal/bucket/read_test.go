package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// breaking serves one object and breaks every answer off after so many bytes.
type breaking struct {
	content string
	etag    string
	after   int
	asked   []string
}

func (b *breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	b.asked = append(b.asked, r.Header.Get("Range")+r.Header.Get("If-Match"))
	answer := &http.Response{StatusCode: 200, Header: http.Header{"Etag": {b.etag}}, Request: r}
	if match := r.Header.Get("If-Match"); match != "" && match != b.etag {
		answer.StatusCode, answer.Body = http.StatusPreconditionFailed, io.NopCloser(strings.NewReader("<Error><Code>PreconditionFailed</Code></Error>"))
		return answer, nil
	}
	rest := b.content
	if at, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		n, err := strconv.Atoi(strings.TrimSuffix(at, "-"))
		if err != nil {
			return nil, err
		}
		rest = rest[n:]
		answer.StatusCode = http.StatusPartialContent
		answer.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", n, len(b.content)-1, len(b.content)))
	}
	answer.ContentLength = int64(len(rest))
	answer.Header.Set("Content-Length", fmt.Sprint(len(rest)))
	if len(rest) > b.after {
		answer.Body = io.NopCloser(io.MultiReader(strings.NewReader(rest[:b.after]), iotest.ErrReader(errors.New("connection reset"))))
	} else {
		answer.Body = io.NopCloser(strings.NewReader(rest))
	}
	return answer, nil
}

func bucketOver(t http.RoundTripper) *Bucket {
	endpoint := "https://store.example.com"
	return New("acme", s3.Options{Region: HomeRegion, BaseEndpoint: &endpoint, Credentials: aws.AnonymousCredentials{}, HTTPClient: HTTPClient(t)})
}

func TestOpenGoesOn(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("0123456789", 10_000)
	b := &breaking{content: content, etag: `"one"`, after: 30_000}
	r, err := bucketOver(b).Open(context.Background(), "key")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || string(got) != content || len(b.asked) != 4 || b.asked[1] != `bytes=30000-"one"` {
		t.Errorf("read %d bytes, %v; asked %q", len(got), err, b.asked)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	// It changes in the middle: no byte of the new one follows those of the old.
	b = &breaking{content: content, etag: `"one"`, after: 30_000}
	r, err = bucketOver(b).Open(context.Background(), "key")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	half := make([]byte, 1000)
	if _, err := io.ReadFull(r, half); err != nil {
		t.Fatal(err)
	}
	b.content, b.etag = strings.Repeat("x", 100_000), `"two"`
	rest, err := io.ReadAll(r)
	if err == nil || bytes.Contains(rest, []byte("x")) {
		t.Errorf("after a change: %d bytes, %v", len(rest), err)
	}
	// A connection that brings nothing is not made again for ever.
	b = &breaking{content: content, etag: `"one"`, after: 0}
	r, err = bucketOver(b).Open(context.Background(), "key")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); len(got) != 0 || err == nil || len(b.asked) != 1+maxResumes {
		t.Errorf("read %d bytes, %v; asked %d times", len(got), err, len(b.asked))
	}
}
