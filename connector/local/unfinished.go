package local

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// unfinished begins the names of the files that this process is writing: the machine, the process, and a word of its own.
var unfinished = fmt.Sprintf("%s%s-%d-%s-", tempPrefix, machine(), os.Getpid(), rand.Text()[:10])

// machine tells the machines that may share a folder apart.
func machine() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x", sum[:4])
}

// tooOld is the age at which an unfinished file of another machine belongs to nobody any more.
const tooOld = 15 * time.Minute

// abandoned says whether a name is that of a file whose writer has ended: a process of this machine that runs no more, or
// one of another that has not written for long.
func abandoned(name string, info func() (fs.FileInfo, error)) bool {
	if !strings.HasPrefix(name, tempPrefix) || strings.HasPrefix(name, unfinished) {
		return false
	}
	parts := strings.Split(strings.TrimPrefix(name, tempPrefix), "-")
	if len(parts) > 2 && parts[0] == machine() {
		if pid, err := strconv.Atoi(parts[1]); err == nil && !running(pid) {
			return true
		}
	}
	i, err := info()
	return err == nil && i.Mode().IsRegular() && time.Since(i.ModTime()) > tooOld
}

// running says whether a process of this machine runs. Where that cannot be found out it does.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release() //nolint:errcheck // nothing was opened that matters
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
