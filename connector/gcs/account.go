package gcs

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

const (
	// scope lets read and write objects, and nothing else of a project.
	scope = "https://www.googleapis.com/auth/devstorage.read_write"
	// tokenLife is how long a token is asked for: the most that the service gives.
	tokenLife = time.Hour
	// early is how long before its end a token is renewed.
	early = 5 * time.Minute
)

// account is a service account that gets tokens for the key of a config (RFC 7523). It is safe for concurrent use.
type account struct {
	email, keyID string
	key          *rsa.PrivateKey
	path         string // of the token endpoint
	client       *rest.Client

	turn  chan struct{} // whoever holds its one place may look at what follows
	token string
	until time.Time
}

// anonymous is the word in place of a key that reads public buckets.
const anonymous = "anon"

// readKey reads the JSON key file of a service account.
func readKey(text string, env connector.Env) (*account, error) {
	wrong := func(why string) (*account, error) {
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
	a := &account{email: k.Email, keyID: k.KeyID, key: key, path: u.EscapedPath(), turn: make(chan struct{}, 1)}
	a.client = (&rest.Client{Service: "Google's token service", Bases: []string{u.Scheme + "://" + u.Host}, Refuse: a.refuse}).Open(env)
	return a, nil
}

func (a *account) refuse(what string, answer rest.Answer) error {
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(answer.Body, &said) // without it the status has to do
	switch said.Error {
	case "invalid_grant", "invalid_client", "unauthorized_client":
		return connector.Fail(connector.ErrForbidden, "%s: Google does not accept the key of service account %s; check that it is neither deleted nor disabled, and the clock of this server",
			what, a.email)
	}
	return rest.Refused(what, "Google's token service", answer)
}

// sign gives a request a token of the account.
func (a *account) sign(ctx context.Context, r *http.Request, _ []byte) error {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	now := time.Now()
	if a.token == "" || now.After(a.until) {
		if err := a.renew(ctx, now); err != nil {
			return err
		}
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	return nil
}

func (a *account) renew(ctx context.Context, now time.Time) error {
	const what = "log in with service_account_key"
	assertion, err := a.assertion(now)
	if err != nil {
		return connector.Fail(connector.ErrForbidden, "%s: the key cannot sign", what)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	answer, err := a.client.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: a.path, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
	if err != nil {
		return err
	}
	var said struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if json.Unmarshal(answer.Body, &said) != nil || said.Token == "" || strings.ContainsAny(said.Token, "\r\n") {
		return connector.Fail(nil, "%s: the answer is not that of Google's token service; check token_uri in the key", what)
	}
	life := time.Duration(min(max(said.Seconds, 0), int64(tokenLife/time.Second))) * time.Second
	a.token, a.until = said.Token, now.Add(max(life-early, life/2))
	return nil
}

// forget makes the next request ask for a new token.
func (a *account) forget() {
	a.turn <- struct{}{}
	a.token = ""
	<-a.turn
}

// assertion is a signed claim to be the account (RS256).
func (a *account) assertion(now time.Time) (string, error) {
	aud := a.client.Bases[0] + a.path
	head, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": a.keyID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"iss": a.email, "scope": scope, "aud": aud, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix()})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, a.key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}
