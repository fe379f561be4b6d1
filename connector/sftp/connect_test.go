package sftp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/testserver/openssh"
	"github.com/sluicehq/sluice/internal/testserver/sftpfake"
)

func env(t *testing.T) connector.Env {
	t.Helper()
	return connector.Env{Dial: (&net.Dialer{}).DialContext, TempDir: t.TempDir()}
}

func openSource(t *testing.T, config map[string]any) *source {
	t.Helper()
	s, err := connector.OpenSource(Type, config, env(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*source)
}

func openDestination(t *testing.T, config map[string]any) *destination {
	t.Helper()
	d, err := connector.OpenDestination(Type, config, env(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d.(*destination)
}

func TestHostKey(t *testing.T) {
	t.Parallel()
	f := sftpfake.Start(t, sftpfake.Options{})
	s := of(f)
	place := newFolder(t, s, false)
	_, other, err := openssh.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	blob := strings.Fields(s.hostKey)[1]
	const rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC/+uyCajQkTsNJ0BKZDmFbD5pTN+eg1ZL7hxvtPg85zAOCrzL7KNoxOiz4jXuREg5M3gB0xNWqVv3ykY/XoM7Q2rsvHx92WmMmU1v1gGmbG1GPIhEiNjAZBAdH4mOV5p0WGdVS1YCBlZ/PoNVjyr7sbdQQ8OxV6T9YvgJBf2ZPdQ=="
	for name, c := range map[string]struct {
		key    any
		verify bool
		want   string // part of the error, "" for none
	}{
		".pub line":           {s.hostKey + " root@files", true, ""},
		"base64":              {" " + blob + "\n", true, ""},
		"known_hosts":         {"files.example.com,192.0.2.1 " + s.hostKey, true, ""},
		"hashed known_hosts":  {"|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI=|USECr3SWf1JUPsms5AqfD5QfxkM= " + s.hostKey, true, ""},
		"several":             {"# files\n\nh " + other + "h " + s.hostKey + "\n", true, ""},
		"missing, any server": {nil, false, ""},
		"missing":             {nil, true, "host_public_key is missing"},
		"empty":               {" ", true, "host_public_key is missing"},
		"another":             {other, true, "is not its host_public_key"},
		"another, any server": {other, false, "is not its host_public_key"},
		"garbage":             {"files.example.com", true, "is no public key"},
		"garbage line":        {"files.example.com ssh-ed25519 AAAA", true, "is no public key"},
		"authority":           {"@cert-authority * " + s.hostKey, true, "marker @cert-authority"},
		"another kind":        {rsa, true, "no key of the kind"},
	} {
		config := with(place.Config(), map[string]any{"host_public_key": c.key, "verify_host": c.verify})
		before, tries := f.Logins(), f.Tries()
		source, err := connector.OpenSource(Type, config, env(t))
		if err == nil {
			err = source.Check(context.Background())
			source.Close()
		}
		if c.want == "" {
			if err != nil || f.Logins() != before+1 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || f.Logins() != before {
			t.Errorf("%s: %v, %d logins; want %q", name, err, f.Logins()-before, c.want)
		}
		if n := f.Tries() - tries; n != 0 {
			t.Errorf("%s: the server was shown %d passwords", name, n)
		}
		if outcome, _ := connector.Classify(err); outcome != connector.Permanent {
			t.Errorf("%s: %s", name, outcome)
		}
		if c.key == nil && !strings.Contains(err.Error(), s.hostKey) {
			t.Errorf("%s: the server's key is not shown: %v", name, err)
		}
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	normal, interactive := sftpfake.Start(t, sftpfake.Options{}), sftpfake.Start(t, sftpfake.Options{Interactive: true})
	locked, _, err := openssh.NewKey("the pass phrase")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		server  *sftpfake.Server
		changes map[string]any
		want    string
	}{
		"password":             {normal, nil, ""},
		"asked for":            {interactive, nil, ""},
		"key":                  {normal, map[string]any{"password": nil, "private_key": normal.Key}, ""},
		"key in one line":      {normal, map[string]any{"password": nil, "private_key": strings.ReplaceAll(normal.Key, "\n", `\n`)}, ""},
		"key with \\r\\n":      {normal, map[string]any{"password": nil, "private_key": strings.ReplaceAll(normal.Key, "\n", "\r\n")}, ""},
		"wrong key, password":  {normal, map[string]any{"private_key": interactive.Key}, ""},
		"user of the URL":      {normal, map[string]any{"username": nil, "remote_url": "sftp://" + normal.User + "@" + normal.Address + "/"}, ""},
		"wrong key":            {normal, map[string]any{"password": nil, "private_key": interactive.Key}, "refuses account"},
		"wrong user":           {normal, map[string]any{"username": "nobody"}, `refuses account "nobody"`},
		"locked key":           {normal, map[string]any{"private_key": locked}, "give its passphrase"},
		"locked, wrong phrase": {normal, map[string]any{"private_key": locked, "passphrase": "no phrase"}, "passphrase is not that"},
		"unlocked key":         {normal, map[string]any{"private_key": locked, "passphrase": "the pass phrase"}, ""}, // and the password
		"no key":               {normal, map[string]any{"private_key": "secret stuff"}, "no private key that can be read"},
		"public key":           {normal, map[string]any{"private_key": normal.HostKey}, "no private key that can be read"},
		"nothing":              {normal, map[string]any{"password": nil}, "neither password nor private_key"},
		"nobody":               {normal, map[string]any{"username": nil}, "lacks username"},
	} {
		place := newFolder(t, of(c.server), false)
		s, err := connector.OpenSource(Type, with(place.Config(), c.changes), env(t))
		if err == nil {
			err = s.Check(context.Background())
			s.Close()
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "secret stuff") || strings.Contains(err.Error(), "phrase\"")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoSFTP(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]sftpfake.Options{
		"refused":     {NoSubsystem: true},
		"hangs up":    {Serve: func(io.ReadWriteCloser) {}},
		"says hello":  {Serve: func(c io.ReadWriteCloser) { _, _ = io.WriteString(c, "This account is not available.\n") }},
		"old version": {Serve: func(c io.ReadWriteCloser) { _, _ = c.Write([]byte{0, 0, 0, 5, 2, 0, 0, 0, 1}) }},
	} {
		s := openSource(t, newFolder(t, fake(t, options), false).Config())
		err := s.Check(context.Background())
		if !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "gives it no SFTP") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoSSH(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, strings.Repeat("HTTP/1.1 400 Bad Request\r\n", 2000))
			time.AfterFunc(5*time.Second, func() { c.Close() })
		}
	}()
	place := newFolder(t, fake(t, sftpfake.Options{}), false)
	s := openSource(t, at(t, place.Config(), l.Addr().String()))
	err = s.Check(context.Background())
	if outcome, _ := connector.Classify(err); outcome != connector.Permanent || !strings.Contains(err.Error(), "does not speak SSH") {
		t.Errorf("got %v", err)
	}
}

// TestServerComesBack drops the connection between calls, and takes the server away for a while.
func TestServerComesBack(t *testing.T) {
	t.Parallel()
	f := sftpfake.Start(t, sftpfake.Options{})
	place := newFolder(t, of(f), false)
	place.Put(t, map[string]string{"a.txt": "text"})
	s := openSource(t, place.Config())
	ctx := context.Background()
	fetch := func() error {
		for d, err := range s.Index(ctx, "") {
			if err != nil {
				return err
			}
			file, err := s.Fetch(ctx, d)
			if err != nil {
				return err
			}
			if content, err := file.Bytes(0); err != nil || string(content) != "text" {
				t.Errorf("read %q, %v", content, err)
			}
			file.Close()
		}
		return nil
	}
	for range 3 {
		if err := fetch(); err != nil {
			t.Fatal(err)
		}
		f.Drop()
	}
	f.Stop()
	time.AfterFunc(500*time.Millisecond, func() { f.Resume(t) })
	if err := fetch(); err != nil {
		t.Errorf("a server that was away for a moment: %v", err)
	}
	f.Stop()
	if outcome, _ := connector.Classify(fetch()); outcome != connector.Transient {
		t.Errorf("a server that is away: %s", outcome)
	}
	f.Resume(t)
	if err := fetch(); err != nil {
		t.Errorf("a server that came back: %v", err)
	}
}

// cut closes a connection after so many bytes, in both directions.
type cut struct {
	net.Conn
	left *atomic.Int64
}

func (c *cut) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.count(n, err)
}

func (c *cut) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.count(n, err)
}

func (c *cut) count(n int, err error) error {
	if c.left.Add(int64(-n)) < 0 && err == nil {
		c.Close()
		err = io.ErrUnexpectedEOF
	}
	return err
}

// TestBreaksInTheMiddle cuts connections in the middle of large files.
func TestBreaksInTheMiddle(t *testing.T) {
	t.Parallel()
	var cuts, bad atomic.Int64
	bad.Store(8) // more than there are tries: a transfer goes on where it stood
	f := sftpfake.Start(t, sftpfake.Options{Wrap: func(c net.Conn) net.Conn {
		left := new(atomic.Int64)
		left.Store(1 << 40)
		if n := cuts.Add(1); n <= bad.Load() {
			left.Store(2_000_000)
		}
		return &cut{c, left}
	}})
	place := newFolder(t, of(f), false)
	var numbers strings.Builder
	for i := range 1_000_000 {
		fmt.Fprintf(&numbers, "%011d\n", i) // 12 MB
	}
	content := numbers.String()
	place.Put(t, map[string]string{"large.txt": content})
	s := openSource(t, place.Config())
	ctx := context.Background()
	for d, err := range s.Index(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		file, err := s.Fetch(ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := file.Bytes(0); err != nil || string(got) != content {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
		file.Close()
	}
	if n := cuts.Load(); n < 6 {
		t.Errorf("%d connections", n)
	}
	s.Close()

	cuts.Store(0)
	bad.Store(2) // an upload begins again each time
	place.Remove(t, "large.txt")
	d := openDestination(t, place.Config())
	long := strings.Repeat("x", 1<<20)
	if err := d.Replace(ctx, doc("a.pdf"), stream(long, long, long, long, long)); err != nil {
		t.Error(err)
	}
	if n := cuts.Load(); n != 3 || len(place.Read(t)) != 5 {
		t.Errorf("%d connections, %d elements", n, len(place.Read(t)))
	}
}

// TestSilence has a server that stops in the middle: calls end with their contexts, and signs of life find it.
func TestSilence(t *testing.T) {
	t.Parallel()
	var silent atomic.Bool
	var wake sync.Mutex
	f := sftpfake.Start(t, sftpfake.Options{Wrap: func(c net.Conn) net.Conn { return &sleepy{c, &silent, &wake} }})
	place := newFolder(t, of(f), false)
	s := openSource(t, place.Config())
	s.account.beat = 500 * time.Millisecond
	if err := s.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	wake.Lock()
	silent.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := s.Check(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
	silent.Store(false) // for new connections; the old one sleeps on
	if err := s.Check(context.Background()); err != nil {
		t.Error(err)
	}
	silent.Store(true)
	done := make(chan error, 1)
	go func() { done <- s.Check(context.Background()) }()
	time.Sleep(300 * time.Millisecond)
	silent.Store(false)
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the silent connection was not given up")
	}
	wake.Unlock()
}

// sleepy is a connection whose server falls asleep when told so.
type sleepy struct {
	net.Conn
	silent *atomic.Bool
	wake   *sync.Mutex
}

func (s *sleepy) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if s.silent.Load() {
		s.wake.Lock()
		defer s.wake.Unlock()
	}
	return n, err
}

// TestEndlessFolder has a server that lists for ever.
func TestEndlessFolder(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	place := newFolder(t, fake(t, sftpfake.Options{Serve: func(c io.ReadWriteCloser) { endless(c, &sent) }}), false)
	s := openSource(t, with(place.Config(), map[string]any{"remote_url": "sftp://" + place.address + "//in"}))
	s.account.entries = 5000
	var last error
	for _, err := range s.Index(context.Background(), "") {
		last = err
	}
	if outcome, _ := connector.Classify(last); last == nil || outcome != connector.Permanent ||
		!strings.Contains(last.Error(), "more than 5000 entries") {
		t.Errorf("got %v", last)
	}
	if n := sent.Load(); n > 20_000 {
		t.Errorf("the server could send %d names", n)
	}
}

// endless speaks as much of the protocol as a listing needs (draft-ietf-secsh-filexfer-02).
func endless(c io.ReadWriteCloser, sent *atomic.Int64) {
	answer := func(kind byte, id []byte, body []byte) bool {
		packet := append([]byte{0, 0, 0, 0, kind}, id...)
		packet = append(packet, body...)
		binary.BigEndian.PutUint32(packet, uint32(len(packet)-4))
		_, err := c.Write(packet)
		return err == nil
	}
	directory := []byte{0, 0, 0, 4, 0, 0, 0x41, 0xed} // attributes: permissions only
	for {
		head := make([]byte, 5)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		rest := make([]byte, binary.BigEndian.Uint32(head)-1)
		if _, err := io.ReadFull(c, rest); err != nil {
			return
		}
		var ok bool
		switch head[4] {
		case 1: // INIT
			ok = answer(2, nil, []byte{0, 0, 0, 3})
		case 11: // OPENDIR
			ok = answer(102, rest[:4], []byte{0, 0, 0, 1, 'h'})
		case 12: // READDIR
			body := []byte{0, 0, 0, 100}
			for range 100 {
				body = append(body, 0, 0, 0, 1, 'n', 0, 0, 0, 0)
				body = append(body, directory...)
			}
			sent.Add(100)
			ok = answer(104, rest[:4], body)
		case 4: // CLOSE
			ok = answer(101, rest[:4], make([]byte, 12))
		default: // STAT
			ok = answer(105, rest[:4], directory)
		}
		if !ok {
			return
		}
	}
}

func TestTap(t *testing.T) {
	t.Parallel()
	packet := func(kind byte, body ...byte) []byte {
		return append([]byte{0, 0, 0, byte(len(body) + 1), kind}, body...)
	}
	var all []byte
	all = append(all, packet(2, 0, 0, 0, 3)...)
	all = append(all, packet(104, 0, 0, 0, 9, 0, 0, 0, 7, 'x', 'y')...)
	all = append(all, packet(103, 0, 0, 0, 9, 0, 0, 0, 200, 'x', 'y')...) // data
	all = append(all, 0, 0, 0, 0)                                         // nothing at all
	all = append(all, packet(101)...)
	all = append(all, packet(104, 0, 0, 0, 9, 0, 0, 0, 5)...)
	for step := 1; step < len(all); step++ {
		tap := &tap{from: &steps{all, step}, limit: 100}
		got, err := io.ReadAll(tap)
		if err != nil || string(got) != string(all) || tap.counted.Load() != 12 {
			t.Fatalf("steps of %d: %d names, %d bytes, %v", step, tap.counted.Load(), len(got), err)
		}
	}
}

// steps reads a few bytes at a time.
type steps struct {
	rest []byte
	n    int
}

func (s *steps) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:min(s.n, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]target{
		"sftp://h":                           {host: "h", path: "."},
		"sftp://h/":                          {host: "h", path: "."},
		" sftp://Files.Example.COM/in/a b/ ": {host: "files.example.com", path: "in/a b"},
		"sftp://h:2222//srv/in":              {host: "h", port: 2222, path: "/srv/in"},
		"sftp://u@h/100%25/#1?x=y":           {host: "h", user: "u", path: "100%25/#1?x=y"},
		"sftp://me@corp@[fd00::1]:22//":      {host: "fd00::1", port: 22, user: "me@corp", path: "/"},
		"sftp://[fd00::1]/../up/./x//y":      {host: "fd00::1", path: "../up/x/y"},
		"sftp://h//srv/../../etc":            {host: "h", path: "/etc"},
	} {
		if got, err := parseURL(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                     "does not begin with sftp://",
		"ftp://h/x":            "does not begin with sftp://",
		"sftp:///x":            "names no host",
		"sftp://h:0/x":         "no port between",
		"sftp://h:70000":       "no port between",
		"sftp://h:x":           "no port between",
		"sftp://u:pw123456@h/": "holds a password",
		"sftp://a b/":          "names no host",
		"sftp://h/a\x00b":      "NUL",
	} {
		if _, err := parseURL(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pw123456") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for want, in := range map[string]target{
		"sftp://h/in":            {host: "h", port: 22, path: "in"},
		"sftp://h:23//in":        {host: "h", port: 23, path: "/in", user: "u"},
		"sftp://[fd00::1]:2222/": {host: "fd00::1", port: 2222, path: "."},
	} {
		if got := in.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestExamplesOfTheDocs(t *testing.T) {
	t.Parallel()
	key, _, err := openssh.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range []map[string]any{sourceDoc.Example, destinationDoc.Example} {
		config := with(example, nil)
		if _, ok := config["private_key"]; ok {
			config["private_key"] = key // the docs name a variable
		}
		config["verify_host"], config["port"] = true, int64(22)
		if _, err := open(config, env(t)); err != nil {
			t.Error(err)
		}
	}
}

func TestNoDialer(t *testing.T) {
	t.Parallel()
	_, err := connector.OpenSource(Type, newFolder(t, fake(t, sftpfake.Options{}), false).Config(), connector.Env{})
	if err == nil || !strings.Contains(err.Error(), "without a dialer") {
		t.Errorf("got %v", err)
	}
}

func TestRootOfTheAccount(t *testing.T) {
	t.Parallel()
	s := fake(t, sftpfake.Options{})
	place := newFolder(t, s, false)
	place.Put(t, map[string]string{"a.txt": "text", "sub/b.txt": "text"})
	for name, url := range map[string]string{
		"relative": "sftp://" + s.address + "/" + place.name,
		"absolute": "sftp://" + s.address + "/" + place.dir(),
		"one file": "sftp://" + s.address + "/" + place.name + "/a.txt",
	} {
		src := openSource(t, with(place.Config(), map[string]any{"remote_url": url}))
		if err := src.Check(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		n := 0
		for d, err := range src.Index(context.Background(), "") {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if want := src.identifier(filepath.Join(place.dir(), "a.txt")); d.Identifier != want || d.Path != "a.txt" {
				t.Errorf("%s: %+v, want identifier %s", name, d, want)
			}
			file, err := src.Fetch(context.Background(), d)
			if err != nil {
				t.Fatal(err)
			}
			if content, err := file.Bytes(0); err != nil || string(content) != "text" {
				t.Errorf("%s: %q, %v", name, content, err)
			}
			file.Close()
			for range src.Index(context.Background(), connector.Cursor(d.Cursor)) {
				t.Errorf("%s: the listing goes on after its end", name)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d documents", name, n)
		}
	}
	home := openSource(t, with(place.Config(), map[string]any{"remote_url": "sftp://" + s.address, "recursive": true}))
	if err := os.WriteFile(filepath.Join(s.home, "top.txt"), []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for d, err := range home.Index(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, d.Path)
	}
	if want := place.name + "/a.txt " + place.name + "/sub/b.txt top.txt"; strings.Join(paths, " ") != want {
		t.Errorf("listed %q, want %q", paths, want)
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"sftp://h", "sftp://u@h:22//a/../b", "sftp://[fd00::1]:22/x", "sftp://u:p@h/", "sftp://h/\x00", "sftp://@:/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseURL(text)
		if err != nil || strings.TrimSpace(got.path) != got.path { // spaces at the end of a URL are taken for a slip
			return
		}
		again, err := parseURL(got.String())
		got.user = ""
		if got.port == 22 {
			got.port = 0
		}
		if err != nil || again != got {
			t.Errorf("%q is %+v, and its own form %q is %+v (%v)", text, got, got.String(), again, err)
		}
	})
}

func FuzzTap(f *testing.F) {
	f.Add([]byte{0, 0, 0, 9, 104, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0}, 3)
	f.Add([]byte{255, 255, 255, 255, 104, 0, 0, 0, 1, 255, 255, 255, 255}, 5)
	f.Fuzz(func(t *testing.T, all []byte, step int) {
		tap := &tap{from: &steps{all, 1 + abs(step)%100}, limit: 1 << 40}
		got, err := io.ReadAll(tap)
		if err != nil || string(got) != string(all) || tap.counted.Load() < 0 {
			t.Errorf("%d names, %d bytes, %v", tap.counted.Load(), len(got), err)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
