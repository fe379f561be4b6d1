package model

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// ibm speaks watsonx.ai's protocol. The key is one of IBM Cloud, which is exchanged for tokens; the project is named by
// WATSONX_PROJECT_ID.
type ibm struct {
	openAI
	project string
}

const (
	ibmVersion = "2024-10-10"
	ibmTokens  = "https://iam.cloud.ibm.com/identity/token"
)

func openIBM(c *Client) error {
	project := c.config.Getenv("WATSONX_PROJECT_ID")
	if project == "" {
		return c.errorf(BadRequest, "provider ibm needs a project: set WATSONX_PROJECT_ID for the server")
	}
	c.base = cmp.Or(c.base, "https://us-south.ml.cloud.ibm.com")
	i := ibm{project: project}
	i.openAI = openAI{Client: c, more: map[string]any{"model_id": c.Model.Name, "project_id": project},
		address: func(string) string { return c.base + "/ml/v1/text/chat?version=" + ibmVersion }}
	tokens := &ibmToken{c: c, address: cmp.Or(c.config.Getenv("WATSONX_IAM_URL"), ibmTokens)}
	c.sign = func(ctx context.Context, r *http.Request, _ []byte) error {
		t, err := tokens.get(ctx)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+t)
		return nil
	}
	c.chatter, c.embedder = i, i
	return nil
}

func (i ibm) embed(ctx context.Context, texts []string) ([][]float32, Usage, error) {
	var a struct {
		Results []struct{ Embedding []float32 }
		Tokens  int `json:"input_token_count"`
	}
	body := map[string]any{"model_id": i.Model.Name, "project_id": i.project, "inputs": texts}
	if err := i.post(ctx, i.base+"/ml/v1/text/embeddings?version="+ibmVersion, body, &a); err != nil {
		return nil, Usage{}, err
	}
	vectors := make([][]float32, len(a.Results))
	for k, r := range a.Results {
		vectors[k] = r.Embedding
	}
	return vectors, Usage{Input: a.Tokens}, nil
}

// ibmToken keeps the token that stands for the key, until shortly before its end.
type ibmToken struct {
	c       *Client
	address string
	mu      sync.Mutex
	token   string
	until   time.Time
}

func (t *ibmToken) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Now().Before(t.until) {
		return t.token, nil
	}
	form := url.Values{"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {t.c.config.Key}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", t.c.errorf(BadRequest, "WATSONX_IAM_URL is no address")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := t.c.config.HTTP.Do(r)
	if err != nil {
		return "", t.c.lost(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", t.c.lost(err)
	}
	var a struct {
		Token   string `json:"access_token"`
		Expires int    `json:"expires_in"`
	}
	if answer.StatusCode != http.StatusOK {
		err := t.c.refusal(answer, text)
		var known *Error
		if errors.As(err, &known) && known.Status/100 == 4 { // a wrong key is a 400 here
			known.Kind, known.Message = BadKey, "IBM Cloud does not accept the key of provider ibm"
		}
		return "", err
	}
	if json.Unmarshal(text, &a) != nil || a.Token == "" {
		return "", t.c.errorf(BadAnswer, "IBM Cloud gave no token for the key of provider ibm")
	}
	t.token, t.until = a.Token, time.Now().Add(time.Duration(a.Expires)*time.Second*9/10)
	return t.token, nil
}
