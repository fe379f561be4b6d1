// Package model speaks to the providers of language models: a question with texts and images goes in and an answer comes
// out (Chat), or texts go in and vectors come out (Embed). Enrichments, the vision partitioner, the embedder and the
// extractor stand on it.
//
// A Client belongs to one provider, one model and one key. All clients of a key share its pace: when the provider says that
// too much was asked, none of them asks again before the time it names. Calls that failed for a reason that passes are
// repeated; whatever is left is an *Error that says what to do and carries neither the key nor the provider's own text.
package model

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Usage is what a call used, in the provider's tokens. A provider that does not say leaves zero.
type Usage struct {
	Input, Output int
	Calls         int     // answered by the provider, not by the cache
	Cached        int     // answered by the cache, which costs nothing
	Cost          float64 // US dollars by list prices, of the calls whose model has one
	Unpriced      int     // calls to models whose price is not known
	Failed        int     // elements or pages without an answer that can be used: they stayed as they were
}

// Add returns the sum.
func (u Usage) Add(v Usage) Usage {
	return Usage{u.Input + v.Input, u.Output + v.Output, u.Calls + v.Calls, u.Cached + v.Cached, u.Cost + v.Cost, u.Unpriced + v.Unpriced, u.Failed + v.Failed}
}

// Prompt is one question.
type Prompt struct {
	System    string
	Parts     []Part          // the user's turn, in order
	Schema    json.RawMessage // a JSON Schema (an object) that the answer shall fit; nil for free text
	MaxTokens int             // of the answer; 0 is DefaultMaxTokens

	// Fits tells whether an answer is one that the caller can use; others are not kept in the cache. Nil takes all.
	Fits func(text string) bool `json:"-"`
}

// DefaultMaxTokens is the longest answer, in tokens.
const DefaultMaxTokens = 8192

// Part is a text or an image.
type Part struct {
	Text     string
	Image    []byte // PNG, JPEG, GIF or WebP; Fit makes it small enough
	MIMEType string // of the image
}

// Answer is what a model said.
type Answer struct {
	Text      string // JSON when the prompt had a schema
	Usage     Usage
	Truncated bool // it ended at MaxTokens
}

// Config says whom to ask.
type Config struct {
	Provider string // one of Providers
	Model    string // the provider's name; "" is the provider's default for the task
	Key      string // "" takes it from the environment, see Variables
	BaseURL  string // another host that speaks the provider's protocol; "" is the provider's own, or the environment's
	HTTP     *http.Client
	Getenv   func(string) string // nil: no environment
	Timeout  time.Duration       // of one try; 0 is two minutes
	Patience time.Duration       // how long calls are repeated while the provider cannot answer; 0 is two minutes
	Parallel int                 // calls at once for one key; 0 is 20
	// Installed finds a network of provider local that does not come with the program; its error says what to do. It may be nil.
	Installed func(name string) (Installed, error)
	Cache     Cache  // nil: every question is asked. Not used for Local, which is faster
	Scope     string // part of the cache's keys: answers are not shared between scopes
	Prices    Prices // over those of the program; may be nil
	// Explain gives the text for a failure of HTTP that will not pass, such as an address that the server may not
	// connect to; "" for all others. It may be nil.
	Explain func(error) string
}

// Cache keeps answers by a key that stands for provider, model, host and question. It is safe for concurrent use. Its errors
// are its own: a cache that fails is one that does not know.
type Cache interface {
	Get(ctx context.Context, key string) ([]byte, bool)
	Put(ctx context.Context, key string, answer []byte)
}

// chatter and embedder are what a provider's protocol implements.
type chatter interface {
	chat(ctx context.Context, p Prompt) (Answer, error)
}

type embedder interface {
	embed(ctx context.Context, texts []string) ([][]float32, Usage, error)
}

// Chat asks one question. A refusal of the model is an *Error of kind Refused.
func (c *Client) Chat(ctx context.Context, p Prompt) (Answer, error) {
	if c.chatter == nil {
		return Answer{}, c.errorf(NotOffered, "provider %s has no chat models here; choose another provider for this node", c.Provider)
	}
	if p.MaxTokens == 0 {
		p.MaxTokens = DefaultMaxTokens
	}
	key := c.cacheKey("chat", p)
	var a Answer
	if c.cached(ctx, key, &a) {
		a.Usage = Usage{Cached: 1}
		return a, nil
	}
	a, err := c.chatter.chat(ctx, p)
	if err != nil {
		return a, err
	}
	a.Usage = c.priced(a.Usage)
	if !a.Truncated && (p.Fits == nil || p.Fits(a.Text)) {
		c.keep(ctx, key, a)
	}
	return a, nil
}

// Embed returns one vector for each text, in order. It may ask several times: see Model.Batch.
func (c *Client) Embed(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	if c.embedder == nil {
		return nil, Usage{}, c.errorf(NotOffered, "provider %s has no embedding models here; choose another provider for this node", c.Provider)
	}
	return c.embedAll(ctx, texts)
}
