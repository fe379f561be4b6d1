// Package google is what connectors of Google's services share: service accounts that log in with the key of a config, and
// the words in which the services say what is wrong.
package google

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// tokenLife is how long a token is asked for: the most that the service gives.
const tokenLife = time.Hour

// Account is a service account that gets tokens for the key of a config (RFC 7523). It is safe for concurrent use.
type Account struct {
	Email string

	scope  string // what the tokens are for
	keyID  string
	key    *rsa.PrivateKey
	path   string // of the token endpoint
	client *rest.Client

	tokens rest.Tokens
}

// KeyText is the value of a config's field that holds a key file: the text of it, or the JSON object that it is.
func KeyText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v), nil
	case map[string]any:
		if _, ok := v["private_key"]; !ok {
			return "", connector.Fail(nil, "service_account_key: it refers to a secret that is kept elsewhere, which this server cannot look up; give the key itself")
		}
		text, err := json.Marshal(v)
		if err != nil {
			return "", connector.Fail(nil, "service_account_key: it is not JSON")
		}
		return string(text), nil
	}
	return "", nil
}

// ReadKey reads the JSON key file of a service account, whose tokens are asked for one scope. It connects to nothing.
func ReadKey(text, scope string, env connector.Env) (*Account, error) {
	wrong := func(why string) (*Account, error) {
		return nil, connector.Fail(connector.ErrForbidden,
			"service_account_key: %s; give the JSON key file of a service account, whole and as one line", why)
	}
	var k struct {
		Type     string `json:"type"`
		Email    string `json:"client_email"`
		KeyID    string `json:"private_key_id"`
		Private  string `json:"private_key"`
		TokenURI string `json:"token_uri"`
	}
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return wrong("it is not JSON")
	}
	if k.Type != "" && k.Type != "service_account" {
		return wrong("it is the key of another kind of account")
	}
	block, _ := pem.Decode([]byte(k.Private))
	if block == nil || k.Email == "" {
		return wrong("it lacks client_email or private_key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return wrong("its private_key is not an RSA key")
	}
	if k.TokenURI == "" {
		k.TokenURI = "https://oauth2.googleapis.com/token"
	}
	address, err := rest.Address("service_account_key: token_uri", k.TokenURI, "https")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return wrong("its token_uri is not an address")
	}
	a := &Account{Email: k.Email, scope: scope, keyID: k.KeyID, key: key, path: u.EscapedPath()}
	a.tokens.Renew = a.renew
	a.client = (&rest.Client{Service: "Google's token service", Bases: []string{u.Scheme + "://" + u.Host}, Refuse: a.refuse}).Open(env)
	return a, nil
}

func (a *Account) refuse(what string, answer rest.Answer) error {
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(answer.Body, &said) // without it the status has to do
	switch said.Error {
	case "invalid_grant", "invalid_client", "unauthorized_client":
		return connector.Fail(connector.ErrForbidden, "%s: Google does not accept the key of service account %s; check that it is neither deleted nor disabled, and the clock of this server",
			what, a.Email)
	}
	return rest.Refused(what, "Google's token service", answer)
}

// Close closes connections that only this account uses.
func (a *Account) Close() error { return a.client.Close() }

// Sign gives a request a token of the account, as rest.Client.Sign does.
func (a *Account) Sign(ctx context.Context, r *http.Request, body []byte) error {
	return a.tokens.Sign(ctx, r, body)
}

// Forget makes the next request ask for a new token.
func (a *Account) Forget() { a.tokens.Forget() }

func (a *Account) renew(ctx context.Context) (string, time.Duration, error) {
	const what = "log in with service_account_key"
	assertion, err := a.assertion(time.Now())
	if err != nil {
		return "", 0, connector.Fail(connector.ErrForbidden, "%s: the key cannot sign", what)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	answer, err := a.client.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: a.path, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
	if err != nil {
		return "", 0, err
	}
	token, life, ok := rest.ReadToken(answer.Body, tokenLife)
	if !ok {
		return "", 0, connector.Fail(nil, "%s: the answer is not that of Google's token service; check token_uri in the key", what)
	}
	return token, life, nil
}

// assertion is a signed claim to be the account (RS256).
func (a *Account) assertion(now time.Time) (string, error) {
	aud := a.client.Bases[0] + a.path
	head, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": a.keyID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"iss": a.Email, "scope": a.scope, "aud": aud, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix()})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, a.key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// Reason is Google's word for what is wrong with a call, such as "rateLimitExceeded"; "" when the answer has none. The text
// beside it, which may repeat what was sent, is not read.
func Reason(a rest.Answer) string {
	var said struct {
		Error struct {
			Errors []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
		} `json:"error"`
	}
	if json.Unmarshal(a.Body, &said) != nil || len(said.Error.Errors) == 0 {
		return ""
	}
	return said.Error.Errors[0].Reason
}
