package guard

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
)

func TestDial(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	for _, c := range []struct {
		allow   []string
		address string
		refused bool
	}{
		{nil, address, true},
		{nil, "localhost:" + port, true},
		{nil, "[::ffff:127.0.0.1]:" + port, true},
		{nil, "169.254.169.254:80", true},
		{nil, "10.1.2.3:5432", true},
		{nil, "[fd00::1]:5432", true},
		{nil, "[fe80::1]:80", true},
		{nil, "0.0.0.0:" + port, true},
		{[]string{"10.0.0.0/8"}, address, true},
		{[]string{"none"}, address, true},
		{[]string{"127.0.0.0/8"}, address, false},
		{[]string{"127.0.0.1"}, address, false},
		{[]string{"all"}, address, false},
	} {
		n, err := Parse(c.allow)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := n.Dial()(t.Context(), "tcp", c.address)
		if conn != nil {
			conn.Close()
		}
		if !c.refused {
			if err != nil {
				t.Errorf("%v: %s: %v", c.allow, c.address, err)
			}
			continue
		}
		if !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "--allow-network") {
			t.Errorf("%v: %s: %v", c.allow, c.address, err)
			continue
		}
		if outcome, _ := connector.Classify(err); outcome != connector.Permanent {
			t.Errorf("%s is %s", c.address, outcome)
		}
	}
}

// A page that sends the client on to an address inside is not followed there.
func TestClientRedirect(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the address inside was called") }))
	defer inside.Close()
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	outside := httptest.NewServer(http.RedirectHandler("http://127.0.0.2:"+port, http.StatusFound))
	defer outside.Close()
	n, err := Parse([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, outside.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := n.Client().Do(r)
	if err == nil {
		answer.Body.Close()
	}
	if !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("%v", err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "ten", "10.0.0.0/40", "10.0.0", "host.example"} {
		if _, err := Parse([]string{text}); err == nil {
			t.Errorf("%q is taken for a network", text)
		}
	}
}
