package s3

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

// testPlace is a place of the suites: a prefix in a bucket of its own.
type testPlace struct {
	server *server.Server
	client *s3.Client
	name   string
	prefix string
}

func newPlace(t *testing.T, s *server.Server) *testPlace {
	t.Helper()
	return &testPlace{server: s, client: s.Client(), name: s.Bucket(t), prefix: "some folder/ü+%/"}
}

func (b *testPlace) Config() map[string]any {
	return map[string]any{
		"remote_url": "s3://" + b.name + "/" + b.prefix, "endpoint_url": b.server.Endpoint, "recursive": true,
		"key": b.server.Key, "secret": b.server.Secret,
	}
}

// Put writes with a few requests at once: the large listing has 10,000 objects.
func (b *testPlace) Put(t *testing.T, contents map[string]string) {
	t.Helper()
	names := make(chan string)
	var failed error
	var once sync.Once
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for name := range names {
				key := b.prefix + name
				_, err := b.client.PutObject(context.Background(), &s3.PutObjectInput{
					Bucket: &b.name, Key: &key, Body: strings.NewReader(contents[name]),
				})
				if err != nil {
					once.Do(func() { failed = fmt.Errorf("put %q: %w", key, err) })
				}
			}
		})
	}
	for name := range contents {
		names <- name
	}
	close(names)
	work.Wait()
	if failed != nil {
		t.Fatal(failed)
	}
}

func (b *testPlace) Remove(t *testing.T, name string) { b.server.Delete(t, b.name, b.prefix+name) }

func (b *testPlace) Name(d document.Document) string { return d.Path }

func (b *testPlace) Content(_, content string) string { return content }

// Read looks at one object after another, which is one consistent look at each document.
func (b *testPlace) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	for _, key := range b.server.List(t, b.name) {
		if !strings.HasSuffix(key, ".json") {
			continue
		}
		var elements []struct{ Text string }
		if err := json.Unmarshal([]byte(b.server.Get(t, b.name, key)), &elements); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		for _, e := range elements {
			out = append(out, connectortest.Record{Document: key, Text: e.Text})
		}
	}
	return out
}

// List names the objects, and those that are being written in parts.
func (b *testPlace) List(t *testing.T) []string {
	t.Helper()
	return append(b.server.List(t, b.name), b.server.Uploads(t, b.name)...)
}

func wrongSecret(_ *testing.T, config map[string]any) map[string]any {
	return connectortest.With(config, "secret", "wr0ng/s3cr+t/word=")
}

func missing(_ *testing.T, config map[string]any) map[string]any {
	return connectortest.With(config, "remote_url", "s3://nobody-has-made-this-bucket/x/")
}

func at(_ *testing.T, config map[string]any, address string) map[string]any {
	return connectortest.With(config, "endpoint_url", "http://"+address)
}

func TestSourceSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunSource(t, connectortest.Source{
		Type: Type, Folders: true, WrongSecret: wrongSecret, Missing: missing, At: at,
		New: func(t *testing.T) connectortest.SourcePlace { return newPlace(t, s) },
	})
}

func TestDestinationSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, WrongSecret: wrongSecret, Missing: missing, At: at,
		New: func(t *testing.T) connectortest.DestinationPlace { return newPlace(t, s) },
	})
}

// paths lists a source.
func paths(t *testing.T, s connector.Source) []string {
	t.Helper()
	var out []string
	for d, err := range s.Index(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d.Path)
	}
	return out
}

func content(t *testing.T, f document.File) string {
	t.Helper()
	defer f.Close()
	b, err := io.ReadAll(f.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
