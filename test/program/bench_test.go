//go:build linux

package program_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"
)

// BenchmarkStart is the time from the start of the program to the first answer over HTTP, on an empty folder and on one
// that a server has used.
func BenchmarkStart(b *testing.B) {
	for _, kind := range []string{"empty", "used"} {
		b.Run(kind, func(b *testing.B) {
			dir := b.TempDir()
			if kind == "used" {
				s := serve(b, dir)
				s.complete(b, s.create(b, letters(20)).ID)
				s.stop()
			}
			var total time.Duration
			for range b.N {
				if kind == "empty" {
					dir = b.TempDir()
				}
				begun := time.Now()
				s := serve(b, dir)
				answered(b, s.url)
				total += time.Since(begun)
				s.stop()
			}
			b.ReportMetric(float64(total.Milliseconds())/float64(b.N), "ms/start")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func answered(b *testing.B, url string) {
	b.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url+"/healthcheck", nil)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		b.Fatal(answer.Status)
	}
}

// BenchmarkMemory is what the server holds with its children, at rest and after one document of each format: resident
// memory as every process counts it (RSS, shared pages many times) and with shared pages divided (PSS).
func BenchmarkMemory(b *testing.B) {
	for range b.N {
		dir := b.TempDir()
		first := serve(b, dir) // compiles the PDF engine, which later starts find
		first.complete(b, first.create(b, uploads(b, sampleFiles(b)...)).ID)
		key := first.key
		first.stop()

		s := serve(b, dir)
		s.key = key
		time.Sleep(3 * time.Second) // what a start does has ended
		rss, pss := memory(b, s.cmd.Process.Pid)
		b.ReportMetric(rss, "MB-idle-rss")
		b.ReportMetric(pss, "MB-idle-pss")
		s.complete(b, s.create(b, uploads(b, sampleFiles(b)...)).ID)
		rss, pss = memory(b, s.cmd.Process.Pid)
		b.ReportMetric(rss, "MB-after-rss")
		b.ReportMetric(pss, "MB-after-pss")
		s.stop()
	}
	b.ReportMetric(0, "ns/op")
}

// memory sums a process and its children, in megabytes of 10^6 bytes.
func memory(b *testing.B, pid int) (rss, pss float64) {
	b.Helper()
	for _, p := range tree(pid) {
		content, err := os.ReadFile("/proc/" + strconv.Itoa(p) + "/smaps_rollup")
		if err != nil {
			continue // it has just ended
		}
		for line := range bytes.Lines(content) {
			f := bytes.Fields(line)
			if len(f) < 2 {
				continue
			}
			kB, _ := strconv.ParseFloat(string(f[1]), 64)
			switch string(f[0]) {
			case "Rss:":
				rss += kB * 1024 / 1e6
			case "Pss:":
				pss += kB * 1024 / 1e6
			}
		}
	}
	if rss == 0 {
		b.Fatal("the system does not tell the memory of the server")
	}
	return rss, pss
}
