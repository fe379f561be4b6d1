// Package auth makes and recognises API keys. A key is 32 random bytes; the store keeps only its SHA-256, which is
// enough for a secret that cannot be guessed, and a hint by which people recognise it.
package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

const (
	prefix    = "slc_"
	keyBytes  = 32
	keyLength = len(prefix) + (keyBytes*8+5)/6
	hintLen   = len(prefix) + 4
)

// Generate makes a key. key is shown once and never stored; hash and hint are stored.
func Generate() (key, hash, hint string) {
	var b [keyBytes]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime ends the program first
	key = prefix + base64.RawURLEncoding.EncodeToString(b[:])
	return key, Hash(key), key[:hintLen]
}

// WellFormed tells whether text can be a key at all; a text that cannot is refused as malformed rather than unknown.
func WellFormed(text string) bool {
	body, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) != keyLength || strings.ContainsAny(body, "\r\n") { // base64 skips line ends
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(body)
	return err == nil
}

// Hash is the hex SHA-256 of a key, by which the store finds it.
func Hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// Matches tells in constant time whether a key has a stored hash.
func Matches(key, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(Hash(key)), []byte(hash)) == 1
}

// Role is what a key may do.
type Role string

const (
	Admin  Role = "admin"  // everything in its workspace
	Reader Role = "reader" // what changes nothing
)

// ParseRole reads a role's name, in any case.
func ParseRole(name string) (Role, bool) {
	switch r := Role(strings.ToLower(strings.TrimSpace(name))); r {
	case Admin, Reader:
		return r, true
	}
	return "", false
}

// Allows tells whether the role may send a request with a method. An unknown role may do nothing.
func (r Role) Allows(method string) bool {
	switch r {
	case Admin:
		return true
	case Reader:
		return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
	}
	return false
}
