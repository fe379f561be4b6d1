// Package guard is the way out for connections whose address a tenant chose: connectors' hosts and endpoints. Without leave
// of the operator they reach public addresses only, so that nobody makes a shared server call the machines beside it, or the
// address where a cloud keeps its credentials. The address is judged when the connection is made, after the name was
// resolved: a name that changes its address gains nothing.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"

	"github.com/sluicehq/sluice/connector"
)

// Networks says where connections may go.
type Networks struct {
	All   bool           // anywhere: the tenants are the users of this machine
	Allow []netip.Prefix // besides public addresses
}

// Parse reads networks such as 10.0.0.0/8 or fd00::/8, single addresses, and the words all and none.
func Parse(texts []string) (n Networks, err error) {
	for _, text := range texts {
		switch text {
		case "all":
			n.All = true
			continue
		case "none":
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return n, fmt.Errorf("%q is no network; write it as 10.0.0.0/8 or fd00::/8, as a single address, or all", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		n.Allow = append(n.Allow, p.Masked())
	}
	return n, nil
}

// Dial returns the dialer. An address that is not allowed is a permanent error that says how the operator allows it.
func (n Networks) Dial() func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 30 * time.Second}
	if n.All {
		return d.DialContext
	}
	var v4, v6 []netip.Prefix
	for _, p := range n.Allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	d.Control = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)).Safe
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) {
			return nil, connector.Fail(connector.ErrForbidden,
				"%s is not a public address, and this server connects to no other; its operator allows one with --allow-network (10.0.0.0/8, or all)", address)
		}
		return c, err
	}
}

// Client returns an HTTP client over the dialer. It asks no proxy: behind one the address could not be judged.
func (n Networks) Client() *http.Client {
	return &http.Client{
		Timeout: 5 * time.Minute,
		Transport: &http.Transport{
			DialContext: n.Dial(), ForceAttemptHTTP2: true, MaxIdleConns: 200, MaxIdleConnsPerHost: 64,
			IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 20 * time.Second, ExpectContinueTimeout: time.Second,
		},
	}
}
