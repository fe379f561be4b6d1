package sftp

import (
	"encoding/binary"
	"io"
	"sync/atomic"
)

// tap reads what an SFTP server sends and counts the names in its answers. Beyond the limit it reads no more, which ends
// the connection. Of each packet it looks at the first bytes (draft-ietf-secsh-filexfer-02, section 3): length, type,
// and for names (104) request and count.
type tap struct {
	from  io.Reader
	limit int64

	counted atomic.Int64 // names since reset
	over    atomic.Bool

	head []byte // of the packet that is read, up to 13 bytes
	left int64  // bytes of the packet that are not read
}

func (t *tap) reset() { t.counted.Store(0) }

// Read implements io.Reader.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		rest = rest[t.take(rest):]
	}
	if t.counted.Load() > t.limit {
		t.over.Store(true)
		return 0, io.EOF
	}
	return n, err
}

const (
	prefix = 4  // length of a packet, which counts what follows
	named  = 13 // to the end of the count of names
)

// take looks at some bytes, none beyond the end of a packet, and says how many.
func (t *tap) take(p []byte) int {
	if len(t.head) < prefix {
		n := min(prefix-len(t.head), len(p))
		t.head = append(t.head, p[:n]...)
		if len(t.head) == prefix {
			if t.left = int64(binary.BigEndian.Uint32(t.head)); t.left == 0 {
				t.head = t.head[:0]
			}
		}
		return n
	}
	n := int(min(t.left, int64(len(p))))
	if len(t.head) < named {
		n = min(n, named-len(t.head))
		t.head = append(t.head, p[:n]...)
		if len(t.head) == named && t.head[prefix] == 104 {
			t.counted.Add(int64(binary.BigEndian.Uint32(t.head[named-4:])))
		}
	}
	if t.left -= int64(n); t.left == 0 {
		t.head = t.head[:0]
	}
	return n
}
