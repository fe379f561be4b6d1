package model

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
)

// openAI speaks the protocol of OpenAI's chat completions and embeddings, which most other servers speak too.
type openAI struct {
	*Client
	address func(path string) string // of chat/completions and embeddings
	more    map[string]any           // further members of every body
}

func bearer(c *Client) func(context.Context, *http.Request, []byte) error {
	return func(_ context.Context, r *http.Request, _ []byte) error {
		if c.config.Key != "" {
			r.Header.Set("Authorization", "Bearer "+c.config.Key)
		}
		return nil
	}
}

func openOpenAI(c *Client) error {
	o := openAI{Client: c, address: func(path string) string { return c.base + "/" + path }}
	c.sign, c.chatter, c.embedder = bearer(c), o, o
	return nil
}

// azureVersion is the version of Azure's protocol.
const azureVersion = "2024-10-21"

// openAzure is OpenAI's protocol at a resource of one's own; the model is the name of the deployment.
func openAzure(c *Client) error {
	if c.base == "" {
		return c.errorf(BadRequest, "provider azure_openai needs the address of your resource: set AZURE_OPENAI_ENDPOINT (https://NAME.openai.azure.com), or give the node a base_url")
	}
	o := openAI{Client: c, address: func(path string) string {
		return c.base + "/openai/deployments/" + url.PathEscape(c.Model.Name) + "/" + path + "?api-version=" + azureVersion
	}}
	c.sign = func(_ context.Context, r *http.Request, _ []byte) error {
		r.Header.Set("Api-Key", c.config.Key)
		return nil
	}
	c.chatter, c.embedder = o, o
	return nil
}

type openAIAnswer struct {
	Choices []struct {
		Message struct {
			Content string
			Refusal string
		}
		FinishReason string `json:"finish_reason"`
	}
	Usage struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	}
}

func (o openAI) chat(ctx context.Context, p Prompt) (Answer, error) {
	var messages []any
	if p.System != "" {
		messages = append(messages, map[string]any{"role": "system", "content": p.System})
	}
	var parts []any
	for _, part := range p.Parts {
		if part.Image == nil {
			parts = append(parts, map[string]any{"type": "text", "text": part.Text})
			continue
		}
		parts = append(parts, map[string]any{"type": "image_url", "image_url": map[string]any{"url": dataURL(part)}})
	}
	body := map[string]any{
		"model": o.Model.Name, "messages": append(messages, map[string]any{"role": "user", "content": parts}),
	}
	// Newer models of OpenAI refuse max_tokens; other servers know nothing else.
	if o.Provider == "openai" && o.base == providers["openai"].base || o.Provider == "azure_openai" {
		body["max_completion_tokens"] = p.MaxTokens
	} else {
		body["max_tokens"] = p.MaxTokens
	}
	if p.Schema != nil {
		body["response_format"] = map[string]any{"type": "json_schema",
			"json_schema": map[string]any{"name": "answer", "schema": p.Schema}}
	}
	for k, v := range o.more {
		body[k] = v
	}
	var a openAIAnswer
	if err := o.post(ctx, o.address("chat/completions"), body, &a); err != nil {
		return Answer{}, err
	}
	if len(a.Choices) == 0 {
		return Answer{}, o.errorf(BadAnswer, "provider %s gave no answer", o.Provider)
	}
	choice := a.Choices[0]
	if choice.Message.Refusal != "" || choice.FinishReason == "content_filter" {
		return Answer{}, o.errorf(Refused, "model %s declined to answer", o.Model.Name)
	}
	return Answer{Text: choice.Message.Content, Truncated: choice.FinishReason == "length",
		Usage: Usage{Input: a.Usage.Prompt, Output: a.Usage.Completion}}, nil
}

func dataURL(p Part) string {
	return "data:" + p.MIMEType + ";base64," + base64.StdEncoding.EncodeToString(p.Image)
}

func (o openAI) embed(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	body := map[string]any{"model": o.Model.Name, "input": texts, "encoding_format": "float"}
	for k, v := range o.more {
		body[k] = v
	}
	return o.indexed(ctx, o.address("embeddings"), body, len(texts))
}

// indexed reads the answer that OpenAI, Together and Voyage give to a list of texts: vectors with the index of their text.
func (c *Client) indexed(ctx context.Context, address string, body any, n int) ([][]float32, Usage, error) {
	var a struct {
		Data []struct {
			Index     *int
			Embedding []float32
		}
		Usage struct {
			Prompt int `json:"prompt_tokens"`
			Total  int `json:"total_tokens"`
		}
	}
	if err := c.post(ctx, address, body, &a); err != nil {
		return nil, Usage{}, err
	}
	vectors := make([][]float32, n)
	for i, d := range a.Data {
		if d.Index != nil {
			i = *d.Index
		}
		if i < 0 || i >= n || vectors[i] != nil {
			return nil, Usage{}, c.errorf(BadAnswer, "provider %s gave vectors for other texts than it was asked", c.Provider)
		}
		vectors[i] = d.Embedding
	}
	return vectors, Usage{Input: max(a.Usage.Prompt, a.Usage.Total)}, nil
}

// voyage speaks the protocol of Voyage AI, which makes vectors only.
type voyage struct{ *Client }

func openVoyage(c *Client) error {
	c.sign, c.embedder = bearer(c), voyage{c}
	return nil
}

func (v voyage) embed(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	if v.Model.Name == "voyage-multimodal-3" {
		inputs := make([]any, len(texts))
		for i, t := range texts {
			inputs[i] = map[string]any{"content": []any{map[string]any{"type": "text", "text": t}}}
		}
		return v.indexed(ctx, v.base+"/multimodalembeddings", map[string]any{"model": v.Model.Name, "inputs": inputs, "input_type": "document"}, len(texts))
	}
	return v.indexed(ctx, v.base+"/embeddings",
		map[string]any{"model": v.Model.Name, "input": texts, "input_type": "document", "truncation": false}, len(texts))
}
