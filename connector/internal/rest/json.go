package rest

import (
	"context"
	"encoding/json"

	"github.com/sluicehq/sluice/connector"
)

// JSON makes a call whose body and answer are JSON, and decodes the answer of a success into out when that is not nil. check
// names the field of the config that is wrong when the answer is no JSON, as that of another kind of server; "" for none.
func (c *Client) JSON(ctx context.Context, r Request, check string, out any) (status int, err error) {
	r.Header = headerOf(r)
	r.Header.Set("Accept", "application/json")
	if r.Body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	a, err := c.Do(ctx, r)
	if err != nil {
		return 0, err
	}
	if out != nil && a.Status < 300 && json.Unmarshal(a.Body, out) != nil {
		return a.Status, c.Strange(r.What, check)
	}
	return a.Status, nil
}

// Strange is the error of an answer that another kind of server must have given; check is as for JSON.
func (c *Client) Strange(what, check string) error {
	if check != "" {
		check = "; check " + check
	}
	return connector.Fail(nil, "%s: the answer is not that of %s%s", what, c.Service, check)
}
