package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

const (
	login = "https://login.microsoftonline.com" // where tokens come from unless a config says otherwise
	// longestLife caps how long a token is believed to last.
	longestLife = 24 * time.Hour
)

// account is an app that is registered with Microsoft Entra. It gets tokens for itself (client credentials), or for a user whose
// password the config has (resource owner password credentials); see OAuth 2.0, RFC 6749 sections 4.4 and 4.3.
type account struct {
	form   url.Values // of a token request
	path   string     // of the token endpoint
	client *rest.Client
	tokens rest.Tokens
}

// tenantName is a directory's id, one of its domains, or common.
var tenantName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$`)

// openAccount reads the account of a config. scope is what its tokens are for.
func openAccount(config map[string]any, authority, scope string, env connector.Env) (*account, error) {
	tenant := Text(config, "tenant")
	if tenant == "" {
		tenant = "common"
	}
	if !tenantName.MatchString(tenant) {
		return nil, connector.Fail(nil, "tenant: it is neither the id of a directory nor one of its domains, such as contoso.onmicrosoft.com")
	}
	a := &account{path: "/" + tenant + "/oauth2/v2.0/token"}
	a.form = url.Values{
		"grant_type": {"client_credentials"}, "client_id": {Text(config, "client_id")}, "client_secret": {Text(config, "client_cred")}, "scope": {scope},
	}
	if password, _ := config["password"].(string); password != "" {
		user := Text(config, "user_pname")
		if user == "" {
			return nil, connector.Fail(nil, "password: it needs user_pname, whose password it is")
		}
		a.form.Set("grant_type", "password")
		a.form.Set("username", user)
		a.form.Set("password", password)
	}
	a.client = (&rest.Client{Service: "Microsoft's token service", Bases: []string{authority}, Refuse: refuseLogin}).Open(env)
	a.tokens.Renew = a.renew
	return a, nil
}

func (a *account) renew(ctx context.Context) (string, time.Duration, error) {
	const what = "log in with client_id and client_cred"
	answer, err := a.client.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: a.path, Body: []byte(a.form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Limit: answerLimit})
	if err != nil {
		return "", 0, err
	}
	token, life, ok := rest.ReadToken(answer.Body, longestLife)
	if !ok {
		return "", 0, connector.Fail(nil, "%s: the answer is not that of Microsoft's token service; check authority_url", what)
	}
	return token, life, nil
}

// refuseLogin makes the error of a token request that was refused. The service's text, which may repeat what was sent, is not
// read: its numbers say enough.
func refuseLogin(what string, answer rest.Answer) error {
	var said struct {
		Error string `json:"error"`
		Codes []int  `json:"error_codes"`
	}
	_ = json.Unmarshal(answer.Body, &said) // without it the status has to do
	for _, known := range logins {
		if slices.Contains(said.Codes, known.code) {
			return connector.Fail(known.cause, "%s: %s (AADSTS%d)", what, known.why, known.code)
		}
	}
	switch said.Error {
	case "invalid_client", "unauthorized_client", "invalid_grant", "interaction_required", "access_denied":
		return connector.Fail(connector.ErrForbidden, "%s: Microsoft Entra refuses the app or the user; check client_id, client_cred, tenant and, where there is one, password", what)
	case "temporarily_unavailable":
		answer.Status = http.StatusServiceUnavailable
	}
	return rest.Refused(what, "Microsoft's token service", answer)
}

// logins are refusals of the token service by their numbers.
var logins = []struct {
	code  int
	cause error
	why   string
}{
	{7000215, connector.ErrForbidden, "client_cred is not a secret of the app; give the secret's value, not its id"},
	{7000222, connector.ErrForbidden, "the secret in client_cred has expired; make a new one in the app's registration"},
	{700016, connector.ErrForbidden, "the directory of tenant does not know an app with this client_id"},
	{7000218, connector.ErrForbidden, "the app asks for a secret; give client_cred"},
	{90002, connector.ErrNotFound, "there is no directory of this name; check tenant"},
	{900023, connector.ErrNotFound, "tenant is not a directory; check it"},
	{50126, connector.ErrForbidden, "user_pname or password is wrong"},
	{50034, connector.ErrForbidden, "the directory does not know user_pname"},
	{50055, connector.ErrForbidden, "the password has expired"},
	{50056, connector.ErrForbidden, "the user has no password here; the account is of another directory"},
	{50057, connector.ErrForbidden, "the user is disabled"},
	{50053, connector.ErrForbidden, "the user is locked after too many tries"},
	{50076, connector.ErrForbidden, "the user needs a second factor, which a password alone cannot give; leave password out and give the app rights of its own"},
	{50079, connector.ErrForbidden, "the user needs a second factor, which a password alone cannot give; leave password out and give the app rights of its own"},
	{53003, connector.ErrForbidden, "a policy of conditional access keeps the app or the user out"},
	{65001, connector.ErrForbidden, "nobody has consented to the app's rights; an administrator grants them in its registration"},
}
