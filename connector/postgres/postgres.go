// Package postgres reads the rows of a PostgreSQL table as documents, and writes elements as rows. Its type is "postgres"
// on both sides; tables with pgvector columns (vector, halfvec) and with arrays are both written.
//
// Source. One document a row: a CSV file with a header, named <table>-<id>.csv. Its identifier is <table>-<id>, with "-"
// and eight hex digits of the SHA-256 of the comma-joined names behind it when fields are chosen, as in the reference.
// Rows without an id are left out; rows that share one are one document. The version is a hash of the row, made by the
// server while it lists (the reference has none), so that a run over a table of which little changed costs little.
//
// Destination. One row an element, in the reference's SQL shape: the keys of metadata, data_source and coordinates stand
// beside type, element_id, text and embeddings, later ones over earlier ones. Keys that the table has no column for are
// dropped. id is UUIDv5(DNS namespace, element_id + document's identifier), record_id the document's identifier. Beyond
// the reference, columns named metadata, data_source and coordinates get these objects whole.
//
// A document is written in one transaction: rows with its record_id go, the new ones come by COPY. PostgreSQL has no NUL
// character in text: they are left out, and bytes that are not UTF-8 become U+FFFD.
package postgres

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/connector"
)

// Type is the id of the connector.
const Type = "postgres"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, NewSource: newSource, Doc: sourceDoc})
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: Type, NewDestination: newDestination, Doc: destinationDoc})
}

// maxBatch bounds batch_size: a batch is held in memory.
const maxBatch = 10_000

// settings are the fields of a config that both sides have.
type settings struct {
	host, database, username, password string
	port                               int64
	sslmode, rootCert                  string
	table                              string // as written in the config
	batch                              int
}

func read(config map[string]any) (settings, error) {
	text := func(name string) string {
		v, _ := config[name].(string)
		return v
	}
	whole := func(name string, or int64) int64 {
		v, _ := config[name].(int64)
		return cmp.Or(v, or)
	}
	s := settings{
		host: strings.TrimSpace(text("host")), database: text("database"), username: text("username"),
		password: text("password"), port: whole("port", 5432), sslmode: cmp.Or(text("sslmode"), "prefer"),
		rootCert: text("sslrootcert"), table: strings.TrimSpace(text("table_name")),
		batch: int(min(whole("batch_size", 100), maxBatch)),
	}
	s.host = strings.TrimSuffix(strings.TrimPrefix(s.host, "["), "]")
	if strings.ContainsAny(s.host, "/,@ \\\x00") {
		return s, connector.Fail(nil, "host %q: write the name or the address of one server, without a scheme or a port", s.host)
	}
	if strings.Contains(s.username+s.database+s.password+s.table, "\x00") {
		return s, connector.Fail(nil, "the config of this postgres connector holds a NUL character")
	}
	return s, nil
}

// server names the server in messages.
func (s settings) server() string { return fmt.Sprintf("PostgreSQL at %s:%d", s.host, s.port) }
