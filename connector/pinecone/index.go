package pinecone

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/connector/internal/vector"
)

// index is one of the project's, as the control plane describes it.
type index struct {
	name       string
	dimensions int
	pods       bool
	data       *rest.Client
}

// described is the control plane's description of an index.
type described struct {
	Name      string `json:"name"`
	Dimension int    `json:"dimension"`
	Host      string `json:"host"`
	Type      string `json:"vector_type"`
	Status    struct {
		Ready *bool  `json:"ready"`
		State string `json:"state"`
	} `json:"status"`
	Spec struct {
		Pod json.RawMessage `json:"pod"`
	} `json:"spec"`
	Embed json.RawMessage `json:"embed"`
}

// find gives the index, once; nil for one that has no name and is not made yet. n is the length of the data's vectors; 0 or
// less when none was seen.
func (d *destination) find(ctx context.Context, what string, n int) (*index, error) {
	select {
	case d.turn <- struct{}{}: // of many documents the first one makes the index
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	d.mu.Lock()
	known := d.known
	d.mu.Unlock()
	if known != nil {
		return known, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	name := d.index
	if name == "" {
		if n > 0 && d.stem == "" {
			return nil, connector.Fail(nil, "%s: no index_name is given, and no workflow after which one could be named; set index_name", what)
		}
		if n > 0 {
			name = d.stem + "-" + strconv.Itoa(n)
		} else {
			var err error
			if name, err = d.made(ctx, what); name == "" || err != nil {
				return nil, err
			}
		}
	}
	found, err := d.describe(ctx, what, name)
	if err == nil && found == nil {
		if d.index != "" {
			return nil, absent(what, name, n)
		}
		found, err = d.create(ctx, what, name, n)
	}
	if err == nil {
		found, err = d.ready(ctx, what, found)
	}
	if err != nil {
		return nil, err
	}
	x, err := d.open(what, found)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.known = x
	d.mu.Unlock()
	return x, nil
}

// made is the name of the index that an earlier write has made for this work; "" for none.
func (d *destination) made(ctx context.Context, what string) (string, error) {
	if d.stem == "" {
		_, err := d.control.JSON(ctx, rest.Request{What: what, Method: http.MethodGet, Path: "/indexes"}, "", &struct{}{})
		return "", err // the key is good
	}
	var all struct {
		Indexes []described `json:"indexes"`
	}
	if _, err := d.control.JSON(ctx, rest.Request{What: what, Method: http.MethodGet, Path: "/indexes"}, "", &all); err != nil {
		return "", err
	}
	for _, x := range all.Indexes {
		if tail, ok := strings.CutPrefix(x.Name, d.stem+"-"); ok {
			if _, err := strconv.ParseUint(tail, 10, 16); err == nil {
				return x.Name, nil
			}
		}
	}
	return "", nil
}

// describe is nil for an index that is not there.
func (d *destination) describe(ctx context.Context, what, name string) (*described, error) {
	var out described
	status, err := d.control.JSON(ctx, rest.Request{What: what, Method: http.MethodGet, Path: "/indexes/" + url.PathEscape(name),
		OK: []int{http.StatusNotFound}}, "", &out)
	if err != nil || status == http.StatusNotFound {
		return nil, err
	}
	return &out, nil
}

func statement(name string, n string) string {
	return fmt.Sprintf(`{"name": %q, "dimension": %s, "metric": "cosine", "spec": {"serverless": {"cloud": "aws", "region": "us-east-1"}}}`, name, n)
}

// create makes an index. Another worker may have made it just before.
func (d *destination) create(ctx context.Context, what, name string, n int) (*described, error) {
	var out described
	status, err := d.control.JSON(ctx, rest.Request{What: what + ": create index " + name, Method: http.MethodPost, Path: "/indexes",
		Body: []byte(statement(name, strconv.Itoa(n))), OK: []int{http.StatusConflict}}, "", &out)
	if err != nil || status != http.StatusConflict {
		return &out, err
	}
	found, err := d.describe(ctx, what, name)
	if err == nil && found == nil {
		err = connector.Retry(nil, time.Second, "%s: index %q is being made", what, name)
	}
	return found, err
}

const (
	readyPause = time.Second
	readyFor   = 2 * time.Minute
)

// ready waits until an index takes requests.
func (d *destination) ready(ctx context.Context, what string, x *described) (*described, error) {
	for begin := time.Now(); x.Status.Ready != nil && !*x.Status.Ready; {
		if x.Status.State == "Terminating" || x.Status.State == "InitializationFailed" || x.Status.State == "Disabled" {
			return nil, connector.Fail(nil, "%s: index %q takes no requests (it is in the state %s)", what, x.Name, x.Status.State)
		}
		if time.Since(begin) > readyFor {
			return nil, connector.Retry(nil, 0, "%s: index %q is not ready yet", what, x.Name)
		}
		if err := vector.Wait(ctx, readyPause); err != nil {
			return nil, err
		}
		next, err := d.describe(ctx, what, x.Name)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return nil, connector.Retry(nil, 0, "%s: index %q is gone", what, x.Name)
		}
		x = next
	}
	return x, nil
}

func (d *destination) open(what string, x *described) (*index, error) {
	switch {
	case x.Type == "sparse":
		return nil, connector.Fail(nil, "%s: index %q holds sparse vectors; embeddings need a dense one", what, x.Name)
	case len(x.Embed) > 0 && string(x.Embed) != "null":
		return nil, connector.Fail(nil, "%s: index %q makes its embeddings itself; use one without an embedding model", what, x.Name)
	}
	host := strings.TrimPrefix(x.Host, "https://")
	base, err := rest.Address("host", host, "https")
	if err != nil || host == "" || strings.ContainsAny(host, "/:@") && !strings.HasPrefix(base, "https://") {
		return nil, connector.Fail(nil, "%s: Pinecone does not say where index %q is", what, x.Name)
	}
	d.mu.Lock()
	data := d.clients[base]
	if data == nil {
		data = (&rest.Client{Service: service, Bases: []string{base}, Sign: d.sign, Refuse: d.refuse}).Open(d.env)
		d.clients[base] = data
	}
	d.mu.Unlock()
	return &index{name: x.Name, dimensions: x.Dimension, data: data, pods: len(x.Spec.Pod) > 0 && string(x.Spec.Pod) != "null"}, nil
}

// absent makes the error of an index that is not there, with the request that creates one.
func absent(what, name string, n int) error {
	size, note := vector.Size(n)
	return connector.Fail(connector.ErrNotFound, "%s: index %q does not exist. This creates it: POST https://api.pinecone.io/indexes %s.%s Without index_name one is made on the way.",
		what, name, statement(name, size), note)
}

const longestName = 45

// stemOf is the name of the index of a workflow without its dimensions: u<workflow>-<model>. "" when it is not known what the
// destination is opened for.
func stemOf(w connector.Work) string {
	return vector.Stem(w.Workflow, w.Model, "u", "-", longestName-len("-20000"), slug)
}

// slug keeps lower case letters and digits, and makes a hyphen of what stands between them.
func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
