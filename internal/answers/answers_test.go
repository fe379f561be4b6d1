package answers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/model/modeltest"
)

func open(t *testing.T, dir string, budget int64) *Folder {
	t.Helper()
	f, err := New(dir, budget, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func key(i int) string { return fmt.Sprintf("%064x", i*2654435761) }

func TestKeeps(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "answers")
	f := open(t, dir, 1<<20)
	f.Put(t.Context(), key(1), []byte("first"))
	f.Put(t.Context(), key(1), []byte("second"))
	f.Put(t.Context(), key(2), nil)
	f.Put(t.Context(), "", []byte("x"))
	again := open(t, dir, 1<<20)
	for _, c := range []*Folder{f, again} {
		if b, ok := c.Get(t.Context(), key(1)); !ok || string(b) != "second" {
			t.Errorf("%q %v", b, ok)
		}
		if b, ok := c.Get(t.Context(), key(2)); !ok || len(b) != 0 {
			t.Errorf("%q %v", b, ok)
		}
		if _, ok := c.Get(t.Context(), key(3)); ok {
			t.Error("an answer that nobody gave")
		}
	}
	// Cut off, or changed, it is no answer.
	for _, damage := range [][]byte{{}, {1, 2}, []byte("\x00\x00\x00\x00second")} {
		if err := os.WriteFile(f.path(key(1)), damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if b, ok := f.Get(t.Context(), key(1)); ok {
			t.Errorf("%q", b)
		}
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, dir, 10_000)
	f.Put(t.Context(), key(0), make([]byte, 1001)) // more than a tenth
	if _, ok := f.Get(t.Context(), key(0)); ok {
		t.Error("a large answer is kept")
	}
	for i := 1; i <= 30; i++ {
		f.Put(t.Context(), key(i), bytes.Repeat([]byte{byte(i)}, 900))
		old := time.Now().Add(time.Duration(i-100) * time.Minute)
		if i == 1 {
			old = time.Now().Add(time.Hour) // the first stays in use
		}
		_ = os.Chtimes(f.path(key(i)), old, old)
	}
	var total int64
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 10_000 || total < 7_000 {
		t.Errorf("%d bytes are kept", total)
	}
	for i, want := range map[int]bool{1: true, 2: false, 15: false, 29: true, 30: true} {
		if _, ok := f.Get(t.Context(), key(i)); ok != want {
			t.Errorf("answer %d: %v", i, ok)
		}
	}
}

func TestNoRoomIsNoFailure(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "answers")
	f := open(t, dir, 1<<20)
	if err := os.WriteFile(filepath.Join(dir, key(1)[:2]), nil, 0o600); err != nil { // where a folder should be
		t.Fatal(err)
	}
	f.Put(t.Context(), key(1), []byte("x"))
	if _, ok := f.Get(t.Context(), key(1)); ok {
		t.Error("kept in a file that is no folder")
	}
}

func TestTogether(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir(), 20_000)
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 100 {
				f.Put(t.Context(), key(i), bytes.Repeat([]byte{byte(i)}, 500))
				if b, ok := f.Get(t.Context(), key((i*7+w)%100)); ok && len(b) != 500 {
					t.Errorf("half an answer of %d bytes", len(b))
				}
			}
		})
	}
	all.Wait()
}

// The clients of every provider ask once for what they have asked before: chats and vectors.
func TestClients(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"openai", "anthropic", "bedrock", "vertexai", "voyageai", "ibm", "azure_openai"} {
		s := modeltest.New(t, provider)
		f := open(t, t.TempDir(), 1<<20)
		ask := func(scope string) (text string, vectors [][]float32, usage model.Usage) {
			c := s.Config()
			c.Cache, c.Scope, c.Model = f, scope, "some-model"
			client, err := model.New(c, model.Write)
			if err != nil {
				t.Fatal(err)
			}
			if provider != "voyageai" {
				a, err := client.Chat(t.Context(), model.Prompt{Parts: []model.Part{{Text: "What is it?"}}})
				if err != nil {
					t.Fatal(err)
				}
				text, usage = a.Text, a.Usage
			}
			if provider != "anthropic" {
				v, u, err := client.Embed(t.Context(), []string{"one", "two"})
				if err != nil {
					t.Fatal(err)
				}
				vectors, usage = v, usage.Add(u)
			}
			return text, vectors, usage
		}
		text, vectors, first := ask("a")
		asked := len(s.Questions())
		again, same, second := ask("a")
		if len(s.Questions()) != asked || again != text || fmt.Sprint(same) != fmt.Sprint(vectors) {
			t.Errorf("%s: %d questions after %d; %q %q", provider, len(s.Questions()), asked, again, text)
		}
		if first.Calls == 0 || second.Calls != 0 || second.Cached == 0 || second.Cost != 0 || second.Input != 0 {
			t.Errorf("%s: %+v then %+v", provider, first, second)
		}
		if ask("b"); len(s.Questions()) != 2*asked {
			t.Errorf("%s: scopes share answers", provider)
		}
	}
}
