package models_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/internal/models"
	"github.com/sluicehq/sluice/internal/models/modelstest"
	"github.com/sluicehq/sluice/model"
)

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// The vectors are those of the network's own library, whatever a text shares a batch with, and come in order.
func TestEmbed(t *testing.T) {
	m := modelstest.MiniLM(t)
	p, err := models.Open(m)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	texts := []string{"The cat sits on the mat.", "A kitten rests on the rug.", "Stock markets fell sharply today.", ""}
	for i := range 100 {
		texts = append(texts, strings.Repeat("longer and longer ", i*3)+fmt.Sprint(i))
	}
	ctx := context.Background()
	all, err := p.Embed(ctx, texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range all {
		if len(v) != m.Dimension || math.Abs(dot(v, v)-1) > 1e-4 {
			t.Fatalf("vector %d has %d numbers, length %g", i, len(v), dot(v, v))
		}
	}
	// As computed by onnxruntime and tokenizers from Python.
	for i, want := range []float32{0.13417712, -0.03290032, -0.024803713, 0.04143903, -0.036347687} {
		if d := all[0][i] - want; d > 1e-4 || d < -1e-4 {
			t.Errorf("number %d is %g, want %g", i, all[0][i], want)
		}
	}
	if near, far := dot(all[0], all[1]), dot(all[0], all[2]); near < 0.6 || far > 0.1 {
		t.Errorf("the cat is %g from the kitten and %g from the markets", near, far)
	}
	for _, i := range []int{1, 50, 103} {
		alone, err := p.Embed(ctx, texts[i:i+1])
		if err != nil || dot(alone[0], all[i]) < 0.9999 {
			t.Errorf("text %d alone has another vector: %v", i, err)
		}
	}

	// Many ask at once; one gives up; the next call starts the process anew.
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if v, err := p.Embed(ctx, texts[:3]); err != nil || dot(v[1], all[1]) < 0.9999 {
				t.Errorf("at once: %v", err)
			}
		})
	}
	group.Wait()
	gone, cancel := context.WithCancelCause(ctx)
	cause := errors.New("cancelled by the test")
	cancel(cause)
	if _, err := p.Embed(gone, texts); !errors.Is(err, cause) {
		t.Errorf("cancelled: %v", err)
	}
	if v, err := p.Embed(ctx, texts[:1]); err != nil || dot(v[0], all[0]) < 0.9999 {
		t.Errorf("after that: %v", err)
	}
}

// As provider local it is a model like others.
func TestProvider(t *testing.T) {
	m := modelstest.MiniLM(t)
	c, err := model.New(model.Config{Provider: model.Local, Model: m.Name, Installed: func(name string) (model.Installed, error) {
		found, err := models.Find(name)
		if err != nil {
			return nil, err
		}
		return models.Open(found)
	}}, model.Vector)
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := c.Embed(context.Background(), []string{"one", "two"})
	if err != nil || len(v) != 2 || len(v[0]) != c.Model.Dimension {
		t.Errorf("%d vectors, %v", len(v), err)
	}
	p, err := models.Open(m)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
}
