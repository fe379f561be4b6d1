//go:build unix

package openssh

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// TestServer logs in with all that the server has and writes a file.
func TestServer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: no OpenSSH server is started")
	}
	s := Start(t)
	key, err := ssh.ParsePrivateKey([]byte(s.Key))
	if err != nil {
		t.Fatal(err)
	}
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s.HostKey))
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string]ssh.AuthMethod{"key": ssh.PublicKeys(key)}
	if s.Password != "" {
		methods["password"] = ssh.Password(s.Password)
	}
	for name, method := range methods {
		conn, err := net.DialTimeout("tcp", s.Address, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c, channels, requests, err := ssh.NewClientConn(conn, s.Address, &ssh.ClientConfig{
			User: s.User, Auth: []ssh.AuthMethod{method}, HostKeyCallback: ssh.FixedHostKey(host),
		})
		if err != nil {
			said, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			t.Fatalf("%s: %v\n%s", name, err, said)
		}
		client, err := sftp.NewClient(ssh.NewClient(c, channels, requests))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := client.Mkdir(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(s.Home, name)); err != nil {
			t.Error(err)
		}
		if data, ok := client.HasExtension("posix-rename@openssh.com"); !ok || data != "1" {
			t.Errorf("%s: %q %v", name, data, ok)
		}
	}
}
