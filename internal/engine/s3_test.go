package engine_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/store"
	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

// buckets makes a source and a destination in buckets of a server.
func (b *bench) buckets(s *server.Server) (in, out, source, destination string) {
	b.Helper()
	in, out = s.Bucket(b), s.Bucket(b)
	config := func(bucket string) map[string]any {
		return map[string]any{"remote_url": "s3://" + bucket + "/docs/", "endpoint_url": s.Endpoint, "key": s.Key, "secret": s.Secret, "recursive": true}
	}
	return in, out, b.connector(store.SideSource, "s3", config(in)), b.connector(store.SideDestination, "s3", config(out))
}

// What only fetching an object tells stands in the elements.
func TestBucketToBucket(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := server.Start(t)
	in, out, source, destination := b.buckets(s)
	s.Put(t, in, "docs/sub/memo.txt", memo, map[string]string{"author": "somebody"})
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations = []string{source}, []string{destination}
	})
	if j := b.run(w); j.Status != store.Completed || j.Done != 1 {
		t.Fatalf("%+v", j)
	}
	var elements []struct {
		Metadata struct {
			Source map[string]any `json:"data_source"`
		}
	}
	must(t, json.Unmarshal([]byte(s.Get(t, out, "docs/sub/memo.txt.json")), &elements))
	if len(elements) == 0 {
		t.Fatal("no elements")
	}
	got := elements[0].Metadata.Source
	want := map[string]any{"protocol": "s3", "remote_file_path": "s3://" + in + "/docs/", "metadata": map[string]any{"author": "somebody"}}
	if !reflect.DeepEqual(got["record_locator"], want) || got["url"] != "s3://"+in+"/docs/sub/memo.txt" || got["version"] == "" || got["date_modified"] == "" {
		t.Errorf("got %v, want record_locator %v", got, want)
	}
}

// The one server of the source, the destination and the outputs goes away in the middle and comes back: every document is
// there once and whole.
func TestBucketsGoAway(t *testing.T) {
	s := server.Start(t)
	t.Setenv("AWS_ACCESS_KEY_ID", s.Key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Secret)
	outputs, err := blob.Open(t.Context(), "s3://"+s.Bucket(t)+"/sluice?use_path_style=true&endpoint="+url.QueryEscape(s.Endpoint))
	must(t, err)
	b := newBench(t, func(c *setup) {
		c.config.Workers = 2
		c.blobs = func(folder blob.Store) blob.Store {
			must(t, folder.Close())
			return outputs
		}
	})
	in, out, source, destination := b.buckets(s)
	const n = 150
	for i := range n {
		s.Put(t, in, fmt.Sprintf("docs/%03d.txt", i), memo+fmt.Sprint(i), nil)
	}
	w := b.flow(func(w *store.Workflow) {
		w.Sources, w.Destinations, w.Nodes = []string{source}, []string{destination}, nodes(t, "chunk_by_title")
	})
	j, err := b.e.RunWorkflow(t.Context(), b.workspace, w.ID, nil)
	must(t, err)
	b.eventually("something is written", func() bool { return len(s.List(t, out)) > 5 })
	must(t, s.Stop())
	if done := b.job(j.ID).Done; done == n {
		t.Fatal("the job ended before the server went away")
	}
	time.Sleep(3 * time.Second)
	must(t, s.Start())
	if j = b.end(j.ID); j.Status != store.Completed || j.Done != n || j.Failed != 0 {
		t.Errorf("%+v", j)
	}
	keys := s.List(t, out)
	if len(keys) != n || len(s.Uploads(t, out)) != 0 {
		t.Errorf("%d outputs", len(keys))
	}
	for i, key := range keys {
		var elements []struct{ Text string }
		must(t, json.Unmarshal([]byte(s.Get(t, out, key)), &elements))
		if len(elements) != 1 || key != fmt.Sprintf("docs/%03d.txt.json", i) || !strings.HasSuffix(strings.TrimSpace(elements[0].Text), fmt.Sprint(i)) {
			t.Errorf("output %d is %s with %v", i, key, elements)
		}
	}
}
