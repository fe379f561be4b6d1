package model_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/model/modeltest"
)

func TestProviders(t *testing.T) {
	t.Parallel()
	for _, p := range model.Providers() {
		if p == model.Local { // asks nobody
			continue
		}
		t.Run(p, func(t *testing.T) { t.Parallel(); modeltest.Run(t, p) })
	}
}

func TestWithoutKey(t *testing.T) {
	t.Parallel()
	for _, p := range model.Providers() {
		if p == model.Local {
			continue
		}
		_, err := model.New(model.Config{Provider: p, Model: "m"}, model.See)
		var e *model.Error
		if !errors.As(err, &e) || e.Kind != model.NoKey {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if v := model.Variables(p)[0]; !strings.Contains(e.Message, v) {
			t.Errorf("%s: %q does not name %s", p, e.Message, v)
		}
	}
	if _, err := model.New(model.Config{Provider: "oracle", Model: "m"}, model.See); err == nil {
		t.Error("an unknown provider is taken")
	}
}

// A server of one's own that speaks OpenAI's protocol needs no key.
func TestOwnServerWithoutKey(t *testing.T) {
	t.Parallel()
	if _, err := model.New(model.Config{Provider: "openai", BaseURL: "http://127.0.0.1:11434/v1", Model: "m"}, model.See); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"ftp://x", "no address", "https://user:pass@host/", "http://"} {
		if _, err := model.New(model.Config{Provider: "openai", BaseURL: bad, Model: "m", Key: "k"}, model.See); err == nil || strings.Contains(err.Error(), "pass") && strings.Contains(err.Error(), "user:pass") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestRetiredModels(t *testing.T) {
	t.Parallel()
	c, err := model.New(model.Config{Provider: "anthropic", Key: "k", Model: "claude-3-5-sonnet-20241022"}, model.See)
	if err != nil || c.Model.Name != "claude-sonnet-4-5-20250929" || c.Replaced != "claude-3-5-sonnet-20241022" {
		t.Errorf("%+v, %v", c, err)
	}
}

// The pace of a key holds for all its clients.
func TestParallel(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, "openai")
	for range 30 {
		s.Fail(modeltest.Fault{Delay: 20 * time.Millisecond})
	}
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			c := s.Config()
			c.Model, c.Parallel = "m", 4
			client, err := model.New(c, model.See)
			if err == nil {
				_, err = client.Chat(t.Context(), model.Prompt{Parts: []model.Part{{Text: "x"}}})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.Most(); n > 4 || n < 2 {
		t.Errorf("%d calls at once, want 4", n)
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	small := encode(t, 300, 200)
	if got, mimeType, err := model.Fit(small); err != nil || mimeType != "image/png" || !bytes.Equal(got, small) {
		t.Errorf("a small image was changed: %s, %v", mimeType, err)
	}
	got, mimeType, err := model.Fit(encode(t, 4000, 1000))
	if err != nil || mimeType != "image/jpeg" {
		t.Fatal(mimeType, err)
	}
	if c, _, err := image.DecodeConfig(bytes.NewReader(got)); err != nil || c.Width != 1568 || c.Height != 392 {
		t.Errorf("%+v, %v", c, err)
	}
	if got, _, err := model.Fit(encode(t, 1500, 1500)); err != nil || len(got) > 3_750_000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, _, err := model.Fit([]byte("no image")); err == nil {
		t.Error("what is no image is taken")
	}
}

func encode(t *testing.T, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	rnd := rand.New(rand.NewPCG(1, 2))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.RGBA{uint8(rnd.Uint32()), uint8(rnd.Uint32()), uint8(rnd.Uint32()), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLocal(t *testing.T) {
	t.Parallel()
	c, err := model.New(model.Config{Provider: model.Local}, model.Vector)
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := c.Embed(t.Context(), []string{"a river", "a stream", "a river"})
	if err != nil || len(v) != 3 || len(v[0]) != c.Model.Dimension || v[0][0] != v[2][0] || v[0][0] == v[1][0] {
		t.Errorf("%v, %v", v, err)
	}
	for name, task := range map[string]model.Task{"words-200": model.Vector, "": model.See} {
		if _, err := model.New(model.Config{Provider: model.Local, Model: name}, task); err == nil {
			t.Errorf("model %q is there for %s", name, task)
		}
	}
}
