package sftp

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/testserver/openssh"
)

// The benchmarks run against OpenSSH on this machine: what they measure is the protocol and both ends of it.

func benchConfig(b *testing.B) (config map[string]any, home string, e connector.Env) {
	b.Helper()
	s := openssh.Start(b)
	return map[string]any{"remote_url": "sftp://" + s.Address, "username": s.User, "private_key": s.Key, "host_public_key": s.HostKey},
		s.Home, connector.Env{Dial: (&net.Dialer{}).DialContext, TempDir: b.TempDir()}
}

func benchSource(b *testing.B, files, bytes int) connector.Source {
	b.Helper()
	config, home, e := benchConfig(b)
	content := []byte(strings.Repeat("0123456789abcdef", bytes/16+1)[:bytes])
	for i := range files {
		if err := os.WriteFile(filepath.Join(home, fmt.Sprintf("document-%06d.txt", i)), content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	s, err := connector.OpenSource(Type, config, e)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkIndex lists one folder of 50,000 files.
func BenchmarkIndex(b *testing.B) {
	connectortest.BenchIndex(b, benchSource(b, 50_000, 1))
}

// BenchmarkFetch reads files one after another, and eight at a time.
func BenchmarkFetch(b *testing.B) {
	for _, c := range []struct {
		name          string
		files, bytes  int
		oneAfterOther bool
	}{{"1kB", 100, 1 << 10, true}, {"1kBSideBySide", 100, 1 << 10, false}, {"32MB", 1, 32 << 20, true}} {
		b.Run(c.name, func(b *testing.B) {
			s := benchSource(b, c.files, c.bytes)
			var documents []document.Document
			for d, err := range s.Index(context.Background(), "") {
				if err != nil {
					b.Fatal(err)
				}
				documents = append(documents, d)
			}
			fetch := func(i int) {
				f, err := s.Fetch(context.Background(), documents[i%len(documents)])
				if err != nil {
					b.Error(err)
					return
				}
				f.Close()
			}
			b.SetBytes(int64(c.bytes))
			b.SetParallelism(4)
			b.ResetTimer()
			if c.oneAfterOther {
				for i := range b.N {
					fetch(i)
				}
				return
			}
			b.RunParallel(func(p *testing.PB) {
				for i := 0; p.Next(); i++ {
					fetch(i)
				}
			})
		})
	}
}

// BenchmarkReplace writes documents of 100 elements with embeddings.
func BenchmarkReplace(b *testing.B) {
	config, _, e := benchConfig(b)
	d, err := connector.OpenDestination(Type, config, e)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	connectortest.BenchReplace(b, d, 100, 384)
}
