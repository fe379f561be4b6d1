package sftp

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	loginTime = 30 * time.Second // from the dial to the ready session
	grace     = 2 * time.Second  // for an operation to end by itself after its context did
)

// errLost says that the connection broke in the middle of an operation.
var errLost = errors.New("the connection broke")

// session is one connection to a server, logged in, with one SFTP channel.
type session struct {
	client *sftp.Client
	over   ssh.Conn
	names  *tap
	gone   chan struct{} // closed when the connection has ended
	work   sync.WaitGroup

	listing chan struct{} // holds one value: whoever takes it may list a folder
}

// connect dials, proves the server's key, logs in and opens SFTP, all under ctx and within loginTime.
func (a *account) connect(ctx context.Context) (*session, error) {
	limited, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	conn, err := a.dial(limited, "tcp", a.target.dial())
	if err != nil {
		return nil, a.away(ctx, err)
	}
	stop := context.AfterFunc(limited, func() { _ = conn.Close() })
	s, err := a.login(conn)
	if !stop() || err != nil {
		if s != nil {
			s.close()
			s.ended()
		}
		_ = conn.Close()
		if limited.Err() != nil {
			err = limited.Err()
		}
		return nil, a.away(ctx, err)
	}
	return s, nil
}

func (a *account) login(conn net.Conn) (*session, error) {
	var unproven error
	over, channels, requests, err := ssh.NewClientConn(conn, a.target.dial(), &ssh.ClientConfig{
		User: a.target.user, Auth: a.auth, HostKeyAlgorithms: algorithms(a.hostKeys),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			unproven = a.proven(key)
			return unproven
		},
	})
	if unproven != nil {
		return nil, unproven
	}
	if err != nil {
		return nil, a.noLogin(err)
	}
	client := ssh.NewClient(over, channels, requests)
	s := &session{over: over, gone: make(chan struct{}), listing: make(chan struct{}, 1), names: &tap{limit: a.entries}}
	s.listing <- struct{}{}
	s.work.Go(func() {
		_ = client.Wait() // how it ended shows in the operations
		close(s.gone)
	})
	if err := s.start(client); err != nil {
		alive := s.answers(time.Second)
		s.close()
		s.ended()
		if alive { // the server is there, and has no SFTP for us
			return nil, connector.Fail(connector.ErrForbidden,
				"server %s lets account %q in but gives it no SFTP; ask for the subsystem sftp on the server", a.target.address(), a.target.user)
		}
		return nil, connector.Retry(err, 0, "server %s closed the connection after the login", a.target.address())
	}
	s.work.Go(func() { s.watch(a.beat) })
	return s, nil
}

// start opens the SFTP channel.
func (s *session) start(client *ssh.Client) error {
	channel, err := client.NewSession()
	if err != nil {
		return err
	}
	in, err := channel.StdinPipe()
	if err != nil {
		return err
	}
	out, err := channel.StdoutPipe()
	if err != nil {
		return err
	}
	noise, err := channel.StderrPipe()
	if err != nil {
		return err
	}
	if err := channel.RequestSubsystem("sftp"); err != nil {
		return err
	}
	s.work.Go(func() { _, _ = io.Copy(io.Discard, noise) })
	s.names.from = out
	s.client, err = sftp.NewClientPipe(s.names, in, sftp.UseConcurrentWrites(true))
	return err
}

// answers says whether the server gives a sign of life within a time.
func (s *session) answers(limit time.Duration) bool {
	done := make(chan error, 1)
	s.work.Go(func() {
		_, _, err := s.over.SendRequest("keepalive@openssh.com", true, nil)
		done <- err
	})
	select {
	case err := <-done:
		return err == nil
	case <-s.gone:
	case <-time.After(limit):
	}
	return false
}

// watch ends a connection whose server is silent, so that operations on it end.
func (s *session) watch(beat time.Duration) {
	for {
		select {
		case <-s.gone:
			return
		case <-time.After(beat):
		}
		if !s.answers(beat) {
			s.close()
			return
		}
	}
}

func (s *session) alive() bool {
	select {
	case <-s.gone:
		return false
	default:
		return true
	}
}

// close ends the connection. It does not wait.
func (s *session) close() { _ = s.over.Close() }

// ended waits for what runs beside the connection, after close.
func (s *session) ended() { s.work.Wait() }

// run runs an operation and returns when it has ended. When ctx ends first the operation gets a moment, as its own loops
// look at ctx; then the connection is closed under it, since the library's calls know no context.
func (s *session) run(ctx context.Context, f func(*session) error) error {
	done := make(chan error, 1)
	go func() { done <- f(s) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(grace):
			s.close()
			err = <-done
		}
		if err != nil {
			return context.Cause(ctx)
		}
	}
	if err != nil && s.lost(err) {
		return errLost
	}
	return err
}

// lost says whether an operation failed with its connection. What the server said is no such failure.
func (s *session) lost(err error) bool {
	var known *connector.Error
	var status *sftp.StatusError
	if errors.As(err, &known) || errors.As(err, &status) || errors.Is(err, spool.ErrDisk) || errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return false
	}
	if errors.Is(err, sftp.ErrSSHFxConnectionLost) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) {
		s.close() // a channel that broke alone is of no use either
		return true
	}
	return !s.alive()
}

// away makes an error for the user of one of the way to the server. ctx is the caller's.
func (a *account) away(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var known *connector.Error
	if errors.As(err, &known) {
		return err
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return connector.Fail(err, "server %s: there is no host of this name", a.target.address())
	case err == nil, errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return connector.Retry(context.DeadlineExceeded, 0, "server %s does not answer", a.target.address())
	}
	return connector.Retry(err, 0, "server %s cannot be reached at port %d", a.target.host, a.target.port)
}

// noLogin makes an error for the user of one of the login. The library tells some kinds by their texts only.
func (a *account) noLogin(err error) error {
	text := err.Error()
	var algorithm *ssh.AlgorithmNegotiationError
	switch {
	case strings.Contains(text, "unable to authenticate"),
		strings.Contains(text, "disconnect, reason 2:"),  // too many attempts
		strings.Contains(text, "disconnect, reason 14:"): // no more methods
		return connector.Fail(connector.ErrForbidden,
			"server %s refuses account %q; check username, and password or private_key", a.target.address(), a.target.user)
	case errors.As(err, &algorithm) && algorithm.What == "host key" && len(a.hostKeys) > 0:
		return connector.Fail(nil, "server %s has no key of the kind of host_public_key; `ssh-keyscan %s` shows those that it has",
			a.target.address(), a.target.host)
	case errors.As(err, &algorithm):
		return connector.Fail(nil, "server %s and this program have no %s algorithm in common; the server's are: %s",
			a.target.address(), algorithm.What, head(strings.Join(algorithm.RequestedAlgorithms, ", ")))
	}
	if outcome, _ := connector.Classify(err); outcome == connector.Permanent && !errors.Is(err, io.EOF) {
		return connector.Fail(err, "server %s does not speak SSH as expected at port %d; check host and port",
			a.target.address(), a.target.port)
	}
	return connector.Retry(err, 0, "server %s closed the connection during the login", a.target.address())
}

// head cuts what a server says.
func head(text string) string {
	if len(text) > 300 {
		return text[:300] + "..."
	}
	return text
}
