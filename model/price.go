package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
)

// Price is what a provider asks for a million tokens, in US dollars.
type Price struct {
	Input  float64 `json:"input"`
	Output float64 `json:"output"`
}

// Prices are prices by "provider/model".
type Prices map[string]Price

// ListPrices are what the providers asked for the models of the contract at the end of 2025, as far as it was known when they were
// written down: without discounts for batches or caches of their own, and not followed since. They are for an estimate; whoever counts
// money gives a server the prices of their own contract.
func ListPrices() Prices { return maps.Clone(listPrices) }

var listPrices = Prices{
	"anthropic/claude-opus-4-5-20251101":   {5, 25},
	"anthropic/claude-sonnet-4-5-20250929": {3, 15},
	"anthropic/claude-sonnet-4-20250514":   {3, 15},
	"anthropic/claude-3-7-sonnet-20250219": {3, 15},
	"anthropic/claude-haiku-4-5-20251001":  {1, 5},

	"openai/gpt-4o":                 {2.5, 10},
	"openai/gpt-4o-mini":            {0.15, 0.6},
	"openai/gpt-5-mini":             {0.25, 2},
	"openai/gpt-5-mini-2025-08-07":  {0.25, 2},
	"openai/text-embedding-3-small": {0.02, 0},
	"openai/text-embedding-3-large": {0.13, 0},
	"openai/text-embedding-ada-002": {0.1, 0},

	"azure_openai/gpt-4o":                 {2.5, 10},
	"azure_openai/text-embedding-3-small": {0.02, 0},
	"azure_openai/text-embedding-3-large": {0.13, 0},
	"azure_openai/text-embedding-ada-002": {0.1, 0},

	"bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0": {3, 15},
	"bedrock/us.anthropic.claude-sonnet-4-20250514-v1:0":   {3, 15},
	"bedrock/us.anthropic.claude-3-7-sonnet-20250219-v1:0": {3, 15},
	"bedrock/us.amazon.nova-lite-v1:0":                     {0.06, 0.24},
	"bedrock/us.amazon.nova-pro-v1:0":                      {0.8, 3.2},
	"bedrock/amazon.titan-embed-text-v2:0":                 {0.02, 0},
	"bedrock/amazon.titan-embed-text-v1":                   {0.1, 0},

	"vertexai/gemini-2.0-flash-001": {0.15, 0.6},

	"voyageai/voyage-3":       {0.06, 0},
	"voyageai/voyage-3-large": {0.18, 0},
	"voyageai/voyage-3-lite":  {0.02, 0},
	"voyageai/voyage-code-3":  {0.18, 0},
}

// ParsePrices reads {"provider/model": {"input": 3, "output": 15}}: US dollars for a million tokens.
func ParsePrices(text []byte) (Prices, error) {
	var p Prices
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // a price under a wrong name would be none
	err := d.Decode(&p)
	if _, more := d.Token(); err != nil || !errors.Is(more, io.EOF) {
		return nil, fmt.Errorf(`the prices are no JSON of the form {"provider/model": {"input": 3, "output": 15}}`)
	}
	for name, price := range p {
		if price.Input < 0 || price.Output < 0 {
			return nil, fmt.Errorf("the price of %s is below zero", name)
		}
	}
	return p, nil
}

// priced counts one call that the provider answered, with its cost.
func (c *Client) priced(u Usage) Usage {
	u.Calls++
	name := c.Provider + "/" + c.Model.Name
	price, ok := c.config.Prices[name]
	if !ok {
		price, ok = listPrices[name]
	}
	if !ok {
		u.Unpriced++
		return u
	}
	u.Cost += (float64(u.Input)*price.Input + float64(u.Output)*price.Output) / 1e6
	return u
}
