// Package failpoint lets a test kill the process at a named place, since a random kill rarely hits the window that
// matters. Without the environment variable SLUICE_FAILPOINT every call is one comparison of a nil pointer.
package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// The places.
const (
	AfterBlobPut    = "after-blob-put"    // a node's output is stored, its row is not
	BeforeRowCommit = "before-row-commit" // inside the transaction that ends a file
	MidReplace      = "mid-replace"       // a destination has new records and still the old ones
	AfterWrite      = "after-write"       // a destination has the document, the write row does not say so
	MidRemove       = "mid-remove"        // a document is out of the destinations, the rows do not say so
	EndOfRemoval    = "end-of-removal"    // all that left is removed, the removal has not ended
	EndOfPlan       = "end-of-plan"       // all files are listed, the plan has not ended
	AfterFileCommit = "after-file-commit" // a file's end is committed, its task is not completed
)

type armed struct {
	name string
	left atomic.Int64
}

var point = load(os.Getenv("SLUICE_FAILPOINT"))

// load reads NAME or NAME:N, which dies at the Nth pass.
func load(v string) *armed {
	if v == "" {
		return nil
	}
	name, count, _ := strings.Cut(v, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 {
		n = 1
	}
	a := &armed{name: name}
	a.left.Store(n)
	return a
}

// Hit kills the process with SIGKILL if the place is armed and its turn has come.
func Hit(name string) {
	if point == nil || point.name != name || point.left.Add(-1) != 0 {
		return
	}
	die()
	select {}
}
