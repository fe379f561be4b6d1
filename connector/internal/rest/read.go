package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// maxResumes is how often a broken transfer goes on without having moved.
	maxResumes = 3
	// maxStarts is how often a transfer starts again since the content has changed.
	maxStarts = 3
)

// errChanged is a content that is another one than that which the transfer began with.
var errChanged = errors.New("the content has changed")

// Read reads the answer of a GET whole into a spool, which is in memory up to so many bytes and in a file of dir beyond. A
// transfer that breaks goes on: same adds to the next request what says that the content must be that of the first answer
// (If-Match, for one); false when the first answer does not tell. It starts again when the content is another: bytes of two
// versions never mix. The header is that of the first answer. The caller closes the spool, or what its File gives.
func (c *Client) Read(ctx context.Context, r Request, dir string, memory int64, same func(first http.Header, next *Request) bool) (
	*spool.Spool, http.Header, error,
) {
	r.Method, r.open = http.MethodGet, true
	r.Header = headerOf(r)
	r.Header.Set("Accept-Encoding", "identity") // so that places in the content are those of its bytes
	for range maxStarts {
		to := spool.New(dir, memory)
		head, err := c.read(ctx, r, to, same)
		if err == nil {
			return to, head, nil
		}
		_ = to.Close() // the error that matters is the first
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if !errors.Is(err, errChanged) {
			return nil, nil, err
		}
	}
	return nil, nil, connector.Retry(nil, time.Minute, "%s: it changes while it is read", r.What)
}

func (c *Client) read(ctx context.Context, r Request, to *spool.Spool, same func(http.Header, *Request) bool) (head http.Header, err error) {
	a, err := c.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	head = a.Header
	size := a.size
	for stuck := 0; ; {
		before := to.Size()
		_, err := io.Copy(to, a.open)
		a.open.Close()
		switch {
		case errors.Is(err, spool.ErrDisk):
			return nil, Disk(r.What, err)
		case err == nil && (size < 0 || to.Size() == size):
			return head, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case size >= 0 && to.Size() > size:
			return nil, connector.Retry(nil, 0, "%s: %s sent more than it said", r.What, c.Service)
		case err == nil:
			err = io.ErrUnexpectedEOF
		}
		if to.Size() > before {
			stuck = 0
		}
		next := r
		next.Header = headerOf(r)
		next.Header.Set("Range", "bytes="+strconv.FormatInt(to.Size(), 10)+"-")
		next.OK = []int{http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable, http.StatusNotModified}
		if stuck++; stuck > maxResumes || !same(head, &next) {
			return nil, Unreachable(r.What, c.Service+" at "+host(c.Bases[int(c.base.Load())%len(c.Bases)]), err)
		}
		if a, err = c.Do(ctx, next); err != nil {
			return nil, err
		}
		tag := a.Header.Get("ETag") // not every service heeds If-Match
		if a.Status != http.StatusPartialContent || tag != "" && tag != head.Get("ETag") {
			if a.open != nil {
				a.open.Close()
			}
			return nil, errChanged
		}
	}
}

// SameTag asks for the content of the first answer by its ETag: a same of Read. Without a strong one nobody can tell.
func SameTag(first http.Header, next *Request) bool {
	tag := first.Get("ETag")
	next.Header.Set("If-Match", tag)
	return tag != "" && !strings.HasPrefix(tag, "W/")
}

// headerOf is a copy of the header of a request.
func headerOf(r Request) http.Header {
	if r.Header == nil {
		return http.Header{}
	}
	return r.Header.Clone()
}

// Disk makes the error of a temporary file that cannot be written; err is a spool.ErrDisk.
func Disk(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return connector.Retry(err, time.Minute, "%s: no space is left for temporary files on the machine that runs sluice", what)
	}
	return connector.Fail(err, "%s: no temporary file can be written on the machine that runs sluice", what)
}
