package image

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"iter"
	"slices"

	"golang.org/x/image/tiff"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// Tags of TIFF 6.0 that are looked at before an image is decoded.
const (
	tagSubfile     = 254
	tagWidth       = 256
	tagHeight      = 257
	tagBits        = 258
	tagCompression = 259
	tagOrientation = 274
	tagSamples     = 277
)

// tiffFrame is one image of a TIFF file.
type tiffFrame struct {
	image       image.Image
	orientation int
}

// tiffFrames decodes the wanted images of a TIFF file in the order of their directories; of the others it gives none. An error of one image is not
// the end: others may follow.
func tiffFrames(ctx context.Context, f document.File, o format.Options, b *budget.Budget) iter.Seq2[tiffFrame, error] {
	return func(yield func(tiffFrame, error) bool) {
		wanted := func(int) bool { return true }
		if len(o.Pages) > 0 || o.MaxPages > 0 {
			n := 0
			for _, err := range directories(ctx, f, b) {
				if err == nil {
					n++
				}
			}
			pages, err := o.Select(n)
			if err != nil {
				yield(tiffFrame{}, err)
				return
			}
			wanted = func(i int) bool { _, ok := slices.BinarySearch(pages, i); return ok }
		}
		found := 0
		for d, err := range directories(ctx, f, b) {
			var m image.Image
			if err == nil && wanted(found) {
				m, err = d.decode(ctx, f, b)
			}
			found++
			if !yield(tiffFrame{m, d.orientation()}, err) || ctx.Err() != nil {
				return
			}
		}
	}
}

// directories gives the directories of the images of a TIFF file in their order. Smaller copies of an image (subfile type 1) are left out. A chain
// that leads back to itself ends where it does. An error ends it.
func directories(ctx context.Context, f document.File, b *budget.Budget) iter.Seq2[directory, error] {
	return func(yield func(directory, error) bool) {
		head := make([]byte, 8)
		if _, err := f.ReadAt(head, 0); err != nil {
			yield(directory{}, damaged(err))
			return
		}
		order, ok := byteOrder(head)
		if !ok {
			yield(directory{}, damaged(errors.New("no TIFF")))
			return
		}
		seen := map[uint32]bool{}
		found := 0
		for at := order.Uint32(head[4:]); at != 0 && !seen[at]; {
			err := ctx.Err()
			if err == nil {
				err = b.Tick(ctx)
			}
			if limit := b.Limits().Pages; err == nil && limit > 0 && int64(len(seen)) > limit {
				err = budget.Errorf(budget.TooLarge, "the file has more than %d pages", limit)
			}
			if err != nil {
				yield(directory{}, err)
				return
			}
			seen[at] = true
			d, err := readDirectory(f, order, at)
			if err != nil {
				if found > 0 { // what follows a page may be cut off; the page is there
					err = &budget.Error{Outcome: budget.Corrupt, Err: err, Message: "The TIFF file is cut off or damaged behind its first pages. Open it in a viewer and save it again."}
				} else {
					err = damaged(err)
				}
				yield(directory{}, err)
				return
			}
			if d.values[tagSubfile]&1 == 0 {
				found++
				d.head, d.at = head, at
				if !yield(d, nil) {
					return
				}
			}
			at = d.next
		}
		if found == 0 {
			yield(directory{}, damaged(errors.New("no image in the TIFF file")))
		}
	}
}

// directory is what is known of an image before it is decoded.
type directory struct {
	values  map[uint16]uint32
	entries map[uint16]entry
	order   binary.ByteOrder
	next    uint32
	head    []byte // of the file
	at      uint32 // where it stands
}

func readDirectory(f io.ReaderAt, order binary.ByteOrder, at uint32) (directory, error) {
	d := directory{values: map[uint16]uint32{}, entries: map[uint16]entry{}, order: order}
	var count [2]byte
	if _, err := f.ReadAt(count[:], int64(at)); err != nil {
		return d, err
	}
	n := int(order.Uint16(count[:]))
	entries := make([]byte, 12*n+4)
	if _, err := f.ReadAt(entries, int64(at)+2); err != nil && !errors.Is(err, io.EOF) {
		return d, err
	}
	for i := range n {
		e := entries[12*i:]
		tag, kind, values := order.Uint16(e), order.Uint16(e[2:]), order.Uint32(e[4:])
		d.entries[tag] = entry{kind, values, [4]byte(e[8:12])}
		switch kind {
		case 3: // short: two stand in the entry, more elsewhere
			if values <= 2 {
				d.values[tag] = uint32(order.Uint16(e[8:]))
			} else {
				var first [2]byte
				if _, err := f.ReadAt(first[:], int64(order.Uint32(e[8:]))); err == nil {
					d.values[tag] = uint32(order.Uint16(first[:]))
				}
			}
		case 4:
			if values == 1 {
				d.values[tag] = order.Uint32(e[8:])
			}
		}
	}
	d.next = order.Uint32(entries[12*n:])
	return d, nil
}

func (d directory) orientation() int {
	if o := int(d.values[tagOrientation]); o >= 1 && o <= 8 {
		return o
	}
	return 1
}

func (d directory) decode(ctx context.Context, f document.File, b *budget.Budget) (image.Image, error) {
	cost := 1.0
	if max(d.values[tagSamples], 1) > 1 {
		cost = 4
	}
	if d.values[tagBits] > 8 {
		cost *= 2
	}
	if err := fits(int(d.values[tagWidth]), int(d.values[tagHeight]), cost, b); err != nil {
		return nil, err
	}
	if d.values[tagCompression] == compressionJPEG {
		return d.decodeJPEG(ctx, f, b)
	}
	first := make([]byte, 8)
	copy(first, d.head)
	d.order.PutUint32(first[4:], d.at)
	in := &overlay{patient: patient{ctx: ctx, budget: b}, under: f, head: first}
	m, err := tiff.Decode(in)
	if err == nil {
		return m, nil
	}
	var unsupported tiff.UnsupportedError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &unsupported):
		return nil, &budget.Error{Outcome: budget.Unsupported, Err: err,
			Message: "The TIFF file is compressed or coloured in a way that is not read. Save it with LZW, Deflate, CCITT or JPEG compression."}
	}
	return nil, damaged(err)
}

// overlay is a file whose first bytes are others: the decoder starts at the directory that they name.
type overlay struct {
	patient
	under io.ReaderAt
	head  []byte
	at    int64
}

func (o *overlay) ReadAt(p []byte, off int64) (int, error) {
	if err := o.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := o.under.ReadAt(p, off)
	for i := off; i < int64(len(o.head)) && i < off+int64(n); i++ {
		if i >= 0 {
			p[i-off] = o.head[i]
		}
	}
	return n, err
}

func (o *overlay) Read(p []byte) (int, error) {
	n, err := o.ReadAt(p, o.at)
	o.at += int64(n)
	return n, err
}
