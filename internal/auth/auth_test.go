package auth

import (
	"net/http"
	"strings"
	"testing"
)

func TestGenerate(t *testing.T) {
	t.Parallel()
	key, hash, hint := Generate()
	if !WellFormed(key) || !strings.HasPrefix(key, "slc_") || len(key) != 47 {
		t.Errorf("key %q", key)
	}
	if hash != Hash(key) || len(hash) != 64 || !Matches(key, hash) {
		t.Errorf("hash %q", hash)
	}
	if len(hint) != 8 || !strings.HasPrefix(key, hint) {
		t.Errorf("hint %q", hint)
	}
	if other, _, _ := Generate(); other == key || Matches(other, hash) {
		t.Error("two keys are one")
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	// The SHA-256 test vector of FIPS 180-2.
	if got := Hash("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("got %s", got)
	}
}

func TestWellFormed(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("A", 43)
	if !WellFormed("slc_" + body) {
		t.Error("a key is refused")
	}
	for _, text := range []string{"", "slc_", body, "SLC_" + body, "slc_" + body + "A", "slc_" + body[1:],
		"slc_" + body[:42] + "+",
		"slc_" + body[:42] + "=", "slc_" + body[:42] + "B" /* bits beyond the 32nd byte */, " slc_" + body[1:],
		"slc_" + body[:42] + "\n"} {
		if WellFormed(text) {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestMatchesOnlyItsHash(t *testing.T) {
	t.Parallel()
	key, hash, _ := Generate()
	for _, wrong := range []string{"", hash[:63], strings.ToUpper(hash), hash + "0"} {
		if Matches(key, wrong) {
			t.Errorf("%q matches", wrong)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Role{"admin": Admin, " READER": Reader, "owner": "", "": ""} {
		if got, ok := ParseRole(name); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v", name, got, ok)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost,
		http.MethodPut, http.MethodDelete} {
		reads := method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
		if !Admin.Allows(method) || Reader.Allows(method) != reads || Role("").Allows(method) {
			t.Errorf("%s: admin %v, reader %v, none %v", method, Admin.Allows(method), Reader.Allows(method),
				Role("").Allows(method))
		}
	}
}
