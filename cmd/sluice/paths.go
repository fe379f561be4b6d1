package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// input is one file to partition: where it is, and its path below the folder that the user named.
type input struct {
	path string // to open
	rel  string // names the output
	size int64  // bytes
}

// inputs lists the files that the paths name: files as they are, folders with everything below them in lexical order.
// A file that is named twice is listed once. Hidden files and folders below a named folder are left out, and links below it are not followed.
func inputs(paths []string) (files []input, folder bool, err error) {
	listed := map[string]bool{}
	add := func(in input) {
		if path := filepath.Clean(in.path); !listed[path] {
			listed[path] = true
			files = append(files, in)
		}
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, false, fmt.Errorf("%s: no such file or folder; check the path", p)
		}
		if !info.IsDir() {
			if !info.Mode().IsRegular() {
				return nil, false, fmt.Errorf("%s: is a pipe or a device; write its content to a file first", p)
			}
			add(input{p, filepath.Base(p), info.Size()})
			continue
		}
		folder = true
		err = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if path != p && strings.HasPrefix(d.Name(), ".") {
				if d.IsDir() {
					return filepath.SkipDir
				}
				return nil
			}
			if !d.Type().IsRegular() {
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return nil //nolint:nilerr // it vanished since the folder was read
			}
			rel, err := filepath.Rel(p, path)
			if err != nil {
				return err
			}
			add(input{path, rel, info.Size()})
			return nil
		})
		if err != nil {
			return nil, false, err
		}
	}
	return files, folder, nil
}

// clash finds two files whose outputs would have the same name.
func clash(files []input) (a, b input, found bool) {
	names := map[string]input{}
	for _, in := range files {
		if other, ok := names[in.rel]; ok {
			return other, in, true
		}
		names[in.rel] = in
	}
	return a, b, false
}
