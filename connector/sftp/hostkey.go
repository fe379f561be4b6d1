package sftp

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/sluicehq/sluice/connector"
)

// parseHostKeys reads the keys that a server may show: lines of a known_hosts or .pub file, or the base64 part of one.
// The names of hosts on the lines are not compared: the keys stand in the config of one host.
func parseHostKeys(text string) ([]ssh.PublicKey, error) {
	var keys []ssh.PublicKey
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := parseHostKey(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errHostKey
	}
	return keys, nil
}

var errHostKey = connector.Fail(nil,
	"host_public_key is no public key; give a line of `ssh-keyscan HOST`, of a .pub file, or its base64 part")

func parseHostKey(line string) (ssh.PublicKey, error) {
	if !strings.ContainsAny(line, " \t") {
		blob, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, errHostKey
		}
		key, err := ssh.ParsePublicKey(blob)
		if err != nil {
			return nil, errHostKey
		}
		return key, nil
	}
	if marker, _, key, _, _, err := ssh.ParseKnownHosts([]byte(line)); err == nil {
		if marker != "" {
			return nil, connector.Fail(nil, "host_public_key has a line with the marker @%s; give the server's own key", marker)
		}
		return key, nil
	} else if errors.Is(err, io.EOF) {
		return nil, errHostKey
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return nil, errHostKey
	}
	return key, nil
}

// algorithms are those with which a server shows one of the keys. nil, for no keys, is the library's choice.
func algorithms(keys []ssh.PublicKey) []string {
	var out []string
	for _, k := range keys {
		names := []string{k.Type()}
		if k.Type() == ssh.KeyAlgoRSA {
			names = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, n := range names {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// proven judges the key that a server shows. Nothing secret was said until then.
func (a *account) proven(key ssh.PublicKey) error {
	if !a.verify {
		return nil
	}
	if len(a.hostKeys) == 0 {
		return connector.Fail(nil, "host_public_key is missing, so that server %s cannot be told from another; it shows %s. "+
			"If that is its key, set host_public_key to it (verify_host: false trusts any server)", a.target.address(), shown(key))
	}
	for _, known := range a.hostKeys {
		if known.Type() == key.Type() && bytes.Equal(known.Marshal(), key.Marshal()) {
			return nil
		}
	}
	return connector.Fail(nil, "server %s shows %s, which is not its host_public_key: it has a new key, or another machine "+
		"answers in its place. Nothing was sent to it", a.target.address(), shown(key))
}

// shown is a public key for people.
func shown(key ssh.PublicKey) string {
	text := "the " + key.Type() + " key " + ssh.FingerprintSHA256(key)
	if line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))); len(line) < 300 {
		text += " (" + line + ")"
	}
	return text
}
