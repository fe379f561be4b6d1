// Package google is the part of Google's services that tests of several of them need: the account of a service and the
// service that gives it tokens, and the form in which the services say what is wrong.
package google

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	// Email names the account.
	Email = "tester@sluice-test.iam.gserviceaccount.com"
	// TokenPath is where the token service stands, below an endpoint.
	TokenPath = "/token"
)

// Account is a service account. It gives out one token for its signature, as an http.Handler.
type Account struct {
	// Token is what the account gets.
	Token string

	key *rsa.PrivateKey
}

// NewAccount makes an account with a key of its own.
func NewAccount(tb testing.TB) *Account {
	tb.Helper()
	return &Account{Token: "token-" + rand.Text(), key: newKey(tb)}
}

func newKey(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// Key is the JSON key file of the account. endpoint is http://host:port of the token service.
func (a *Account) Key(tb testing.TB, endpoint string) string {
	tb.Helper()
	return keyFile(tb, a.key, endpoint)
}

// WrongKey is that of the account with a private key that is not its own.
func (a *Account) WrongKey(tb testing.TB, endpoint string) string {
	tb.Helper()
	return keyFile(tb, newKey(tb), endpoint)
}

func keyFile(tb testing.TB, key *rsa.PrivateKey, endpoint string) string {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "sluice-test", "private_key_id": "1", "client_email": Email, "token_uri": endpoint + TokenPath,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// Knows says whether a request carries the account's token.
func (a *Account) Knows(r *http.Request) bool {
	return r.Header.Get("Authorization") == "Bearer "+a.Token
}

// ServeHTTP is the token service.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := a.proved(r); err != nil {
		wire.JSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
		return
	}
	wire.JSON(w, http.StatusOK, map[string]any{"access_token": a.Token, "expires_in": 3599, "token_type": "Bearer"})
}

// proved checks the claim of a request for a token (RFC 7523).
func (a *Account) proved(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	parts := strings.Split(r.PostForm.Get("assertion"), ".")
	if len(parts) != 3 || r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return errors.New("no assertion")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&a.key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		return err
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		Scope    string `json:"scope"`
		Issued   int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		return err
	}
	now := time.Now().Unix()
	if claims.Issuer != Email || claims.Audience != "http://"+r.Host+TokenPath || claims.Scope == "" || claims.Issued > now+10 ||
		claims.Expires < now || claims.Expires > claims.Issued+3600 {
		return errors.New("wrong claims")
	}
	return nil
}

// Fail answers with an error in the form of Google's JSON interfaces.
func Fail(w http.ResponseWriter, status int, reason, message string) {
	wire.JSON(w, status, map[string]any{"error": map[string]any{"code": status, "message": message,
		"errors": []map[string]string{{"domain": "global", "reason": reason, "message": message}}}})
}
