package child

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sluicehq/sluice/partition/budget"
)

// A frame is one byte of kind, four bytes of length (big endian) and the payload. A request frame is followed by the
// file's bytes without a frame of their own, unless a descriptor came with it.
const (
	frameSettings = 'S' // parent to child, first: settings
	frameRequest  = 'R' // parent to child: job
	frameGuards   = 'G' // child to parent, first: the guards that this system does not offer
	frameElements = 'E' // child to parent: bytes of the JSON array
	frameEnd      = 'Z' // child to parent: end
)

const (
	headerSize = 5
	pieceSize  = 64 << 10  // bytes of one elements frame
	maxMessage = 64 << 20  // bytes of any other frame, far above what a request or an end needs
	spoolAbove = 16 << 20  // larger files that come as bytes are spooled to disk in the child
	passAbove  = 256 << 10 // larger files that lie on disk go as a descriptor
)

// settings are what a child is told at its start.
type settings struct {
	Memory     int64  // hard limit, bytes of resident memory
	ScratchDir string // the only folder it may write
}

// job is one file.
type job struct {
	Request
	Name       string
	MIMEType   string
	Size       int64
	Descriptor bool // an open descriptor stands for the bytes
}

// end says how a file ended.
type end struct {
	Counts
	Outcome budget.Outcome // "" for elements that are complete
	Message string         // for the user
	Cause   string         // for logs
	Failure string         // not the file's fault: the child could not work
	Retire  bool           // the child ends now: its state cannot be trusted
}

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	var h [headerSize]byte
	h[0] = kind
	binary.BigEndian.PutUint32(h[1:], uint32(len(payload)))
	if _, err := w.Write(h[:]); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

func writeMessage(w io.Writer, kind byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, kind, payload)
}

func readHeader(r io.Reader) (kind byte, size int, err error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, 0, err
	}
	n := binary.BigEndian.Uint32(h[1:])
	if n > maxMessage {
		return 0, 0, fmt.Errorf("a frame of %d bytes is over the limit", n)
	}
	return h[0], int(n), nil
}

func readMessage(r io.Reader, size int, v any) error {
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return err
	}
	if err := json.Unmarshal(payload, v); err != nil {
		return fmt.Errorf("a message between parent and parse child is not readable: %w", err)
	}
	return nil
}

// pieceWriter cuts a stream of bytes into elements frames.
type pieceWriter struct {
	out io.Writer
	buf []byte
}

func (p *pieceWriter) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		if p.buf == nil {
			p.buf = make([]byte, 0, pieceSize)
		}
		n := min(len(b), pieceSize-len(p.buf))
		p.buf = append(p.buf, b[:n]...)
		b = b[n:]
		if len(p.buf) == pieceSize {
			if err := p.flush(); err != nil {
				return total - len(b), err
			}
		}
	}
	return total, nil
}

func (p *pieceWriter) flush() error {
	if len(p.buf) == 0 {
		return nil
	}
	err := writeFrame(p.out, frameElements, p.buf)
	p.buf = p.buf[:0]
	return err
}
