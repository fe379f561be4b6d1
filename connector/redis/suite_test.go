package redis

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
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
		`local out = {} for _, k in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do if redis.call('TYPE', k).ok == 'string' then out[#out + 1] = redis.call('GET', k) end end return out`,
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

func TestSuite(t *testing.T) {
	t.Parallel()
	s := server.Start(t)
	connectortest.RunDestination(t, connectortest.Destination{
		Type: Type, Vectors: true, Mixes: true,
		WrongSecret: func(_ *testing.T, config map[string]any) map[string]any {
			return connectortest.With(config, "password", "wr0ng-one")
		},
		At: func(t *testing.T, config map[string]any, address string) map[string]any {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				t.Fatal(err)
			}
			n, err := strconv.ParseInt(port, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return connectortest.With(connectortest.With(config, "host", host), "port", n)
		},
		New: func(*testing.T) connectortest.DestinationPlace { return newPlace(s) },
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	connectortest.RunFaults(t, connectortest.Faults{Type: Type, Dimensions: 8, OneDimension: true, New: func(t *testing.T) connectortest.Faulty {
		s := server.Start(t)
		must := func(f func() error) func() {
			return func() {
				if err := f(); err != nil {
					t.Error(err)
				}
			}
		}
		return connectortest.Faulty{DestinationPlace: newPlace(s), Away: must(s.Stop), Back: must(s.Start)}
	}})
}

// TestKilledInReplace kills a writer that has written and not yet deleted.
func TestKilledInReplace(t *testing.T) {
	connectortest.KilledInReplace(t, Type, 8, func(t *testing.T) connectortest.DestinationPlace { return newPlace(server.Start(t)) }, nil)
}

// TestJSON writes to a server that has JSON.SET, which here only takes down what it is sent.
func TestJSON(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var sent [][]string
	var work sync.WaitGroup
	t.Cleanup(func() { l.Close(); work.Wait() })
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				in, queued, inside := bufio.NewReader(c), 0, false
				for {
					args, err := command(in)
					if err != nil {
						return
					}
					mu.Lock()
					sent = append(sent, args)
					mu.Unlock()
					answer := "+OK\r\n"
					switch name := strings.ToUpper(args[0]); {
					case name == "HELLO":
						answer = "-ERR unknown command 'HELLO'\r\n"
					case name == "MULTI":
						queued, inside = 0, true
					case name == "EXEC":
						answer, inside = fmt.Sprintf("*%d\r\n", queued)+strings.Repeat("+OK\r\n", queued), false
						if queued > 1 { // SADD counts
							answer = fmt.Sprintf("*%d\r\n:1\r\n", queued) + strings.Repeat("+OK\r\n", queued-1)
						}
					case inside:
						queued, answer = queued+1, "+QUEUED\r\n"
					case name == "JSON.GET":
						answer = "$-1\r\n"
					case name == "SMEMBERS":
						answer = "*0\r\n"
					}
					if _, err := io.WriteString(c, answer); err != nil {
						return
					}
				}
			})
		}
	})
	d := connectortest.OpenDestination(t, Type, map[string]any{"uri": "redis://" + l.Addr().String() + "/0", "key_prefix": "p:"}, connector.Env{})
	if err := d.Replace(t.Context(), document.Document{Identifier: "doc"}, connectortest.Stream(connectortest.Marked("new", 2, 0))); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	n := 0
	for _, args := range sent {
		if args[0] != "JSON.SET" {
			continue
		}
		n++
		var e struct {
			Text   string `json:"text"`
			Record string `json:"record_id"`
		}
		if err := json.Unmarshal([]byte(args[3]), &e); err != nil || len(args) != 4 || args[2] != "$" || !strings.HasPrefix(args[1], "p:") ||
			e.Text != fmt.Sprintf("new %d", n-1) || e.Record != "doc" {
			t.Errorf("sent %q", args)
		}
	}
	if n != 2 {
		t.Errorf("%d values of JSON were sent: %q", n, sent)
	}
}

// command reads a command of RESP.
func command(in *bufio.Reader) ([]string, error) {
	var n int
	if _, err := fmt.Fscanf(in, "*%d\r\n", &n); err != nil {
		return nil, err
	}
	out := make([]string, n)
	for i := range out {
		var size int
		if _, err := fmt.Fscanf(in, "$%d\r\n", &size); err != nil {
			return nil, err
		}
		raw := make([]byte, size+2)
		if _, err := io.ReadFull(in, raw); err != nil {
			return nil, err
		}
		out[i] = string(raw[:size])
	}
	return out, nil
}
