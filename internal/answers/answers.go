// Package answers keeps what model providers have answered in a folder, so that the same question costs once: model.Cache on
// files, within a budget of bytes. What was not used for the longest time goes first.
//
// A cache that fails is one that does not know: a file that cannot be read, was cut off or changed is no answer, and one that
// cannot be written is not kept. Several processes may share a folder.
package answers

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sluicehq/sluice/model"
)

// Folder is a cache. It is safe for concurrent use.
type Folder struct {
	dir    string
	budget int64
	log    *slog.Logger

	mu      sync.Mutex
	size    int64 // bytes of all answers, as far as this process knows; -1 until it has looked
	failing bool  // the last answer could not be kept, which the log has
}

var _ model.Cache = (*Folder)(nil)

// New opens a folder, which is made when it is not there, for at most budget bytes.
func New(dir string, budget int64, log *slog.Logger) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for answers of models: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Folder{dir: dir, budget: budget, log: log, size: -1}, nil
}

const (
	header = 4 // bytes of the checksum before an answer
	used   = time.Hour
	// share of the budget that is left after making room
	keepOf = 0.9
)

// path is where the answer to a key stands: a hex digest.
func (f *Folder) path(key string) string { return filepath.Join(f.dir, key[:2], key) }

// Get implements model.Cache.
func (f *Folder) Get(_ context.Context, key string) ([]byte, bool) {
	if len(key) < 3 {
		return nil, false
	}
	path := f.path(key)
	b, err := os.ReadFile(path)
	if err != nil || len(b) < header || binary.LittleEndian.Uint32(b) != crc32.ChecksumIEEE(b[header:]) {
		return nil, false
	}
	if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > used {
		now := time.Now()
		_ = os.Chtimes(path, now, now) //nolint:errcheck // it is then thrown away a little early
	}
	return b[header:], true
}

// Put implements model.Cache. An answer larger than a tenth of the budget is not kept.
func (f *Folder) Put(_ context.Context, key string, answer []byte) {
	if len(key) < 3 || int64(len(answer)) > f.budget/10 {
		return
	}
	err := f.put(f.path(key), answer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if !f.failing {
			f.log.Warn("answers of models are not kept", "error", err)
		}
		f.failing = true
		return
	}
	f.failing = false
	if f.size >= 0 {
		f.size += int64(len(answer)) + header
	}
	if f.size < 0 || f.size > f.budget {
		f.room()
	}
}

func (f *Folder) put(path string, answer []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = t.Write(append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(answer)), answer...))
	err = cmp.Or(err, t.Close())
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		os.Remove(t.Name())
	}
	return err
}

type kept struct {
	path string
	size int64
	used time.Time
}

// room counts what is there and, when it is too much, throws away what was not used for the longest time.
func (f *Folder) room() {
	var all []kept
	f.size = 0
	_ = filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error { //nolint:errcheck // what cannot be read does not count
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // the rest is still there
		}
		if info, err := d.Info(); err == nil {
			all = append(all, kept{path, info.Size(), info.ModTime()})
			f.size += info.Size()
		}
		return nil
	})
	if f.size <= f.budget {
		return
	}
	slices.SortFunc(all, func(a, b kept) int { return a.used.Compare(b.used) })
	for _, k := range all {
		if f.size <= int64(keepOf*float64(f.budget)) {
			return
		}
		if os.Remove(k.path) == nil {
			f.size -= k.size
		}
	}
}
