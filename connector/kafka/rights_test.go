package kafka

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/connector"
	cluster "github.com/sluicehq/sluice/internal/testserver/kafka"
)

// refusedFor checks that an error is a refusal that names what is missing.
func refusedFor(t *testing.T, what string, err error, name string) {
	t.Helper()
	if !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), name) {
		t.Errorf("%s: %v, want a refusal that names %q", what, err, name)
	}
	if err != nil && strings.Contains(err.Error(), cluster.LimitedSecret) {
		t.Errorf("%s: the error holds the secret", what)
	}
}

func TestSourceRights(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		put(t, s, topic, 0, "a")
		set := limited(s, topic, nil)
		check := func() error { return openSource(t, set).Check(t.Context()) }
		refusedFor(t, "check without rights", check(), topic)
		s.Allow(t, kmsg.ACLResourceTypeTopic, topic, false, kmsg.ACLOperationDescribe)
		refusedFor(t, "check without Read", check(), "Read")
		s.Allow(t, kmsg.ACLResourceTypeTopic, topic, false, kmsg.ACLOperationRead)
		refusedFor(t, "check without the group", check(), set["group_id"].(string))
		s.Allow(t, kmsg.ACLResourceTypeGroup, set["group_id"].(string), false, kmsg.ACLOperationDescribe)
		if s.Fake() == nil { // the stand-in does not look at the rights of a group that is not there
			refusedFor(t, "check without the right to commit", check(), set["group_id"].(string))
		}
		s.Allow(t, kmsg.ACLResourceTypeGroup, set["group_id"].(string), false, kmsg.ACLOperationRead)
		if err := check(); err != nil {
			t.Errorf("check with all rights: %v", err)
		}
		source := openSource(t, set)
		documents := list(t, source, "")
		if got := texts(t, source, documents); len(got) != 1 {
			t.Fatalf("documents %q", got)
		}
		commit(t, source, documents[0].Cursor)
		if n := len(list(t, source, "")); n != 0 {
			t.Errorf("%d documents after the commit", n)
		}
	})
}

// Write on the topic is enough: without the right to transactional ids documents are written without transactions, and the
// log says so once.
func TestDestinationRights(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		set := limited(s, topic, nil)
		refusedFor(t, "check without rights", openDestination(t, set).Check(t.Context()), topic)
		refusedFor(t, "write without rights", replace(t, openDestination(t, set), "a", elements("a", 1)), topic)
		s.Allow(t, kmsg.ACLResourceTypeTopic, topic, false, kmsg.ACLOperationDescribe)
		refusedFor(t, "check without Write", openDestination(t, set).Check(t.Context()), "Write")
		refusedFor(t, "write without Write", replace(t, openDestination(t, set), "a", elements("a", 1)), topic)
		s.Allow(t, kmsg.ACLResourceTypeTopic, topic, false, kmsg.ACLOperationWrite)

		var said strings.Builder
		env := env()
		env.Log = slog.New(slog.NewTextHandler(&said, nil))
		d, err := connector.OpenDestination(Type, set, env)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Check(t.Context()); err != nil {
			t.Errorf("check with Write: %v", err)
		}
		for _, doc := range []string{"a", "b"} {
			if err := replace(t, d, doc, elements(doc, 3)); err != nil {
				t.Errorf("write with Write: %v", err)
			}
		}
		if n := strings.Count(said.String(), "without transactions"); n != 1 {
			t.Errorf("the log says %d times that there are no transactions: %s", n, said.String())
		}
		if n := len(readTopic(t, s, topic)); n != 6 {
			t.Errorf("%d messages, want 6", n)
		}
		s.Allow(t, kmsg.ACLResourceTypeTransactionalId, transactionPrefix, true, kmsg.ACLOperationWrite, kmsg.ACLOperationDescribe)
		inTransaction := openDestination(t, set)
		if err := replace(t, inTransaction, "c", elements("c", 3)); err != nil {
			t.Errorf("write with all rights: %v", err)
		}
		if !inTransaction.(*destination).transactions.Load() {
			t.Error("written without a transaction though the account may")
		}
	})
}

// A guarded dialer's refusal is told as it is, also of a broker that the cluster names.
func TestGuardedDialer(t *testing.T) {
	t.Parallel()
	s, err := shared.fake()
	if err != nil {
		t.Fatal(err)
	}
	topic := s.Topic(t, 1, nil)
	put(t, s, topic, 0, "a")
	for _, allowed := range []int{0, 1} { // connections
		var asked atomic.Int64
		guarded := connector.Env{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if asked.Add(1) > int64(allowed) {
				return nil, connector.Fail(connector.ErrForbidden, "the address %s is not open to connectors", address)
			}
			return env().Dial(ctx, network, address)
		}}
		source, err := connector.OpenSource(Type, config(s, topic, nil), guarded)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range source.Index(t.Context(), "") {
			if !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "not open to connectors") {
				t.Errorf("%d connections allowed: %v", allowed, err)
			}
			if outcome, _ := connector.Classify(err); outcome != connector.Permanent {
				t.Errorf("%d connections allowed: %s", allowed, outcome)
			}
		}
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The cluster offers PLAIN only.
func TestWrongMechanism(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs Apache Kafka; run without -short")
	}
	s, err := shared.real()
	if err != nil {
		t.Fatal(err)
	}
	err = openDestination(t, config(s, "t", map[string]any{"sasl_mechanism": "SCRAM-SHA-256"})).Check(t.Context())
	if outcome, _ := connector.Classify(err); err == nil || outcome != connector.Permanent || !strings.Contains(err.Error(), "SCRAM-SHA-256") {
		t.Errorf("got %v", err)
	}
}

// Other clusters than Confluent Cloud, and settings that do not fit.
func TestProtocols(t *testing.T) {
	t.Parallel()
	start := func(options ...kfake.Opt) (host string, port int) {
		t.Helper()
		c, err := kfake.NewCluster(append(options, kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		a, err := net.ResolveTCPAddr("tcp", c.ListenAddrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		return a.IP.String(), a.Port
	}
	plainHost, plainPort := start()
	scramHost, scramPort := start(kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", cluster.Key, cluster.Secret))
	secure, err := shared.fake()
	if err != nil {
		t.Fatal(err)
	}
	topic := secure.Topic(t, 1, nil)
	base := map[string]any{"kafka_api_key": cluster.Key, "secret": cluster.Secret, "topic": "t"}
	over := func(sets ...map[string]any) map[string]any {
		out := maps.Clone(base)
		for _, s := range sets {
			maps.Copy(out, s)
		}
		return out
	}
	plain := map[string]any{"bootstrap_servers": plainHost, "port": plainPort}
	scram := map[string]any{"bootstrap_servers": scramHost, "port": scramPort, "security_protocol": "SASL_PLAINTEXT"}
	tls := config(secure, topic, nil)
	authority := secure.Authority()
	for name, c := range map[string]struct {
		config map[string]any
		want   string // part of the error; "" for success
		cause  error

		transient bool
	}{
		"plain text": {config: over(plain, map[string]any{"security_protocol": "PLAINTEXT", "kafka_api_key": "", "secret": ""})},
		"host with a port": {config: over(map[string]any{"security_protocol": "plaintext",
			"bootstrap_servers": "127.0.0.1:1 , " + net.JoinHostPort(plainHost, itoa(plainPort))})},
		"scram":             {config: over(scram, map[string]any{"sasl_mechanism": "SCRAM-SHA-512"})},
		"TLS to plain text": {config: over(plain), want: "security_protocol", transient: true}, // it stays silent
		"unknown authority": {config: over(tls, map[string]any{"ca_certificate": nil}), want: "ca_certificate"},
		"no certificate":    {config: over(tls, map[string]any{"ca_certificate": "what"}), want: "ca_certificate"},
		"name of localhost": {config: over(tls, map[string]any{"bootstrap_servers": "localhost"})},
		"no secret":         {config: over(tls, map[string]any{"secret": ""}), want: "secret"},
		"no host":           {config: over(tls, map[string]any{"bootstrap_servers": " , "}), want: "bootstrap_servers"},
		"no port":           {config: over(tls, map[string]any{"bootstrap_servers": "127.0.0.1:x"}), want: "port"},
		"not a topic name":  {config: over(tls, map[string]any{"topic": "a/b ü"}), want: "a/b ü", cause: connector.ErrNotFound},
		"authority":         {config: over(tls, map[string]any{"ca_certificate": authority})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := connector.OpenDestination(Type, c.config, env())
			if err == nil {
				defer d.Close()
				err = d.Check(t.Context())
			}
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || c.cause != nil && !errors.Is(err, c.cause) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), cluster.Secret) {
				t.Error("the error holds the secret")
			}
			if outcome, _ := connector.Classify(err); (outcome == connector.Transient) != c.transient {
				t.Errorf("%s: %v", outcome, err)
			}
		})
	}
}
