package mongodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/mongodb"
)

// place is a collection of its own.
type place struct {
	server *server.Server
	look   *mongo.Collection // from outside
}

var names struct {
	sync.Mutex
	n int
}

func newPlace(t testing.TB, s *server.Server) *place {
	t.Helper()
	names.Lock()
	names.n++
	name := fmt.Sprintf("test %d ü", names.n)
	names.Unlock()
	client, err := mongo.Connect(options.Client().ApplyURI(s.Inner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	p := &place{server: s, look: client.Database("sluice").Collection(name)}
	if err := p.look.Database().CreateCollection(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if _, err := p.look.Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{{Key: "record_id", Value: 1}}}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) Config() map[string]any {
	return map[string]any{"uri": p.server.URI(), "database": "sluice", "collection": p.look.Name()}
}

func (p *place) Put(t *testing.T, contents map[string]string) {
	t.Helper()
	var batch []mongo.WriteModel
	for name, content := range contents {
		batch = append(batch, mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: name}}).SetUpsert(true).
			SetReplacement(bson.D{{Key: "_id", Value: name}, {Key: "content", Value: content}, {Key: "none", Value: nil}, {Key: "n", Value: int32(7)}}))
	}
	if _, err := p.look.BulkWrite(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
}

func (p *place) Remove(t *testing.T, name string) {
	t.Helper()
	if _, err := p.look.DeleteOne(t.Context(), bson.D{{Key: "_id", Value: name}}); err != nil {
		t.Fatal(err)
	}
}

func (p *place) Name(d document.Document) string {
	id, _ := parseID(d.Identifier)
	name, _ := id.StringValueOK()
	return name
}

func (p *place) Content(_, content string) string { return content + "\n7" }

func (p *place) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	found, err := p.look.Find(context.Background(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Record     string    `bson:"record_id"`
		Text       string    `bson:"text"`
		Embeddings []float32 `bson:"embeddings"`
	}
	if err := found.All(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	out := make([]connectortest.Record, len(all))
	for i, r := range all {
		out[i] = connectortest.Record{Document: r.Record, Text: r.Text, Embeddings: r.Embeddings}
	}
	return out
}

func with(config map[string]any, name string, value any) map[string]any {
	out := maps.Clone(config)
	out[name] = value
	return out
}

func missing(_ *testing.T, config map[string]any) map[string]any {
	return with(config, "collection", "nobody made this")
}

func at(_ *testing.T, config map[string]any, address string) map[string]any {
	return with(config, "uri", "mongodb://"+address+"/")
}

func TestSourceSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunSource(t, connectortest.Source{Type: Type, Missing: missing, At: at,
		New: func(t *testing.T) connectortest.SourcePlace { return newPlace(t, s) }})
}

func TestDestinationSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunDestination(t, connectortest.Destination{Type: Type, Missing: missing, At: at, Vectors: true, Mixes: true, TooLarge: 17 << 20,
		New: func(t *testing.T) connectortest.DestinationPlace { return newPlace(t, s) }})
}

func openDestination(t testing.TB, config map[string]any) connector.Destination {
	t.Helper()
	d, err := connector.OpenDestination(Type, config, connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func elements(mark string, n, dimensions int) []element.Element {
	out := make([]element.Element, n)
	for i := range out {
		out[i] = element.Element{Type: element.NarrativeText, ID: fmt.Sprintf("%s-%d", mark, i), Text: fmt.Sprintf("%s, text %d", mark, i)}
		if dimensions > 0 {
			out[i].Embeddings = connectortest.Embedding(byte(i), dimensions)
		}
	}
	return out
}

func stream(elements []element.Element) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func texts(p *place, t *testing.T) []string {
	t.Helper()
	var out []string
	for _, r := range p.Read(t) {
		out = append(out, r.Text)
	}
	slices.Sort(out)
	return out
}

func textsOf(sets ...[]element.Element) []string {
	var out []string
	for _, e := range slices.Concat(sets...) {
		out = append(out, e.Text)
	}
	slices.Sort(out)
	return out
}

func TestOtherDimension(t *testing.T) {
	t.Parallel()
	p := newPlace(t, server.Start(t))
	if err := openDestination(t, p.Config()).Replace(t.Context(), document.Document{Identifier: "old"}, stream(elements("old", 3, 8))); err != nil {
		t.Fatal(err)
	}
	err := openDestination(t, p.Config()).Replace(t.Context(), document.Document{Identifier: "new"}, stream(elements("new", 3, 12)))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "8 dimensions, and these have 12") {
		t.Errorf("%v", err)
	}
	if got := texts(p, t); !slices.Equal(got, textsOf(elements("old", 3, 8))) {
		t.Errorf("the collection holds %q", got)
	}
}

// TestGoesAway breaks the connection while a document is written; the same write repeated leaves it once and whole.
func TestGoesAway(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	d := openDestination(t, p.Config())
	doc := document.Document{Identifier: "doc"}
	if err := d.Replace(t.Context(), doc, stream(elements("old", 700, 0))); err != nil {
		t.Fatal(err)
	}
	fresh := elements("new", 2000, 0)
	seen := 0
	err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		for e := range stream(fresh) {
			if seen++; seen == 1200 {
				s.Close()
			}
			if !yield(e, nil) {
				return
			}
		}
	})
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Fatalf("%s: %v", outcome, err)
	}
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	if err := openDestination(t, p.Config()).Replace(t.Context(), doc, stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := texts(p, t); !slices.Equal(got, textsOf(fresh)) {
		t.Errorf("the collection holds %d documents, want %d", len(got), len(fresh))
	}
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	const where = "SLUICE_TEST_MONGODB_CONFIG"
	doc, fresh := document.Document{Identifier: "doc"}, elements("new", 50, 8)
	if text := os.Getenv(where); text != "" {
		var config map[string]any
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("not killed: %v", openDestination(t, config).Replace(context.Background(), doc, stream(fresh)))
	}
	t.Parallel()
	p := newPlace(t, server.Start(t))
	old := elements("old", 80, 8)
	if err := openDestination(t, p.Config()).Replace(t.Context(), doc, stream(old)); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p.Config())
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledInReplace$") //nolint:noctx // it kills itself
	child.Env = append(os.Environ(), "SLUICE_FAILPOINT=mid-replace", where+"="+string(text))
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
	if got := texts(p, t); !slices.Equal(got, textsOf(old, fresh)) {
		t.Errorf("after the kill the collection holds %d documents", len(got))
	}
	if err := openDestination(t, p.Config()).Replace(t.Context(), doc, stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := texts(p, t); !slices.Equal(got, textsOf(fresh)) {
		t.Errorf("the collection holds %d documents, want %d", len(got), len(fresh))
	}
}

// TestKeys lists keys of several types in the server's order, cut anywhere.
func TestKeys(t *testing.T) {
	t.Parallel()
	p := newPlace(t, server.Start(t))
	oid := bson.NewObjectID()
	for _, id := range []any{oid, "text", oid.Hex(), "{odd}", int32(5), int64(1) << 40, 2.5, true} {
		if _, err := p.look.InsertOne(t.Context(), bson.D{{Key: "_id", Value: id}, {Key: "text", Value: fmt.Sprint(id)}}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := connector.OpenSource(Type, p.Config(), connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list := func(from string) (out []document.Document) {
		for d, err := range s.Index(t.Context(), connector.Cursor(from)) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, d)
		}
		return out
	}
	all := list("")
	if len(all) != 8 {
		t.Fatalf("listed %d", len(all))
	}
	for i, d := range all {
		if rest := list(d.Cursor); len(rest) != len(all)-i-1 {
			t.Errorf("after %q: %d, want %d", d.Identifier, len(rest), len(all)-i-1)
		}
		f, err := s.Fetch(t.Context(), d)
		if err != nil {
			t.Errorf("%q: %v", d.Identifier, err)
			continue
		}
		f.Close()
	}
}

func TestConfigs(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"", "http://h/", "mongodb:///", "mongodb://u:s3cret@h/?tlsCAFile=/etc/passwd", "mongodb://h/?authMechanism=MONGODB-AWS",
		"mongodb://u:s3cret@h/?authMechanism=MONGODB-OIDC", "mongodb://u:s3cret@h/?tlsCertificateKeyFile=/etc/s3cret"} {
		_, err := open(map[string]any{"uri": uri, "database": "d", "collection": "c"}, connector.Env{})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", uri, err)
		}
	}
}
