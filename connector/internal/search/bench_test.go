package search_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/connector/elasticsearch"
)

// BenchmarkReplaceSink writes documents of 2,000 elements with 384 dimensions to a server that reads all and keeps nothing.
func BenchmarkReplaceSink(b *testing.B) {
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(w, `{"docs":{"mappings":{"properties":{"record_id":{"type":"keyword"},"embeddings":{"type":"dense_vector","dims":384}}},"settings":{"index":{"number_of_shards":"1"}}}}`)
		case strings.HasSuffix(r.URL.Path, "/_bulk"):
			var lines int
			buffer := make([]byte, 64<<10)
			for {
				n, err := r.Body.Read(buffer)
				lines += bytes.Count(buffer[:n], []byte("\n"))
				if err != nil {
					break
				}
			}
			items := strings.Repeat(`{"index":{"status":201}},`, lines/2)
			_, _ = io.WriteString(w, `{"errors":false,"items":[`+strings.TrimSuffix(items, ",")+`]}`)
		default:
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, `{"_shards":{"failed":0},"hits":{"hits":[]}}`)
		}
	}))
	defer sink.Close()
	p := &place{endpoint: sink.URL, kind: elasticsearch.Type, name: "docs"}
	connectortest.BenchReplace(b, connectortest.OpenDestination(b, elasticsearch.Type, p.Config(), connector.Env{}), 2000, 384)
}

// BenchmarkReplace writes them to a real OpenSearch beside it.
func BenchmarkReplace(b *testing.B) {
	p := newPlace(b, start(b), elasticsearch.Type, 1, keyword)
	connectortest.BenchReplace(b, connectortest.OpenDestination(b, elasticsearch.Type, p.Config(), connector.Env{}), 500, 384)
}
