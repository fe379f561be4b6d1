// Package kafka gives tests a Kafka cluster of one broker on the loopback, which speaks SASL PLAIN over TLS with a certificate
// that a new authority signed, and holds access rights: Apache Kafka itself (Start, New), or a small stand-in within the test's
// own process for quick runs (StartFake, NewFake). Nothing is skipped in silence: without Java or Maven a test fails with
// what to do, unless -short is set.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

// The accounts. Key may do everything, LimitedKey only what Allow says.
const (
	Host          = "127.0.0.1"
	Key           = "SLUICEKEY0001"
	Secret        = "s3cr+t/of=key"
	LimitedKey    = "LIMITEDKEY002"
	LimitedSecret = "limited+s3cr/t"

	// MaxMessage is the most bytes that a batch of messages may have in a topic with default settings.
	MaxMessage = 1048588

	broker       = "broker-itself"
	brokerSecret = "only-the-broker"
	patience     = 60 * time.Second
)

// Server is a running cluster.
type Server struct {
	id     identity
	port   int
	fake   *kfake.Cluster
	topics atomic.Int64

	// Of the real one.
	dir, libraries string
	mu             sync.Mutex
	process        *process.Process
}

// Start starts Apache Kafka; it ends with the test. With -short the test is skipped.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Apache Kafka; run without -short")
	}
	s, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Remove(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// StartFake starts the stand-in; it ends with the test.
func StartFake(tb testing.TB) *Server {
	tb.Helper()
	s, err := NewFake()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Remove() })
	return s
}

// NewFake is StartFake without a test: the caller removes it.
func NewFake() (*Server, error) {
	id, err := newIdentity()
	if err != nil {
		return nil, err
	}
	secure, err := id.server()
	if err != nil {
		return nil, err
	}
	s := &Server{id: id}
	s.fake, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(secure), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser("PLAIN", Key, Secret), kfake.User("PLAIN", LimitedKey, LimitedSecret))
	if err != nil {
		return nil, err
	}
	s.fake.ControlKey(kmsg.NewPtrSASLAuthenticateRequest().Key(), s.refuse)
	_, port, err := net.SplitHostPort(s.fake.ListenAddrs()[0])
	if err == nil {
		_, err = fmt.Sscan(port, &s.port)
	}
	if err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

// refuse answers a wrong secret as Apache Kafka does; the stand-in would only hang up.
func (s *Server) refuse(request kmsg.Request) (kmsg.Response, error, bool) {
	s.fake.KeepControl()
	shown, ok := request.(*kmsg.SASLAuthenticateRequest)
	if !ok {
		return nil, nil, false
	}
	for key, secret := range map[string]string{Key: Secret, LimitedKey: LimitedSecret} {
		if string(shown.SASLAuthBytes) == "\x00"+key+"\x00"+secret {
			return nil, nil, false
		}
	}
	answer := shown.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	answer.ErrorCode = kerr.SaslAuthenticationFailed.Code
	return answer, nil, true
}

// New is Start without a test: the caller removes it.
func New() (_ *Server, err error) {
	libraries, err := libraries()
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("java"); err != nil {
		return nil, errors.New("Apache Kafka needs Java, which is not installed; on Debian: apt-get install default-jre-headless") //nolint:staticcheck // a name
	}
	id, err := newIdentity()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sluice-kafka-")
	if err != nil {
		return nil, err
	}
	s := &Server{id: id, dir: dir, libraries: libraries}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Remove())
		}
	}()
	for range 3 { // another process may take the ports first
		if err = s.prepare(); err != nil {
			return nil, err
		}
		if err = s.Run(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// prepare writes the settings for two free ports, and formats the data folder.
func (s *Server) prepare() error {
	port, control, err := freePorts()
	if err != nil {
		return err
	}
	s.port = port
	for name, text := range map[string]string{
		"server.pem": s.id.key + s.id.certificate, "authority.pem": s.id.authority, "server.properties": s.settings(control),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(s.data()); err != nil {
		return err
	}
	out, err := s.java("kafka.tools.StorageTool", "format", "-t", "c2x1aWNlLXRlc3QtaWQwMA", "-c", s.file("server.properties")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cannot format the data folder of Kafka: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) settings(control int) string {
	return strings.Join([]string{
		"process.roles=broker,controller",
		"node.id=1",
		fmt.Sprintf("controller.quorum.voters=1@%s:%d", Host, control),
		fmt.Sprintf("listeners=SASL_SSL://%s:%d,CONTROLLER://%s:%d", Host, s.port, Host, control),
		fmt.Sprintf("advertised.listeners=SASL_SSL://%s:%d", Host, s.port),
		"controller.listener.names=CONTROLLER",
		"inter.broker.listener.name=SASL_SSL",
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
		"sasl.enabled.mechanisms=PLAIN",
		"sasl.mechanism.inter.broker.protocol=PLAIN",
		"listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required " +
			fmt.Sprintf("username=%q password=%q user_%s=%q user_%s=%q user_%s=%q;", broker, brokerSecret, broker, brokerSecret,
				Key, Secret, LimitedKey, LimitedSecret),
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + s.file("server.pem"),
		"ssl.truststore.type=PEM", "ssl.truststore.location=" + s.file("authority.pem"),
		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users=User:" + broker + ";User:ANONYMOUS;User:" + Key, // only the controller's own port has no names
		"log.dirs=" + s.data(),
		"auto.create.topics.enable=false",
		"offsets.topic.replication.factor=1", "offsets.topic.num.partitions=1",
		"transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=1",
		"group.initial.rebalance.delay.ms=0",
		"broker.session.timeout.ms=4000", "broker.heartbeat.interval.ms=500", // a start after a crash waits for it
		"transaction.abort.timed.out.transaction.cleanup.interval.ms=500",
		"log.cleaner.backoff.ms=200", "log.retention.check.interval.ms=500", "log.initial.task.delay.ms=100",
	}, "\n") + "\n"
}

func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }
func (s *Server) data() string            { return s.file("data") }

// java is one of Kafka's programs, small and quick to start.
func (s *Server) java(main string, args ...string) *exec.Cmd {
	args = append([]string{
		"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-cp", filepath.Join(s.libraries, "*"), main,
	}, args...)
	c := exec.Command("java", args...) //nolint:noctx // it ends with the process, see Stop
	c.Dir = s.dir
	return c
}

// Run starts the broker, again after Stop or Crash: on the same port, with the same data.
func (s *Server) Run() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("the broker runs")
	}
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c := s.java("kafka.Kafka", s.file("server.properties"))
	c.Stdout, c.Stderr = log, log
	p, err := process.Start("the broker", c, patience)
	if err != nil {
		return err
	}
	if err := p.Ready(50*time.Millisecond, s.ping); err != nil {
		return fmt.Errorf("%w%s", err, s.log())
	}
	s.process = p
	return nil
}

// log is the end of what the broker said.
func (s *Server) log() []byte {
	text, _ := os.ReadFile(s.file("log"))
	return text[max(0, len(text)-4000):]
}

// ping proves that the broker serves: it knows itself and coordinates groups.
func (s *Server) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := kgo.NewClient(s.options()...)
	if err != nil {
		return err
	}
	defer c.Close()
	admin := kadm.NewClient(c)
	if _, err := admin.Metadata(ctx); err != nil {
		return err
	}
	return admin.FindGroupCoordinators(ctx, "ping").Error()
}

// Stop ends the broker as its operator would: everything is written.
func (s *Server) Stop() error { return s.signal(syscall.SIGTERM) }

// Crash kills the broker.
func (s *Server) Crash() error { return s.signal(syscall.SIGKILL) }

func (s *Server) signal(sig os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	return p.Stop(sig)
}

// Remove stops the cluster and removes its files.
func (s *Server) Remove() error {
	if s.fake != nil {
		s.fake.Close()
		return nil
	}
	return errors.Join(s.signal(syscall.SIGKILL), os.RemoveAll(s.dir))
}

// Fake is the stand-in's control, nil for Apache Kafka.
func (s *Server) Fake() *kfake.Cluster { return s.fake }

// Port is where the broker listens, and Authority the PEM certificate of the authority that a client has to trust.
func (s *Server) Port() int         { return s.port }
func (s *Server) Authority() string { return s.id.authority }

func (s *Server) options() []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(net.JoinHostPort(Host, fmt.Sprint(s.port))), kgo.DialTLSConfig(s.id.client()),
		kgo.SASL(plain.Auth{User: Key, Pass: Secret}.AsMechanism()),
	}
}

// Client is a client of the account that may do everything; it is closed with the test.
func (s *Server) Client(tb testing.TB, options ...kgo.Opt) *kgo.Client {
	tb.Helper()
	c, err := kgo.NewClient(append(s.options(), options...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

// Topic makes a topic for one test and removes it with the test. Its name has dots, underscores and digits.
func (s *Server) Topic(tb testing.TB, partitions int32, settings map[string]string) string {
	tb.Helper()
	name := fmt.Sprintf("test.topic_%d_0", s.topics.Add(1))
	config := map[string]*string{}
	for k, v := range settings {
		config[k] = &v
	}
	admin := kadm.NewClient(s.Client(tb))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := admin.CreateTopic(ctx, partitions, 1, config, name); err != nil {
		tb.Fatalf("create topic: %v", err)
	}
	for { // the broker learns of it a moment after the controller
		ends, err := admin.ListEndOffsets(ctx, name)
		if err == nil && ends.Error() == nil && len(ends[name]) == int(partitions) {
			break
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("create topic: %v", errors.Join(ctx.Err(), err))
		case <-time.After(20 * time.Millisecond):
		}
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := admin.DeleteTopic(ctx, name); err != nil {
			tb.Log("a topic stays until the broker is removed: ", err)
		}
	})
	return name
}

// Allow gives the limited account rights on the resource of a name; a prefix when prefixed.
func (s *Server) Allow(tb testing.TB, kind kmsg.ACLResourceType, name string, prefixed bool, operations ...kmsg.ACLOperation) {
	tb.Helper()
	pattern := kmsg.ACLResourcePatternTypeLiteral
	if prefixed {
		pattern = kmsg.ACLResourcePatternTypePrefixed
	}
	request := kmsg.NewPtrCreateACLsRequest()
	for _, operation := range operations {
		acl := kmsg.NewCreateACLsRequestCreation()
		acl.ResourceType, acl.ResourceName, acl.ResourcePatternType = kind, name, pattern
		acl.Principal, acl.Host = "User:"+LimitedKey, "*"
		acl.Operation, acl.PermissionType = operation, kmsg.ACLPermissionTypeAllow
		request.Creations = append(request.Creations, acl)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := request.RequestWith(ctx, s.Client(tb))
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range response.Results {
		if r.ErrorCode != 0 {
			tb.Fatalf("give a right: error %d", r.ErrorCode)
		}
	}
}

func freePorts() (a, b int, err error) {
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", Host+":0") //nolint:noctx // closed at once
		if err != nil {
			return 0, 0, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}
