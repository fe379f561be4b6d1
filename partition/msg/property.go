package msg

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/ole"
)

// Properties (MS-OXPROPS).
const (
	propClass         = 0x001a
	propSubject       = 0x0037
	propSubmitted     = 0x0039
	propSentForName   = 0x0042 // who the message is from when another sent it
	propSentForMail   = 0x0065
	propHeaders       = 0x007d
	propRecipientKind = 0x0c15
	propSenderName    = 0x0c1a
	propSenderMail    = 0x0c1f
	propDelivered     = 0x0e06
	propBody          = 0x1000
	propRTF           = 0x1009
	propHTML          = 0x1013
	propMessageID     = 0x1035
	propDisplayName   = 0x3001
	propMail          = 0x3003
	propAttachment    = 0x3701
	propShortName     = 0x3704
	propMethod        = 0x3705
	propLongName      = 0x3707
	propMIME          = 0x370e
	propSMTP          = 0x39fe
	propInternetPage  = 0x3fde
	propCodePage      = 0x3ffd
	propSenderSMTP    = 0x5d01
)

// Types of properties.
const (
	typeLong    = 0x0003
	typeStorage = 0x000d
	typeString8 = 0x001e
	typeString  = 0x001f
	typeTime    = 0x0040
	typeBinary  = 0x0102
)

// properties are those of a message, a recipient or an attachment.
type properties struct {
	storage  *ole.Storage
	fixed    map[uint32][]byte // values of eight bytes, by type and number
	codePage int               // of texts that are not in Unicode
}

// read reads the properties of a storage; skip is how many bytes stand before them.
func read(s *ole.Storage, skip, codePage int) (*properties, error) {
	p := &properties{storage: s, fixed: map[uint32][]byte{}, codePage: codePage}
	b, err := s.Optional("__properties_version1.0")
	if err != nil {
		return nil, err
	}
	for at := skip; at+16 <= len(b); at += 16 {
		p.fixed[binary.LittleEndian.Uint32(b[at:])] = b[at+8 : at+16]
	}
	if page, ok := p.long(propCodePage); ok {
		p.codePage = page
	} else if page, ok := p.long(propInternetPage); ok && codePage == 0 {
		p.codePage = page
	}
	return p, nil
}

func (p *properties) long(id uint32) (int, bool) {
	b, ok := p.fixed[id<<16|typeLong]
	if !ok {
		return 0, false
	}
	return int(int32(binary.LittleEndian.Uint32(b))), true
}

// time is a point in time, false when it is not there or none.
func (p *properties) time(id uint32) (time.Time, bool) {
	b, ok := p.fixed[id<<16|typeTime]
	if !ok {
		return time.Time{}, false
	}
	const toUnix = 11_644_473_600 // seconds from 1601
	ticks := binary.LittleEndian.Uint64(b)
	if ticks == 0 || ticks > 1<<62 {
		return time.Time{}, false
	}
	t := time.Unix(int64(ticks/10_000_000)-toUnix, int64(ticks%10_000_000)*100)
	return t, t.UTC().Year() < 10_000
}

func stream(id, kind uint32) string { return fmt.Sprintf("__substg1.0_%04X%04X", id, kind) }

// text is a text, in Unicode or in the code page.
func (p *properties) text(id uint32) (string, error) {
	b, err := p.storage.Optional(stream(id, typeString))
	if err != nil {
		return "", err
	}
	if b != nil {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		return strings.TrimRight(string(utf16.Decode(units)), "\x00"), nil
	}
	if b, err = p.storage.Optional(stream(id, typeString8)); err != nil || b == nil {
		return "", err
	}
	return strings.TrimRight(charset.FromCodePage(b, p.codePage), "\x00"), nil
}

func (p *properties) binary(id uint32) ([]byte, error) {
	return p.storage.Optional(stream(id, typeBinary))
}

// texts reads several; the first error ends it.
func (p *properties) texts(to map[uint32]*string) error {
	for id, s := range to {
		var err error
		if *s, err = p.text(id); err != nil {
			return err
		}
	}
	return nil
}
