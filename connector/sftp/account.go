package sftp

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sluicehq/sluice/connector"
)

// account is a server and who to be there.
type account struct {
	target   target
	auth     []ssh.AuthMethod
	verify   bool
	hostKeys []ssh.PublicKey
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	log      *slog.Logger

	entries int64         // most entries of a folder
	beat    time.Duration // between signs of life, and how long one may take
}

const (
	// maxEntries bounds a folder: the library holds its entries in memory, some 250 bytes each, and a server could go on for ever.
	maxEntries = 1_000_000
	usualBeat  = 15 * time.Second
)

func newAccount(t target, config map[string]any, env connector.Env) (*account, error) {
	a := &account{target: t, dial: env.Dial, log: env.Log, entries: maxEntries, beat: usualBeat}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.dial == nil {
		return nil, connector.Fail(nil, "the sftp connector was opened without a dialer (Dial of its environment)")
	}
	if t.user == "" {
		return nil, connector.Fail(nil, "the config lacks username")
	}
	a.verify, _ = config["verify_host"].(bool)
	if text, _ := config["host_public_key"].(string); strings.TrimSpace(text) != "" {
		keys, err := parseHostKeys(text)
		if err != nil {
			return nil, err
		}
		a.hostKeys = keys
		a.verify = true // a key that is given is compared
	}
	text := func(name string) string {
		s, _ := config[name].(string)
		return s
	}
	if key := text("private_key"); strings.TrimSpace(key) != "" {
		signer, err := parsePrivateKey(key, text("passphrase"))
		if err != nil {
			return nil, err
		}
		a.auth = append(a.auth, ssh.PublicKeys(signer))
	}
	if password := text("password"); password != "" {
		a.auth = append(a.auth, ssh.Password(password), ssh.KeyboardInteractive(answer(password)))
	}
	if len(a.auth) == 0 {
		return nil, connector.Fail(nil, "the config has neither password nor private_key")
	}
	return a, nil
}

// parsePrivateKey reads a key file's text. In one-line fields its line breaks often come as the two characters \n.
func parsePrivateKey(text, passphrase string) (ssh.Signer, error) {
	if !strings.Contains(strings.TrimSpace(text), "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	pem := []byte(strings.TrimSpace(text) + "\n")
	signer, err := ssh.ParsePrivateKey(pem)
	var encrypted *ssh.PassphraseMissingError
	if errors.As(err, &encrypted) {
		if passphrase == "" {
			return nil, connector.Fail(connector.ErrForbidden, "private_key is encrypted; give its passphrase")
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(pem, []byte(passphrase))
		if errors.Is(err, x509.IncorrectPasswordError) {
			return nil, connector.Fail(connector.ErrForbidden, "passphrase is not that of private_key")
		}
	}
	if err != nil {
		return nil, connector.Fail(nil, "private_key is no private key that can be read; give the whole text of an OpenSSH or PEM key "+
			"file, from its BEGIN line to its END line")
	}
	return signer, nil
}

// answer says the password to a server that asks one hidden question. More, or an open one, is for a person.
func answer(password string) ssh.KeyboardInteractiveChallenge {
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		switch {
		case len(questions) == 0:
			return nil, nil
		case len(questions) == 1 && !echos[0]:
			return []string{password}, nil
		}
		return nil, errors.New("the server asks for more than a password")
	}
}
