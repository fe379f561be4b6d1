package model

import (
	"context"
	"encoding/json"
	"net/http"
)

// anthropic speaks the messages protocol of Anthropic. A schema is asked for as the input of a tool that must be used.
type anthropic struct{ *Client }

const anthropicVersion = "2023-06-01"

func openAnthropic(c *Client) error {
	c.sign = func(_ context.Context, r *http.Request, _ []byte) error {
		r.Header.Set("Anthropic-Version", anthropicVersion)
		if c.config.Key != "" {
			r.Header.Set("X-Api-Key", c.config.Key)
		}
		return nil
	}
	c.chatter = anthropic{c}
	return nil
}

func (a anthropic) chat(ctx context.Context, p Prompt) (Answer, error) {
	var parts []any
	for _, part := range p.Parts {
		if part.Image == nil {
			parts = append(parts, map[string]any{"type": "text", "text": part.Text})
			continue
		}
		parts = append(parts, map[string]any{"type": "image",
			"source": map[string]any{"type": "base64", "media_type": part.MIMEType, "data": part.Image}})
	}
	body := map[string]any{"model": a.Model.Name, "max_tokens": p.MaxTokens,
		"messages": []any{map[string]any{"role": "user", "content": parts}}}
	if p.System != "" {
		body["system"] = p.System
	}
	if p.Schema != nil {
		body["tools"] = []any{map[string]any{"name": "answer", "description": "Gives the answer.", "input_schema": p.Schema}}
		body["tool_choice"] = map[string]any{"type": "tool", "name": "answer"}
	}
	var answer struct {
		Content []struct {
			Type, Text string
			Input      json.RawMessage
		}
		StopReason string `json:"stop_reason"`
		Usage      struct {
			Input  int `json:"input_tokens"`
			Output int `json:"output_tokens"`
		}
	}
	if err := a.post(ctx, a.base+"/v1/messages", body, &answer); err != nil {
		return Answer{}, err
	}
	if answer.StopReason == "refusal" {
		return Answer{}, a.errorf(Refused, "model %s declined to answer", a.Model.Name)
	}
	out := Answer{Truncated: answer.StopReason == "max_tokens", Usage: Usage{Input: answer.Usage.Input, Output: answer.Usage.Output}}
	for _, c := range answer.Content {
		switch c.Type {
		case "text":
			if p.Schema == nil {
				out.Text += c.Text
			}
		case "tool_use":
			out.Text = string(c.Input)
		}
	}
	if out.Text == "" && len(answer.Content) == 0 {
		return out, a.errorf(BadAnswer, "provider %s gave no answer", a.Provider)
	}
	return out, nil
}
