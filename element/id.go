package element

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strconv"

	"github.com/google/uuid"
)

// AssignIDs replaces the ids by those of hasher. Parent ids that name an element of the list follow it.
func AssignIDs(elements []Element, hasher *Hasher) {
	renamed := make(map[string]string, len(elements))
	for i := range elements {
		e := &elements[i]
		id := hasher.ID(*e)
		if e.ID != "" {
			renamed[e.ID] = id
		}
		e.ID = id
	}
	for i := range elements {
		if id, ok := renamed[elements[i].Metadata.ParentID]; ok {
			elements[i].Metadata.ParentID = id
		}
	}
}

// Hasher makes the ids of a list's elements one by one: the first 32 hex digits of the SHA-256 of file name, text, page
// number and the number of the element among those with the same page number, a missing name or page being the word
// None. This is the reference's recipe.
type Hasher struct {
	filename string
	counts   map[int]int // by page number
	buf      []byte
}

// NewHasher starts a list. filename "" is a missing name.
func NewHasher(filename string) *Hasher {
	if filename == "" {
		filename = "None"
	}
	return &Hasher{filename: filename, counts: map[int]int{}}
}

// ID returns the id of the list's next element.
func (h *Hasher) ID(e Element) string {
	const noPage = -1 << 62
	page, text := noPage, "None"
	if e.Metadata.PageNumber != nil {
		page = *e.Metadata.PageNumber
		text = strconv.Itoa(page)
	}
	h.buf = append(h.buf[:0], h.filename...)
	h.buf = append(h.buf, e.Text...)
	h.buf = append(h.buf, text...)
	h.buf = strconv.AppendInt(h.buf, int64(h.counts[page]), 10)
	h.counts[page]++
	sum := sha256.Sum256(h.buf)
	return hex.EncodeToString(sum[:16])
}

// NewID returns a random UUIDv4, by the generator of the runtime: ids are no secrets, and there are many of them.
func NewID() string {
	var id uuid.UUID
	binary.LittleEndian.PutUint64(id[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(id[8:], rand.Uint64())
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // the variant of RFC 9562
	return id.String()
}
