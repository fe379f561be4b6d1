package redis

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	server "github.com/sluicehq/sluice/internal/testserver/redis"
)

// place is a prefix of its own.
type place struct {
	server *server.Server
	prefix string
}

func newPlace(s *server.Server) *place { return &place{s, "test-" + rand.Text() + ":"} }

func (p *place) Config() map[string]any {
	return map[string]any{"host": "127.0.0.1", "port": int64(p.server.Port), "password": server.Password, "ssl": false, "key_prefix": p.prefix}
}

func (p *place) List(t *testing.T) []string {
	t.Helper()
	keys, err := p.server.Client.Keys(context.Background(), p.prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Read looks at the keys in a transaction of one script, which is one consistent look.
func (p *place) Read(t *testing.T) []connectortest.Record {
	t.Helper()
	values, err := p.server.Client.Eval(context.Background(),
		`local out = {} for _, k in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do local kind = redis.call('TYPE', k).ok
			if kind == 'string' then out[#out + 1] = redis.call('GET', k) elseif kind == 'ReJSON-RL' then out[#out + 1] = redis.call('JSON.GET', k) end end return out`,
		nil, p.prefix).StringSlice()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]connectortest.Record, len(values))
	for i, v := range values {
		var r struct {
			Record     string    `json:"record_id"`
			Text       string    `json:"text"`
			Embeddings []float32 `json:"embeddings"`
		}
		if err := json.Unmarshal([]byte(v), &r); err != nil {
			t.Fatal(err)
		}
		out[i] = connectortest.Record{Document: r.Record, Text: r.Text, Embeddings: r.Embeddings}
	}
	return out
}

// both runs a test against a server that holds texts, and one that holds values of JSON.
func both(t *testing.T, test func(t *testing.T, start func(testing.TB) *server.Server)) {
	t.Helper()
	for name, start := range map[string]func(testing.TB) *server.Server{"text": server.Start, "JSON": server.StartJSON} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start)
		})
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, start func(testing.TB) *server.Server) {
		s := start(t)
		connectortest.RunDestination(t, connectortest.Destination{
			Type: Type, Vectors: true, Mixes: true,
			WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
				return connectortest.With(config, "password", "wr0ng-one")
			},
			At:  connectortest.AtHostPort,
			New: func(*testing.T) connectortest.DestinationPlace { return newPlace(s) },
		})
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, start func(testing.TB) *server.Server) {
		connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
			s := start(t)
			return connectortest.Stopped(t, newPlace(s), s.Stop, s.Service.Start)
		}})
	})
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	connectortest.KilledInReplace(t, Type, 8, func(t *testing.T) connectortest.DestinationPlace { return newPlace(server.Start(t)) }, nil)
}

// TestJSON reads what a server with JSON.SET holds: values of JSON, not texts.
func TestJSON(t *testing.T) {
	t.Parallel()
	p := newPlace(server.StartJSON(t))
	d := connectortest.OpenDestination(t, Type, map[string]any{
		"uri": fmt.Sprintf("redis://:%s@127.0.0.1:%d/0", server.Password, p.server.Port), "key_prefix": p.prefix,
	}, connector.Env{})
	doc := document.Document{Identifier: "doc"}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 1, 8))); err != nil {
		t.Fatal(err)
	}
	key := p.prefix + connector.ElementRecordID(doc, "new-0")
	for path, want := range map[string]string{"$.text": `["new 0"]`, "$.record_id": `["doc"]`, "$.embeddings[0]": `[0.6]`} {
		if got, err := p.server.Client.JSONGet(t.Context(), key, path).Result(); err != nil || got != want {
			t.Errorf("%s is %s, %v", path, got, err)
		}
	}
}

// TestAnotherModelLater has a prefix from which all that the first model made has gone.
func TestAnotherModelLater(t *testing.T) {
	t.Parallel()
	p := newPlace(server.Start(t))
	d := connectortest.OpenDestination(t, Type, p.Config(), connector.Env{})
	doc := document.Document{Identifier: "doc"}
	if err := errors.Join(d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("old", 3, 8))), d.(connector.Remover).Remove(t.Context(), doc),
		d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 3, 12)))); err != nil {
		t.Error(err)
	}
	if err := d.Replace(t.Context(), doc, connectortest.Stream(connectortest.Marked("new", 3, 8))); err == nil || !strings.Contains(err.Error(), "12 dimensions, and these have 8") {
		t.Errorf("%v", err)
	}
}
