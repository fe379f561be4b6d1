//go:build unix

// Command reference times the parsers on the documents of a folder, for scripts/reference: one warm process reads those
// of every format once, after one to warm up with. It prints a line a format: its name, documents, processor seconds a
// document.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition"
)

func main() {
	folders, err := os.ReadDir(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for _, folder := range folders {
		paths, err := filepath.Glob(filepath.Join(os.Args[1], folder.Name(), "*"))
		if err != nil || len(paths) == 0 {
			log.Fatalf("%s: %v", folder.Name(), err)
		}
		read(paths[0])
		const rounds = 20 // one reading of them all is too short to be measured
		start, n := cost(), 0
		for range rounds {
			for _, path := range paths {
				read(path)
				n++
			}
		}
		fmt.Printf("%s\t%d\t%g\n", folder.Name(), len(paths), ((cost() - start) / time.Duration(n)).Seconds())
	}
}

func read(path string) {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		log.Fatal(err)
	}
	elements, err := partition.Collect(partition.Partition(context.Background(), document.NewFile(filepath.Base(path), "", info.Size(), f), partition.Options{}))
	if err != nil || len(elements) == 0 {
		log.Fatalf("%s: %d elements, %v", path, len(elements), err)
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
