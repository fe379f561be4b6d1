package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

func write(t *testing.T, d connector.Destination, identifier string, elements ...element.Element) error {
	t.Helper()
	return d.Replace(context.Background(), document.Document{Identifier: identifier}, each(elements))
}

func mustWrite(t *testing.T, d connector.Destination, identifier string, elements ...element.Element) {
	t.Helper()
	if err := write(t, d, identifier, elements...); err != nil {
		t.Fatal(err)
	}
}

// full is an element with everything.
func full() element.Element {
	yes, probability := true, 0.98765
	return element.Element{
		Type: element.ListItem, ID: "3b1f5f1a9c6e4b0e8d7c6b5a49382716", Text: "Grüße,\tWelt\n\\N \"x\"\x00!\xff", Checked: &yes,
		Embeddings: []float32{0.25, -1e-7, 3.4028235e38},
		Metadata: element.Metadata{
			Filename: "a.pdf", FileDirectory: "in/2026", Filetype: "application/pdf", LastModified: "2026-03-04T05:06:07",
			Languages: []string{"eng", `d"e\u,{}`, "NULL", ""}, PageNumber: new(3), ParentID: "p", CategoryDepth: new(-1),
			Coordinates: &element.Coordinates{Points: [][2]float64{{1.5, 2}, {1.5, 20}}, System: "PixelSpace", LayoutWidth: 612.25, LayoutHeight: 792},
			Links:       []element.Link{{Text: "l", URL: "https://x/?a=1&b='2'", StartIndex: 3}}, LinkStartIndexes: []int{3, 9},
			DetectionClassProb: &probability, IsContinuation: true, URL: "https://own", Subject: "NUL \x00 here",
			DataSource: &element.DataSource{URL: "s3://b/a.pdf", Version: "42", DateCreated: "1723069400.123456", DateModified: "2026-03-04T05:06:07+02:00",
				DateProcessed: "soon", RecordLocator: map[string]any{"protocol": "s3", "k\x00": "v\x00\\u0000"},
				PermissionsData: []map[string]any{{"read": map[string]any{"users": []any{"u"}, "groups": []any{}}}}},
			Extra: map[string]any{"regex_metadata": map[string]any{"a": 1.0}, "own": 7.0, "flag": "true", "when": "2026-01-02"},
		},
	}
}

// The same element in the columns of the reference's table.
func TestShape(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	columns := [][3]string{ // name, type, value as text
		{"id", "uuid", uuid.NewSHA1(uuid.NameSpaceDNS, []byte("3b1f5f1a9c6e4b0e8d7c6b5a49382716"+"doc-1")).String()},
		{"record_id", "varchar", "doc-1"},
		{"element_id", "varchar(32)", "3b1f5f1a9c6e4b0e8d7c6b5a49382716"},
		{"text", "text", "Grüße,\tWelt\n\\N \"x\"!\uFFFD"},
		{"type", "text", "ListItem"},
		{"embeddings", "vector(3)", "[0.25,-1e-07,3.4028235e+38]"},
		{"checked", "boolean", "t"},
		{"filename", "text", "a.pdf"}, {"file_directory", "text", "in/2026"},
		{"last_modified", "timestamptz", "2026-03-04 05:06:07+00"},
		{"languages", "text[]", `{eng,"d\"e\\u,{}","NULL",""}`},
		{"page_number", "text", "3"}, {"category_depth", "integer", "-1"},
		{"points", "text", "[[1.5,2],[1.5,20]]"}, {"system", "text", "PixelSpace"},
		{"layout_width", "decimal", "612.25"}, {"layout_height", "numeric(8,3)", "792.000"},
		{"links", "jsonb", `[{"url": "https://x/?a=1&b='2'", "text": "l", "start_index": 3}]`},
		{"detection_class_prob", "double precision", "0.98765"}, {"is_continuation", "boolean", "t"},
		{"subject", "text", "NUL  here"},
		{"url", "text", "s3://b/a.pdf"}, // data_source stands over the element's own
		{"version", "text", "42"},
		{"date_created", "timestamptz", "2024-08-07 22:23:20.123456+00"},
		{"date_modified", "timestamp", "2026-03-04 03:06:07"},
		{"date_processed", "timestamptz", "NULL"}, // no date
		{"record_locator", "json", `{"k":"v\\u0000","protocol":"s3"}`},
		{"permissions_data", "text", `[{"read":{"groups":[],"users":["u"]}}]`},
		{"regex_metadata", "text", `{"a":1}`},
		{"own", "smallint", "7"}, {"flag", "boolean", "t"}, {"when", "date", "2026-01-02"},
		{"sent_from", "text[]", "NULL"}, {"attached_filename", "text", "NULL"}, {"stranger", "text", "NULL"},
		{"made", "text", "by default"},
		{"coordinates", "jsonb", `{"points": [[1.5, 2], [1.5, 20]], "system": "PixelSpace", "layout_width": 612.25, "layout_height": 792}`},
	}
	var defs, names, values []string
	for _, c := range columns {
		def := quote(c[0]) + " " + c[1]
		if c[0] == "made" {
			def += " NOT NULL DEFAULT 'by default'"
		}
		defs, names, values = append(defs, def), append(names, quote(c[0])), append(values, c[2])
	}
	p.exec(t, "CREATE TABLE binary_copy ("+strings.Join(defs, ", ")+", doubled int GENERATED ALWAYS AS (category_depth * 2) STORED)")
	p.exec(t, "CREATE TABLE text_copy (LIKE binary_copy, more point)")
	p.exec(t, "CREATE TABLE inserted (LIKE binary_copy); ALTER TABLE inserted ENABLE ROW LEVEL SECURITY; ALTER TABLE inserted FORCE ROW LEVEL SECURITY")
	p.exec(t, "ALTER TABLE text_copy ALTER made SET DEFAULT 'by default'; ALTER TABLE inserted ALTER made SET DEFAULT 'by default'")
	role := "writer_" + p.db.Database
	p.exec(t, "CREATE ROLE "+role+" LOGIN PASSWORD 'writer-pw'; GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role+
		"; CREATE POLICY own ON inserted USING (record_id LIKE 'doc-%')")
	t.Cleanup(func() { p.exec(t, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	for _, table := range []string{"binary_copy", "text_copy", "inserted"} {
		d := p.destination(t, table, map[string]any{"username": role, "password": "writer-pw"}, connector.Env{})
		if err := d.Check(context.Background()); err != nil && table != "inserted" {
			t.Errorf("%s: check: %v", table, err) // the policy takes no row of a check
		}
		mustWrite(t, d, "doc-1", full(), element.Element{Type: element.Title, ID: "e2"})
		if s := d.(*destination).shape; s.binary != (table == "binary_copy") || s.byInsert != (table == "inserted") {
			t.Errorf("%s: binary %v, by insert %v", table, s.binary, s.byInsert)
		}
		got := p.rows(t, "SELECT "+strings.Join(names, ", ")+" FROM "+table+" WHERE type = 'ListItem'")
		if len(got) != 1 {
			t.Fatalf("%s: %d rows", table, len(got))
		}
		for i, c := range columns {
			if got[0][i] != values[i] {
				t.Errorf("%s: %s is %q, want %q", table, c[0], got[0][i], values[i])
			}
		}
		got = p.rows(t, "SELECT text, embeddings, page_number, languages, date_created FROM "+table+" WHERE type = 'Title'")
		if want := [][]string{{"", "NULL", "NULL", "NULL", "NULL"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: a bare element gives %q, want %q", table, got, want)
		}
	}
}

// Embeddings in every type of column that takes them, by binary COPY where it can be.
func TestEmbeddingColumns(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	for i, c := range [][2]string{
		{"vector(3)", "[0.25,-0.5,3]"}, {"vector", "[0.25,-0.5,3]"}, {"halfvec(3)", "[0.25,-0.5,3]"}, {"real[]", "{0.25,-0.5,3}"},
		{"double precision[]", "{0.25,-0.5,3}"}, {"decimal[]", "{0.25,-0.5,3}"}, {"jsonb", "[0.25, -0.5, 3]"}, {"json", "[0.25,-0.5,3]"},
		{"text", "[0.25,-0.5,3]"}, {"varchar[]", "{0.25,-0.5,3}"},
	} {
		table := fmt.Sprint("e", i)
		p.exec(t, "CREATE TABLE "+table+" (record_id text, embeddings "+c[0]+", metadata jsonb)")
		d := p.destination(t, table, nil, connector.Env{})
		if err := d.Check(context.Background()); err != nil {
			t.Errorf("%s: %v", c[0], err)
		}
		mustWrite(t, d, "doc", element.Element{ID: "a", Embeddings: []float32{0.25, -0.5, 3}, Metadata: element.Metadata{Filename: "f"}}, element.Element{ID: "b"})
		got := p.rows(t, "SELECT embeddings, metadata FROM "+table+" ORDER BY metadata->>'filename'")
		if want := [][]string{{c[1], `{"filename": "f"}`}, {"NULL", "{}"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", c[0], got, want)
		}
	}
}

// Numbers in the binary form are what the server reads from their text.
func TestNumbers(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE n (record_id text, element_id text, own numeric)")
	d := p.destination(t, "n", nil, connector.Env{})
	for _, x := range []float64{0, 1, -1, 9999, 10000, 10001, 123456789, 0.5, -0.0001, 0.00001, 1e-7, 1.5e-20, 1e20, 1e30, -12345.678901, 100000000} {
		mustWrite(t, d, "doc", element.Element{ID: "a", Metadata: element.Metadata{Extra: map[string]any{"own": x}}})
		got := p.rows(t, "SELECT own = $1::text::numeric, own FROM n", fmt.Sprintf("%v", x))
		if got[0][0] != "t" {
			t.Errorf("%v became %s", x, got[0][1])
		}
	}
	if !d.(*destination).shape.binary {
		t.Error("not the binary form")
	}
}

// A missing table: the statement of the error makes one that takes the data.
func TestMissingTable(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	d := p.destination(t, "public.My Elements", nil, connector.Env{})
	statement := func(err error) string {
		t.Helper()
		if outcome, _ := connector.Classify(err); !errors.Is(err, connector.ErrNotFound) || outcome != connector.Permanent {
			t.Fatalf("%s: %v", outcome, err)
		}
		_, text, ok := strings.Cut(err.Error(), "This makes one: ")
		if !ok {
			t.Fatalf("no statement in %v", err)
		}
		return text
	}
	v := make([]float32, 384)
	v[5] = 1
	with := element.Element{ID: "a", Text: "x", Embeddings: v}
	if got := statement(d.Check(context.Background())); !strings.Contains(got, "embeddings vector(N), ") || !strings.Contains(got, "N is the number of dimensions") {
		t.Errorf("check: %s", got)
	}
	if got := statement(write(t, d, "doc", element.Element{ID: "a"})); strings.Contains(got, "embeddings") {
		t.Errorf("without embeddings: %s", got)
	}
	p.exec(t, "DROP EXTENSION vector")
	if got := statement(write(t, d, "doc", with)); !strings.HasPrefix(got, "CREATE EXTENSION vector; CREATE TABLE") {
		t.Errorf("without the extension: %s", got)
	}
	p.exec(t, "CREATE EXTENSION vector")
	made := statement(write(t, d, "doc", element.Element{ID: "0"}, with))
	if !strings.HasPrefix(made, `CREATE TABLE "public"."My Elements" (`) || !strings.Contains(made, "embeddings vector(384), ") {
		t.Errorf("made: %s", made)
	}
	p.exec(t, made)
	if err := d.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, d, "doc", element.Element{ID: "0"}, with)
	if s := d.(*destination).shape; !s.binary || s.guarantee() != connector.Replaces {
		t.Errorf("%+v", s)
	}
	if got := p.rows(t, `SELECT vector_dims(embeddings) FROM "My Elements" WHERE embeddings IS NOT NULL`); len(got) != 1 || got[0][0] != "384" {
		t.Errorf("got %q", got)
	}
}

// What the table refuses is said with column and element, permanently, and leaves what was there.
func TestRefusedValues(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	good := element.Element{ID: "good", Text: "good", Embeddings: []float32{1, 2, 3}}
	long := element.Element{ID: "bad", Text: strings.Repeat("secret words ", 100), Embeddings: []float32{1, 2, 3}}
	for name, c := range map[string]struct {
		columns string
		bad     element.Element
		want    string
	}{
		"too long": {"text varchar(20)", long, `write document "doc": element 2, column "text": the value is too long for character varying(20)`},
		"too long, text form": {"text varchar(20), more point", long,
			`write document "doc": element 2, column "text": the value is too long for character varying(20)`},
		"dimension": {"text text, embeddings vector(3)", element.Element{ID: "bad", Embeddings: []float32{1, 2}},
			`column "embeddings" is vector(3) and the vector has 2 dimensions; make the column vector(2), or choose an embedding model with 3 dimensions`},
		"half dimension": {"text text, embeddings halfvec(3)", element.Element{ID: "bad", Embeddings: []float32{1, 2, 3, 4}},
			`column "embeddings" is halfvec(3) and the vector has 4 dimensions`},
		"half range": {"text text, embeddings halfvec(3)", element.Element{ID: "bad", Embeddings: []float32{1, 2, 1e6}},
			`element 2, column "embeddings": the column's type halfvec(3) does not take the value`},
		"null": {"text text, embeddings vector(3) NOT NULL", element.Element{ID: "bad"}, `column "embeddings" is NOT NULL, and an element has no such value`},
		"unique": {"text text, UNIQUE (text)", element.Element{ID: "bad", Text: "good"},
			`constraint "t_text_key" of table public.t is violated: a row with the same key is there`},
		"rule":    {"text text, CONSTRAINT short CHECK (length(text) < 20)", long, `constraint "short" of table public.t is violated`},
		"integer": {"text text, page_name integer", element.Element{ID: "bad", Metadata: element.Metadata{PageName: "iv"}}, `column "page_name" is integer, which does not take the value of element "bad"`},
		"integer, text form": {"text text, page_name integer, more point", element.Element{ID: "bad", Metadata: element.Metadata{PageName: "iv"}},
			`element 2, column "page_name": the column's type integer does not take the value`},
		"index": {"text text, UNIQUE (record_id, text)", element.Element{ID: "bad", Text: strings.Repeat(longWords(), 20)}, "a value is too large for PostgreSQL or for an index"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, p.Server)
			p.exec(t, "CREATE TABLE t (record_id text, element_id text, "+c.columns+")")
			d := p.destination(t, "t", nil, connector.Env{})
			mustWrite(t, d, "doc", good)
			err := write(t, d, "doc", good, c.bad)
			if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), c.want) ||
				strings.Contains(err.Error(), "secret words") {
				t.Errorf("%s: %v\nwant %s", outcome, err, c.want)
			}
			if got := p.rows(t, "SELECT element_id FROM t"); len(got) != 1 || got[0][0] != "good" {
				t.Errorf("the table holds %q", got)
			}
			mustWrite(t, d, "doc", good)
		})
	}
}

// longWords cannot be made small by compression.
func longWords() string {
	var b strings.Builder
	for i := range 200 {
		b.WriteString(uuid.NewSHA1(uuid.NameSpaceURL, []byte{byte(i)}).String())
	}
	return b.String()
}

// Elements of one id are rows of their own, with the same ids each time.
func TestRepeatedElementIDs(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE t (id uuid PRIMARY KEY, record_id text, text text)")
	d := p.destination(t, "t", nil, connector.Env{})
	elements := []element.Element{{ID: "e", Text: "1"}, {ID: "e", Text: "2"}, {ID: "e", Text: "3"}, {Text: "4"}, {Text: "5"}}
	mustWrite(t, d, "doc", elements...)
	first := p.rows(t, "SELECT id, text FROM t ORDER BY text")
	mustWrite(t, d, "doc", elements...)
	if again := p.rows(t, "SELECT id, text FROM t ORDER BY text"); len(first) != 5 || !reflect.DeepEqual(first, again) {
		t.Errorf("first %q, then %q", first, again)
	}
	if want := uuid.NewSHA1(uuid.NameSpaceDNS, []byte("edoc")).String(); first[0][0] != want {
		t.Errorf("the first is %s, want %s", first[0][0], want)
	}
}

// Tables without record_id: what is said, and what a second write leaves.
func TestGuarantees(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	for _, c := range []struct {
		columns   string
		guarantee connector.Guarantee
		warning   string
		left      int // rows after two writes of three elements and one of one
	}{
		{"id uuid, record_id text, text text", connector.Replaces, "no index", 1},
		{"id text, text text", connector.Upserts, "rows are replaced by id", 3},
		{"text text, page_number int", connector.Appends, "a document written twice is there twice", 7},
		{"id bigserial, record_id uuid, text text", connector.Replaces, "", 0},
	} {
		table := unique("g")
		p.exec(t, "CREATE TABLE "+table+" ("+c.columns+")")
		var journal bytes.Buffer
		d := p.destination(t, table, nil, connector.Env{Log: slog.New(slog.NewTextHandler(&journal, nil))})
		if got := d.Guarantee(); got != c.guarantee {
			t.Errorf("%s: %s, want %s", c.columns, got, c.guarantee)
		}
		if c.warning == "" { // a serial id takes no UUID, and the record's id is no UUID
			if err := write(t, d, "doc", element.Element{ID: "a"}); err == nil || !strings.Contains(err.Error(), "does not take the value") {
				t.Errorf("%s: %v", c.columns, err)
			}
			continue
		}
		three := []element.Element{{ID: "a", Text: "a"}, {ID: "b", Text: "b"}, {ID: "c", Text: "c"}}
		mustWrite(t, d, "doc", three...)
		mustWrite(t, d, "doc", three...)
		mustWrite(t, d, "doc", three[1])
		if got := p.rows(t, "SELECT text FROM "+table); len(got) != c.left {
			t.Errorf("%s: %d rows, want %d", c.columns, len(got), c.left)
		}
		if n := strings.Count(journal.String(), c.warning); n != 1 || strings.Count(journal.String(), "level=WARN") != 1 {
			t.Errorf("%s: log %s", c.columns, journal.String())
		}
		err := d.(connector.Remover).Remove(context.Background(), document.Document{Identifier: "doc"})
		if (err == nil) != (c.guarantee == connector.Replaces) {
			t.Errorf("%s: remove: %v", c.columns, err)
		}
	}
}

// Check names what the role lacks, and is content once it is given; it leaves nothing.
func TestDestinationCheck(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	role := "checker_" + p.db.Database
	p.exec(t, "CREATE ROLE "+role+" LOGIN PASSWORD 'checker-pw'; CREATE TABLE t (id uuid PRIMARY KEY, record_id text NOT NULL, text text, embeddings vector(7) NOT NULL, filename text NOT NULL)")
	t.Cleanup(func() { p.exec(t, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	as := map[string]any{"username": role, "password": "checker-pw"}
	d := p.destination(t, "t", as, connector.Env{})
	for _, step := range []struct{ want, grant string }{
		{`lacks INSERT on table public.t`, "GRANT INSERT ON t TO " + role},
		{`lacks SELECT, INSERT, DELETE on table public.t; its owner can run: GRANT SELECT, INSERT, DELETE ON "public"."t" TO "` + role + `"`,
			"GRANT SELECT, INSERT, DELETE ON t TO " + role},
	} {
		err := d.Check(context.Background())
		if !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), step.want) {
			t.Errorf("got %v, want %s", err, step.want)
		}
		p.exec(t, step.grant)
	}
	if err := d.Check(context.Background()); err != nil {
		t.Error(err)
	}
	p.exec(t, "ALTER TABLE t ADD tenant int NOT NULL")
	if err := d.Check(context.Background()); err == nil || !strings.Contains(err.Error(), `column "tenant" is NOT NULL without a default, and elements have no such value`) {
		t.Errorf("got %v", err)
	}
	p.exec(t, "CREATE TABLE parents (id text PRIMARY KEY); ALTER TABLE t DROP tenant, ADD FOREIGN KEY (record_id) REFERENCES parents DEFERRABLE INITIALLY DEFERRED")
	if err := d.Check(context.Background()); err != nil { // rights are there; which documents exist is for the writes
		t.Errorf("got %v", err)
	}
	if got := p.rows(t, "SELECT * FROM t"); len(got) != 0 {
		t.Errorf("the check left %q", got)
	}
	p.exec(t, "ALTER ROLE "+role+" SET default_transaction_read_only = on")
	err := p.destination(t, "t", as, connector.Env{}).Check(context.Background())
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient || !strings.Contains(err.Error(), "is read-only") {
		t.Errorf("%s: %v", outcome, err)
	}
	p.exec(t, "CREATE TABLE other (a int, b int); CREATE MATERIALIZED VIEW m AS SELECT 1 AS text")
	for table, want := range map[string]string{"other": "has no column that a record has", "m": "is a materialized view, which takes no rows"} {
		err := p.destination(t, table, nil, connector.Env{}).Check(context.Background())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", table, err)
		}
	}
}

// A role whose transactions are serializable, or repeatable, by default loses nothing either.
func TestIsolation(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE t (id uuid PRIMARY KEY, record_id text, text text); CREATE INDEX ON t (record_id); ALTER DATABASE "+p.db.Database+
		" SET default_transaction_isolation = 'serializable'")
	done := make(chan error)
	for writer := range 4 {
		d := p.destination(t, "t", nil, connector.Env{})
		go func() {
			var last error
			for range 10 {
				var set []element.Element
				for i := range 20 + writer {
					set = append(set, element.Element{ID: fmt.Sprint(writer, "-", i), Text: fmt.Sprint(writer)})
				}
				last = errors.Join(last, d.Replace(context.Background(), document.Document{Identifier: "doc"}, each(set)))
			}
			done <- last
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	got := p.rows(t, "SELECT text, count(*)::text FROM t GROUP BY text")
	if len(got) != 1 || !slices.Contains([]string{"0 20", "1 21", "2 22", "3 23"}, strings.Join(got[0], " ")) {
		t.Errorf("the table holds %q", got)
	}
}
