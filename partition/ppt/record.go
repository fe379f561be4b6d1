package ppt

import (
	"encoding/binary"

	"github.com/sluicehq/sluice/partition/ole"
)

// Record types (MS-PPT 2.13.24, MS-ODRAW 2.2).
const (
	recDocument       = 0x03e8
	recDocumentAtom   = 0x03e9
	recSlide          = 0x03ee
	recSlideAtom      = 0x03ef
	recNotes          = 0x03f0
	recEnvironment    = 0x03f2
	recSlidePersist   = 0x03f3
	recMainMaster     = 0x03f8
	recDrawing        = 0x040c
	recPlaceholder    = 0x0bc3
	recOutlineRef     = 0x0f9e
	recTextHeader     = 0x0f9f
	recTextChars      = 0x0fa0
	recStyleText      = 0x0fa1
	recMasterStyle    = 0x0fa3
	recTextBytes      = 0x0fa8
	recString         = 0x0fba
	recSlideNumber    = 0x0fd8
	recMargins        = 0x0fd9
	recMarginsAtom    = 0x0fda
	recSlideList      = 0x0ff0
	recUserEdit       = 0x0ff5
	recDateTime       = 0x0ff7
	recGenericDate    = 0x0ff8
	recHeaderText     = 0x0ff9
	recFooterText     = 0x0ffa
	recRTFDate        = 0x1015
	recPersist        = 0x1772
	recCryptSession   = 0x2f14
	drawContainer     = 0xf002
	drawGroup         = 0xf003
	drawShape         = 0xf004
	drawGroupFrame    = 0xf009
	drawFlags         = 0xf00a
	drawProperties    = 0xf00b
	drawTextbox       = 0xf00d
	drawChildAnchor   = 0xf00f
	drawAnchor        = 0xf010
	drawClientData    = 0xf011
	drawMoreProperies = 0xf122
)

// data is read as little-endian numbers; what stands beyond its end is zero.
type data []byte

func (b data) u16(at int) int {
	if at < 0 || at+2 > len(b) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(b[at:]))
}

func (b data) i16(at int) int { return int(int16(b.u16(at))) }

func (b data) u32(at int) int {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return int(binary.LittleEndian.Uint32(b[at:]))
}

func (b data) i32(at int) int { return int(int32(b.u32(at))) }

// record is a piece of a stream; containers hold records.
type record struct {
	kind, instance int
	version        int
	data           data
}

// recordAt reads the record that begins at a byte; false when there is none.
func recordAt(b data, at int) (record, bool) {
	if at < 0 || at+8 > len(b) {
		return record{}, false
	}
	n := b.u32(at + 4)
	if n > len(b)-at-8 {
		return record{}, false
	}
	head := b.u16(at)
	return record{kind: b.u16(at + 2), instance: head >> 4, version: head & 15, data: b[at+8 : at+8+n]}, true
}

// each calls fn for the records of a container.
func (r *reader) each(b data, fn func(record) error) error {
	for at := 0; at < len(b); {
		if err := r.budget.Tick(r.ctx); err != nil {
			return err
		}
		one, ok := recordAt(b, at)
		if !ok {
			if len(b)-at < 8 { // padding
				return nil
			}
			return ole.Damaged()
		}
		if err := fn(one); err != nil {
			return err
		}
		at += 8 + len(one.data)
	}
	return nil
}
