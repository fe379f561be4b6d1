package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/sluicehq/sluice/connector"
)

const (
	fieldKey    = "kafka_api_key"
	fieldSecret = "secret"

	protocolSASLTLS = "SASL_SSL"
	protocolSASL    = "SASL_PLAINTEXT"
	protocolTLS     = "SSL"
	protocolPlain   = "PLAINTEXT"

	mechanismPlain    = "PLAIN"
	mechanismScram256 = "SCRAM-SHA-256"
	mechanismScram512 = "SCRAM-SHA-512"
)

const (
	dialTimeout   = 10 * time.Second // to connect, TLS included
	answerTimeout = 10 * time.Second // for one answer of a broker
	retryTimeout  = 10 * time.Second // one call is tried again so long
)

// settings are what both sides need to speak to a cluster about a topic.
type settings struct {
	seeds     []string // host:port
	key       string
	secret    string
	topic     string
	mechanism string      // "" without SASL
	tls       *tls.Config // nil without TLS
	env       connector.Env
}

// settingsOf reads a decoded config.
func settingsOf(side connector.Side, config map[string]any, env connector.Env) (settings, error) {
	get := func(name string) string { v, _ := config[name].(string); return v }
	s := settings{key: get(fieldKey), secret: get(fieldSecret), topic: get("topic"), env: env}
	var missing []string
	for _, f := range []struct{ name, value string }{{fieldKey, s.key}, {fieldSecret, s.secret}} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	protocol := strings.ToUpper(get(fieldProtocol))
	if protocol == protocolSASLTLS || protocol == protocolSASL {
		if missing != nil {
			return s, &connector.ConfigError{Side: side, Type: Type, Missing: missing}
		}
		s.mechanism = get(fieldMechanism)
	}
	if protocol == protocolSASLTLS || protocol == protocolTLS {
		s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
		if authority := get(fieldAuthority); authority != "" {
			s.tls.RootCAs = x509.NewCertPool()
			if !s.tls.RootCAs.AppendCertsFromPEM([]byte(authority)) {
				return s, connector.Fail(nil, "%s holds no certificate; paste it as PEM, from -----BEGIN CERTIFICATE----- on", fieldAuthority)
			}
		}
	}
	port, _ := config["port"].(int64)
	for host := range strings.SplitSeq(get("bootstrap_servers"), ",") {
		if host = strings.TrimSpace(host); host == "" {
			continue
		}
		if _, given, err := net.SplitHostPort(host); err == nil {
			if n, err := strconv.Atoi(given); err != nil || n < 1 || n > 65535 {
				return s, connector.Fail(nil, "bootstrap_servers: %q has no valid port", host)
			}
		} else {
			host = net.JoinHostPort(strings.Trim(host, "[]"), fmt.Sprint(port))
		}
		s.seeds = append(s.seeds, host)
	}
	if len(s.seeds) == 0 {
		return s, &connector.ConfigError{Side: side, Type: Type, Missing: []string{"bootstrap_servers"}}
	}
	return s, nil
}

// client makes a client; it connects when it is used.
func (s settings) client(more ...kgo.Opt) (*kgo.Client, error) {
	options := []kgo.Opt{
		kgo.ClientID("sluice"), kgo.SoftwareNameAndVersion("sluice", "1"), kgo.DisableClientMetrics(),
		kgo.SeedBrokers(s.seeds...), kgo.Dialer(s.dial),
		kgo.RetryTimeout(retryTimeout), kgo.RequestTimeoutOverhead(answerTimeout),
		kgo.MaxDecompressBatchBytes(maxUnpacked), kgo.BrokerMaxReadBytes(maxAnswer),
	}
	if m := s.sasl(); m != nil {
		options = append(options, kgo.SASL(m))
	}
	c, err := kgo.NewClient(append(options, more...)...)
	if err != nil {
		return nil, connector.Fail(err, "the settings do not fit together; check bootstrap_servers and port")
	}
	return c, nil
}

func (s settings) sasl() sasl.Mechanism {
	switch s.mechanism {
	case "":
		return nil
	case mechanismScram256:
		return scram.Auth{User: s.key, Pass: s.secret}.AsSha256Mechanism()
	case mechanismScram512:
		return scram.Auth{User: s.key, Pass: s.secret}.AsSha512Mechanism()
	}
	return plain.Auth{User: s.key, Pass: s.secret}.AsMechanism()
}

// dial connects to a broker through the guarded dialer. A cluster names its brokers by itself, so each of them counts as an
// address that a tenant gave.
func (s settings) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := s.env.Dial(ctx, network, address)
	if err != nil || s.tls == nil {
		return c, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	config := s.tls.Clone()
	config.ServerName = host
	secure := tls.Client(c, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return secure, nil
}
