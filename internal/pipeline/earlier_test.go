package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/element"
)

// may is a data source of permissions.
func may(user string) *element.DataSource {
	return &element.DataSource{
		URL: "file:///memo.txt", PermissionsData: []map[string]any{{"read": map[string]any{"users": []any{user}}}}, PermissionsVersion: user, DateProcessed: user,
	}
}

// TestEarlier has an earlier run over the same document, of which the permissions have changed since: its last output serves as
// long as it is there and nothing else is another.
func TestEarlier(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(b *bench, was *Earlier)
		parsed int64
	}{
		"permissions alone":   {func(*bench, *Earlier) {}, 0},
		"elements not kept":   {func(b *bench, was *Earlier) { must(b, b.blobs.Delete(b.Context(), was.Outputs[0].Blob)) }, 0},
		"chunks not kept":     {func(b *bench, was *Earlier) { must(b, b.blobs.Delete(b.Context(), was.Outputs[1].Blob)) }, 1},
		"damaged chunks":      {func(b *bench, was *Earlier) { must(b, put(b, was.Outputs[1].Blob, "[]")) }, 1},
		"another chunk size":  {func(b *bench, _ *Earlier) { b.in.Nodes[1] = chunkNode(90) }, 1},
		"another version":     {func(b *bench, _ *Earlier) { b.in.Version = "v2" }, 1},
		"one node more":       {func(b *bench, was *Earlier) { was.Outputs = was.Outputs[:1] }, 1},
		"another data source": {func(_ *bench, was *Earlier) { was.DataSource = &element.DataSource{URL: "file:///other.txt"} }, 1},
		"no hashes":           {func(_ *bench, was *Earlier) { was.Outputs[0].InputHash = "" }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, partitionNode(), chunkNode(120))
			b.in.DataSource = may("u1")
			r := b.mustRun()
			first := b.output(r.Last)
			was := &Earlier{DataSource: may("u1"), Outputs: []Output{b.saved[0], r.Last}, Pages: r.Pages}
			b.in.Job, b.in.File, b.in.DataSource, b.in.Earlier = "j2", "f2", may("u2"), was
			c.change(b, was)
			r = b.again()
			if n := b.parser.files.Load(); n != c.parsed || b.opened != int(c.parsed) || len(b.saved) != 1 || !r.Fresh || r.Pages != 1 {
				t.Errorf("parsed %d times, opened %d times, want %d; saved %d, %+v", n, b.opened, c.parsed, len(b.saved), r)
			}
			if r.Last.Blob != "w/j2/f2/node-chunk" || b.saved[0].NodeID != "node-partition" || b.saved[0].Index != 0 || r.Last.Index != 1 {
				t.Errorf("%+v, %+v", b.saved[0], r.Last)
			}
			second := b.output(r.Last)
			for i, e := range second {
				if text := fmt.Sprint(e.Metadata.DataSource); !strings.Contains(text, "permissions_version:u2") || !strings.Contains(text, "date_processed:u2") || strings.Contains(text, "u1") {
					t.Errorf("element %d: %s", i, text)
				}
				if name == "permissions alone" && (e.ID != first[i].ID || e.Text != first[i].Text) {
					t.Errorf("element %d is %+v, was %+v", i, e, first[i])
				}
			}
			// What was stored of it is what a repeated task resumes from.
			b.in.Earlier = nil
			if again := b.again(b.saved[0], r.Last); again.Fresh || b.parser.files.Load() != 0 {
				t.Errorf("a repeated task runs again: %+v", again)
			}
		})
	}
}

func must(b *bench, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func put(b *bench, key, content string) error {
	_, _, err := b.blobs.Put(b.Context(), key, strings.NewReader(content))
	return err
}
