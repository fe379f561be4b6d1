package child

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readable are the folders and files that parsing may read: programs that it may run (Tesseract), their libraries and
// data, and the tables of types and time zones. Nothing of the user's.
var readable = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/gnu/store",
	"/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/alternatives", "/etc/fonts",
	"/dev/null", "/dev/zero", "/dev/urandom", "/proc/self", "/sys/devices/system/cpu",
}

const (
	landlockFile = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE
	landlockRead = landlockFile | unix.LANDLOCK_ACCESS_FS_READ_DIR
	landlockAll1 = 1<<13 - 1 // all rights of the interface's version 1
)

// confine closes the file system with Landlock, except what is readable and scratch, which may be written. Descriptors
// that are open or arrive later stay usable.
func confine(scratch string) error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return errno
	}
	all := uint64(landlockAll1)
	if version >= 2 {
		all |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		all |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&all)), unsafe.Sizeof(all), 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(ruleset))
	paths := readable
	if data := os.Getenv("TESSDATA_PREFIX"); data != "" { // Tesseract's data elsewhere than in the system's folders
		paths = append(slices.Clone(paths), data)
	}
	for _, path := range paths {
		if err := landlockAllow(ruleset, path, landlockRead); err != nil && !absent(err) {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if scratch == "" {
		scratch = os.TempDir()
	}
	if err := landlockAllow(ruleset, scratch, all); err != nil {
		return fmt.Errorf("the scratch folder: %w", err)
	}
	// Each thread is confined by itself, so all of them make the calls.
	if _, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

func absent(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.EACCES)
}

// landlockAllow adds path, and everything below it when it is a folder.
func landlockAllow(ruleset uintptr, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= landlockFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, ruleset, unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
