package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sluicehq/sluice/internal/auth"
	"github.com/sluicehq/sluice/internal/store"
)

// The texts of refusals, which clients compare.
const (
	keyMissing   = "API key is missing, please provide an API key in the header."
	keyMalformed = "API key is malformed, please type the API key correctly in the header."
	keyInvalid   = "API key is invalid, please provide a valid API key in the header."
)

// authenticate finds the key of a call in the header unstructured-api-key, or as a bearer token.
func (s *server) authenticate(r *request) error {
	key := strings.TrimSpace(r.Header.Get("unstructured-api-key"))
	if key == "" {
		if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") {
			key = strings.TrimSpace(token)
		}
	}
	switch {
	case key == "":
		return errorf(http.StatusUnauthorized, keyMissing)
	case !auth.WellFormed(key):
		return errorf(http.StatusUnauthorized, keyMalformed)
	}
	hash := auth.Hash(key)
	var stored store.Key
	err := s.Store.View(r.Context(), func(v store.Reader) (err error) {
		stored, err = v.KeyByHash(r.Context(), hash)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && !auth.Matches(key, stored.Hash) {
		return errorf(http.StatusUnauthorized, keyInvalid)
	}
	if err != nil {
		return err
	}
	if !auth.Role(stored.Role).Allows(r.Method) {
		return errorf(http.StatusForbidden, "The API key has the role %s, which may only read.", stored.Role)
	}
	r.workspace, r.key = stored.Workspace, stored.ID
	return nil
}

// cors answers a preflight and marks answers that a browser of an allowed origin may read. It says whether the request
// is done.
func (s *server) cors(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || len(s.Origins) == 0 {
		return false
	}
	allowed := ""
	for _, o := range s.Origins {
		if o == "*" || strings.EqualFold(strings.TrimSuffix(o, "/"), origin) {
			allowed = origin
			break
		}
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if allowed == "" {
		return false
	}
	h.Set("Access-Control-Allow-Origin", allowed)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "unstructured-api-key, authorization, content-type, accept")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
