package model

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"
)

// vertex speaks Google's Vertex AI protocol. The key is the JSON of a service account, which also names the project;
// GOOGLE_APPLICATION_CREDENTIALS names a file with one.
type vertex struct {
	*Client
	models string // address of Google's models in the project
}

const vertexScope = "https://www.googleapis.com/auth/cloud-platform"

func openVertex(c *Client) error {
	location := cmp.Or(c.config.Getenv("GOOGLE_CLOUD_LOCATION"), "us-central1")
	project := c.config.Getenv("GOOGLE_CLOUD_PROJECT")
	var account struct {
		ProjectID  string `json:"project_id"`
		Email      string `json:"client_email"`
		PrivateKey string `json:"private_key"`
		KeyID      string `json:"private_key_id"`
		TokenURL   string `json:"token_uri"`
	}
	if json.Unmarshal([]byte(c.config.Key), &account) != nil || account.Email == "" || account.PrivateKey == "" {
		return c.errorf(BadKey, "the key of provider vertexai is not the JSON of a service account")
	}
	config := jwt.Config{Email: account.Email, PrivateKey: []byte(account.PrivateKey), PrivateKeyID: account.KeyID,
		Scopes: []string{vertexScope}, TokenURL: cmp.Or(account.TokenURL, "https://oauth2.googleapis.com/token")}
	project = cmp.Or(account.ProjectID, project)
	if project == "" {
		return c.errorf(BadKey, "the service account of provider vertexai names no project; set GOOGLE_CLOUD_PROJECT")
	}
	host := location + "-aiplatform.googleapis.com"
	if location == "global" {
		host = "aiplatform.googleapis.com"
	}
	base := cmp.Or(c.base, "https://"+host)
	v := vertex{c, base + "/v1/projects/" + project + "/locations/" + location + "/publishers/google/models/"}
	c.base = base
	tokens := oauth2.ReuseTokenSource(nil, config.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, c.config.HTTP)))
	c.sign = func(_ context.Context, r *http.Request, _ []byte) error {
		t, err := tokens.Token()
		if err != nil {
			var refused *oauth2.RetrieveError
			if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
				return c.errorf(BadKey, "Google does not accept the service account of provider vertexai")
			}
			return c.lost(err)
		}
		t.SetAuthHeader(r)
		return nil
	}
	c.chatter, c.embedder = v, v
	return nil
}

// accountOf reads the file that GOOGLE_APPLICATION_CREDENTIALS names.
func accountOf(getenv func(string) string) string {
	name := getenv("GOOGLE_APPLICATION_CREDENTIALS")
	if name == "" {
		return ""
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (v vertex) chat(ctx context.Context, p Prompt) (Answer, error) {
	var parts []any
	for _, part := range p.Parts {
		if part.Image == nil {
			parts = append(parts, map[string]any{"text": part.Text})
			continue
		}
		parts = append(parts, map[string]any{"inlineData": map[string]any{"mimeType": part.MIMEType, "data": part.Image}})
	}
	generation := map[string]any{"maxOutputTokens": p.MaxTokens}
	if p.Schema != nil {
		generation["responseMimeType"], generation["responseJsonSchema"] = "application/json", p.Schema
	}
	body := map[string]any{"contents": []any{map[string]any{"role": "user", "parts": parts}}, "generationConfig": generation}
	if p.System != "" {
		body["systemInstruction"] = map[string]any{"parts": []any{map[string]any{"text": p.System}}}
	}
	var a struct {
		Candidates []struct {
			Content struct {
				Parts []struct {
					Text    string
					Thought bool
				}
			}
			FinishReason string
		}
		PromptFeedback struct{ BlockReason string }
		UsageMetadata  struct{ PromptTokenCount, CandidatesTokenCount int }
	}
	if err := v.post(ctx, v.models+v.Model.Name+":generateContent", body, &a); err != nil {
		return Answer{}, err
	}
	if a.PromptFeedback.BlockReason != "" {
		return Answer{}, v.errorf(Refused, "model %s declined to answer", v.Model.Name)
	}
	if len(a.Candidates) == 0 {
		return Answer{}, v.errorf(BadAnswer, "provider %s gave no answer", v.Provider)
	}
	c := a.Candidates[0]
	switch c.FinishReason {
	case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII":
		return Answer{}, v.errorf(Refused, "model %s declined to answer", v.Model.Name)
	}
	out := Answer{Truncated: c.FinishReason == "MAX_TOKENS", Usage: Usage{Input: a.UsageMetadata.PromptTokenCount, Output: a.UsageMetadata.CandidatesTokenCount}}
	for _, part := range c.Content.Parts {
		if !part.Thought {
			out.Text += part.Text
		}
	}
	return out, nil
}

func (v vertex) embed(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	instances := make([]any, len(texts))
	for i, t := range texts {
		instances[i] = map[string]any{"content": t, "task_type": "RETRIEVAL_DOCUMENT"}
	}
	var a struct {
		Predictions []struct {
			Embeddings struct {
				Values     []float32
				Statistics struct {
					Tokens int `json:"token_count"`
				}
			}
		}
	}
	body := map[string]any{"instances": instances, "parameters": map[string]any{"autoTruncate": false}}
	if err := v.post(ctx, v.models+v.Model.Name+":predict", body, &a); err != nil {
		return nil, Usage{}, err
	}
	var usage Usage
	vectors := make([][]float32, len(a.Predictions))
	for i, p := range a.Predictions {
		vectors[i], usage.Input = p.Embeddings.Values, usage.Input+p.Embeddings.Statistics.Tokens
	}
	return vectors, usage, nil
}
