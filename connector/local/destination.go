package local

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

// maxName is the longest file name that common file systems take, in bytes.
const maxName = 255

// destination writes one JSON array of elements a document, at the document's path below the folder with ".json" added.
type destination struct {
	place
	locks [64]sync.Mutex // one writer of a document at a time
	swept sync.Map       // folders (string) whose unfinished files were removed
}

// unfinished begins the names of the files that this process is writing, so that it can tell them from those that a
// killed process left.
var unfinished = tempPrefix + rand.Text()[:10] + "-"

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	name, _ := config["path"].(string)
	p, err := open(name, env.Local)
	if err != nil {
		return nil, err
	}
	return &destination{place: p}, nil
}

// Guarantee implements connector.Destination: a file is replaced whole.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// Check writes a probe file and removes it again, and the folders that it had to make.
func (d *destination) Check(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	made, err := d.mkdirs(d.dir)
	defer func() {
		for _, dir := range made {
			_ = d.root.Remove(dir) // stays if somebody uses it by now
		}
	}()
	if err != nil {
		return failed("make folder", d.path, err)
	}
	probe := filepath.Join(d.dir, unfinished+rand.Text())
	f, err := d.root.OpenFile(probe, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return failed("write to folder", d.path, err)
	}
	_, err = io.WriteString(f, "[]")
	if err = errors.Join(err, f.Close(), d.root.Remove(probe)); err != nil {
		return failed("write to folder", d.path, err)
	}
	return nil
}

// mkdirs makes a folder and those above it, and returns those that were not there, innermost first.
func (d *destination) mkdirs(dir string) ([]string, error) {
	var missing []string
	for at := dir; at != "."; at = filepath.Dir(at) {
		if _, err := d.root.Stat(at); err == nil {
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		missing = append(missing, at)
	}
	return missing, d.root.MkdirAll(dir, 0o755)
}

// Replace writes the elements to a file beside the final one, makes it durable and moves it into place: readers see
// the old elements or the new ones, whole. What a killed process left in the folder goes.
func (d *destination) Replace(
	ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error],
) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := d.output(doc)
	lock := d.lock(name)
	lock.Lock()
	defer lock.Unlock()

	dir := filepath.Dir(name)
	if err := d.root.MkdirAll(dir, 0o755); err != nil {
		return failed("make folder", d.full(dir), err)
	}
	if err := d.sweep(dir); err != nil {
		return err
	}
	temp := filepath.Join(dir, unfinished+rand.Text())
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return failed("write file", d.full(name), err)
	}
	err = write(ctx, f, elements)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		failpoint.Hit(failpoint.MidReplace)
		err = d.root.Rename(temp, name)
		if errors.Is(err, fs.ErrNotExist) {
			err = connector.Retry(err, 0, "write file %q: another process took its unfinished file away", d.full(name))
		}
	}
	if err != nil {
		_ = d.root.Remove(temp) // the error that matters is the first
		var source *streamError
		if errors.As(err, &source) {
			return source.err
		}
		return failed("write file", d.full(name), err)
	}
	return d.sync(dir)
}

// Remove deletes a document's file. One that is not there is no error.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := d.output(doc)
	lock := d.lock(name)
	lock.Lock()
	defer lock.Unlock()
	err := d.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed("remove file", d.full(name), err)
	}
	return d.sync(filepath.Dir(name))
}

// Close implements connector.Destination.
func (d *destination) Close() error { return d.root.Close() }

func (d *destination) lock(name string) *sync.Mutex {
	h := fnv.New32a()
	_, _ = io.WriteString(h, name)
	return &d.locks[h.Sum32()%uint32(len(d.locks))]
}

// output returns the file of a document, below the opened folder.
func (d *destination) output(doc document.Document) string {
	p := cmp.Or(doc.Path, doc.Name, doc.Identifier)
	return filepath.Join(d.dir, filepath.FromSlash(outputPath(p)))
}

// outputPath makes a document's path, which another system chose, into one that stays below the folder and that file
// systems take: no empty, "." or ".." names, no control characters, no name of an unfinished file, no name too long. A
// name that has to change gets a hash of what it was, so that two documents never share a file by that.
func outputPath(p string) string {
	var names []string
	for name := range strings.SplitSeq(strings.ReplaceAll(p, "\\", "/"), "/") {
		if name != "" && name != "." && name != ".." {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = []string{"document"}
	}
	names[len(names)-1] += ".json"
	for i, name := range names {
		names[i] = safeName(name)
	}
	return strings.Join(names, "/")
}

func safeName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == utf8.RuneError {
			return '_'
		}
		return r
	}, name)
	if strings.HasPrefix(clean, tempPrefix) {
		clean = "_" + clean[1:]
	}
	if clean == name && len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "-" + hex.EncodeToString(sum[:4])
	if strings.HasSuffix(clean, ".json") {
		clean, tail = strings.TrimSuffix(clean, ".json"), tail+".json"
	}
	if room := maxName - len(tail); len(clean) > room {
		clean = clean[:room]
		for !utf8.ValidString(clean) {
			clean = clean[:len(clean)-1]
		}
	}
	return clean + tail
}

// sweep removes the unfinished files of other processes from a folder, once.
func (d *destination) sweep(dir string) error {
	if _, done := d.swept.LoadOrStore(dir, true); done {
		return nil
	}
	f, err := d.root.Open(dir)
	if err != nil {
		return failed("read folder", d.full(dir), err)
	}
	defer f.Close()
	for {
		names, err := f.Readdirnames(1000)
		for _, n := range names {
			if strings.HasPrefix(n, tempPrefix) && !strings.HasPrefix(n, unfinished) {
				_ = d.root.Remove(filepath.Join(dir, n)) // only room is lost if it stays
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failed("read folder", d.full(dir), err)
		}
	}
}

// sync makes a change of names in a folder durable.
func (d *destination) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return failed("write to folder", d.full(dir), err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return failed("write to folder", d.full(dir), err)
	}
	return nil
}

// streamError is a failure of the elements, not of this destination.
type streamError struct{ err error }

func (e *streamError) Error() string { return e.err.Error() }

// write writes a JSON array, indented by two spaces, with text as it is.
func write(ctx context.Context, w io.Writer, elements iter.Seq2[element.Element, error]) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var raw, pretty bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	between := "["
	for e, err := range elements {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return &streamError{err}
		}
		raw.Reset()
		pretty.Reset()
		if err := encoder.Encode(e); err != nil {
			return &streamError{fmt.Errorf("element %s: %w", e.ID, err)}
		}
		if err := json.Indent(&pretty, bytes.TrimSpace(raw.Bytes()), "  ", "  "); err != nil {
			return &streamError{fmt.Errorf("element %s: %w", e.ID, err)}
		}
		_, _ = out.WriteString(between + "\n  ")
		if _, err := out.Write(pretty.Bytes()); err != nil {
			return err
		}
		between = ","
	}
	end := "\n]"
	if between == "[" {
		end = "[]"
	}
	if _, err := out.WriteString(end); err != nil {
		return err
	}
	return out.Flush()
}
