package search

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// reasonCode is the form of the types that the servers give errors, such as index_not_found_exception.
var reasonCode = regexp.MustCompile(`^[a-z][a-z0-9_]{0,80}$`)

// code is the type of the error that an answer holds; "" for none. Its text, which may repeat what was sent, is not read.
func code(body []byte) string {
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	var inner struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(body, &answer) != nil || json.Unmarshal(answer.Error, &inner) != nil || !reasonCode.MatchString(inner.Type) {
		return ""
	}
	return inner.Type
}

// refuse makes the error of an answer that is not a success.
func (x *index) refuse(what string, a rest.Answer) error {
	code := code(a.Body)
	wait := connector.RetryAfter(a.Header, time.Now())
	switch {
	case code == "index_not_found_exception":
		return connector.Fail(connector.ErrNotFound, "%s: index %q does not exist; check index_name", what, x.IndexName)
	case code == "index_closed_exception":
		return connector.Fail(nil, "%s: index %q is closed; open it first", what, x.IndexName)
	case code == "cluster_block_exception":
		return connector.Retry(nil, wait, "%s: the cluster does not take writes to index %q now (a block: a full disk, a read-only index, or no master); its operator can lift it",
			what, x.IndexName)
	case a.Status == http.StatusUnauthorized:
		return connector.Fail(connector.ErrForbidden, "%s: %s does not accept the credentials (HTTP 401); check %s", what, x.Service, x.Login)
	case a.Status == http.StatusForbidden:
		return connector.Fail(connector.ErrForbidden, "%s: access refused (HTTP 403); the credentials need %s on index %q",
			what, x.rights(), x.IndexName)
	case a.Status == http.StatusRequestEntityTooLarge:
		return connector.Fail(nil, "%s: it is larger than the server takes in one request (http.max_content_length)", what)
	case a.Status >= 400 && a.Status < 500 && code != "" && a.Status != http.StatusTooManyRequests && a.Status != http.StatusNotFound &&
		a.Status != http.StatusRequestTimeout:
		return connector.Fail(nil, "%s: %s refused it (%s)", what, x.Service, code)
	}
	return rest.Refused(what, x.Service, a)
}

func (x *index) rights() string {
	if x.WriteRights != "" {
		return x.WriteRights
	}
	return x.ReadRights
}

// missing says that an index is not there.
func missing(err error) bool { return errors.Is(err, connector.ErrNotFound) }
