package azure

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// place is what a config's remote_url names.
type place struct {
	container string
	prefix    string // name or beginning of names in the container, as written
}

var containerName = regexp.MustCompile(`^(\$root|\$web|[a-z0-9](-?[a-z0-9]){2,62})$`)

// parse reads az://container/prefix.
func parse(remote string) (place, error) {
	wrong := func(why string) (place, error) {
		return place{}, connector.Fail(nil, "remote_url %q: %s; write az://container/path/", shown(remote), why)
	}
	scheme, rest, ok := strings.Cut(strings.TrimSpace(remote), "://")
	if !ok {
		return wrong("it has no scheme")
	}
	switch strings.ToLower(scheme) {
	case "az", "azure", "abfs", "abfss":
	default:
		return wrong("it is not of Azure Blob Storage")
	}
	p := place{}
	p.container, p.prefix, _ = strings.Cut(rest, "/")
	switch {
	case p.container == "":
		return wrong("it names no container")
	case strings.Contains(p.container, "@"):
		return wrong("it names an account; give that in account_name")
	case !containerName.MatchString(p.container):
		return wrong("the container's name has characters that no container has")
	case len(p.prefix) > maxPrefix:
		return wrong("the path is too long")
	}
	return p, nil
}

// maxPrefix leaves room for names below; a whole name has at most 1,024 characters.
const maxPrefix = 700

// shown is a remote_url for messages, without what somebody may have put before an @.
func shown(remote string) string {
	if i := strings.LastIndex(remote, "@"); i >= 0 {
		remote = "...@" + remote[i+1:]
	}
	if len(remote) > 300 {
		remote = remote[:300] + "..."
	}
	return remote
}

// url is a blob's address.
func (p place) url(name string) string { return "az://" + p.container + "/" + name }

// login is the account of a config and how it is proved.
type login struct {
	endpoint string // scheme://host[/account] of the account's blobs
	account  string
	key      []byte     // of the account; nil for none
	sas      url.Values // shared access signature; nil for none
}

var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

// readLogin takes the connection string if there is one, else the account with its signature, its key or nothing.
func readLogin(config map[string]any, anonymous bool) (login, error) {
	text := func(name string) string {
		s, _ := config[name].(string)
		return strings.TrimSpace(s)
	}
	l := login{account: text("account_name")}
	key, sas := text("account_key"), text("sas_token")
	keyField, sasField := "account_key", "sas_token"
	if whole := text("connection_string"); whole != "" {
		var err error
		if l, key, sas, err = readConnection(whole); err != nil {
			return login{}, err
		}
		keyField, sasField = "connection_string: AccountKey", "connection_string: SharedAccessSignature"
	} else {
		switch {
		case l.account == "":
			return login{}, connector.Fail(connector.ErrForbidden, "no account: give account_name, or connection_string")
		case !accountName.MatchString(l.account):
			return login{}, connector.Fail(nil, "account_name: the name of a storage account has 3 to 24 lower-case letters and digits")
		}
		l.endpoint = "https://" + l.account + ".blob.core.windows.net"
	}
	var err error
	switch {
	case sas != "":
		if l.sas, err = url.ParseQuery(strings.TrimPrefix(sas, "?")); err != nil || l.sas.Get("sig") == "" {
			return login{}, connector.Fail(connector.ErrForbidden, "%s: it is not a shared access signature; it looks like sv=...&sig=...", sasField)
		}
	case key != "":
		if l.key, err = base64.StdEncoding.DecodeString(key); err != nil || len(l.key) == 0 {
			return login{}, connector.Fail(connector.ErrForbidden, "%s: it is not the key of a storage account, which is base64", keyField)
		}
	case !anonymous:
		return login{}, connector.Fail(connector.ErrForbidden, "no credentials: give account_key, sas_token or connection_string")
	}
	return l, nil
}

// readConnection reads the connection string that the portal shows.
func readConnection(text string) (l login, key, sas string, err error) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if ok {
			parts[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
	l.account = parts["accountname"]
	switch endpoint := parts["blobendpoint"]; {
	case endpoint != "":
		if l.endpoint, err = rest.Address("connection_string: BlobEndpoint", endpoint, "https"); err != nil {
			return l, "", "", err
		}
		if u, err := url.Parse(l.endpoint); err == nil && l.account == "" { // the account is in the host, or in the path of an emulator
			l.account, _, _ = strings.Cut(u.Hostname(), ".")
			if path := strings.Trim(u.Path, "/"); path != "" {
				l.account = path
			}
		}
	case accountName.MatchString(l.account):
		protocol, suffix := parts["defaultendpointsprotocol"], parts["endpointsuffix"]
		if protocol == "" {
			protocol = "https"
		}
		if suffix == "" {
			suffix = "core.windows.net"
		}
		l.endpoint, err = rest.Address("connection_string: EndpointSuffix", protocol+"://"+l.account+".blob."+suffix, "https")
		if err != nil {
			return l, "", "", err
		}
	default:
		return l, "", "", connector.Fail(connector.ErrForbidden, "connection_string: it names neither AccountName nor BlobEndpoint; copy it whole from the portal")
	}
	return l, parts["accountkey"], parts["sharedaccesssignature"], nil
}
