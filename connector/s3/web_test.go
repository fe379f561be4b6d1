package s3

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/connector"
)

// web is an http.RoundTripper that answers itself and remembers what it was asked.
type web struct {
	answer func(r *http.Request, body string) (status int, header map[string]string, body2 string)

	mu   sync.Mutex
	seen []*http.Request
	sent []string
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	w.mu.Lock()
	w.seen = append(w.seen, r)
	w.sent = append(w.sent, string(body))
	w.mu.Unlock()
	status, header, text := w.answer(r, string(body))
	out := &http.Response{
		StatusCode: status, Status: fmt.Sprint(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewBufferString(text)), ContentLength: int64(len(text)),
	}
	for k, v := range header {
		out.Header.Set(k, v)
	}
	return out, nil
}

func (w *web) env() connector.Env { return connector.Env{HTTP: &http.Client{Transport: w}} }

// requests returns what was asked so far, each as "METHOD host path".
func (w *web) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, r := range w.seen {
		out = append(out, r.Method+" "+r.URL.Host+" "+r.URL.EscapedPath())
	}
	return out
}

func xmlError(code, message string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
}

// listing is one whole page; keys are written as they are.
func listing(keys ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>`)
	for _, k := range keys {
		b.WriteString(`<Contents><Key>` + k + `</Key><Size>7</Size><ETag>&quot;e1&quot;</ETag><LastModified>2026-03-04T05:06:07.000Z</LastModified></Contents>`)
	}
	b.WriteString(`</ListBucketResult>`)
	return b.String()
}
