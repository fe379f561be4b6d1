//go:build unix

// Package openssh starts an OpenSSH server for tests: on a free port of this machine, with a host key and an account of
// its own, for SFTP only. It ends with the test.
//
// As root the account exists for the server alone, with a password and a key. Otherwise it is the user that runs the tests, with a
// key, as sshd without rights can let in nobody else.
package openssh

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Server is one that runs.
type Server struct {
	Address  string // host:port
	User     string
	Password string // "" where the account has none
	Key      string // private key of the account, the text of its file
	HostKey  string // public key of the server, as in a .pub file
	Home     string // folder of this machine that relative paths start from

	dir string
}

const (
	ownUser  = "sluice-test"
	ownID    = 64999
	patience = 20 * time.Second
)

// Start starts a server.
func Start(t testing.TB) *Server {
	t.Helper()
	if os.Getuid() == 0 && runtime.GOOS == "linux" {
		s, err := start(t, true)
		if err == nil {
			return s
		}
		t.Logf("no account for the SSH server alone, since this root has no right to mount or to change owners: %v", err)
	}
	s, err := start(t, false)
	if err != nil {
		t.Fatalf("the SSH server for the tests does not start: %v", err)
	}
	return s
}

// start starts a server with an account of its own, or with that of the user that runs the tests.
func start(t testing.TB, own bool) (*Server, error) {
	found, err := program()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sluice-openssh-") // not the test's own folder, which the account cannot enter
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the SSH server's folder: %v", err)
		}
	})
	s := &Server{Home: filepath.Join(dir, "home"), dir: dir}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(s.Home, 0o755)); err != nil { //nolint:gosec // the account enters it
		return nil, err
	}
	if own {
		if err := s.makeAccount(); err != nil {
			return nil, err
		}
	} else {
		me, err := user.Current()
		if err != nil {
			return nil, err
		}
		s.User = me.Username
	}
	if err := s.makeKeys(); err != nil {
		return nil, err
	}
	if s.Address, err = freeAddress(); err != nil {
		return nil, err
	}
	if err := s.writeConfig(); err != nil {
		return nil, err
	}
	return s, s.run(t, found[0], found[1], own)
}

// makeAccount writes the accounts that the server sees in place of the system's.
func (s *Server) makeAccount() error {
	s.User, s.Password = ownUser, "Pa55 "+rand.Text()
	hash, err := exec.Command("perl", "-e", "print crypt($ARGV[0], $ARGV[1])", s.Password, "$6$"+rand.Text()[:12]).Output() //nolint:noctx // a moment
	if err != nil || !strings.HasPrefix(string(hash), "$6$") {
		return fmt.Errorf("the password cannot be hashed with perl: %w", err)
	}
	accounts, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return err
	}
	text := string(accounts) + fmt.Sprintf("%s:x:%d:%d::%s:/bin/sh\n", s.User, ownID, ownID, s.Home)
	if !strings.Contains(text, "\nsshd:") {
		text += "sshd:x:64998:65534::/run/sshd:/usr/sbin/nologin\n"
	}
	return errors.Join(
		os.WriteFile(filepath.Join(s.dir, "passwd"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(s.dir, "shadow"), fmt.Appendf(nil, "%s:%s:20000:0:99999:7:::\n", s.User, hash), 0o600),
		os.Chown(s.Home, ownID, ownID),
	)
}

func (s *Server) makeKeys() error {
	host, hostPublic, err := NewKey("")
	if err != nil {
		return err
	}
	account, accountPublic, err := NewKey("")
	if err != nil {
		return err
	}
	s.Key, s.HostKey = account, strings.TrimSpace(hostPublic)
	return errors.Join(
		os.WriteFile(filepath.Join(s.dir, "host"), []byte(host), 0o600),
		os.WriteFile(filepath.Join(s.dir, "authorized"), []byte(accountPublic), 0o644),
	)
}

// NewKey makes a pair of keys: the text of the file of the private one, encrypted where a passphrase is given, and the
// line of the public one.
func NewKey(passphrase string) (private, public string, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", err
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		return "", "", err
	}
	line, err := ssh.NewPublicKey(pub)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(block)), string(ssh.MarshalAuthorizedKey(line)), nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *Server) writeConfig() error {
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return err
	}
	password, pam := "no", "yes" // without PAM an sshd that is not root takes accounts for locked, as it cannot read their passwords
	if s.Password != "" {
		password, pam = "yes", "no"
	}
	return os.WriteFile(filepath.Join(s.dir, "config"), []byte(strings.Join([]string{
		"ListenAddress " + host, "Port " + port, "HostKey " + filepath.Join(s.dir, "host"), "PidFile none",
		"AuthorizedKeysFile " + filepath.Join(s.dir, "authorized"), "StrictModes no", "UsePAM " + pam, "PermitRootLogin yes",
		"PasswordAuthentication " + password, "KbdInteractiveAuthentication no", "MaxStartups 1000", "LoginGraceTime 60",
		"Subsystem sftp internal-sftp", "ForceCommand internal-sftp -d " + s.Home, "LogLevel VERBOSE", "UseDNS no", "",
	}, "\n")), 0o600)
}

// run starts the program and waits until it answers.
func (s *Server) run(t testing.TB, program, libraries string, own bool) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{program, "-D", "-e", "-f", filepath.Join(s.dir, "config")}
	if own {
		const script = `set -e; dir=$1; shift; mkdir -p /run/sshd
mount --bind "$dir/passwd" /etc/passwd; mount --bind "$dir/shadow" /etc/shadow; exec "$@"`
		args = append([]string{"/bin/sh", "-c", script, "sh", s.dir}, args...)
	}
	if os.Getuid() == 0 && !own { // the script makes it otherwise
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return err
		}
	}
	c := exec.Command(args[0], args[1:]...) //nolint:noctx,gosec // ended below
	c.Stdout, c.Stderr = log, log
	if libraries != "" {
		c.Env = append(os.Environ(), "LD_LIBRARY_PATH="+libraries)
	}
	c.SysProcAttr = attributes(own)
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the server ends with the thread that started it
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait() // how it ended stands in the log
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		return err
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // with the processes of its connections
		<-ended
	})
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s ended: %s", program, said)
		default:
		}
		if answers(s.Address) {
			return nil
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s does not answer: %s", program, said)
		}
	}
}

func answers(address string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "SSH-2.0-OpenSSH")
}

// Own gives a file or folder of this machine to the account.
func (s *Server) Own(t testing.TB, name string) {
	t.Helper()
	if s.Password == "" {
		return // the account is the user that runs the tests
	}
	if err := os.Lchown(name, ownID, ownID); err != nil {
		t.Fatal(err)
	}
}
