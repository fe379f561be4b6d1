package azure

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// remote is the container of a config. It is safe for concurrent use.
type remote struct {
	place
	login
	client *rest.Client
	path   string // of the container below the endpoint
}

// open makes the way to a config's container. It connects to nothing.
func open(config map[string]any, anonymous bool, env connector.Env) (*remote, error) {
	address, _ := config["remote_url"].(string)
	p, err := parse(address)
	if err != nil {
		return nil, err
	}
	l, err := readLogin(config, anonymous)
	if err != nil {
		return nil, err
	}
	r := &remote{place: p, login: l, path: "/" + url.PathEscape(p.container)}
	r.client = (&rest.Client{Service: "Azure Blob Storage", Bases: []string{l.endpoint}, Sign: l.sign, Refuse: r.refuse,
		Retryable: func(a rest.Answer) bool { return a.Header.Get("X-Ms-Error-Code") == "ServerBusy" }}).Open(env)
	return r, nil
}

// Close implements both sides of connector.
func (r *remote) Close() error { return r.client.Close() }

// blob is the escaped path of a blob.
func (r *remote) blob(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return r.path + "/" + strings.Join(parts, "/")
}

// refuse makes the error of an answer that is not a success. Its text, which may repeat what was signed, is not read.
func (r *remote) refuse(what string, a rest.Answer) error {
	wait := connector.RetryAfter(a.Header, time.Now())
	forbidden := func(why string) error { return connector.Fail(connector.ErrForbidden, "%s: %s", what, why) }
	switch code := a.Header.Get("X-Ms-Error-Code"); code {
	case "ContainerNotFound":
		return connector.Fail(connector.ErrNotFound, "%s: container %q does not exist; check remote_url and the account", what, r.container)
	case "BlobNotFound":
		return connector.Fail(connector.ErrNotFound, "%s: it is not there, or not any more", what)
	case "ContainerBeingDeleted":
		return connector.Fail(connector.ErrNotFound, "%s: container %q is being deleted", what, r.container)
	case "ResourceNotFound":
		if r.key == nil && r.sas == nil {
			return connector.Fail(connector.ErrNotFound, "%s: container %q does not exist, or is not public; give account_key, sas_token or connection_string",
				what, r.container)
		}
	case "AuthenticationFailed", "InvalidAuthenticationInfo":
		return forbidden("the service does not accept the credentials; check that the key or the signature is of this account and not expired, and the clock of this server")
	case "AuthorizationPermissionMismatch", "AuthorizationResourceTypeMismatch", "AuthorizationServiceMismatch", "InsufficientAccountPermissions":
		return forbidden("the shared access signature does not allow it; it needs " + r.rights())
	case "AuthorizationProtocolMismatch", "AuthorizationSourceIPMismatch", "AuthorizationFailure":
		return forbidden("the account refuses it; check the rules of its network and of the shared access signature")
	case "KeyBasedAuthenticationNotPermitted":
		return forbidden("the account takes no keys and signatures made with them; give a shared access signature made with a user delegation key")
	case "PublicAccessNotPermitted", "NoAuthenticationInformation":
		return forbidden("the container is not public; give account_key, sas_token or connection_string")
	case "AccountIsDisabled":
		return forbidden("the account is disabled; ask its owner")
	case "BlobArchived":
		return forbidden("the blob is archived; rehydrate it in Azure first")
	case "LeaseIdMissing", "LeaseIdMismatchWithBlobOperation":
		return connector.Retry(nil, max(wait, time.Minute), "%s: somebody holds a lease on the blob", what)
	case "BlobImmutableDueToPolicy":
		return forbidden("the container's policy does not let blobs change")
	case "InvalidResourceName", "OutOfRangeInput":
		return connector.Fail(nil, "%s: the name is not one that the service takes", what)
	case "ServerBusy", "OperationTimedOut", "InternalError":
		return connector.Retry(nil, wait, "%s: the service asks for fewer requests (%s)", what, code)
	}
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return forbidden("access refused; the credentials need " + r.rights())
	case http.StatusNotFound:
		return connector.Fail(connector.ErrNotFound, "%s: it is not there; check remote_url and the account", what)
	}
	return rest.Refused(what, "Azure Blob Storage", a)
}

func (r *remote) rights() string {
	return "the rights to read and list (r, l), to write also w and c, and d to remove"
}
