package blob

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
)

// Open opens the store that a URL names. file:///path is a folder, made when absent; a path without a scheme is one too.
// The folder is our own code and not gocloud's: gocloud's renames a finished file but forces neither the file nor its
// folder to disk, and it follows links out of its root.
func Open(ctx context.Context, rawURL string) (Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !strings.Contains(rawURL, "://") {
		return openFolder(rawURL)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("blob URL: %w", err) // url.Parse does not repeat a password
	}
	if u.Scheme != "file" {
		return nil, fmt.Errorf("blob URL: this build keeps outputs in folders (file:///path), not in %s://", u.Scheme)
	}
	if u.Host != "" && u.Host != "." && u.Host != "localhost" {
		return nil, fmt.Errorf("blob URL: file://%s names a host; write file:///path", u.Host)
	}
	path := filepath.FromSlash(u.Path)
	if runtime.GOOS == "windows" {
		path = strings.TrimPrefix(path, `\`) // file:///C:/x
	}
	if u.Host == "." {
		path = "." + path
	}
	if path == "" {
		return nil, fmt.Errorf("blob URL: %q has no path; write file:///path", rawURL)
	}
	return openFolder(path)
}
