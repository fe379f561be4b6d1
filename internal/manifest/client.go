package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client speaks to a server.
type Client struct {
	URL  string       // of the server, with or without /api/v1
	Key  string       // one of an admin for Apply
	HTTP *http.Client // nil is one that waits a minute for an answer
}

// maxAnswer is the largest answer that is read, bytes.
const maxAnswer = 64 << 20

// connectorInfo, workflowInfo and their parts are what is read of the API's answers.
type connectorInfo struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Type   string         `json:"type"`
	Config map[string]any `json:"config"`
}

type workflowInfo struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Type          string   `json:"workflow_type"`
	Sources       []string `json:"sources"`
	Destinations  []string `json:"destinations"`
	Nodes         []Node   `json:"workflow_nodes"`
	Status        string   `json:"status"`
	ReprocessAll  bool     `json:"reprocess_all"`
	DeleteRemoved bool     `json:"delete_removed"`
	Schedule      struct {
		Entries []struct {
			Cron string `json:"cron_expression"`
		} `json:"crontab_entries"`
	} `json:"schedule"`
}

// call sends one request and decodes the answer into out.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	base, err := url.Parse(strings.TrimRight(c.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return fmt.Errorf("%q is no address of a server; it is like http://127.0.0.1:8080", c.URL)
	}
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	address := strings.TrimSuffix(base.String(), "/api/v1") + "/api/v1" + path
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	r.Header.Set("unstructured-api-key", c.Key)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.client().Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("cannot reach the server at %s: %w", base.Redacted(), err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the answer of the server broke off: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		return refused(answer.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("the answer of %s is not one of this API; check the address", base.Redacted())
	}
	return nil
}

func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return &http.Client{
		Timeout: time.Minute,
		// The key goes to the server that was named, nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("it redirects elsewhere; name the address that it leads to")
		},
	}
}

// refused makes an error of an answer that is no success: the detail of the API, without the values that were sent.
func refused(status int, text []byte) error {
	var answer struct {
		Detail json.RawMessage `json:"detail"`
	}
	_ = json.Unmarshal(text, &answer) // then the status speaks alone
	var words string
	var fields []struct {
		Loc []any  `json:"loc"`
		Msg string `json:"msg"`
	}
	switch {
	case status == http.StatusUnauthorized:
		return errors.New("the server does not know this key; make one with sluice key create")
	case json.Unmarshal(answer.Detail, &words) == nil && words != "":
		return errors.New(words)
	case json.Unmarshal(answer.Detail, &fields) == nil && len(fields) > 0:
		var all []string
		for _, f := range fields {
			var where []string
			for _, step := range f.Loc {
				if step != "body" {
					where = append(where, fmt.Sprint(step))
				}
			}
			all = append(all, strings.Join(where, ".")+": "+f.Msg)
		}
		return errors.New(strings.Join(all, "; "))
	}
	return fmt.Errorf("the server answered %d %s", status, http.StatusText(status))
}

// connectors lists those of a side: sources or destinations.
func (c *Client) connectors(ctx context.Context, side string) ([]connectorInfo, error) {
	var all []connectorInfo
	return all, c.call(ctx, http.MethodGet, "/"+side+"/", nil, &all)
}

func (c *Client) workflows(ctx context.Context) ([]workflowInfo, error) {
	const size = 100
	var all []workflowInfo
	for page := 1; ; page++ {
		var some []workflowInfo
		path := fmt.Sprintf("/workflows/?page=%d&page_size=%d&sort_by=created_at", page, size)
		if err := c.call(ctx, http.MethodGet, path, nil, &some); err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < size {
			return all, nil
		}
	}
}

// Run starts a workflow and returns the id of its job.
func (c *Client) Run(ctx context.Context, workflowID string) (jobID string, err error) {
	var job struct {
		ID string `json:"id"`
	}
	err = c.call(ctx, http.MethodPost, "/workflows/"+url.PathEscape(workflowID)+"/run", nil, &job)
	return job.ID, err
}
