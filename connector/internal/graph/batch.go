package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

const (
	batchSize  = 20 // calls of one batch: the most that the service takes
	batchTries = 6  // of the calls that a batch did not carry out for now
)

// Part is the answer to one call of a batch.
type Part struct {
	Status int
	Body   json.RawMessage
	header http.Header
}

// Batch makes up to 20 GET calls in one request. Paths are below the version. Calls that the service puts off (429, 5xx) are made
// again as it asks; what else is refused is the caller's affair, see Refusal.
func (c *Client) Batch(ctx context.Context, what string, paths []string) ([]Part, error) {
	out := make([]Part, len(paths))
	open := make([]int, len(paths))
	for i := range open {
		open[i] = i
	}
	for try := 1; ; try++ {
		if err := c.batch(ctx, what, paths, open, out); err != nil {
			return nil, err
		}
		var left []int
		var wait time.Duration
		for _, i := range open {
			if s := out[i].Status; s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s >= 500 {
				left = append(left, i)
				wait = max(wait, connector.RetryAfter(out[i].header, time.Now()))
			}
		}
		if len(left) == 0 {
			return out, nil
		}
		if try == batchTries || wait > longestWait {
			return nil, c.Refusal(what, out[left[0]])
		}
		if err := rest.Pause(ctx, max(wait, firstWait<<(try-1))); err != nil {
			return nil, err
		}
		open = left
	}
}

const (
	firstWait   = 250 * time.Millisecond // before calls of a batch are made again; it doubles
	longestWait = 45 * time.Second       // that is waited here: beyond it the error says how long
)

// batch makes the calls of some paths and stores their answers.
func (c *Client) batch(ctx context.Context, what string, paths []string, open []int, out []Part) error {
	type call struct {
		ID     string `json:"id"`
		Method string `json:"method"`
		URL    string `json:"url"`
	}
	var ask struct {
		Requests []call `json:"requests"`
	}
	for _, i := range open {
		ask.Requests = append(ask.Requests, call{strconv.Itoa(i), http.MethodGet, paths[i]})
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	a, err := c.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: "/$batch", Body: body,
		Header: http.Header{"Content-Type": {"application/json"}}})
	if err != nil {
		return err
	}
	var said struct {
		Responses []struct {
			ID      string            `json:"id"`
			Status  int               `json:"status"`
			Headers map[string]string `json:"headers"`
			Body    json.RawMessage   `json:"body"`
		} `json:"responses"`
	}
	if err := decode(what, a, &said); err != nil {
		return err
	}
	for _, i := range open {
		out[i] = Part{}
	}
	for _, r := range said.Responses {
		i, err := strconv.Atoi(r.ID)
		if err != nil || i < 0 || i >= len(out) {
			continue
		}
		header := http.Header{}
		for name, value := range r.Headers {
			header.Set(name, value)
		}
		out[i] = Part{r.Status, r.Body, header}
	}
	for _, i := range open {
		if out[i].Status == 0 {
			return connector.Retry(nil, 0, "%s: %s left a call of a batch without an answer", what, service)
		}
	}
	return nil
}

// Refusal is the error of a part that is not a success.
func (c *Client) Refusal(what string, p Part) error {
	return c.refuse(what, rest.Answer{Status: p.Status, Header: p.header, Body: p.Body})
}

// Into reads the JSON of a part.
func (p Part) Into(what string, into any) error {
	if err := json.Unmarshal(p.Body, into); err != nil {
		return fmt.Errorf("%s: %w", what, connector.Fail(nil, "%s: the answer is not that of %s", what, service))
	}
	return nil
}
