package model

import (
	"slices"
	"strings"
	"testing"
)

func TestPrices(t *testing.T) {
	t.Parallel()
	for name, p := range ListPrices() {
		provider, _, ok := strings.Cut(name, "/")
		if !ok || !slices.Contains(Providers(), provider) || p.Input <= 0 || p.Output < 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	good, err := ParsePrices([]byte(`{"openai/mine": {"input": 2, "output": 4}}`))
	if err != nil || good["openai/mine"] != (Price{2, 4}) {
		t.Errorf("%v, %v", good, err)
	}
	for _, wrong := range []string{"", "[]", `{"a": 1}`, `{"a/b": {"input": -1}}`, `{"a/b": {"inputs": 1}}`, `{} {}`} {
		if _, err := ParsePrices([]byte(wrong)); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
	u := Usage{Input: 1_000_000, Output: 500_000}
	for _, c := range []struct {
		client Client
		want   Usage
	}{
		{Client{Provider: "openai", Model: Model{Name: "gpt-4o"}}, Usage{Input: 1_000_000, Output: 500_000, Calls: 1, Cost: 7.5}},
		{Client{Provider: "openai", Model: Model{Name: "mine"}}, Usage{Input: 1_000_000, Output: 500_000, Calls: 1, Unpriced: 1}},
		{Client{Provider: "openai", Model: Model{Name: "mine"}, config: Config{Prices: good}}, Usage{Input: 1_000_000, Output: 500_000, Calls: 1, Cost: 4}},
	} {
		if got := c.client.priced(u); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.client.Model.Name, got, c.want)
		}
	}
}
