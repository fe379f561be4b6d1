package postgres

import "github.com/sluicehq/sluice/connector"

const bothNotes = "- `table_name` is `table` or `schema.table` as the catalogue has it, without quotes; a name in another case is found too. A " +
	"part that holds a dot stands in double quotes: `\"my.table\"`.\n" +
	"- TLS is libpq's: without `sslmode` the connection is encrypted where the server can (`prefer`), and its certificate is not " +
	"checked. Across a network choose `verify-full`, with the authority's certificate as PEM text in `sslrootcert` when it is not one " +
	"of the system's.\n" +
	"- Connection poolers (PgBouncer, also in transaction mode) are fine: there are no prepared statements and no session state. A " +
	"connector opens at most 8 connections a process, and closes those that nobody used for two minutes.\n" +
	"- `PG*` variables, `.pgpass` and service files of the machine are ignored.\n" +
	"- When the server restarts or ends a session, a read goes on by itself; a write is taken back whole and tried again.\n"

var sourceDoc = connector.Doc{
	Permissions: "`CONNECT` on the database, `USAGE` on the schema, and `GRANT SELECT ON table TO role`; with `fields`, " +
		"`GRANT SELECT (id, field, ...)` is enough.",
	Records: "A document is a row: a CSV file with a header, named `<table_name>-<id>.csv`. Values are PostgreSQL's own text (dates in " +
		"ISO form and UTC); NULL is empty. With `fields` it has these columns and the id column.\n\n" +
		"Its identifier is `<table_name>-<id>`; with `fields`, `-` and the first eight hex digits of the SHA-256 of the comma-joined " +
		"names follow. Its version is a hash of the columns that are read, which the server makes while it lists: an update that changes none " +
		"of them does not make a row new, nor does filling the table again with the same rows. `metadata.data_source` has no `url` and no dates.",
	Notes: bothNotes +
		"- Any type of column that has an order can be `id_column`. Rows are listed in its order, `batch_size` a query, so that a large " +
		"table is neither held nor read at once, and a listing that broke off goes on where it stood. Without an index on the column every " +
		"page reads the whole table (the log says so); pages have 10,000 rows then.\n" +
		"- Rows with the same id are one document with several lines; rows without an id are left out. Views and foreign tables can be read.\n" +
		"- A row may have up to 256 MB.",
	Example: map[string]any{"host": "db.example.com", "database": "shop", "username": "sluice", "password": "$PGPASSWORD",
		"table_name": "public.articles", "id_column": "id", "fields": []any{"title", "body"}, "sslmode": "verify-full"},
}

var destinationDoc = connector.Doc{
	Permissions: "`CONNECT` on the database, `USAGE` on the schema, and `GRANT SELECT, INSERT, DELETE ON table TO role`. The table must be " +
		"there; when it is not, the error shows a statement that makes it, with the dimension of the data's vectors:\n\n" +
		"```sql\n" +
		"CREATE EXTENSION vector;\n" +
		"CREATE TABLE elements (id uuid PRIMARY KEY, record_id text NOT NULL, element_id text, type text, text text,\n" +
		"  embeddings vector(384), filename text, filetype text, page_number text, languages text[], url text, metadata jsonb);\n" +
		"CREATE INDEX ON elements (record_id);\n" +
		"```",
	Records: "One row an element. Beside `type`, `element_id`, `text` and `embeddings` stand the keys of `metadata`, of its `data_source` and of " +
		"its `coordinates`, without prefixes, later ones over earlier ones: `url` is that of the source. The table says what is kept: keys without " +
		"a column are dropped, columns without a key are NULL, columns of other names that have a default keep it. `id` is " +
		"UUIDv5(DNS namespace, element_id + record_id), `record_id` the document's identifier. Columns named `metadata`, `data_source` and " +
		"`coordinates` get these objects whole.\n\n" +
		"Values follow the type of the column: dates (`date_created`, `date_modified`, `date_processed`, `last_modified`) become timestamps, " +
		"in a column of numbers seconds since 1970; lists become arrays; objects become JSON, in a text column as text. `embeddings` can be " +
		"`vector(n)`, `halfvec(n)`, `real[]`, `double precision[]`, `numeric[]`, `jsonb` or `text`.\n\n" +
		"A document is written in one transaction: the rows with its `record_id` go, the new ones come by COPY. Readers see the old rows or " +
		"the new ones, whole, and two writers of one document wait for each other.",
	Notes: bothNotes +
		"- Without the column `record_id` rows are replaced by `id`, and those of elements that a document lost stay (`upsert`); without " +
		"`id` too, every write adds (`append`). The log warns of both, and of a `record_id` without an index.\n" +
		"- PostgreSQL has no NUL character: it is left out of texts and JSON. Bytes that are not UTF-8 become U+FFFD.\n" +
		"- A vector of another dimension than the column's, a text too long for it, a violated constraint: the document fails with the name of " +
		"the column or the constraint, and what was there stays.\n" +
		"- Views and tables with row-level security are written with INSERT, `batch_size` rows a statement; of views only columns with names of " +
		"elements are written. Otherwise `batch_size` has no effect.\n" +
		"- The connection check writes and deletes a row in a transaction that is taken back; triggers of the table see it.\n" +
		"- Fast columns are text, uuid, boolean, numbers, timestamps, jsonb, `text[]`, `vector` and `real[]`: a table of only these gets the " +
		"binary form of COPY. Indexes on vectors (HNSW, IVFFlat) cost more than everything else here: make them after a first large load.",
	Guarantee: connector.Replaces,
	Example: map[string]any{"host": "db.example.com", "database": "search", "username": "sluice", "password": "$PGPASSWORD",
		"table_name": "public.elements", "sslmode": "verify-full"},
}
