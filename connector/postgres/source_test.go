package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
)

func listing(t *testing.T, s connector.Source, from connector.Cursor) []document.Document {
	t.Helper()
	var out []document.Document
	for d, err := range s.Index(context.Background(), from) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

func content(t *testing.T, s connector.Source, d document.Document) string {
	t.Helper()
	f, err := s.Fetch(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every type that has an order can be an id: pages of two, resumed behind each document, each row fetched.
func TestIDTypes(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TYPE size AS ENUM ('small', 'large', 'huge'); CREATE DOMAIN code AS varchar(9)")
	for _, c := range []struct {
		column string
		values []string // in their order
	}{
		{"smallint", []string{"-3", "0", "2", "10", "300"}},
		{"bigint", []string{"-9223372036854775808", "9", "10", "9007199254740993", "9223372036854775807"}},
		{"numeric", []string{"-0.1", "0.10000000000000000000001", "2", "10", "1e300"}},
		{"double precision", []string{"-Infinity", "0.1", "0.30000000000000004", "1e+100", "Infinity"}},
		{"uuid", []string{"00000000-0000-0000-0000-000000000001", "10000000-0000-0000-0000-000000000000", "fa7d9c5e-6f43-5f5f-9c39-3c4ad2b8dd10"}},
		{"text", []string{"", " ", "'; DROP TABLE x; --", "10", "9", "A", "a", "a/b", `a\b`, "ä", "日本"}},
		{"char(4)", []string{"a", "ab", "abc", "b"}},
		{"code", []string{"a", "b", "c"}},
		{"timestamptz", []string{"1999-12-31 23:59:59.999999+00", "2026-03-04 05:06:07.000001+00", "2026-03-04 05:06:07.000002+00"}},
		{"date", []string{"0001-01-01", "2026-03-04", "infinity"}},
		{"interval", []string{"1 mon", "1 mon 00:00:00.000001", "1 year"}},
		{"bytea", []string{`\x`, `\x00`, `\x00ff`, `\xff`}},
		{"inet", []string{"10.0.0.1", "10.0.0.2", "::1"}},
		{"boolean", []string{"false", "true"}},
		{"size", []string{"small", "large", "huge"}},
		{"int[]", []string{"{1}", "{1,2}", "{2}"}},
	} {
		t.Run(c.column, func(t *testing.T) {
			t.Parallel()
			table, collate := unique("ids"), ""
			if c.column == "text" || c.column == "char(4)" {
				collate = ` COLLATE "C"`
			}
			p.exec(t, fmt.Sprintf("CREATE TABLE %s (id %s%s PRIMARY KEY, body text)", table, c.column, collate))
			for i := range c.values {
				v := c.values[(i*7+3)%len(c.values)]
				p.exec(t, fmt.Sprintf("INSERT INTO %s VALUES ($1::text::%s, $2)", table, c.column), v, "body of "+v)
			}
			s := p.source(t, table, map[string]any{"batch_size": int64(2)}, connector.Env{})
			if err := s.Check(context.Background()); err != nil {
				t.Fatal(err)
			}
			all := listing(t, s, "")
			if len(all) != len(c.values) {
				t.Fatalf("%d documents, want %d", len(all), len(c.values))
			}
			for i, d := range all {
				if got := content(t, s, d); !strings.HasSuffix(strings.TrimSuffix(strings.TrimSpace(got), `"`), strings.TrimSpace("body of "+c.values[i])) {
					t.Errorf("document %d, %q: %q, want the body of %q", i, d.Identifier, got, c.values[i])
				}
				if rest := listing(t, s, connector.Cursor(d.Cursor)); len(rest) != len(all)-i-1 {
					t.Errorf("behind %q: %d documents, want %d", d.Identifier, len(rest), len(all)-i-1)
				}
			}
		})
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, `CREATE SCHEMA "Sales Dept"; CREATE TABLE "Sales Dept"."Orders.2026" (
		"Key" int PRIMARY KEY, title text, "Notes" text, price numeric(10,2), at timestamptz, tags text[], data jsonb, gone boolean)`)
	p.exec(t, `INSERT INTO "Sales Dept"."Orders.2026" VALUES
		(7, 'Größe, "x"', E'two\nlines', 12.50, '2026-03-04 05:06:07+02', '{a,"b c"}', '{"k": 1}', true),
		(12, '', NULL, NULL, NULL, NULL, NULL, NULL)`)
	table := `"Sales Dept"."Orders.2026"`
	all := map[string]any{"id_column": "key"}
	for name, c := range map[string]struct {
		config           map[string]any
		identifier, file string
		want             [2]string
	}{
		"all": {all, table + "-7", table + "-7.csv", [2]string{
			"Key,title,Notes,price,at,tags,data,gone\n7,\"Größe, \"\"x\"\"\",\"two\nlines\",12.50,2026-03-04 03:06:07+00,\"{a,\"\"b c\"\"}\",\"{\"\"k\"\": 1}\",true\n",
			"Key,title,Notes,price,at,tags,data,gone\n12,,,,,,,\n"}},
		// The hash is the first eight digits of sha256("notes,title").
		"fields": {map[string]any{"id_column": "Key", "fields": []any{"notes", "title"}}, table + "-7-7243d0b5", table + "-7-7243d0b5.csv",
			[2]string{"Notes,title,Key\n\"two\nlines\",\"Größe, \"\"x\"\"\",7\n", "Notes,title,Key\n,,12\n"}},
	} {
		s := p.source(t, table, c.config, connector.Env{})
		documents := listing(t, s, "")
		if len(documents) != 2 || documents[0].Identifier != c.identifier || documents[0].Name != c.file || documents[0].Path != c.file ||
			documents[0].MIMEType != "text/csv" || len(documents[0].Version) != 32 {
			t.Errorf("%s: %+v", name, documents)
			continue
		}
		for i, want := range c.want {
			if got := content(t, s, documents[i]); got != want {
				t.Errorf("%s: row %d is %q, want %q", name, i, got, want)
			}
		}
	}

	// A document of other fields is not one of this source.
	s := p.source(t, table, all, connector.Env{})
	for _, identifier := range []string{"other-7", table + "-8", table + "-7-7243d0b5", ""} {
		if _, err := s.Fetch(context.Background(), document.Document{Identifier: identifier}); err == nil {
			t.Errorf("%q was fetched", identifier)
		}
	}
	if _, err := s.Fetch(context.Background(), document.Document{Identifier: table + "-8"}); !errors.Is(err, connector.ErrNotFound) ||
		err.Error() != `row "8" of table Sales Dept.Orders.2026 is not there any more` {
		t.Errorf("got %v", err)
	}
}

// The version follows the columns that are read: not an update that changes nothing, nor one of another column.
func TestVersions(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE pages (id int PRIMARY KEY, body text, seen int); INSERT INTO pages VALUES (1, 'one', 0), (2, NULL, 0), (3, '', 0)")
	all := p.source(t, "pages", nil, connector.Env{})
	some := p.source(t, "pages", map[string]any{"fields": []any{"body"}}, connector.Env{})
	versions := func(s connector.Source) []string {
		var out []string
		for _, d := range listing(t, s, "") {
			out = append(out, d.Version)
		}
		return out
	}
	a, b := versions(all), versions(some)
	if b[1] == b[2] || a[0] == b[0] {
		t.Errorf("versions %q and %q", a, b)
	}
	p.exec(t, "UPDATE pages SET body = body; UPDATE pages SET seen = 1 WHERE id = 1")
	if now := versions(some); !slices.Equal(now, b) {
		t.Errorf("nothing that is read changed: %q became %q", b, now)
	}
	if now := versions(all); now[0] == a[0] || now[1] != a[1] || now[2] != a[2] {
		t.Errorf("only the first changed: %q became %q", a, now)
	}
	p.exec(t, "TRUNCATE pages; INSERT INTO pages VALUES (3, '', 0), (2, NULL, 0), (1, 'one', 0)")
	if now := versions(all); !slices.Equal(now, a) {
		t.Errorf("the table was filled anew with the same rows: %q became %q", a, now)
	}
}

// Ids that repeat are one document; rows without an id are none. No index: few large pages, and a warning.
func TestIDsThatAreNoKey(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, `CREATE TABLE log (id text, line text); INSERT INTO log SELECT 'day ' || i % 5, 'line ' || i FROM generate_series(1, 50) i;
		INSERT INTO log VALUES (NULL, 'nobody'); CREATE VIEW lines AS SELECT id, line FROM log`)
	for _, table := range []string{"log", "lines"} {
		var journal bytes.Buffer
		s := p.source(t, table, map[string]any{"batch_size": int64(2)}, connector.Env{Log: slog.New(slog.NewTextHandler(&journal, nil))})
		documents := listing(t, s, "")
		if len(documents) != 5 || documents[4].Identifier != table+"-day 4" {
			t.Fatalf("%s: %+v", table, documents)
		}
		if n := strings.Count(journal.String(), "has no index"); n != 1 {
			t.Errorf("%s: %d warnings: %s", table, n, journal.String())
		}
		if got := content(t, s, documents[0]); strings.Count(got, "\n") != 11 || !strings.Contains(got, "day 0,line 25") {
			t.Errorf("%s: %q", table, got)
		}
		short := s.(*source)
		short.largest = 60
		_, err := s.Fetch(context.Background(), documents[0])
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "choose fewer fields") {
			t.Errorf("%s: a document that is too large: %v", table, err)
		}
		version := documents[0].Version
		p.exec(t, "UPDATE log SET line = line || '.' WHERE line LIKE 'line 25%'")
		if again := listing(t, s, ""); again[0].Version == version || again[1].Version != documents[1].Version {
			t.Errorf("%s: the version did not follow", table)
		}
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for identifier, want := range map[string]string{
		"docs-1":                           "docs-1.csv",
		"docs-a/b":                         "docs-a_b-0c9e5ee3.csv",
		"docs-a_b":                         "docs-a_b.csv",
		"docs-..":                          "docs-...csv",
		"docs-\x00\n":                      "docs-__-8d0d1a30.csv",
		"docs-" + strings.Repeat("ü", 300): "docs-" + strings.Repeat("ü", 97) + "-b0d30a2e.csv",
	} {
		got := record.FileName(identifier, ".csv")
		if len(want) < 40 && !strings.HasPrefix(got, strings.SplitN(want, "-", 3)[0]) || len(got) > 220 || strings.ContainsAny(got, "/\\\n") {
			t.Errorf("%q became %q", identifier, got)
		}
		if !strings.Contains(identifier, "/") && len(identifier) < 100 && !strings.Contains(identifier, "\n") && got != want {
			t.Errorf("%q became %q, want %q", identifier, got, want)
		}
	}
	if a, b := record.FileName("docs-a/b", ".csv"), record.FileName("docs-a_b", ".csv"); a == b {
		t.Errorf("two documents are %q", a)
	}
}

func TestLargeRow(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE books (id int PRIMARY KEY, body text); INSERT INTO books SELECT 1, repeat('0123456789', 2000000)")
	dir := t.TempDir()
	s := p.source(t, "books", nil, connector.Env{TempDir: dir})
	d := listing(t, s, "")[0]
	f, err := s.Fetch(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	if f.Size != int64(len("id,body\n1,")+20_000_000+1) {
		t.Errorf("%d bytes", f.Size)
	}
	tail := make([]byte, 4)
	if _, err := f.ReadAt(tail, f.Size-4); err != nil || string(tail) != "789\n" {
		t.Errorf("it ends with %q, %v", tail, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// Each thing that is wrong is named, with what there is.
func TestSourceProblems(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, `CREATE TABLE things (id int PRIMARY KEY, body text, data json); INSERT INTO things VALUES (1, 'x', '{}');
		CREATE ROLE stranger_`+p.db.Database+` LOGIN PASSWORD 'stranger-pw'`)
	stranger := map[string]any{"username": "stranger_" + p.db.Database, "password": "stranger-pw"}
	for name, c := range map[string]struct {
		table string
		more  map[string]any
		cause error
		want  string
	}{
		"no table": {"thing", nil, connector.ErrNotFound, `table "thing" is not in database "` + p.db.Database + `"`},
		"no id column": {"things", map[string]any{"id_column": "key"}, connector.ErrNotFound,
			`table public.things has no column "key" for the id; id_column is one of: "id", "body", "data"`},
		"no field": {"things", map[string]any{"fields": []any{"body", "bodi", "titel"}}, connector.ErrNotFound,
			`table public.things has no column "bodi", "titel"; fields are some of: "id", "body", "data"`},
		"no order": {"things", map[string]any{"id_column": "data"}, nil, `column "data" of table public.things has the type json, which has no order`},
		"no right": {"things", stranger, connector.ErrForbidden,
			`role "stranger_` + p.db.Database + `" lacks SELECT on table public.things; its owner can run: GRANT SELECT ON "public"."things" TO "stranger_`},
		"no database": {"things", map[string]any{"database": "nowhere"}, connector.ErrNotFound, `has no database "nowhere"`},
		"no user":     {"things", map[string]any{"username": "nobody"}, connector.ErrForbidden, `refused the password of user "nobody"`},
		"three parts": {"a.b.c", nil, nil, `write table or schema.table`},
		"no TLS":      {"things", map[string]any{"sslmode": "require"}, nil, `has no TLS, and sslmode "require" asks for it`},
	} {
		err := p.source(t, c.table, c.more, connector.Env{}).Check(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
			continue
		}
		if outcome, _ := connector.Classify(err); outcome != connector.Permanent || c.cause != nil && !errors.Is(err, c.cause) {
			t.Errorf("%s: %s, %v", name, outcome, errors.Unwrap(err))
		}
	}
	// The right for two columns is enough when only they are asked for.
	p.exec(t, "GRANT SELECT (id, body) ON things TO stranger_"+p.db.Database)
	stranger["fields"] = []any{"body"}
	s := p.source(t, "things", stranger, connector.Env{})
	if err := s.Check(context.Background()); err != nil {
		t.Error(err)
	}
	if got := content(t, s, listing(t, s, "")[0]); got != "body,id\nx,1\n" {
		t.Errorf("got %q", got)
	}
	p.exec(t, "REVOKE ALL ON things FROM stranger_"+p.db.Database)
	p.exec(t, "DROP ROLE stranger_"+p.db.Database)
}

// A column that goes while the source is open is noticed, and the next call sees the table as it is.
func TestSourceTableChanges(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE things (id int PRIMARY KEY, body text, more text); INSERT INTO things VALUES (1, 'x', 'y')")
	s := p.source(t, "things", nil, connector.Env{})
	d := listing(t, s, "")[0]
	p.exec(t, "ALTER TABLE things DROP COLUMN more")
	_, err := s.Fetch(context.Background(), d)
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Transient {
		t.Errorf("%s: %v", outcome, err)
	}
	if got := content(t, s, d); got != "id,body\n1,x\n" {
		t.Errorf("got %q", got)
	}
}

// A server without MD5 hashes otherwise.
func TestVersionsWithoutMD5(t *testing.T) {
	t.Parallel()
	p := newPlace(t, sharedServer(t))
	p.exec(t, "CREATE TABLE pages (id int PRIMARY KEY, body text); INSERT INTO pages VALUES (1, 'one')")
	s := p.source(t, "pages", nil, connector.Env{}).(*source)
	for _, unique := range []bool{true, false} {
		if err := s.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
		s.plan.unique = unique
		s.plan.write(sha256Of)
		first := listing(t, s, "")[0].Version
		p.exec(t, "UPDATE pages SET body = body || '.'")
		if second := listing(t, s, "")[0].Version; len(first) != 64 || len(second) != 64 || first == second {
			t.Errorf("%q, then %q", first, second)
		}
	}
}
