package azure

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/internal/testserver/azurite"
)

// canned answers listings with pages of 5,000 of so many blobs, with all that the service tells of one.
func canned(b testing.TB, blobs int) *httptest.Server {
	var entries strings.Builder
	for i := range pageSize {
		fmt.Fprintf(&entries, "<Blob><Name>reports/2026/a-folder/document-PAGE-%04d &amp; more.pdf</Name><Properties><Creation-Time>Wed, 04 Mar 2026 05:06:07 GMT</Creation-Time>"+
			"<Last-Modified>Wed, 04 Mar 2026 06:06:07 GMT</Last-Modified><Etag>0x8DC%012X</Etag><Content-Length>%d</Content-Length><Content-Type>application/pdf</Content-Type>"+
			"<Content-Encoding /><Content-Language /><Content-CRC64 /><Content-MD5>sQqNsWTgdUEFt6mb5y4/5Q==</Content-MD5><Cache-Control /><Content-Disposition />"+
			"<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus>"+
			"<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties><OrMetadata /></Blob>", i, i, 1000+i)
	}
	body := entries.String()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, _ := strconv.Atoi(r.URL.Query().Get("marker")) // "" is 0
		next := "<NextMarker />"
		if (at+1)*pageSize < blobs {
			next = fmt.Sprintf("<NextMarker>%d</NextMarker>", at+1)
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, "\ufeff"+`<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://acme.blob.core.windows.net/" ContainerName="acme">`+
			`<Prefix>reports/</Prefix><MaxResults>5000</MaxResults><Blobs>%s</Blobs>%s</EnumerationResults>`,
			strings.ReplaceAll(body, "PAGE", fmt.Sprintf("%06d", at)), next)
	}))
	b.Cleanup(s.Close)
	return s
}

func cannedConfig(b testing.TB, blobs int) map[string]any {
	return map[string]any{"remote_url": "az://acme/reports/", "recursive": true,
		"connection_string": azurite.ConnectionString(canned(b, blobs).URL, "a2V5")}
}

// BenchmarkIndex lists a million blobs and reports blobs a second, and how much more memory was in use at the end than
// after the first page.
func BenchmarkIndex(b *testing.B) {
	const blobs = 1_000_000
	s := connectortest.OpenSource(b, Type, cannedConfig(b, blobs), connector.Env{})
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
			if n++; n == pageSize {
				first = inUse()
			} else if n%100_000 == 0 {
				most = max(most, inUse()-first)
			}
		}
	}
	if n%blobs != 0 {
		b.Fatalf("listed %d", n)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "objects/s")
	b.ReportMetric(most, "MB-growth")
}
