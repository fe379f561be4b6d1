// Package sftp reads documents from a folder of an SFTP server, and writes elements to one. Its type is "sftp" on both
// sides. It is a type of this project: the contract has none.
//
// A document is a regular file. Its identity is the account, the server and the absolute path, its version the time of
// the last change (in whole seconds, which is all that the protocol has) together with the size. A destination writes
// one JSON file a document beside the final name and moves it into place.
//
// The server is only trusted when it shows the host key of the config: before that it learns neither password nor key.
package sftp

import (
	"context"
	"path"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/pkg/sftp"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/spec"
)

// Type is the id of the connector.
const Type = "sftp"

func init() {
	fields := []spec.Field{
		{Name: "remote_url", Kind: spec.String, Required: true, Omit: true,
			Help: "sftp://host[:port]/folder below the account's home, or sftp://host//folder from the server's root"},
		{Name: "username", Kind: spec.String, Omit: true, Help: "account on the server"},
		{Name: "password", Kind: spec.String, Omit: true, Secret: true, Help: "of the account"},
		{Name: "private_key", Kind: spec.String, Omit: true, Secret: true,
			Help: "in place of the password, or tried before it: the whole text of the key file, line breaks as they are or as \\n"},
		{Name: "passphrase", Kind: spec.String, Omit: true, Secret: true, Help: "of the private key, if it has one"},
		{Name: "host_public_key", Kind: spec.String, Omit: true,
			Help: "key that the server must show: a known_hosts line (ssh-keyscan HOST), a .pub line, or its base64 part"},
		{Name: "verify_host", Kind: spec.Bool, Default: true,
			Help: "false trusts any server that answers, and shows it the password"},
		{Name: "port", Kind: spec.Int, Default: int64(22), Min: spec.Limit(1), Max: spec.Limit(65535),
			Help: "TCP port, where remote_url has none"},
	}
	connector.Register(connector.Kind{
		Side: connector.SideSource, Type: Type, Title: "SFTP",
		Spec: spec.Spec{Fields: append(fields[:len(fields):len(fields)],
			spec.Field{Name: "recursive", Kind: spec.Bool, Default: false, Help: "read the folders below too"})},
		Doc:       sourceDoc,
		NewSource: newSource,
	})
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Title: "SFTP",
		Spec:           spec.Spec{Fields: fields},
		Doc:            destinationDoc,
		NewDestination: newDestination,
	})
}

// place is the folder of a config on its server.
type place struct {
	*line
	target target

	mu   sync.Mutex
	home string // absolute folder of relative paths, once it is known
}

func open(config map[string]any, env connector.Env) (*place, error) {
	text, _ := config["remote_url"].(string)
	target, err := parseURL(text)
	if err != nil {
		return nil, err
	}
	if target.port == 0 {
		port, _ := config["port"].(int64)
		target.port = int(port)
	}
	if user, _ := config["username"].(string); user != "" {
		target.user = user
	}
	account, err := newAccount(target, config, env)
	if err != nil {
		return nil, err
	}
	return &place{line: newLine(account), target: target}, nil
}

// root returns the absolute folder of the config. The names of links in it stay as they are.
func (p *place) root(ctx context.Context) (string, error) {
	if path.IsAbs(p.target.path) {
		return p.target.path, nil
	}
	p.mu.Lock()
	home := p.home
	p.mu.Unlock()
	if home == "" {
		err := p.do(ctx, "read folder", p.target.path, func(s *session) (err error) {
			home, err = s.client.RealPath(".")
			return err
		})
		if err != nil {
			return "", err
		}
		if !path.IsAbs(home) {
			return "", connector.Fail(nil, "read folder %q: the server does not say where the account's home is; use sftp://%s//... from the root",
				p.target.path, p.target.address())
		}
		p.mu.Lock()
		p.home = home
		p.mu.Unlock()
	}
	return path.Join(home, p.target.path), nil
}

// identifier is the identity of a file by its absolute path: the same path of another account may be another file.
func (p *place) identifier(full string) string {
	name := p.target.user + "@" + p.target.address() + full
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte(name)).String()
}

// local says whether a relative path, which may come from a server's listing or from the store, stays below its root.
func local(name string) bool {
	if name == "" || path.IsAbs(name) || strings.ContainsRune(name, 0) {
		return false
	}
	clean := path.Clean(name)
	return clean != "." && clean != ".." && !strings.HasPrefix(clean, "../")
}

// has says whether the server speaks an extension in its version 1.
func has(client *sftp.Client, extension string) bool {
	data, ok := client.HasExtension(extension)
	return ok && data == "1"
}
