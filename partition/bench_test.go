package partition_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicehq/sluice/partition"
)

// prose is what the documents of the benchmarks are about; each is put together anew, so that nothing is remembered.
var prose = []string{
	"The pump at the north gate was replaced because the old one leaked.", "Water levels fell by %d centimetres during the night.",
	"The keeper opened gate %d at six and closed it again before noon.", "Nobody was hurt, but the road along the dike stayed closed for %d hours.",
	"A crew of %d went out to look at the sluice and reported that the hinges were worn.", "Boats that draw more than %d decimetres must wait for the tide.",
	"The committee will decide on the budget next Tuesday.", "Please bring the drawings of lock %d to the meeting.",
}

// paragraphs gives about n bytes of prose in paragraphs; seed makes them differ.
func paragraphs(seed, n int) []string {
	var out []string
	for total := 0; total < n; seed++ {
		var b strings.Builder
		for i := range 3 {
			s := prose[(seed*7+i*3)%len(prose)]
			if strings.Contains(s, "%d") {
				s = fmt.Sprintf(s, (seed*31+i)%90+2)
			}
			b.WriteString(s + " ")
		}
		out = append(out, strings.TrimSpace(b.String()))
		total += b.Len()
	}
	return out
}

// small makes a document of 2 to 5 kB and at most 30 elements.
func small(kind string, seed int) (name string, content []byte) {
	body := paragraphs(seed, 2200+seed*97%1900)
	items := []string{"two gaskets", "a wrench", "the key of the gate house"}
	switch kind {
	case "txt":
		return "a.txt", []byte("Report of the week\n\n" + strings.Join(body, "\n\n") + "\n\n- " + strings.Join(items, "\n- ") + "\n")
	case "md":
		return "a.md", []byte("# Report of the week\n\n" + strings.Join(body, "\n\n") + "\n\n- " + strings.Join(items, "\n- ") + "\n\n| Gate | Level |\n|---|---|\n| north | 2.1 |\n| south | 1.9 |\n")
	case "html":
		return "a.html", []byte("<!DOCTYPE html><html><head><title>Report</title></head><body><h1>Report of the week</h1><p>" + strings.Join(body, "</p>\n<p>") + "</p><ul><li>" +
			strings.Join(items, "</li><li>") + "</li></ul><table><tr><th>Gate</th><th>Level</th></tr><tr><td>north</td><td>2.1</td></tr></table></body></html>")
	default:
		text := strings.Join(body, "\r\n\r\n")
		return "a.eml", []byte("From: Ada Voss <ada@harbour.example>\r\nTo: Crew <crew@harbour.example>\r\nSubject: Report of the week\r\nDate: Mon, 2 Mar 2026 08:00:00 +0000\r\nMessage-ID: <1@harbour.example>\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text[:min(len(text), 400)] + "\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>" + strings.Join(body, "</p>\r\n<p>") + "</p>\r\n--x--\r\n")
	}
}

// BenchmarkSmall is documents of 2 to 5 kB on all cores, each different.
func BenchmarkSmall(b *testing.B) {
	kinds := []string{"txt", "html", "eml", "md"}
	for _, kind := range append(kinds, "mixed") {
		b.Run(kind, func(b *testing.B) {
			documents := make([][]byte, 512)
			names := make([]string, len(documents))
			for i := range documents {
				k := kind
				if k == "mixed" {
					k = kinds[i%len(kinds)]
				}
				names[i], documents[i] = small(k, i)
			}
			var next atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := int(next.Add(1)) % len(documents)
					elements, err := parse(b.Context(), names[i], documents[i], partition.Options{})
					if err != nil || len(elements) < 5 || len(elements) > 30 || len(documents[i]) < 2000 || len(documents[i]) > 5200 {
						b.Fatalf("%s: %d bytes, %d elements, %v", names[i], len(documents[i]), len(elements), err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
		})
	}
}

// BenchmarkSteady parses 10,000 mixed documents in one process and compares the memory after all of them with that after
// the first 1,000.
func BenchmarkSteady(b *testing.B) {
	fixed := map[string][]byte{}
	for _, path := range []string{
		"../samples/report.docx", "../samples/stock.csv", "../samples/pumps.json", "../samples/handbook.html", "doc/testdata/survey.doc",
		"ppt/testdata/gates.ppt", "xls/testdata/stock.xls", "rtf/testdata/harbour.rtf", "xls/testdata/stock.fods", "doc/testdata/survey.fodt",
	} {
		content, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		fixed[filepath.Base(path)] = content
	}
	var names []string
	for name := range fixed {
		names = append(names, name)
	}
	held := func() (heap, resident float64) {
		runtime.GC()
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		status, _ := os.ReadFile("/proc/self/status")
		_, after, _ := bytes.Cut(status, []byte("VmRSS:"))
		_, _ = fmt.Sscan(string(after), &resident)
		return float64(m.HeapInuse) / (1 << 20), resident / (1 << 10)
	}
	for b.Loop() {
		var heap, resident float64
		for i := range 10_000 {
			name, content := names[i%len(names)], fixed[names[i%len(names)]]
			if i%2 == 0 {
				name, content = small([]string{"txt", "html", "eml", "md"}[i/2%4], i)
			}
			if _, err := parse(b.Context(), name, content, partition.Options{}); err != nil {
				b.Fatalf("%s: %v", name, err)
			}
			if i == 999 {
				heap, resident = held()
			}
		}
		heapEnd, residentEnd := held()
		b.ReportMetric(heap, "MB-heap-after-1000")
		b.ReportMetric(heapEnd, "MB-heap-after-10000")
		b.ReportMetric(resident, "MB-resident-after-1000")
		b.ReportMetric(residentEnd, "MB-resident-after-10000")
	}
}
