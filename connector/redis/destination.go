package redis

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/vector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// batchBytes is how large a transaction may get before its batch_size is reached.
const batchBytes = 8 << 20

// destination writes keys, one an element.
type destination struct {
	vector.Destination
	settings
	client *redis.Client

	mu   sync.Mutex
	form form
}

// form is how a server holds JSON.
type form int

const (
	unknown form = iota
	asJSON
	asText
)

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
	_ vector.Store          = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	s, err := read(config)
	if err != nil {
		return nil, err
	}
	d := &destination{settings: s, client: open(s, env)}
	d.Store = d
	d.Limits = vector.Limits{Name: fmt.Sprintf("the prefix %q", s.prefix), Records: s.batch, Bytes: batchBytes, Deletes: s.batch}
	return d, nil
}

// Close implements connector.Destination.
func (d *destination) Close() error {
	_ = d.client.Close() // what is left goes with its connections
	return nil
}

// Check writes and deletes a key.
func (d *destination) Check(ctx context.Context) error {
	what := fmt.Sprintf("write to Redis with the prefix %q", d.prefix)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f, err := d.look(ctx)
	if err == nil {
		key := d.prefix + "sluice-check-" + rand.Text()
		_, err = d.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			set(ctx, p, f, key, []byte("{}"))
			p.Del(ctx, key)
			return nil
		})
	}
	return d.failed(ctx, what, err)
}

// look finds out, once, whether the server has the commands for JSON.
func (d *destination) look(ctx context.Context) (form, error) {
	d.mu.Lock()
	known := d.form
	d.mu.Unlock()
	if known != unknown {
		return known, nil
	}
	err := d.client.Do(ctx, "JSON.GET", d.prefix+"sluice-check-"+rand.Text()).Err()
	switch {
	case err == nil, err == redis.Nil: //nolint:errorlint // the client gives it as it is
		known = asJSON
	case strings.Contains(err.Error(), "unknown command"):
		known = asText
	default:
		return unknown, err
	}
	d.mu.Lock()
	d.form = known
	d.mu.Unlock()
	return known, nil
}

func set(ctx context.Context, p redis.Pipeliner, f form, key string, value []byte) {
	if f == asJSON {
		p.Do(ctx, "JSON.SET", key, "$", value)
		return
	}
	p.Set(ctx, key, value, time.Duration(0))
}

// Forget implements vector.Store. How a server holds JSON does not change.
func (d *destination) Forget() {}

// mark is the key of a hash that says how many dimensions the embeddings of the prefix have.
func (d *destination) mark() string { return d.prefix + "sluice-embeddings" }

// Dimensions implements vector.Store. The server knows no dimension: a hash beside the records keeps it, which the first write with
// embeddings sets.
func (d *destination) Dimensions(ctx context.Context, what string, n int) (int, error) {
	const field = "dimensions"
	if n == 0 {
		return 0, nil
	}
	if err := d.client.HSetNX(ctx, d.mark(), field, n).Err(); err != nil {
		return 0, d.failed(ctx, what, err)
	}
	have, err := d.client.HGet(ctx, d.mark(), field).Int()
	if err != nil || have == n {
		return n, d.failed(ctx, what, err)
	}
	used, err := d.holds(ctx)
	if err == nil && !used { // all that the first model made is gone
		have, err = n, d.client.HSet(ctx, d.mark(), field, n).Err()
	}
	return have, d.failed(ctx, what, err)
}

// holds says whether any document stands under the prefix.
func (d *destination) holds(ctx context.Context) (bool, error) {
	const look = 1000 // keys a call
	for cursor := uint64(0); ; {
		keys, next, err := d.client.Scan(ctx, cursor, globbed.Replace(d.prefix)+"record:*", look).Result()
		if err != nil || len(keys) > 0 || next == 0 {
			return len(keys) > 0, err
		}
		cursor = next
	}
}

// globbed escapes what has a meaning in patterns of keys.
var globbed = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "^", `\^`, "-", `\-`)

// idLength is how long the id is that ends a key.
const idLength = 36

// Append implements vector.Store: the id, the length of the key of the document's set and that key, and the element as JSON.
func (d *destination) Append(b []byte, _ string, e element.Element, id uuid.UUID, doc document.Document) ([]byte, error) {
	identifier, err := json.Marshal(connector.RecordID(doc))
	if err != nil {
		return nil, err
	}
	set := d.set(doc)
	b = append(binary.BigEndian.AppendUint32(append(b, id.String()...), uint32(len(set))), set...)
	b = element.AppendJSON(b, e)
	return append(append(append(b[:len(b)-1], `,"record_id":`...), identifier...), '}'), nil
}

// split takes a record apart that Append has made.
func (d *destination) split(record []byte) (key, set string, value []byte) {
	const head = idLength + 4
	n := head + int(binary.BigEndian.Uint32(record[idLength:]))
	return d.prefix + string(record[:idLength]), string(record[head:n]), record[n:]
}

// Write implements vector.Store. Each key comes together with its place in the set of the document.
func (d *destination) Write(ctx context.Context, what string, records [][]byte) error {
	f, err := d.look(ctx)
	if err != nil {
		return d.failed(ctx, what, err)
	}
	_, err = d.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		keys := make([]any, len(records))
		in := "" // all are of one document
		for i, r := range records {
			keys[i], in, _ = d.split(r)
		}
		p.SAdd(ctx, in, keys...)
		for _, r := range records {
			key, _, value := d.split(r)
			set(ctx, p, f, key, value)
		}
		return nil
	})
	return d.failed(ctx, what, err)
}

// set is the key of the set of a document's keys.
func (d *destination) set(doc document.Document) string {
	return d.prefix + "record:" + connector.RecordID(doc)
}

// Keys implements vector.Store. A key is that of the document's set, and behind it the record's own.
func (d *destination) Keys(ctx context.Context, what string, doc document.Document) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		all, err := d.client.SMembers(ctx, d.set(doc)).Result()
		if err != nil {
			yield("", d.failed(ctx, what, err))
			return
		}
		for _, key := range all {
			name, ours := strings.CutPrefix(key, d.prefix)
			if _, err := uuid.Parse(name); ours && err == nil && len(name) == idLength && !yield(d.set(doc)+key, nil) {
				return
			}
		}
	}
}

// Delete implements vector.Store.
func (d *destination) Delete(ctx context.Context, what string, keys []string) error {
	_, err := d.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, both := range keys {
			at := len(both) - idLength - len(d.prefix)
			p.Del(ctx, both[at:])
			p.SRem(ctx, both[:at], both[at:])
		}
		return nil
	})
	return d.failed(ctx, what, err)
}
