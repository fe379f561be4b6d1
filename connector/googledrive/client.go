package googledrive

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/google"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

const (
	home    = "https://www.googleapis.com"
	scope   = "https://www.googleapis.com/auth/drive.readonly"
	service = "Google Drive"
	files   = "/drive/v3/files"
)

// errExportLimit is the cause of an export that is larger than Google gives at once.
var errExportLimit = errors.New("export size limit")

// remote is the way to the service. It is safe for concurrent use.
type remote struct {
	id     string          // drive_id
	who    *google.Account // nil with a token of the user's own
	client *rest.Client
	env    connector.Env
	warned sync.Once // of permissions that may not be seen
}

// plainID has the characters that ids are made of.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,250}$`)

// open makes the way to a config's drive. It connects to nothing.
func open(config map[string]any, env connector.Env) (*remote, error) {
	text := func(name string) string {
		s, _ := config[name].(string)
		return strings.TrimSpace(s)
	}
	r := &remote{id: text("drive_id"), env: env}
	if !plainID.MatchString(r.id) {
		return nil, connector.Fail(nil, "drive_id: it is no id; give the last part of the address that the browser shows for the folder, without what follows a question mark")
	}
	base := home
	if endpoint := text("endpoint_url"); endpoint != "" {
		var err error
		if base, err = rest.Address("endpoint_url", endpoint, "https"); err != nil {
			return nil, err
		}
	}
	key, err := google.KeyText(config["service_account_key"])
	if err != nil {
		return nil, err
	}
	token := text("oauth_token")
	r.client = &rest.Client{Service: service, Bases: []string{base}, Refuse: r.refuse, Retryable: func(a rest.Answer) bool {
		return a.Status == http.StatusForbidden && busy(google.Reason(a))
	}}
	switch {
	case key == "" && token == "":
		return nil, connector.Fail(connector.ErrForbidden, "give service_account_key, or oauth_token in its place")
	case key != "" && token != "":
		return nil, connector.Fail(nil, "service_account_key and oauth_token are alternatives; give one of them")
	case key != "":
		if r.who, err = google.ReadKey(key, scope, env); err != nil {
			return nil, err
		}
		r.client.Sign = r.who.Sign
	case strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }):
		return nil, connector.Fail(connector.ErrForbidden, "oauth_token: it is no token")
	default:
		r.client.Sign = func(_ context.Context, q *http.Request, _ []byte) error {
			q.Header.Set("Authorization", "Bearer "+token)
			return nil
		}
	}
	r.client.Open(env)
	return r, nil
}

// Close implements connector.Source.
func (r *remote) Close() error {
	if r.who != nil {
		_ = r.who.Close() // never fails
	}
	return r.client.Close()
}

// account names who reads, for messages.
func (r *remote) account() string {
	if r.who != nil {
		return "service account " + r.who.Email
	}
	return "the user of oauth_token"
}

// busy says that a reason asks for fewer requests.
func busy(reason string) bool {
	return reason == "rateLimitExceeded" || reason == "userRateLimitExceeded"
}

// refuse makes the error of an answer that is not a success. Reasons are those of the service's guide to errors.
func (r *remote) refuse(what string, a rest.Answer) error {
	forbidden := func(why string) error { return connector.Fail(connector.ErrForbidden, "%s: %s", what, why) }
	reason := google.Reason(a)
	switch {
	case a.Status == http.StatusUnauthorized && r.who != nil:
		r.who.Forget()
		return forbidden("Google does not accept the token of " + r.account())
	case a.Status == http.StatusUnauthorized:
		return forbidden("Google does not accept oauth_token; it ends after an hour and needs the scope drive.readonly")
	case busy(reason):
		a.Status = http.StatusTooManyRequests
	case reason == "dailyLimitExceeded" || reason == "quotaExceeded":
		return connector.Retry(nil, time.Hour, "%s: the quota of the project for today is used up", what)
	case reason == "accessNotConfigured" || reason == "SERVICE_DISABLED":
		return forbidden("the Google Drive API is not enabled in the project of " + r.account() + "; enable drive.googleapis.com there")
	case reason == "insufficientPermissions" || reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return forbidden("the token lacks the scope drive.readonly")
	case reason == "exportSizeLimitExceeded":
		return connector.Fail(errExportLimit, "%s: the export is larger than Google gives", what)
	case reason == "cannotDownloadAbusiveFile":
		return forbidden("Google holds the file for malware or spam and does not give it out")
	case reason == "domainPolicy":
		return forbidden("a policy of the Google Workspace domain keeps apps from reading it; ask its administrator")
	case reason == "cannotDownloadFile" || reason == "cannotExportFile" || reason == "fileNotDownloadable" || reason == "cannotCopyFile":
		return forbidden("its owner keeps viewers from downloading it; share it with " + r.account() + " as Editor")
	case a.Status == http.StatusForbidden:
		return forbidden("access refused; share it with " + r.account() + " as Viewer")
	}
	return rest.Refused(what, service, a)
}

// get asks for JSON below the interface's root.
func (r *remote) get(ctx context.Context, what, path string, q url.Values, into any, ok ...int) (status int, err error) {
	a, err := r.client.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: path, Query: q, OK: ok})
	if err != nil || a.Status >= 300 {
		return a.Status, err
	}
	return a.Status, decode(what, a.Body, into)
}

func decode(what string, body []byte, into any) error {
	if json.Unmarshal(body, into) != nil {
		return connector.Fail(nil, "%s: the answer is not that of Google Drive; check endpoint_url", what)
	}
	return nil
}
