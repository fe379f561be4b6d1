package mongodb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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

func missing(_ *testing.T, config map[string]any) map[string]any {
	return connectortest.With(config, "collection", "nobody made this")
}

func at(_ *testing.T, config map[string]any, address string) map[string]any {
	return connectortest.With(config, "uri", "mongodb://"+address+"/")
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

func TestOtherDimension(t *testing.T) {
	t.Parallel()
	p := newPlace(t, server.Start(t))
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), document.Document{Identifier: "old"}, connectortest.Stream(connectortest.Marked("old", 3, 8))); err != nil {
		t.Fatal(err)
	}
	err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), document.Document{Identifier: "new"}, connectortest.Stream(connectortest.Marked("new", 3, 12)))
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "8 dimensions, and these have 12") {
		t.Errorf("%v", err)
	}
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(connectortest.Marked("old", 3, 8))) {
		t.Errorf("the collection holds %q", got)
	}
}

// TestGoesAway breaks the connection while a document is written; the same write repeated leaves it once and whole.
func TestGoesAway(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	p := newPlace(t, s)
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	doc := document.Document{Identifier: "doc"}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 700, 0))); err != nil {
		t.Fatal(err)
	}
	fresh := connectortest.Marked("new", 2000, 0)
	seen := 0
	err := d.Replace(t.Context(), doc, func(yield func(element.Element, error) bool) {
		for e := range connectortest.Stream(fresh) {
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
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(fresh)) {
		t.Errorf("the collection holds %d documents, want %d", len(got), len(fresh))
	}
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	doc, fresh := document.Document{Identifier: "doc"}, connectortest.Marked("new", 50, 8)
	connectortest.DieInReplace(t, Type, doc, fresh)
	t.Parallel()
	p := newPlace(t, server.Start(t))
	old := connectortest.Marked("old", 80, 8)
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(old)); err != nil {
		t.Fatal(err)
	}
	connectortest.Kill(t, p.Config())
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(old, fresh)) {
		t.Errorf("after the kill the collection holds %d documents", len(got))
	}
	if err := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{}).Replace(t.Context(), doc, connectortest.Stream(fresh)); err != nil {
		t.Fatal(err)
	}
	if got := connectortest.Texts(p.Read(t)); !slices.Equal(got, connectortest.TextsOf(fresh)) {
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
