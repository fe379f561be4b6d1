// Package sftpfake is an SFTP server inside the test's own process, over a folder for temporary files: for the quick run,
// and for what a real server does not do on demand (drop its connections, go silent, ask interactively, lie).
package sftpfake

import (
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/sluicehq/sluice/internal/testserver/openssh"
)

// Options change a server. The zero value is a usual one.
type Options struct {
	Interactive bool // the password is asked for in a dialogue
	// Serve is what the server does with an SFTP channel; nil serves Home.
	Serve func(channel io.ReadWriteCloser)
	// Wrap changes the connections that the server accepts; nil leaves them.
	Wrap func(net.Conn) net.Conn
	// NoSubsystem refuses SFTP after the login.
	NoSubsystem bool
}

// Server is one that runs. It has the account and the keys that its fields say.
type Server struct {
	Address  string // host:port
	User     string
	Password string
	Key      string // private key of the account, the text of its file
	HostKey  string // public key of the server, as in a .pub file
	Home     string // folder that relative paths start from

	options Options
	config  *ssh.ServerConfig
	work    sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	logins   int
	tries    int
}

// Start starts a server that ends with the test.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	s := &Server{User: "some one", Password: "Pa55 " + rand.Text(), Home: t.TempDir(), options: options, open: map[net.Conn]bool{}}
	hostKey, hostLine, err := openssh.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	key, line, err := openssh.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	s.Key, s.HostKey = key, strings.TrimSpace(hostLine)
	signer, err := ssh.ParsePrivateKey([]byte(hostKey))
	if err != nil {
		t.Fatal(err)
	}
	s.config = s.accounts(line)
	s.config.AddHostKey(signer)
	s.Address = "127.0.0.1:0"
	s.Resume(t)
	t.Cleanup(func() {
		s.Stop()
		s.work.Wait()
	})
	return s
}

// accounts says who may come in.
func (s *Server) accounts(authorized string) *ssh.ServerConfig {
	refused := errors.New("refused")
	config := &ssh.ServerConfig{MaxAuthTries: 6}
	config.PublicKeyCallback = func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		s.tried()
		if c.User() != s.User || string(ssh.MarshalAuthorizedKey(key)) != authorized {
			return nil, refused
		}
		return nil, nil
	}
	proven := func(c ssh.ConnMetadata, password string) (*ssh.Permissions, error) {
		s.tried()
		if c.User() != s.User || password != s.Password {
			return nil, refused
		}
		return nil, nil
	}
	if s.options.Interactive {
		config.KeyboardInteractiveCallback = func(
			c ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge,
		) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, refused
			}
			return proven(c, answers[0])
		}
	} else {
		config.PasswordCallback = func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return proven(c, string(password))
		}
	}
	return config
}

// Resume lets the server answer, again after Stop at the same address.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", s.Address) //nolint:noctx // at once
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.listener = l
	s.Address = l.Addr().String()
	s.mu.Unlock()
	s.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if s.options.Wrap != nil {
				c = s.options.Wrap(c)
			}
			s.mu.Lock()
			s.open[c] = true
			s.mu.Unlock()
			s.work.Go(func() {
				s.serve(c)
				_ = c.Close()
				s.mu.Lock()
				delete(s.open, c)
				s.mu.Unlock()
			})
		}
	})
}

// Stop drops all connections and answers no more.
func (s *Server) Stop() {
	s.mu.Lock()
	_ = s.listener.Close() // it may be closed
	s.mu.Unlock()
	s.Drop()
}

// Drop ends all connections.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		_ = c.Close() // the peer may have gone
	}
}

// Logins says how many connections came in with a password or a key.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Tries says how many keys and passwords the server was shown.
func (s *Server) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

func (s *Server) tried() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
}

func (s *Server) serve(c net.Conn) {
	conn, channels, requests, err := ssh.NewServerConn(c, s.config)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	go ssh.DiscardRequests(requests)
	for n := range channels {
		if n.ChannelType() != "session" {
			_ = n.Reject(ssh.UnknownChannelType, "")
			continue
		}
		channel, requests, err := n.Accept()
		if err != nil {
			break
		}
		s.work.Go(func() { s.session(channel, requests) })
	}
	_ = conn.Close()
}

func (s *Server) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	for r := range requests {
		yes := r.Type == "subsystem" && len(r.Payload) > 4 && string(r.Payload[4:]) == "sftp" && !s.options.NoSubsystem
		_ = r.Reply(yes, nil)
		if !yes {
			continue
		}
		s.work.Go(func() {
			defer channel.Close()
			if s.options.Serve != nil {
				s.options.Serve(channel)
				return
			}
			server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(s.Home))
			if err == nil {
				_ = server.Serve()
				_ = server.Close()
			}
		})
	}
}

// Own is for the same use as that of a real server: here files belong to the test's user anyway.
func (s *Server) Own(t testing.TB, name string) {
	t.Helper()
	if _, err := os.Lstat(name); err != nil {
		t.Fatal(err)
	}
}
