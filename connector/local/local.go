// Package local reads documents from a folder of the machine that the program runs on, and writes elements to one. Its
// type is "local" on both sides.
//
// A config can only name a folder at or below one that the operator opened (connector.Env.Local): a tenant of a server
// must not read the server's own files. Within it no symbolic link leads out.
package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/spec"
)

// Type is the id of the connector.
const Type = "local"

func init() {
	connector.Register(connector.Kind{
		Side: connector.SideSource, Type: Type, Title: "Local folder",
		Spec: spec.Spec{Fields: []spec.Field{
			{Name: "path", Kind: spec.String, Required: true, Omit: true, Help: "folder, or a single file, on the server"},
			{Name: "recursive", Kind: spec.Bool, Default: false, Help: "read the folders below too"},
			{Name: "extensions", Kind: spec.Strings, Omit: true, Help: "extensions to read, such as pdf; absent is all"},
			{Name: "glob", Kind: spec.Strings, Omit: true,
				Help: "patterns to read, such as *.pdf, reports/*.docx or **/final/*; one with a slash is compared with the whole path"},
			{Name: "hidden", Kind: spec.Bool, Default: true, Help: "read files and folders whose names begin with a dot too"},
		}},
		Doc:       sourceDoc,
		NewSource: newSource,
	})
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Title: "Local folder",
		Spec: spec.Spec{Fields: []spec.Field{
			{Name: "path", Kind: spec.String, Required: true, Omit: true, Help: "folder on the server; made if it is not there"},
		}},
		Doc:            destinationDoc,
		NewDestination: newDestination,
	})
}

// tempPrefix begins the names of files that are being written. The source does not list them.
const tempPrefix = output.Reserved

// place is a folder of the config, seen from the opened folder that holds it.
type place struct {
	root *os.Root // the opened folder
	dir  string   // below it, "." for itself
	path string   // absolute, for locators
	base string   // of the opened folder, absolute, for messages
}

// full is the absolute form of a name below the opened folder.
func (p place) full(name string) string { return filepath.Join(p.base, name) }

// open finds the opened folder that holds path. A relative path counts from the working directory.
func open(path string, opened []string) (place, error) {
	if len(opened) == 0 {
		return place{}, connector.Fail(connector.ErrForbidden,
			"folder %q: the local connector is off; the operator opens a folder to it with --allow-local DIR", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return place{}, connector.Fail(nil, "folder %q: not a path of this system", path)
	}
	for _, folder := range opened {
		base, dir, ok := below(folder, abs)
		if !ok {
			continue
		}
		root, err := os.OpenRoot(folder)
		if err != nil {
			return place{}, failed("open folder", folder, err)
		}
		return place{root: root, dir: dir, path: abs, base: base}, nil
	}
	return place{}, connector.Fail(connector.ErrForbidden,
		"folder %q is not open to the local connector; the operator opens it, or a folder above it, with --allow-local DIR",
		path)
}

// below splits an absolute path into an opened folder and the way from it. The folder may be a link itself: its target
// counts as open too.
func below(folder, abs string) (base, dir string, ok bool) {
	names := []string{folder}
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		names = append(names, real)
	}
	for _, name := range names {
		name, err := filepath.Abs(name)
		if err != nil {
			continue
		}
		rel, err := filepath.Rel(name, abs)
		if err == nil && filepath.IsLocal(rel) {
			return name, rel, true
		}
	}
	return "", "", false
}

// failed makes an error for the user of one that the file system gave. A full disk may have room later.
func failed(what, name string, err error) error {
	var e *connector.Error
	if errors.As(err, &e) {
		return err
	}
	text := fmt.Sprintf("%s %q: ", what, name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return connector.Fail(connector.ErrNotFound, "%sit is not there", text)
	case errors.Is(err, fs.ErrPermission):
		return connector.Fail(connector.ErrForbidden, "%sthe user that runs sluice has no right to it", text)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return connector.Retry(err, 0, "%sno space is left", text)
	case strings.Contains(err.Error(), "escapes from parent"):
		return connector.Fail(connector.ErrForbidden, "%sit leads out of the folder that is open", text)
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return connector.Fail(err, "%s%s", text, errno.Error())
	}
	return connector.Fail(err, "%sthe file system refused it", text)
}
