package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/sluicehq/sluice/connector"
)

const (
	// silence is how long an answer may take, and connecting.
	silence = 10 * time.Second
	// largestBatch bounds batch_size: a batch is held in memory.
	largestBatch = 10_000
)

// settings are what a config says.
type settings struct {
	options *redis.Options
	prefix  string
	batch   int
}

func read(config map[string]any) (settings, error) {
	text := func(name string) string {
		s, _ := config[name].(string)
		return s
	}
	whole := func(name string, or int64) int64 {
		if n, ok := config[name].(int64); ok {
			return n
		}
		return or
	}
	s := settings{prefix: text("key_prefix"), batch: int(min(whole("batch_size", 100), largestBatch))}
	if uri := strings.TrimSpace(text("uri")); uri != "" {
		o, err := redis.ParseURL(uri)
		if err != nil || o.Network != "tcp" { // its text may hold the address
			return s, connector.Fail(nil, "uri: not an address of Redis; write rediss://user:password@host:6379/0, or redis:// without TLS")
		}
		s.options = o
		return s, nil
	}
	host := strings.Trim(strings.TrimSpace(text("host")), "[]")
	if host == "" || strings.ContainsAny(host, "/,@ \\\x00") {
		return s, connector.Fail(nil, "host: give the name or the address of the server, without a scheme or a port, or uri")
	}
	s.options = &redis.Options{Addr: net.JoinHostPort(host, strconv.FormatInt(whole("port", 6379), 10)), Username: text("username"),
		Password: text("password"), DB: int(whole("database", 0))}
	if ssl, ok := config["ssl"].(bool); !ok || ssl {
		s.options.TLSConfig = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	}
	return s, nil
}

// open makes a client over the way out of env. It connects to nothing.
func open(s settings, env connector.Env) *redis.Client {
	o := *s.options
	dial := env.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	secure := o.TLSConfig
	o.Dialer = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil || secure == nil {
			return c, err
		}
		t := tls.Client(c, secure)
		if err := t.HandshakeContext(ctx); err != nil {
			c.Close()
			return nil, err
		}
		return t, nil
	}
	o.ContextTimeoutEnabled, o.DisableIdentity, o.MaxRetries, o.PoolSize = true, true, 2, 16
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.DialerRetries = silence, silence, silence, 1
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	quiet()
	return redis.NewClient(&o)
}

// quiet ends the driver's own log, which writes hosts and its raw errors to standard error; what fails is returned too.
var quiet = sync.OnceFunc(func() { redis.SetLogger(&logging.VoidLogger{}) })

// failed makes the error for the user of one that the client gave. Its text is not shown. An error of ctx stays as it is.
func (d *destination) failed(ctx context.Context, what string, err error) error {
	var known *connector.Error
	var said redis.Error
	var network net.Error
	var dns *net.DNSError
	where := d.options.Addr
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return known
	case errors.As(err, &said) && !errors.Is(err, redis.Nil):
		return answered(what, where, said.Error())
	case errors.As(err, &dns) && dns.IsNotFound:
		return connector.Retry(err, 0, "%s: the host of %s is not known; check host or uri", what, where)
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return connector.Fail(nil, "%s: the certificate of %s is not trusted by this server", what, where)
	case errors.As(err, new(tls.RecordHeaderError)):
		return connector.Fail(nil, "%s: %s does not speak TLS; check ssl, or rediss:// in uri", what, where)
	case errors.As(err, &network) && network.Timeout():
		return connector.Retry(err, 0, "%s: Redis at %s did not answer in time", what, where)
	case errors.Is(err, io.EOF):
		return connector.Retry(err, 0, "%s: Redis at %s hung up", what, where)
	}
	return connector.Retry(err, 0, "%s: the connection to Redis at %s broke, or nobody answers there", what, where)
}

// answered makes an error of a server's refusal, by the word that it begins with.
func answered(what, where, text string) error {
	code, _, _ := strings.Cut(text, " ")
	switch code {
	case "NOAUTH", "WRONGPASS":
		return connector.Fail(connector.ErrForbidden, "%s: Redis at %s does not accept the credentials; check username and password", what, where)
	case "NOPERM":
		return connector.Fail(connector.ErrForbidden, "%s: access refused; the user needs the commands JSON.SET, JSON.GET, SET, DEL, SADD, SREM, SMEMBERS, HSETNX, HGET, HSET, SCAN, MULTI and EXEC on the keys of key_prefix", what)
	case "LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "READONLY", "OOM", "MISCONF", "NOREPLICAS", "EXECABORT":
		return connector.Retry(nil, 0, "%s: Redis at %s takes no writes now (%s)", what, where, code)
	case "MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN":
		return connector.Fail(nil, "%s: %s is part of a cluster, which is not supported", what, where)
	case "WRONGTYPE":
		return connector.Fail(nil, "%s: a key of the prefix holds something else; choose another key_prefix", what)
	}
	switch {
	case strings.Contains(text, "max number of clients"):
		return connector.Retry(nil, 0, "%s: Redis at %s has no room for another client", what, where)
	case strings.Contains(text, "AUTH"), strings.Contains(text, "invalid password"), strings.Contains(text, "username-password"):
		return connector.Fail(connector.ErrForbidden, "%s: Redis at %s does not accept the credentials; check username and password", what, where)
	case strings.Contains(text, "DB index"), strings.Contains(text, "invalid DB"):
		return connector.Fail(connector.ErrNotFound, "%s: the server has no database of that number; check database", what)
	}
	return connector.Fail(nil, "%s: Redis at %s refused it", what, where)
}
