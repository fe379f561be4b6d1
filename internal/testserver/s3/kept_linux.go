package s3

import (
	"golang.org/x/sys/unix"
)

// attributesKept says whether a folder's file system keeps the attributes in which versitygw puts ETags and metadata.
func attributesKept(dir string) bool {
	const name = "user.sluice-test"
	return unix.Setxattr(dir, name, []byte("x"), 0) == nil && unix.Removexattr(dir, name) == nil
}
