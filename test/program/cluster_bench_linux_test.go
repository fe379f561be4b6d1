package program_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/s3"
)

// BenchmarkWorkers measures how much faster two workers of one core each are than one, on files that cost computing: HTML pages
// of about half a megabyte.
func BenchmarkWorkers(b *testing.B) {
	const files = 120
	c := newCluster(b)
	dir := filepath.Join(c.open, "in")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	for i := range files {
		var page strings.Builder
		for p := range 3000 {
			fmt.Fprintf(&page, "<p>The keeper of house %d opened <b>gate %d</b> in the morning, closed it at noon, and let nobody pass before the night.</p>\n", i, p)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.html", i)), []byte(page.String()), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	source, out := c.folderSource(dir), c.folderSink("out")
	measure := func() time.Duration {
		start := time.Now()
		job := c.run([]string{source}, []string{out.id})
		for !c.api.job(b, job).ended() {
			time.Sleep(20 * time.Millisecond)
		}
		if d := c.api.details(b, job); d.Processing != "SUCCESS" {
			b.Fatalf("%+v\n%s", d, c.logs())
		}
		return time.Since(start)
	}
	one := func(core int) []setup {
		return []setup{variable("GOMAXPROCS", "1"), flags("--workers", "4"), func(cmd *exec.Cmd) {
			cmd.Args = append([]string{"taskset", "-c", strconv.Itoa(core)}, cmd.Args...)
			if cmd.Path, cmd.Err = exec.LookPath("taskset"); cmd.Err != nil {
				b.Fatal("this benchmark holds a worker on one core with taskset, which is not there: ", cmd.Err)
			}
		}}
	}
	for b.Loop() {
		first := c.worker(one(0)...)
		measure() // warm
		alone := measure()
		second := c.worker(one(1)...)
		measure() // warm
		both := measure()
		b.ReportMetric(files/alone.Seconds(), "files/s-one")
		b.ReportMetric(files/both.Seconds(), "files/s-two")
		b.ReportMetric(alone.Seconds()/both.Seconds(), "ratio")
		b.ReportMetric(0, "ns/op")
		first.stop()
		second.stop()
	}
}

// BenchmarkCloud measures a whole job over 1,000 texts of about 1 kB: from a bucket, partition and chunk, into a table; one
// worker process with default settings that has worked before, the S3 server on the same machine. Outputs stand in a folder, or in a bucket too.
func BenchmarkCloud(b *testing.B) {
	for _, blobs := range []string{"folder", "bucket"} {
		b.Run("outputs="+blobs, func(b *testing.B) {
			const files = 1000
			store := s3.StartReal(b)
			over := store
			if blobs == "folder" {
				over = nil
			}
			c := clusterOver(b, over)
			c.s3 = store
			source, _ := c.objects(files)
			out := c.tableSink("out", c.database, c.database.Port())
			c.worker()
			measure := func() time.Duration {
				start := time.Now()
				job := c.run([]string{source}, []string{out.id}, map[string]any{"name": "Chunker", "type": "chunk", "subtype": "chunk_by_title"})
				for !c.api.job(b, job).ended() {
					time.Sleep(20 * time.Millisecond)
				}
				if d := c.api.details(b, job); d.Processing != "SUCCESS" {
					b.Fatalf("%+v\n%s", d, c.logs())
				}
				return time.Since(start)
			}
			measure() // the first start of a worker compiles the PDF engine beside
			for b.Loop() {
				b.ReportMetric(files/measure().Seconds(), "files/s")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
