package model

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// bedrock speaks Amazon Bedrock's runtime protocol: Converse for chat, InvokeModel for vectors.
//
// The key is a bearer token of Bedrock (AWS_BEARER_TOKEN_BEDROCK), or ACCESS_KEY_ID:SECRET_ACCESS_KEY, with
// :SESSION_TOKEN behind it for temporary ones; without one the usual variables of AWS hold.
type bedrock struct{ *Client }

func openBedrock(c *Client) error {
	region := cmp.Or(c.config.Getenv("AWS_REGION"), c.config.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
	c.base = cmp.Or(c.base, "https://bedrock-runtime."+region+".amazonaws.com")
	key, secret, token := c.config.Getenv("AWS_ACCESS_KEY_ID"), c.config.Getenv("AWS_SECRET_ACCESS_KEY"), c.config.Getenv("AWS_SESSION_TOKEN")
	own := strings.SplitN(c.config.Key, ":", 3)
	switch {
	case len(own) >= 2 && strings.HasPrefix(own[0], "A"):
		key, secret, token = own[0], own[1], strings.Join(own[2:], "")
	case c.config.Key != "":
		c.sign = bearer(c)
	}
	if c.sign == nil {
		if key == "" || secret == "" {
			return c.errorf(NoKey, "provider bedrock needs credentials: set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for the server, or give the node ACCESS_KEY_ID:SECRET_ACCESS_KEY")
		}
		c.config.Key = key // the pace of other credentials is another
		signer, pair := v4.NewSigner(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: token}
		c.sign = func(ctx context.Context, r *http.Request, body []byte) error {
			sum := sha256.Sum256(body)
			if err := signer.SignHTTP(ctx, pair, r, hex.EncodeToString(sum[:]), "bedrock", region, time.Now()); err != nil {
				return c.errorf(BadKey, "the request to provider bedrock cannot be signed; check its credentials")
			}
			return nil
		}
	}
	b := bedrock{c}
	c.chatter, c.embedder = b, b
	return nil
}

// address is that of an operation on the model. Names hold colons, which the path has escaped.
func (b bedrock) address(operation string) string {
	return b.base + "/model/" + strings.ReplaceAll(url.PathEscape(b.Model.Name), ":", "%3A") + "/" + operation
}

func (b bedrock) chat(ctx context.Context, p Prompt) (Answer, error) {
	var parts []any
	for _, part := range p.Parts {
		if part.Image == nil {
			parts = append(parts, map[string]any{"text": part.Text})
			continue
		}
		format := strings.TrimPrefix(part.MIMEType, "image/")
		parts = append(parts, map[string]any{"image": map[string]any{"format": format, "source": map[string]any{"bytes": part.Image}}})
	}
	body := map[string]any{
		"messages":        []any{map[string]any{"role": "user", "content": parts}},
		"inferenceConfig": map[string]any{"maxTokens": p.MaxTokens},
	}
	if p.System != "" {
		body["system"] = []any{map[string]any{"text": p.System}}
	}
	if p.Schema != nil {
		body["toolConfig"] = map[string]any{
			"tools": []any{map[string]any{"toolSpec": map[string]any{"name": "answer", "description": "Gives the answer.",
				"inputSchema": map[string]any{"json": p.Schema}}}},
			"toolChoice": map[string]any{"tool": map[string]any{"name": "answer"}},
		}
	}
	var a struct {
		Output struct {
			Message struct {
				Content []struct {
					Text    string
					ToolUse *struct{ Input json.RawMessage }
				}
			}
		}
		StopReason string
		Usage      struct{ InputTokens, OutputTokens int }
	}
	if err := b.post(ctx, b.address("converse"), body, &a); err != nil {
		return Answer{}, err
	}
	if a.StopReason == "guardrail_intervened" || a.StopReason == "content_filtered" {
		return Answer{}, b.errorf(Refused, "model %s declined to answer", b.Model.Name)
	}
	out := Answer{Truncated: a.StopReason == "max_tokens", Usage: Usage{Input: a.Usage.InputTokens, Output: a.Usage.OutputTokens}}
	for _, c := range a.Output.Message.Content {
		switch {
		case c.ToolUse != nil:
			out.Text = string(c.ToolUse.Input)
		case p.Schema == nil:
			out.Text += c.Text
		}
	}
	if len(a.Output.Message.Content) == 0 {
		return out, b.errorf(BadAnswer, "provider %s gave no answer", b.Provider)
	}
	return out, nil
}

func (b bedrock) embed(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	if strings.HasPrefix(b.Model.Name, "cohere.") {
		var a struct{ Embeddings [][]float32 }
		err := b.post(ctx, b.address("invoke"), map[string]any{"texts": texts, "input_type": "search_document", "truncate": "NONE"}, &a)
		return a.Embeddings, Usage{}, err
	}
	// Titan takes one text a call.
	var usage Usage
	vectors := make([][]float32, len(texts))
	for i, t := range texts {
		body := map[string]any{"inputText": t}
		switch b.Model.Name {
		case "amazon.titan-embed-text-v2:0":
			body["dimensions"], body["normalize"] = b.Model.Dimension, true
		case "amazon.titan-embed-image-v1":
			body["embeddingConfig"] = map[string]any{"outputEmbeddingLength": b.Model.Dimension}
		}
		var a struct {
			Embedding           []float32
			InputTextTokenCount int
		}
		if err := b.post(ctx, b.address("invoke"), body, &a); err != nil {
			return nil, usage, err
		}
		vectors[i], usage.Input = a.Embedding, usage.Input+a.InputTextTokenCount
	}
	return vectors, usage, nil
}
