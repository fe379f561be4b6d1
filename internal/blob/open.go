package blob

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
)

// Open opens the store that a URL names: file:///path is a folder, made when absent, as is a path without a scheme;
// s3://bucket/prefix?endpoint=...&region=...&use_path_style=true is a bucket, whose credentials come from the machine's
// AWS settings. Whether a bucket can be written is for Ping.
//
// Both are our own code and not gocloud's. Its folder renames a finished file but forces neither the file nor its folder to
// disk, and it follows links out of its root. Its bucket would add 12 MB to the program above the SDK that the S3 connector
// needs anyway (33 MB with Google's), and neither finds a region nor goes on with a transfer that broke.
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
	switch u.Scheme {
	case "file":
	case "s3":
		return openBucket(ctx, u)
	default:
		return nil, fmt.Errorf("blob URL: outputs are kept in folders (file:///path) and buckets (s3://bucket/prefix), not in %s://", u.Scheme)
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
