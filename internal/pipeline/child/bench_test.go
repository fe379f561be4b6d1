package child

import (
	"io"
	"strings"
	"testing"
)

// BenchmarkPool is the cost of one small file through a child, parsing left out: the name makes the child answer at once.
func BenchmarkPool(b *testing.B) {
	p := newTestPool(b, Config{Size: 1})
	f := file("writes=4000", strings.Repeat("a line of text of this small file\n", 30))
	told(b, p, file("pid", ""))
	for b.Loop() {
		s := p.Parse(b.Context(), f, Request{})
		if _, err := io.Copy(io.Discard, s); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkStart is the time from nothing to the first answer of a new child.
func BenchmarkStart(b *testing.B) {
	p := newTestPool(b, Config{Size: 1, Recycle: 1})
	f := file("writes=4000", "text")
	for b.Loop() {
		s := p.Parse(b.Context(), f, Request{})
		if _, err := io.Copy(io.Discard, s); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkThroughput keeps a child a core busy.
func BenchmarkThroughput(b *testing.B) {
	p := newTestPool(b, Config{})
	f := file("writes=4000", strings.Repeat("a line of text of this small file\n", 30))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s := p.Parse(b.Context(), f, Request{})
			if _, err := io.Copy(io.Discard, s); err != nil {
				b.Error(err)
			}
			s.Close()
		}
	})
}
