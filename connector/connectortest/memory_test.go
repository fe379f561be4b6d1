package connectortest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/spec"
)

// The suites are proved over a store in memory behind a server that asks for a password, in a good form and in forms
// that are broken in one way each.

const (
	rightPassword = "the-right-word"
	wrongPassword = "another-word"
)

// memory is one place: documents of a source or records of a destination.
type memory struct {
	address string
	flaw    string // what is broken; "" is nothing

	mu      sync.Mutex
	files   map[string]string
	changes map[string]int
	records map[string][]element.Element // by document
}

var places sync.Map // name of a place (string) to *memory

func newMemory(t *testing.T, flaw string) *memory {
	m := &memory{flaw: flaw, files: map[string]string{}, changes: map[string]int{}, records: map[string][]element.Element{}}
	m.address = server(t, func(c net.Conn) {
		go func() {
			defer c.Close()
			line, _ := bufio.NewReader(c).ReadString('\n')
			answer := "no\n"
			if line == rightPassword+"\n" {
				answer = "ok\n"
			}
			_, _ = io.WriteString(c, answer)
			if flaw == "leak" {
				_, _ = io.Copy(io.Discard, c)
			}
		}()
	})
	places.Store(m.address, m)
	return m
}

func (m *memory) Config() map[string]any {
	return map[string]any{"address": m.address, "place": m.address, "password": rightPassword}
}

func (m *memory) Put(_ *testing.T, contents map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, content := range contents {
		m.files[name] = content
		m.changes[name]++
	}
}

func (m *memory) Remove(_ *testing.T, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, name)
}

func (m *memory) Name(d document.Document) string         { return d.Path }
func (m *memory) Content(_ string, content string) string { return content }

func (m *memory) Read(*testing.T) []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Record
	for name, elements := range m.records {
		for _, e := range elements {
			out = append(out, Record{Document: name, Text: e.Text, Embeddings: e.Embeddings})
		}
	}
	return out
}

func (m *memory) List(*testing.T) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.files))
}

func init() {
	fields := spec.Spec{Fields: []spec.Field{
		{Name: "address", Kind: spec.String, Required: true},
		{Name: "place", Kind: spec.String, Required: true},
		{Name: "password", Kind: spec.String, Required: true, Secret: true},
	}}
	made := func(config map[string]any, env connector.Env) *client {
		return &client{
			address: config["address"].(string), place: config["place"].(string), password: config["password"].(string), env: env,
		}
	}
	connector.Register(connector.Kind{Side: connector.SideSource, Type: "memory", Spec: fields,
		NewSource: func(config map[string]any, env connector.Env) (connector.Source, error) {
			return made(config, env), nil
		}})
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: "memory", Spec: fields,
		NewDestination: func(config map[string]any, env connector.Env) (connector.Destination, error) {
			return made(config, env), nil
		}})
}

// client is the connector, on both sides.
type client struct {
	address, place, password string
	env                      connector.Env
}

// connect says the password and returns the place.
func (c *client) connect(ctx context.Context) (*memory, error) {
	found, ok := places.Load(c.place)
	if !ok {
		return nil, connector.Fail(connector.ErrNotFound, "place %q: it is not there", c.place)
	}
	m := found.(*memory)
	if ctx.Err() != nil && m.flaw != "deaf" {
		return nil, ctx.Err()
	}
	dial := c.env.Dial
	if m.flaw == "own dialer" {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", c.address)
	if err == nil {
		if m.flaw != "leak" {
			defer conn.Close()
		}
		defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
		var line string
		_, err = io.WriteString(conn, c.password+"\n")
		if err == nil {
			line, err = bufio.NewReader(conn).ReadString('\n')
		}
		if line == "no\n" {
			switch m.flaw {
			case "secret":
				return nil, connector.Fail(connector.ErrForbidden, "password %q is wrong", c.password)
			case "secret in log":
				c.env.Log.Info("refused", "password", c.password)
			case "refusal is transient":
				return nil, connector.Retry(connector.ErrForbidden, 0, "access refused")
			}
			return nil, connector.Fail(connector.ErrForbidden, "the password is wrong")
		}
	}
	if ctx.Err() != nil && m.flaw != "deaf" {
		return nil, ctx.Err()
	}
	if err != nil {
		if m.flaw == "gives up" {
			return nil, connector.Fail(err, "the server does not answer")
		}
		return nil, connector.Retry(err, 0, "the server does not answer")
	}
	return m, nil
}

func (c *client) Check(ctx context.Context) error {
	m, err := c.connect(ctx)
	if err == nil && m.flaw == "probe stays" {
		m.Put(nil, map[string]string{"probe": "x"})
	}
	return err
}

func (c *client) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		m, err := c.connect(ctx)
		if err != nil {
			yield(document.Document{}, err)
			return
		}
		m.mu.Lock()
		names := slices.Sorted(maps.Keys(m.files))
		m.mu.Unlock()
		for i, name := range names {
			if m.flaw == "first again" && name < string(from) || m.flaw != "first again" && name <= string(from) {
				continue
			}
			if m.flaw == "page of 1000" && i == 500 {
				return
			}
			if ctx.Err() != nil && m.flaw != "deaf" {
				yield(document.Document{}, ctx.Err())
				return
			}
			m.mu.Lock()
			d := document.Document{Identifier: name, Name: path.Base(name), Path: name, Cursor: name,
				Version: fmt.Sprint(m.changes[name]), Size: int64(len(m.files[name]))}
			m.mu.Unlock()
			switch m.flaw {
			case "same version":
				d.Version = "1"
			case "identifier changes":
				d.Identifier += d.Version
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

func (c *client) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	m, err := c.connect(ctx)
	if err != nil {
		return document.File{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.files[d.Path]
	switch {
	case !ok && m.flaw == "gone":
		return document.File{}, errors.New("gone")
	case !ok:
		return document.File{}, connector.Fail(connector.ErrNotFound, "document %q: it is not there", d.Path)
	case m.flaw == "cuts" && len(content) > 1<<16:
		content = content[:1<<16]
	case m.flaw == "temporary":
		_ = os.WriteFile(path.Join(c.env.TempDir, "spool"), []byte(content), 0o600)
	}
	return document.NewFile(d.Name, "", int64(len(content)), strings.NewReader(content)), nil
}

func (c *client) Guarantee() connector.Guarantee { return connector.Replaces }

func (c *client) Replace(
	ctx context.Context, d document.Document, elements iter.Seq2[element.Element, error],
) error {
	m, err := c.connect(ctx)
	if err != nil {
		return err
	}
	key := d.Identifier
	if m.flaw == "case" {
		key = strings.ToLower(key)
	}
	var fresh []element.Element
	if m.flaw == "keeps" {
		fresh = m.records[key]
	}
	put := func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.records, key)
		if len(fresh) > 0 {
			m.records[key] = slices.Clone(fresh)
		}
	}
	if m.flaw == "gap" {
		put()
		time.Sleep(time.Millisecond)
	}
	for e, err := range elements {
		if err == nil && m.flaw != "deaf" {
			err = ctx.Err()
		}
		if err != nil {
			if m.flaw == "half" {
				put()
			}
			return err
		}
		switch {
		case len(e.Text) > 1000 && m.flaw == "short texts":
			continue
		case m.flaw == "no vectors":
			e.Embeddings = nil
		}
		if !slices.ContainsFunc(fresh, func(old element.Element) bool { return m.flaw == "keeps" && old.ID == e.ID }) {
			fresh = append(fresh, e)
		}
	}
	put()
	return nil
}

func (c *client) Remove(ctx context.Context, d document.Document) error {
	m, err := c.connect(ctx)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.records[d.Identifier]; !ok && m.flaw == "remove twice" {
		return connector.Fail(connector.ErrNotFound, "document %q: it is not there", d.Identifier)
	}
	delete(m.records, d.Identifier)
	return nil
}

func (c *client) Close() error { return nil }
