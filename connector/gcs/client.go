package gcs

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/google"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

const (
	// home is where the service stands.
	home = "https://storage.googleapis.com"
	// scope lets read and write objects, and nothing else of a project.
	scope = "https://www.googleapis.com/auth/devstorage.read_write"
	// anonymous is the word in place of a key that reads public buckets.
	anonymous = "anon"
)

// remote is the bucket of a config. It is safe for concurrent use.
type remote struct {
	place
	who    *google.Account // nil for nobody
	client *rest.Client
	path   string // of the bucket's objects
}

// open makes the way to a config's bucket. It connects to nothing.
func open(config map[string]any, public bool, env connector.Env) (*remote, error) {
	text := func(name string) string {
		s, _ := config[name].(string)
		return strings.TrimSpace(s)
	}
	p, err := parse(text("remote_url"))
	if err != nil {
		return nil, err
	}
	base := home
	if endpoint := text("endpoint_url"); endpoint != "" {
		if base, err = rest.Address("endpoint_url", endpoint, "https"); err != nil {
			return nil, err
		}
	}
	r := &remote{place: p, path: "/storage/v1/b/" + url.PathEscape(p.bucket) + "/o"}
	r.client = &rest.Client{Service: "Google Cloud Storage", Bases: []string{base}, Refuse: r.refuse,
		Retryable: func(a rest.Answer) bool {
			return a.Status == http.StatusForbidden && strings.Contains(google.Reason(a), "ateLimitExceeded")
		}}
	key, err := google.KeyText(config["service_account_key"])
	if err != nil {
		return nil, err
	}
	if key != anonymous || !public {
		if r.who, err = google.ReadKey(key, scope, env); err != nil {
			return nil, err
		}
		r.client.Sign = r.who.Sign
	}
	r.client.Open(env)
	return r, nil
}

// Close implements both sides of connector.
func (r *remote) Close() error {
	if r.who != nil {
		_ = r.who.Close() // never fails
	}
	return r.client.Close()
}

// object is the path of an object.
func (r *remote) object(name string) string { return r.path + "/" + escape(name) }

// escape is url.PathEscape for a name that is one part of a path whole.
func escape(name string) string {
	switch name {
	case ".", "..":
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}

// refuse makes the error of an answer that is not a success.
func (r *remote) refuse(what string, a rest.Answer) error {
	forbidden := func(why string) error { return connector.Fail(connector.ErrForbidden, "%s: %s", what, why) }
	reason := google.Reason(a)
	switch {
	case a.Status == http.StatusUnauthorized && r.who != nil:
		r.who.Forget()
		return forbidden("the service does not accept the token of service account " + r.who.Email)
	case reason == "retentionPolicyNotMet" || reason == "objectUnderActiveHold":
		return forbidden("the bucket's retention policy or a hold does not let the object change")
	case reason == "userProjectMissing":
		return connector.Fail(nil, "%s: bucket %q makes its readers pay, which is not supported", what, r.bucket)
	case reason == "accountDisabled" || reason == "UserProjectAccountProblem":
		return forbidden("the account or its billing is disabled; ask its owner")
	case reason == "rateLimitExceeded" || reason == "userRateLimitExceeded":
		a.Status = http.StatusTooManyRequests
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		if r.who == nil {
			return forbidden("the bucket is not public; give service_account_key")
		}
		return forbidden("access refused; service account " + r.who.Email + " needs roles/storage.objectViewer on the bucket to read, roles/storage.objectUser to write")
	case a.Status == http.StatusNotFound && strings.Contains(what, r.url("")) && !strings.HasPrefix(what, "read "):
		return connector.Fail(connector.ErrNotFound, "%s: bucket %q does not exist; check remote_url", what, r.bucket)
	}
	return rest.Refused(what, "Google Cloud Storage", a)
}
