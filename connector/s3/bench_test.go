package s3

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

// canned answers listings with pages of 1,000 of so many objects. Pages are put together once, but for the token.
func canned(b testing.TB, objects int) *httptest.Server {
	var entries strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&entries, "<Contents><Key>reports/2026/a-folder/document-PAGE-%04d.pdf</Key><LastModified>2026-03-04T05:06:07.000Z</LastModified>"+
			"<ETag>&quot;%032x&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"+
			"<Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>", i, i, 1000+i)
	}
	body := entries.String()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, _ := strconv.Atoi(r.URL.Query().Get("continuation-token")) // "" is 0
		more := ""
		if (at+1)*1000 < objects {
			more = fmt.Sprintf("<NextContinuationToken>%d</NextContinuationToken><IsTruncated>true</IsTruncated>", at+1)
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+
			`<Name>acme</Name><Prefix>reports/</Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>%s%s</ListBucketResult>`,
			more, strings.ReplaceAll(body, "PAGE", fmt.Sprintf("%06d", at)))
	}))
	b.Cleanup(s.Close)
	return s
}

func cannedSource(b testing.TB, objects int) connector.Source {
	return connectortest.OpenSource(b, Type, map[string]any{
		"remote_url": "s3://acme/reports/", "endpoint_url": canned(b, objects).URL, "recursive": true, "key": "key", "secret": "secret",
	}, connector.Env{})
}

// BenchmarkIndex lists a million objects and reports objects a second, and how much more memory was in use at the end than
// after the first page.
func BenchmarkIndex(b *testing.B) {
	const objects = 1_000_000
	s := cannedSource(b, objects)
	inUse := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 20)
	}
	n, first, most := 0, 0.0, 0.0
	for b.Loop() {
		for _, err := range s.Index(context.Background(), "") {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n == 1000 {
				first = inUse()
			} else if n%100_000 == 0 {
				most = max(most, inUse()-first)
			}
		}
	}
	if n%objects != 0 {
		b.Fatalf("listed %d", n)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "objects/s")
	b.ReportMetric(most, "MB-growth")
}

// BenchmarkFetch reads objects of 1 kB from a server beside it, eight at once.
func BenchmarkFetch(b *testing.B) {
	s := server.StartReal(b)
	name := s.Bucket(b)
	for i := range 200 {
		s.Put(b, name, fmt.Sprintf("%03d.txt", i), strings.Repeat("x", 1000), nil)
	}
	source := connectortest.OpenSource(b, Type, map[string]any{
		"remote_url": "s3://" + name, "endpoint_url": s.Endpoint, "key": s.Key, "secret": s.Secret,
	}, connector.Env{})
	var documents []document.Document
	for d, err := range source.Index(context.Background(), "") {
		if err != nil {
			b.Fatal(err)
		}
		documents = append(documents, d)
	}
	var next atomic.Int64
	b.SetParallelism(4)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			f, err := source.Fetch(context.Background(), documents[next.Add(1)%int64(len(documents))])
			if err != nil {
				b.Error(err)
				return
			}
			f.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}

// BenchmarkReplace writes outputs of 100 elements with 384 dimensions to a server beside it.
func BenchmarkReplace(b *testing.B) {
	s := server.StartReal(b)
	connectortest.BenchReplace(b, connectortest.OpenDestination(b, Type, map[string]any{
		"remote_url": "s3://" + s.Bucket(b), "endpoint_url": s.Endpoint, "key": s.Key, "secret": s.Secret,
	}, connector.Env{}), 100, 384)
}
