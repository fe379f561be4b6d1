package postgres

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	pgserver "github.com/sluicehq/sluice/internal/testserver/postgres"
)

// vectors are elements as a chunker and an embedder of 384 dimensions make them.
func vectors(n, dimensions int) []element.Element {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the report of the board says that revenue grew in each region and that costs stayed as they were")
	out := make([]element.Element, n)
	for i := range out {
		page := i/20 + 1
		var text strings.Builder
		for text.Len() < 500 {
			text.WriteString(words[r.IntN(len(words))] + " ")
		}
		v := make([]float32, dimensions)
		for k := range v {
			v[k] = r.Float32()*2 - 1
		}
		out[i] = element.Element{Type: element.CompositeElement, ID: fmt.Sprintf("%032x", i), Text: text.String(), Embeddings: v,
			Metadata: element.Metadata{Filename: "report.pdf", Filetype: "application/pdf", Languages: []string{"eng"},
				PageNumber: &page, DataSource: &element.DataSource{URL: "s3://acme/report.pdf", Version: "e3b0c44298fc",
					RecordLocator: map[string]any{"protocol": "s3", "remote_file_path": "s3://acme/"},
					DateCreated:   "1723069400.5", DateModified: "1723069400.5", DateProcessed: "1764160000.25"}}}
	}
	return out
}

func each(elements []element.Element) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
	}
}

const benchTable = `CREATE TABLE %s (id uuid PRIMARY KEY, record_id text, element_id text, type text, text text,
	embeddings %s, filename text, filetype text, languages text[], page_number text, url text, version text,
	date_created timestamptz, date_modified timestamptz, date_processed timestamptz, record_locator jsonb)`

// BenchmarkReplace writes documents of 1,000 elements with 384-dimension vectors into a durable server.
func BenchmarkReplace(b *testing.B) {
	s := pgserver.Start(b, append(pgserver.Durable, "shared_buffers=256MB")...)
	for _, way := range []string{"copy", "text", "insert100", "insert1000"} {
		for _, column := range []string{"vector(384)", "halfvec(384)", "real[]"} {
			if way != "copy" && column != "vector(384)" {
				continue
			}
			b.Run(way+"/"+strings.Trim(column, "()[]384"), func(b *testing.B) {
				p := newPlace(b, s)
				p.exec(b, fmt.Sprintf(benchTable, "elements", column))
				p.exec(b, "CREATE INDEX ON elements (record_id)")
				batch := int64(100)
				if way == "insert1000" {
					batch = 1000
				}
				d := p.destination(b, "elements", map[string]any{"batch_size": batch}, connector.Env{}).(*destination)
				if err := d.Check(context.Background()); err != nil {
					b.Fatal(err)
				}
				if way != "copy" {
					d.shape.byInsert, d.shape.binary = way != "text", false
					d.shape.copy = strings.TrimSuffix(d.shape.copy, " WITH (FORMAT binary)")
				}
				elements := vectors(1000, 384)
				b.ResetTimer()
				for i := range b.N {
					if err := d.Replace(context.Background(), document.Document{Identifier: fmt.Sprint("doc", i)}, each(elements)); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*len(elements))/b.Elapsed().Seconds(), "elements/s")
			})
		}
	}
}

// BenchmarkEncode makes the COPY lines of elements, without a server.
func BenchmarkEncode(b *testing.B) {
	t := &table{schema: "public", name: "elements"}
	for _, c := range []struct{ name, format, base, category string }{
		{"id", "uuid", "uuid", "U"}, {"record_id", "text", "text", "S"}, {"element_id", "text", "text", "S"}, {"type", "text", "text", "S"},
		{"text", "text", "text", "S"}, {"embeddings", "vector(384)", "vector", "U"}, {"filename", "text", "text", "S"}, {"filetype", "text", "text", "S"},
		{"languages", "text[]", "_text", "A"}, {"page_number", "text", "text", "S"}, {"url", "text", "text", "S"}, {"version", "text", "text", "S"},
		{"date_created", "timestamp with time zone", "timestamptz", "D"}, {"record_locator", "jsonb", "jsonb", "U"},
	} {
		t.columns = append(t.columns, column{name: c.name, format: c.format, cast: c.format, base: c.base, category: c.category, element: "text", canInsert: true, canSelect: true})
	}
	t.canDelete, t.canSelect = true, true
	s, err := newShape(t)
	if err != nil {
		b.Fatal(err)
	}
	elements := vectors(1000, 384)
	b.ReportAllocs()
	var line []byte
	r := newRecords(s, "doc")
	for i := range b.N {
		if i%1000 == 0 {
			r = newRecords(s, "doc")
		}
		if err := r.next(elements[i%1000]); err != nil {
			b.Fatal(err)
		}
		line = r.appendRow(line[:0])
	}
	b.SetBytes(int64(len(line)))
}

// BenchmarkIndex lists 20,000 rows of 1 kB in pages of 100, versions made.
func BenchmarkIndex(b *testing.B) {
	p := newPlace(b, sharedServer(b))
	p.exec(b, "CREATE TABLE t (id int PRIMARY KEY, body text); INSERT INTO t SELECT i, repeat(md5(i::text), 32) FROM generate_series(1, 20000) i; ANALYZE t")
	connectortest.BenchIndex(b, p.source(b, "t", nil, connector.Env{}))
}

// BenchmarkFetch reads rows of 1 kB one by one, as eight workers do.
func BenchmarkFetch(b *testing.B) {
	p := newPlace(b, sharedServer(b))
	p.exec(b, "CREATE TABLE t (id int PRIMARY KEY, body text); INSERT INTO t SELECT i, repeat(md5(i::text), 32) FROM generate_series(1, 1000) i; ANALYZE t")
	s := p.source(b, "t", nil, connector.Env{})
	var n atomic.Int64
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			f, err := s.Fetch(context.Background(), document.Document{Identifier: fmt.Sprint("t-", n.Add(1)%1000+1)})
			if err != nil {
				b.Error(err)
				return
			}
			f.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}
