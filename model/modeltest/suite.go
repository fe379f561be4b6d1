package modeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/model"
)

// Run is the suite that the client of every provider passes.
func Run(t *testing.T, provider string) {
	t.Run("Chat", func(t *testing.T) {
		t.Parallel()
		c, err := model.New(with(New(t, provider).Config(), "any"), model.See)
		if err != nil {
			t.Fatal(err)
		}
		var e *model.Error
		if _, err := c.Chat(t.Context(), ask("x")); errors.As(err, &e) && e.Kind == model.NotOffered {
			return // makes vectors only
		}
		testChat(t, provider)
	})
	t.Run("Vectors", func(t *testing.T) {
		t.Parallel()
		if len(model.Embeddings(provider)) > 0 {
			testVectors(t, provider)
		}
	})
}

func with(c model.Config, name string) model.Config { c.Model = name; return c }

func ask(text string) model.Prompt {
	return model.Prompt{System: "Be short.", Parts: []model.Part{{Text: text}}}
}

func open(t *testing.T, s *Server, task model.Task, change ...func(*model.Config)) *model.Client {
	t.Helper()
	c := s.Config()
	if task != model.Vector {
		c.Model = "some-model"
	}
	for _, f := range change {
		f(&c)
	}
	client, err := model.New(c, task)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// kind fails unless err is an Error of a kind, and fit to be shown.
func kind(t *testing.T, err error, want model.Kind) *model.Error {
	t.Helper()
	var e *model.Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	for _, hidden := range []string{Secret, Gossip, "jane@"} {
		if strings.Contains(e.Error(), hidden) {
			t.Errorf("%q holds %q", e, hidden)
		}
	}
	return e
}

func testChat(t *testing.T, provider string) {
	chat := func(t *testing.T, s *Server, p model.Prompt, change ...func(*model.Config)) (model.Answer, error) {
		return open(t, s, model.See, change...).Chat(t.Context(), p)
	}
	t.Run("Answer", func(t *testing.T) {
		t.Parallel()
		s := New(t, provider)
		p := ask("What is it?")
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
			t.Fatal(err)
		}
		p.Parts = append(p.Parts, model.Part{Image: picture.Bytes(), MIMEType: "image/png"})
		a, err := chat(t, s, p)
		if err != nil {
			t.Fatal(err)
		}
		if want := (model.Answer{Text: "What is it?", Usage: model.Usage{Input: 11, Output: 7, Calls: 1, Cost: 25e-6}}); a != want {
			t.Errorf("got %+v, want %+v", a, want)
		}
		q := s.Questions()[0]
		if q.Model != "some-model" || q.System != "Be short." || q.MaxTokens != model.DefaultMaxTokens || len(q.Images) != 1 ||
			!bytes.Equal(q.Images[0], picture.Bytes()) || q.MIMETypes[0] != "image/png" || q.Schema != nil {
			t.Errorf("asked %+v", q)
		}
	})
	t.Run("Schema", func(t *testing.T) {
		t.Parallel()
		s := New(t, provider)
		p := ask("x")
		p.Schema = json.RawMessage(`{"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"],"additionalProperties":false}`)
		a, err := chat(t, s, p)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(a.Text), &got); err != nil || got["answer"] != "x" {
			t.Errorf("%q: %v", a.Text, err)
		}
		if got := s.Questions()[0].Schema["type"]; got != "object" {
			t.Errorf("schema %v", got)
		}
	})
	t.Run("Ends", func(t *testing.T) {
		t.Parallel()
		s := New(t, provider)
		s.Truncate = true
		if a, err := chat(t, s, ask("x")); err != nil || !a.Truncated {
			t.Errorf("%+v, %v", a, err)
		}
		s = New(t, provider)
		s.Refuse = true
		_, err := chat(t, s, ask("x"))
		_ = kind(t, err, model.Refused)
	})
	t.Run("Faults", func(t *testing.T) {
		t.Parallel()
		testFaults(t, provider, func(t *testing.T, s *Server, change ...func(*model.Config)) error {
			_, err := chat(t, s, ask("x"), change...)
			return err
		})
	})
	t.Run("Cache", func(t *testing.T) {
		t.Parallel()
		s := New(t, provider)
		c := &memory{}
		for range 2 {
			a, err := chat(t, s, ask("x"), func(m *model.Config) { m.Cache = c })
			if err != nil || a.Text != "x" {
				t.Fatal(a, err)
			}
		}
		if _, err := chat(t, s, ask("y"), func(m *model.Config) { m.Cache = c }); err != nil {
			t.Fatal(err)
		}
		if n := len(s.Questions()); n != 2 {
			t.Errorf("%d questions were asked, want 2", n)
		}
	})
}

// testFaults covers what can go wrong with any call.
func testFaults(t *testing.T, provider string, call func(*testing.T, *Server, ...func(*model.Config)) error) {
	wrongKey := func(c *model.Config) {
		switch provider {
		case "bedrock":
			c.Key = "AKIDOTHER:wrong"
		case "vertexai":
			c.Key = strings.Replace(c.Key, "private_key\":", "private_key_no\":", 1)
		default:
			c.Key = "wrong"
		}
	}
	s := New(t, provider)
	c := s.Config()
	wrongKey(&c)
	if _, err := model.New(with(c, "some-model"), model.See); err != nil {
		_ = kind(t, err, model.BadKey)
	} else {
		_ = kind(t, call(t, s, wrongKey), model.BadKey)
	}
	_ = kind(t, call(t, s, func(c *model.Config) { c.Model = "unknown-model" }), model.NoModel)

	s.Fail(Fault{Status: 429, Code: "rate_limit", RetryAfter: "0.1"}, Fault{Status: 503})
	if err := call(t, s); err != nil {
		t.Errorf("a failure that passes: %v", err)
	}
	s.Fail(Fault{Status: 400, Code: "invalid_thing"})
	if e := kind(t, call(t, s), model.BadRequest); e.Status != 400 || provider != "voyageai" && e.Code != "invalid_thing" {
		t.Errorf("%+v", e)
	}
	s.Fail(Fault{Status: 413, Code: "too_large"})
	_ = kind(t, call(t, s), model.TooLarge)
	short := func(c *model.Config) { c.Patience = 50 * time.Millisecond }
	s.Fail(Fault{Status: 500})
	if e := kind(t, call(t, s, short), model.Unavailable); !e.Passing() {
		t.Error("it does not pass")
	}
	s.Fail(Fault{Status: 429, RetryAfter: "5"})
	_ = kind(t, call(t, s, short), model.Throttled)
	s.Fail(Fault{Body: "<html>a proxy"})
	_ = kind(t, call(t, s, short), model.BadAnswer)
	s.Fail(Fault{Body: "{}"})
	_ = kind(t, call(t, s, short), model.BadAnswer)
	s.Fail(Fault{Delay: time.Minute})
	_ = kind(t, call(t, s, short, func(c *model.Config) { c.Timeout = time.Second }), model.Unavailable)
	if err := call(t, s); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func testVectors(t *testing.T, provider string) {
	known := model.Embeddings(provider)[0]
	embed := func(t *testing.T, s *Server, texts []string, change ...func(*model.Config)) ([][]float32, model.Usage, error) {
		return open(t, s, model.Vector, append([]func(*model.Config){func(c *model.Config) { c.Model = known.Name }}, change...)...).Embed(t.Context(), texts)
	}
	t.Run("Order", func(t *testing.T) {
		t.Parallel()
		s := New(t, provider)
		var texts []string
		for i := range 250 {
			texts = append(texts, fmt.Sprint("text ", i))
		}
		got, usage, err := embed(t, s, texts)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			want := Vector(texts[i], known.Dimension)
			if len(v) != len(want) || v[0] != want[0] || v[len(v)-1] != want[len(want)-1] {
				t.Fatalf("text %d has the vector of another", i)
			}
		}
		if len(got) != 250 || usage.Calls < 2 || provider != "bedrock" && usage.Input != 750 && usage.Input != 0 {
			t.Errorf("%d vectors, %+v", len(got), usage)
		}
	})
	t.Run("Wrong", func(t *testing.T) {
		t.Parallel()
		s := New(t, provider)
		s.Vector = func(string) []float32 { return []float32{1, 2} }
		_, _, err := embed(t, s, []string{"x"})
		_ = kind(t, err, model.BadAnswer)
	})
	t.Run("Faults", func(t *testing.T) {
		t.Parallel()
		testFaults(t, provider, func(t *testing.T, s *Server, change ...func(*model.Config)) error {
			_, _, err := embed(t, s, []string{"x"}, change...)
			return err
		})
	})
	t.Run("Cache", func(t *testing.T) {
		t.Parallel()
		s := New(t, provider)
		c := &memory{}
		cached := func(m *model.Config) { m.Cache = c }
		first, _, err := embed(t, s, []string{"a", "b"}, cached)
		if err != nil {
			t.Fatal(err)
		}
		again, usage, err := embed(t, s, []string{"b", "c", "a"}, cached)
		if err != nil {
			t.Fatal(err)
		}
		if again[0][0] != first[1][0] || again[2][0] != first[0][0] || usage.Calls != 1 {
			t.Errorf("%+v", usage)
		}
	})
	t.Run("Cancelled", func(t *testing.T) {
		t.Parallel()
		s := New(t, provider)
		s.Fail(Fault{Delay: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		if _, _, err := open(t, s, model.Vector).Embed(ctx, []string{"x"}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// memory is a cache.
type memory struct{ m sync.Map }

func (m *memory) Get(_ context.Context, key string) ([]byte, bool) {
	v, ok := m.m.Load(key)
	if !ok {
		return nil, false
	}
	return v.([]byte), true
}

func (m *memory) Put(_ context.Context, key string, answer []byte) { m.m.Store(key, answer) }
