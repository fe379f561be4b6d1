package sftp

import (
	"net"
	"path"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/connector"
)

// target is what a remote_url names.
type target struct {
	host string // lower case
	port int    // 0 when the URL has none
	user string // "" when the URL has none
	path string // clean; absolute, or relative to the account's home ("." for itself)
}

// parseURL reads sftp://[user@]host[:port][/path]. The path is taken as it stands, without URL escapes. Of its leading
// slashes one belongs to the URL: what follows is relative to the account's home, unless there is a second one.
func parseURL(text string) (target, error) {
	const form = "use sftp://host/folder below the account's home, or sftp://host//folder from the server's root"
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "sftp://")
	if !ok {
		return target{}, connector.Fail(nil, "remote_url does not begin with sftp://; %s", form)
	}
	authority, folder, _ := strings.Cut(rest, "/")
	var t target
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		t.user = authority[:at]
		authority = authority[at+1:]
		if strings.Contains(t.user, ":") {
			return target{}, connector.Fail(nil, "remote_url holds a password, where it is no secret; move it to the field password")
		}
	}
	t.host = authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		n, err := strconv.Atoi(authority[i+1:])
		if err != nil || n < 1 || n > 65535 {
			return target{}, connector.Fail(nil, "remote_url has no port between 1 and 65535 after the host's colon")
		}
		t.host, t.port = authority[:i], n
	}
	t.host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(t.host, "["), "]"))
	if t.host == "" || strings.ContainsAny(t.host, " \t\r\n\x00[]@") {
		return target{}, connector.Fail(nil, "remote_url names no host; %s", form)
	}
	if strings.ContainsRune(folder, 0) {
		return target{}, connector.Fail(nil, "remote_url has a NUL character in its path")
	}
	t.path = path.Clean(folder)
	return t, nil
}

// address is host, or host:port where the port is not the usual one.
func (t target) address() string {
	host := t.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if t.port == 22 || t.port == 0 {
		return host
	}
	return host + ":" + strconv.Itoa(t.port)
}

// dial is the address to connect to.
func (t target) dial() string { return net.JoinHostPort(t.host, strconv.Itoa(t.port)) }

// url is the URL of an absolute path, without the account.
func (t target) url(full string) string { return "sftp://" + t.address() + "/" + full }

// String is the remote_url without the account.
func (t target) String() string {
	if t.path == "." {
		return "sftp://" + t.address() + "/"
	}
	return "sftp://" + t.address() + "/" + t.path
}
