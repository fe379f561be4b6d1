package postgres

import (
	"bytes"
	"context"
	"encoding/csv"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
)

// rowsPlace is a table of documents: an id and a text.
type rowsPlace struct {
	*place
	table string
}

func (p *rowsPlace) Config() map[string]any { return p.config(p.table, nil) }

func (p *rowsPlace) Put(t *testing.T, contents map[string]string) {
	t.Helper()
	c := p.open(t)
	defer c.Close(context.Background())
	names := slices.Sorted(maps.Keys(contents))
	bodies := make([]string, len(names))
	for i, n := range names {
		bodies[i] = contents[n]
	}
	_, err := c.Exec(context.Background(), `INSERT INTO "Documents" (id, body) SELECT * FROM unnest($1::text[], $2::text[])
		ON CONFLICT (id) DO UPDATE SET body = excluded.body`, names, bodies)
	if err != nil {
		t.Fatal(err)
	}
}

func (p *rowsPlace) Remove(t *testing.T, name string) {
	t.Helper()
	p.exec(t, `DELETE FROM "Documents" WHERE id = $1`, name)
}

func (p *rowsPlace) Name(d document.Document) string {
	return strings.TrimPrefix(d.Identifier, p.table+"-")
}

func (p *rowsPlace) Content(name, content string) string {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.WriteAll([][]string{{"id", "body", "read"}, {name, content, "false"}})
	return out.String()
}

func wrongPassword(_ *testing.T, config map[string]any) map[string]any {
	out := maps.Clone(config)
	out["password"] = "not-the-password"
	return out
}

func missingTable(_ *testing.T, config map[string]any) map[string]any {
	out := maps.Clone(config)
	out["table_name"] = "nowhere"
	return out
}

func at(t *testing.T, config map[string]any, address string) map[string]any {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(port, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	out := maps.Clone(config)
	out["host"], out["port"] = host, n
	return out
}

func TestSourceSuite(t *testing.T) {
	s := sharedServer(t)
	connectortest.RunSource(t, connectortest.Source{
		Type: Type,
		New: func(t *testing.T) connectortest.SourcePlace {
			p := newPlace(t, s)
			p.exec(t, `CREATE TABLE "Documents" (id text PRIMARY KEY, body text, read boolean DEFAULT false)`)
			return &rowsPlace{p, "Documents"}
		},
		WrongSecret: wrongPassword, Missing: missingTable, At: at,
	})
}

// elementsPlace is a table of elements.
type elementsPlace struct{ *place }

func (p *elementsPlace) Config() map[string]any { return p.config("public.elements", nil) }

func (p *elementsPlace) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	var out []connectortest.Record
	for _, row := range p.rows(t, "SELECT metadata->'data_source'->>'url', text FROM elements") {
		out = append(out, connectortest.Record{Document: row[0], Text: row[1]})
	}
	return out
}

// elementsTable is the table of the reference's documentation, with other types of column where those are as good.
const elementsTable = `CREATE TABLE elements (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(), record_id varchar, element_id varchar, text text, embeddings vector(8),
	type varchar, system varchar, layout_width decimal, layout_height decimal, points text, url text, version varchar,
	date_created timestamptz, date_modified timestamp, date_processed double precision, permissions_data jsonb,
	record_locator json, category_depth integer, parent_id varchar, attached_filename varchar, filetype varchar,
	last_modified timestamptz, file_directory varchar, filename varchar, languages varchar[], page_number varchar,
	links text, page_name varchar, link_urls varchar[], link_texts varchar[], sent_from varchar[], sent_to varchar[],
	subject varchar, section varchar, header_footer_type varchar, emphasized_text_contents varchar[],
	emphasized_text_tags varchar[], text_as_html text, regex_metadata text, detection_class_prob decimal,
	orig_elements text, is_continuation boolean, metadata jsonb, own_key text, inserted timestamptz DEFAULT now(),
	words tsvector GENERATED ALWAYS AS (to_tsvector('simple', left(coalesce(text, ''), 1000))) STORED)`

// withoutRemove is the connector for tables without record_id, from which a document cannot be removed.
const withoutRemove = "postgres-without-remove"

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: withoutRemove,
		Spec: connector.For(connector.SideDestination, Type).Spec,
		NewDestination: func(config map[string]any, env connector.Env) (connector.Destination, error) {
			d, err := newDestination(config, env)
			return struct{ connector.Destination }{d}, err
		}})
}

func TestDestinationSuite(t *testing.T) {
	s := sharedServer(t)
	alike := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(elementsTable) }
	for name, prepare := range map[string]string{
		"binary copy": elementsTable + "; CREATE INDEX ON elements (record_id)",
		"text copy":   alike("vector(8)", "halfvec(8)", "record_id varchar", "record_id text NOT NULL"),
		"view":        alike("TABLE elements", "TABLE stored") + "; CREATE VIEW elements AS SELECT * FROM stored",
		"limit":       alike(" text text,", " text varchar(1000000),"),
		"by id":       alike("record_id varchar,", ""),
		"append":      alike("id uuid PRIMARY KEY DEFAULT gen_random_uuid(), record_id varchar,", ""),
	} {
		t.Run(name, func(t *testing.T) {
			id, tooLarge, many := Type, 0, 1000
			switch name {
			case "binary copy":
				many = 10_000
			case "limit":
				tooLarge = 1_000_001
			case "by id", "append":
				id = withoutRemove
			}
			connectortest.RunDestination(t, connectortest.Destination{
				Type: id, Many: many,
				New: func(t *testing.T) connectortest.DestinationPlace {
					p := newPlace(t, s)
					p.exec(t, prepare)
					return &elementsPlace{p}
				},
				WrongSecret: wrongPassword, Missing: missingTable, At: at, TooLarge: tooLarge,
			})
		})
	}
}
