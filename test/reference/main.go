//go:build unix

// Command reference is our side of scripts/reference. DIR holds a folder of documents for each format.
//
//	reference DIR                times the parsers: a line a format with its name, documents, processor seconds a document.
//	                             One warm process reads those of every format, after one to warm up with.
//	reference -elements OUT DIR  writes the elements of each document to OUT, as JSON.
//	reference -pack DIR          makes Outlook messages of their streams: x.streams, a JSON object of paths and their
//	                             content in base64, becomes x.msg in its place.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition"
)

func main() {
	out := flag.String("elements", "", "write elements to this folder")
	packing := flag.Bool("pack", false, "make messages of their streams")
	flag.Parse()
	if *packing {
		for _, path := range list(filepath.Join(flag.Arg(0), "*.streams")) {
			pack(path)
		}
		return
	}
	for _, folder := range list(filepath.Join(flag.Arg(0), "*")) {
		kind, paths := filepath.Base(folder), list(filepath.Join(folder, "*.*"))
		if len(paths) == 0 {
			log.Fatalf("%s: no documents", folder)
		}
		if *out != "" {
			for _, path := range paths {
				write(filepath.Join(*out, kind), path)
			}
			continue
		}
		timed(kind, paths)
	}
}

func list(pattern string) []string {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		log.Fatal(err)
	}
	return paths
}

func timed(kind string, paths []string) {
	const rounds = 20 // one reading of them all is too short to be measured
	read(paths[0])
	start, n := cost(), 0
	for range rounds {
		for _, path := range paths {
			if elements := read(path); len(elements) == 0 {
				log.Fatalf("%s: no elements", path)
			}
			n++
		}
	}
	fmt.Printf("%s\t%d\t%g\n", kind, len(paths), ((cost() - start) / time.Duration(n)).Seconds())
}

func read(path string) []element.Element {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		log.Fatal(err)
	}
	elements, err := partition.Collect(partition.Partition(context.Background(), document.NewFile(filepath.Base(path), "", info.Size(), f), partition.Options{IncludeSlideNotes: true}))
	if err != nil {
		log.Printf("%s: %v", path, err)
	}
	return elements
}

func write(folder, path string) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		log.Fatal(err)
	}
	elements := read(path)
	if elements == nil {
		elements = []element.Element{}
	}
	b, err := json.Marshal(elements)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, filepath.Base(path)+".json"), b, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func pack(path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	var streams map[string][]byte
	if err := json.Unmarshal(b, &streams); err != nil {
		log.Fatalf("%s: %v", path, err)
	}
	texts := map[string]string{}
	for name, content := range streams {
		texts[name] = string(content)
	}
	if err := os.WriteFile(strings.TrimSuffix(path, ".streams")+".msg", formattest.OLE(texts), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		log.Fatal(err)
	}
}

// cost is the processor time of this process up to now.
func cost() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
