package pdfium

import (
	"encoding/binary"
	"math"
)

// PDFium answers for one property of one character or object at a time, and a call costs more than most answers. This file reads the same
// properties where PDFium keeps them. The places are those of the module that go.mod names: fields of CPDF_TextPage, CPDF_PageObjectHolder
// and CPDF_PageObject, 32 bits each. None of it is trusted: what is read is compared with the answers of calls, for a few characters and
// objects of each page, and where they differ the calls are used from then on.

// checkEvery is how many characters or objects one is compared for.
const checkEvery = 512

// Offsets in bytes.
const (
	charsAt   = 16 // of the array of characters in a text page: its start, its end
	charBytes = 80 // of a character

	charKind    = 0 // one byte, charUnmapped for a character that the file does not name
	charUnicode = 4
	charOrigin  = 12 // x, y
	charLoose   = 36 // left, bottom, right, top
	charMatrix  = 52
	charObject  = 76

	charUnmapped = 2

	listAt      = 92 // of the list of objects in a page: the start of its table of blocks; then at 12 its first place, at 16 its length
	listBlock   = 1024
	objectColor = 12 // the colours of an object
	objectText  = 16 // its text state
	objectState = 20 // its general state

	textFont, textSize, textMode = 8, 16, 28
	colorFill, colorStroke       = 8, 12
	alphaStroke, alphaFill       = 44, 48
)

// word reads 32 bits.
func (in *Instance) word(address Handle) uint32 {
	v, _ := in.memory.ReadUint32Le(address)
	return v
}

// Char is a character of a text page. Lengths are of user space.
type Char struct {
	Unicode                  rune    // or a half of a character, in UTF-16
	Unmapped                 bool    // the file does not say what character it is
	Object                   Handle  // the text object that draws it; 0 for a character that PDFium made up
	X, Y                     float64 // where it stands on its baseline
	Left, Top, Right, Bottom float64 // its advance by the height of its font, with its ink
}

// Chars are the characters of a text page. They are valid until the page is closed.
type Chars struct {
	in    *Instance
	page  uint64
	bytes []byte // nil where they are asked for by calls
}

// Chars gives the characters of a text page, which are count.
func (in *Instance) Chars(page Handle, count int) *Chars {
	c := &Chars{in: in, page: uint64(page)}
	if in.strange || count <= 0 || in.err != nil {
		return c
	}
	start, end := in.word(page+charsAt), in.word(page+charsAt+4)
	if int64(end)-int64(start) == charBytes*int64(count) {
		c.bytes = in.Bytes(start, charBytes*count)
	}
	for i := 0; i < count && c.bytes != nil; i += checkEvery {
		if !c.checked(i) || !c.checked(count-1-i/2) {
			c.bytes = nil
		}
	}
	in.strange = c.bytes == nil
	return c
}

// checked tells whether calls say the same of character i.
func (c *Chars) checked(i int) bool {
	a, b := c.At(i), c.ask(i)
	if a.Unicode != b.Unicode || a.Unmapped != b.Unmapped || a.Object != b.Object {
		return false
	}
	for _, pair := range [...][2]float64{{a.X, b.X}, {a.Y, b.Y}, {a.Left, b.Left}, {a.Top, b.Top}, {a.Right, b.Right}, {a.Bottom, b.Bottom}} {
		if pair[0] != pair[1] && pair[0] == pair[0] { //nolint:gocritic // no number is unlike itself
			return false
		}
	}
	asked := c.askMatrix(i)
	for k, v := range c.Matrix(i) {
		if v != asked[k] && v == v { //nolint:gocritic // no number is unlike itself
			return false
		}
	}
	return true
}

// At returns character i.
func (c *Chars) At(i int) Char {
	if c.bytes == nil {
		return c.ask(i)
	}
	b := c.bytes[charBytes*i : charBytes*(i+1)]
	_ = b[charBytes-1]
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	float := func(at int) float64 { return float64(math.Float32frombits(word(at))) }
	return Char{
		Unicode: rune(word(charUnicode)), Unmapped: b[charKind] == charUnmapped, Object: word(charObject), //nolint:gosec // a character
		X: float(charOrigin), Y: float(charOrigin + 4),
		Left: float(charLoose), Bottom: float(charLoose + 4), Right: float(charLoose + 8), Top: float(charLoose + 12),
	}
}

// ask is At by calls.
func (c *Chars) ask(i int) (out Char) {
	in, n := c.in, uint64(i)                                   //nolint:gosec // an index
	out.Unicode = rune(in.Int(FPDFText_GetUnicode, c.page, n)) //nolint:gosec // a character
	out.Unmapped = in.Int(FPDFText_HasUnicodeMapError, c.page, n) == 1
	out.Object = in.Handle(FPDFText_GetTextObject, c.page, n)
	if in.True(FPDFText_GetCharOrigin, c.page, n, in.Out(0), in.Out(1)) {
		out.X, out.Y = in.OutDouble(0), in.OutDouble(1)
	}
	if in.True(FPDFText_GetLooseCharBox, c.page, n, in.Out(0)) {
		out.Left, out.Top, out.Right, out.Bottom = in.OutFloat4(0)
	}
	return out
}

// Matrix maps the space of the text of character i to user space.
func (c *Chars) Matrix(i int) (m [6]float32) {
	if c.bytes == nil {
		return c.askMatrix(i)
	}
	for k := range m {
		m[k] = math.Float32frombits(binary.LittleEndian.Uint32(c.bytes[charBytes*i+charMatrix+4*k:]))
	}
	return m
}

func (c *Chars) askMatrix(i int) (m [6]float32) {
	if c.in.True(FPDFText_GetMatrix, c.page, uint64(i), c.in.Out(0)) {
		c.in.OutFloats(m[:])
	}
	return m
}

// Objects gives the objects of a page, in the order of drawing, at most limit of them.
func (in *Instance) Objects(page Handle, limit int) []Handle {
	count := min(in.Int(FPDFPage_CountObjects, uint64(page)), limit)
	if count <= 0 {
		return nil
	}
	called := func(i int) Handle { return in.Handle(FPDFPage_GetObject, uint64(page), uint64(i)) }
	out := make([]Handle, count)
	if !in.strange {
		blocks, first, length := in.word(page+listAt), int(in.word(page+listAt+12)), int(in.word(page+listAt+16))
		in.strange = length < count || first < 0 || first >= listBlock
		for i := 0; i < count && !in.strange; i++ {
			at := first + i
			out[i] = in.word(in.word(blocks+4*Handle(at/listBlock)) + 4*Handle(at%listBlock)) //nolint:gosec // an address
			if i%checkEvery == 0 || i == count-1 {
				in.strange = out[i] != called(i)
			}
		}
		if !in.strange {
			return out
		}
	}
	for i := range out {
		out[i] = called(i)
	}
	return out
}

// Kind is the kind of a page object (fpdf_edit.h). Objects of one kind are told by the table of their functions.
func (in *Instance) Kind(object Handle) int {
	table := in.word(object)
	for _, k := range in.kinds {
		if k.table == table && table != 0 {
			return k.kind
		}
	}
	k := kind{table, in.Int(FPDFPageObj_GetType, uint64(object))}
	if len(in.kinds) < 16 {
		in.kinds = append(in.kinds, k)
	}
	return k.kind
}

type kind struct {
	table uint32
	kind  int
}

// Style is how a text object is drawn.
type Style struct {
	Font  Handle   // 0 for none
	Size  float64  // of the font, in the space of the text
	Mode  int      // of rendering (ISO 32000-1, table 106)
	Color [3]uint8 // of its fill, or of its stroke where it is stroked alone
	Alpha int      // of that colour, 0 to 255
}

// Style returns how a text object is drawn.
func (in *Instance) Style(object Handle) Style {
	if in.strange {
		return in.askStyle(object)
	}
	text := in.word(object + objectText)
	colors, state := in.word(object+objectColor), in.word(object+objectState)
	if text == 0 || colors == 0 || state == 0 {
		return in.askStyle(object)
	}
	s := Style{
		Font: in.word(text + textFont),
		Size: float64(math.Float32frombits(in.word(text + textSize))),
		Mode: int(int32(in.word(text + textMode))), //nolint:gosec // the C type
	}
	color, alpha := colorFill, alphaFill
	if s.Mode&3 == strokeMode {
		color, alpha = colorStroke, alphaStroke
	}
	rgb := in.word(colors + Handle(color)) //nolint:gosec // a small number
	if s.Font == 0 || rgb == noColor {
		return in.askStyle(object)
	}
	switch math.Float32frombits(in.word(state + Handle(alpha))) { //nolint:gosec // a small number
	case 1:
		s.Alpha = 255
	case 0:
	default:
		return in.askStyle(object)
	}
	s.Color = [3]uint8{uint8(rgb), uint8(rgb >> 8), uint8(rgb >> 16)} //nolint:gosec // the bytes of a colour
	if in.styles++; in.styles%checkEvery == 1 && s != in.askStyle(object) {
		in.strange = true
		return in.askStyle(object)
	}
	return s
}

const (
	strokeMode = 1
	noColor    = 0xFFFFFFFF
)

// askStyle is Style by calls.
func (in *Instance) askStyle(object Handle) Style {
	o := uint64(object)
	s := Style{Font: in.Handle(FPDFTextObj_GetFont, o), Mode: in.Int(FPDFTextObj_GetTextRenderMode, o), Size: 1, Alpha: 255}
	if s.Font != 0 && in.True(FPDFTextObj_GetFontSize, o, in.Out(0)) {
		s.Size = in.OutFloat(0)
	}
	paint := FPDFPageObj_GetFillColor
	if s.Mode&3 == strokeMode {
		paint = FPDFPageObj_GetStrokeColor
	}
	if in.True(paint, o, in.Out(0), in.Out(1), in.Out(2), in.Out(3)) {
		for i := range s.Color {
			s.Color[i] = uint8(in.OutInt(i)) //nolint:gosec // 0 to 255
		}
		s.Alpha = in.OutInt(3)
	}
	return s
}

// FormObjects gives the objects of a form XObject, in the order of drawing, at most limit of them.
func (in *Instance) FormObjects(form Handle, limit int) []Handle {
	out := make([]Handle, max(0, min(in.Int(FPDFFormObj_CountObjects, uint64(form)), limit)))
	for i := range out {
		out[i] = in.Handle(FPDFFormObj_GetObject, uint64(form), uint64(i))
	}
	return out
}
