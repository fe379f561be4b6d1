package s3

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

var _ connectortest.SourcePlace = (*testPlace)(nil)

func oneElement(yield func(element.Element, error) bool) {
	yield(element.Element{Type: element.Title, ID: "1", Text: "text"}, nil)
}

// A server in another region says which, and is followed there.
func TestOtherRegion(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *server.Server{
		"fake": func(tb testing.TB) *server.Server { return server.StartFakeIn(tb, "eu-central-1") },
		"real": func(tb testing.TB) *server.Server { return server.StartRealIn(tb, "eu-central-1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newPlace(t, start(t))
			b.Put(t, map[string]string{"a.txt": "text"})
			s := connectortest.OpenSource(t, Type, b.Config(), connector.Env{})
			if err := s.Check(context.Background()); err != nil {
				t.Error(err)
			}
			if got := paths(t, s); !slices.Equal(got, []string{"a.txt"}) {
				t.Errorf("listed %q", got)
			}
			d := connectortest.OpenDestination(t, Type, b.Config(), connector.Env{})
			if err := d.Replace(context.Background(), document.Document{Path: "b.txt"}, oneElement); err != nil {
				t.Error(err)
			}
			if got := b.List(t); !slices.Contains(got, b.prefix+"b.txt.json") {
				t.Errorf("wrote %q", got)
			}
		})
	}
}

// AWS answers with a redirect whose header names the region; the connector goes there, by the host of that region and not
// by an address that the answer gives.
func TestRedirect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		endpoint string
		status   int
		header   map[string]string
		body     string
		want     []string
	}{
		"permanent": {"", 301, map[string]string{"X-Amz-Bucket-Region": "eu-west-1"}, xmlError("PermanentRedirect", "elsewhere"),
			[]string{"acme.s3.us-east-1.amazonaws.com", "acme.s3.eu-west-1.amazonaws.com"}},
		"young bucket": {"", 307, map[string]string{"X-Amz-Bucket-Region": "eu-west-1", "Location": "https://evil.example.com/"},
			xmlError("TemporaryRedirect", "elsewhere"), []string{"acme.s3.us-east-1.amazonaws.com", "acme.s3.eu-west-1.amazonaws.com"}},
		"signature": {"", 400, nil, xmlError("AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'ap-south-1'"),
			[]string{"acme.s3.us-east-1.amazonaws.com", "acme.s3.ap-south-1.amazonaws.com"}},
		"host of a region": {"https://s3.eu-central-1.amazonaws.com", 301, map[string]string{"X-Amz-Bucket-Region": "eu-west-1"},
			xmlError("PermanentRedirect", ""), []string{"s3.eu-central-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"}},
		"FIPS": {"https://s3-fips.us-east-1.amazonaws.com", 301, map[string]string{"X-Amz-Bucket-Region": "us-west-2"},
			xmlError("PermanentRedirect", ""), []string{"s3-fips.us-east-1.amazonaws.com", "s3-fips.us-west-2.amazonaws.com"}},
		"own store": {"https://store.example.com", 400, nil, xmlError("AuthorizationHeaderMalformed", `expecting "eu"`),
			[]string{"store.example.com", "store.example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := true
			w := &web{}
			w.answer = func(*http.Request, string) (int, map[string]string, string) {
				if first {
					first = false
					return c.status, c.header, c.body
				}
				return 200, nil, listing()
			}
			config := map[string]any{"remote_url": "s3://acme/", "key": "AKIAOWN", "secret": "own"}
			if c.endpoint != "" {
				config["endpoint_url"] = c.endpoint
			}
			s := connectortest.OpenSource(t, Type, config, w.env())
			if err := list(t, s); err != nil {
				t.Fatal(err)
			}
			var hosts []string
			for _, r := range w.seen {
				hosts = append(hosts, r.URL.Host)
			}
			if !slices.Equal(hosts, c.want) {
				t.Errorf("asked %q, want %q", hosts, c.want)
			}
			if err := list(t, s); err != nil || len(w.seen) != 3 || w.seen[2].URL.Host != c.want[1] {
				t.Errorf("the next listing: %v, asked %q", err, w.requests())
			}
		})
	}
}

// A service that sends us round and round, or names no region, gets no more than a few requests.
func TestRedirectWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, regions := range map[string][]string{
		"round": {"eu-west-1", "eu-west-2"}, "none": {""}, "hostile": {"x.evil.example.com/"}, "same": {"us-east-1"},
	} {
		n := 0
		w := &web{}
		w.answer = func(*http.Request, string) (int, map[string]string, string) {
			n++
			return 301, map[string]string{"X-Amz-Bucket-Region": regions[n%len(regions)]}, xmlError("PermanentRedirect", "")
		}
		err := list(t, connectortest.OpenSource(t, Type, map[string]any{"remote_url": "s3://acme/", "anonymous": true}, w.env()))
		if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "another region") {
			t.Errorf("%s: %v", name, err)
		}
		if len(w.seen) > 3 {
			t.Errorf("%s: %d requests", name, len(w.seen))
		}
		for _, r := range w.seen {
			if !strings.HasSuffix(r.URL.Host, ".amazonaws.com") {
				t.Errorf("%s: asked %s", name, r.URL)
			}
		}
	}
}

// Where requests go: with endpoint_url the bucket stands in the path, else in the host's name.
func TestAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[[2]string]string{
		{"s3://acme/in/", ""}:                                             "acme.s3.us-east-1.amazonaws.com /",
		{"s3://acme.data/in/", ""}:                                        "s3.us-east-1.amazonaws.com /acme.data",
		{"s3://acme/in/", "https://store.example.com:9000"}:               "store.example.com:9000 /acme",
		{"s3://acme/in/", "https://s3.eu-west-1.amazonaws.com"}:           "s3.eu-west-1.amazonaws.com /acme",
		{"https://acme.store.example.com/in/", ""}:                        "acme.store.example.com /",
		{"https://acme.s3-fips.us-gov-west-1.amazonaws.com/in/", ""}:      "acme.s3-fips.us-gov-west-1.amazonaws.com /",
		{"https://acme.s3.dualstack.eu-west-1.amazonaws.com/in/", ""}:     "acme.s3.dualstack.eu-west-1.amazonaws.com /",
		{"s3://acme/in/", "https://0123456789.r2.cloudflarestorage.com/"}: "0123456789.r2.cloudflarestorage.com /acme",
	} {
		w := &web{answer: func(*http.Request, string) (int, map[string]string, string) { return 200, nil, listing("in/x") }}
		config := map[string]any{"remote_url": in[0], "anonymous": true}
		if in[1] != "" {
			config["endpoint_url"] = in[1]
		}
		if got := paths(t, connectortest.OpenSource(t, Type, config, w.env())); !slices.Equal(got, []string{"x"}) {
			t.Errorf("%q: listed %q", in, got)
		}
		if r := w.requests(); len(r) != 1 || strings.TrimSuffix(r[0], "/") != strings.TrimSuffix("GET "+want, "/") || w.seen[0].URL.Query().Get("prefix") != "in/" {
			t.Errorf("%q: asked %q, want %q", in, r, want)
		}
	}
}
