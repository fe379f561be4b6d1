package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/sluicehq/sluice/connector"
)

// OTLP is where traces go: the OpenTelemetry protocol over HTTP, in its binary form. The zero value sends nothing.
type OTLP struct {
	Endpoint string // URL that takes POSTs of traces
	Headers  map[string]string
	Timeout  time.Duration // of one POST; 10 s
	Gzip     bool
	Roots    *x509.CertPool // nil: those of the system
}

// OTLPFromEnvironment completes an endpoint by the variables that the OpenTelemetry specification names. endpoint "" leaves
// the address to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT; without that either, traces are off.
func OTLPFromEnvironment(endpoint string) (OTLP, error) {
	get := func(name string) string { // that of traces is stronger than that of all signals
		if v := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); v != "" {
			return v
		}
		return os.Getenv("OTEL_EXPORTER_OTLP_" + name)
	}
	if os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return OTLP{}, nil
	}
	var o OTLP
	if exact := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); exact != "" {
		o.Endpoint = exact
	} else if endpoint != "" {
		o.Endpoint = strings.TrimRight(endpoint, "/") + "/v1/traces"
	} else {
		return OTLP{}, nil
	}
	switch p := get("PROTOCOL"); p {
	case "", "http/protobuf":
	default:
		return OTLP{}, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; traces are sent as http/protobuf only, to port 4318 of a collector as a rule", p)
	}
	for pair := range strings.SplitSeq(get("HEADERS"), ",") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		if o.Headers == nil {
			o.Headers = map[string]string{}
		}
		o.Headers[strings.TrimSpace(name)] = value
	}
	if ms := get("TIMEOUT"); ms != "" {
		n, err := strconv.Atoi(ms)
		if err != nil || n <= 0 {
			return OTLP{}, fmt.Errorf("OTEL_EXPORTER_OTLP_TIMEOUT is %q; write milliseconds", ms)
		}
		o.Timeout = time.Duration(n) * time.Millisecond
	}
	o.Gzip = get("COMPRESSION") == "gzip"
	if name := get("CERTIFICATE"); name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			return OTLP{}, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		o.Roots = x509.NewCertPool()
		if !o.Roots.AppendCertsFromPEM(text) {
			return OTLP{}, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %s holds no certificate in PEM form", name)
		}
	}
	return o, nil
}

// client sends spans. The SDK's own client would bring gRPC with it, 2.4 MB of program for one POST.
type client struct {
	OTLP
	http  *http.Client
	pause time.Duration // before the second try; it doubles
}

var _ otlptrace.Client = (*client)(nil)

func newClient(o OTLP) (*client, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the address for traces is not a URL; write http://host:4318 or https://host:4318")
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	return &client{OTLP: o, pause: time.Second, http: &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: o.Timeout}).DialContext,
			TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			MaxIdleConns:    2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		// The headers may hold a key, which is for this address alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Start implements otlptrace.Client.
func (c *client) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *client) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// tries is how often one batch is sent; what was not taken then is lost.
const tries = 4

// UploadTraces implements otlptrace.Client.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// TracesData has the wire form of the request, field for field.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("pack traces: %w", err)
	}
	if c.Gzip {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body) // to memory
		_ = w.Close()
		body = b.Bytes()
	}
	pause := c.pause
	for try := 1; ; try++ {
		again, wait, err := c.send(ctx, body)
		if err == nil || !again || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(max(wait, pause)):
			pause *= 2
		}
	}
}

// send posts once. Its errors name no address and no header, which may hold a key.
func (c *client) send(ctx context.Context, body []byte) (again bool, wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint, bytes.NewReader(body))
	if err != nil {
		return false, 0, errors.New("the address for traces cannot be called")
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("User-Agent", "sluice")
	if c.Gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	for name, value := range c.Headers {
		r.Header.Set(name, value)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return true, 0, fmt.Errorf("the collector of traces cannot be reached: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection serves again
	if answer.StatusCode/100 == 2 {
		return false, 0, nil
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again, wait = true, connector.RetryAfter(answer.Header, time.Now())
	}
	return again, wait, fmt.Errorf("the collector of traces answered with HTTP %d", answer.StatusCode)
}

// fresh is random bytes for ids.
func fresh() [24]byte {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return b
}
