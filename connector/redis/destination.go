package redis

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

// batchBytes is how large a transaction may get before its batch_size is reached.
const batchBytes = 8 << 20

// destination writes keys, one an element.
type destination struct {
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
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	s, err := read(config)
	if err != nil {
		return nil, err
	}
	return &destination{settings: s, client: open(s, env)}, nil
}

// Guarantee implements connector.Destination: what a document had before and has no more is deleted.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

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

// Replace writes the new keys, each with its place in the set of the document, then deletes those of the set that this write
// did not write: a reader never misses the elements, and may see old ones beside new ones for a moment.
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	what := fmt.Sprintf("write document %q", doc.Identifier)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f, err := d.look(ctx)
	if err != nil {
		return d.failed(ctx, what, err)
	}
	ids := record.NewIDs(doc.Identifier)
	identifier, err := json.Marshal(connector.RecordID(doc))
	if err != nil {
		return err
	}
	keys, values, size := []any{}, [][]byte{}, 0
	flush := func() error {
		if len(keys) == 0 {
			return nil
		}
		_, err := d.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.SAdd(ctx, d.set(doc), keys...)
			for i, key := range keys {
				set(ctx, p, f, key.(string), values[i]) //nolint:forcetypeassert // all are texts
			}
			return nil
		})
		keys, values, size = keys[:0], values[:0], 0
		return d.failed(ctx, what, err)
	}
	for e, err := range elements {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		value := element.AppendJSON(nil, e)
		value = append(append(append(value[:len(value)-1], `,"record_id":`...), identifier...), '}')
		keys, values = append(keys, d.prefix+ids.Next(e.ID).String()), append(values, value)
		if size += len(value); len(keys) >= d.batch || size >= batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	failpoint.Hit(failpoint.MidReplace)
	return d.failed(ctx, what, d.sweep(ctx, doc, ids.Has))
}

// set is the key of the set of a document's keys.
func (d *destination) set(doc document.Document) string {
	return d.prefix + "record:" + connector.RecordID(doc)
}

// sweep deletes the keys of a document that keep does not know.
func (d *destination) sweep(ctx context.Context, doc document.Document, keep func(uuid.UUID) bool) error {
	all, err := d.client.SMembers(ctx, d.set(doc)).Result()
	if err != nil {
		return err
	}
	var left []string
	for _, key := range all {
		name, ours := strings.CutPrefix(key, d.prefix)
		id, err := uuid.Parse(name)
		if !ours || err != nil || keep(id) {
			continue
		}
		left = append(left, key)
	}
	for len(left) > 0 {
		part := left[:min(len(left), d.batch)]
		left = left[len(part):]
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		members := make([]any, len(part))
		for i, key := range part {
			members[i] = key
		}
		_, err := d.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Del(ctx, part...)
			p.SRem(ctx, d.set(doc), members...)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes all keys of a document.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	what := fmt.Sprintf("remove document %q", doc.Identifier)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return d.failed(ctx, what, d.sweep(ctx, doc, func(uuid.UUID) bool { return false }))
}
