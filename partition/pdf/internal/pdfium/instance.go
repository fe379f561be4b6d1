package pdfium

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf16"

	"github.com/tetratelabs/wazero/api"
)

// Instance is a running PDFium. It is not safe for concurrent use.
type Instance struct {
	*machine
	ctx     context.Context
	stack   [16]uint64
	file    io.ReaderAt
	stop    func() bool // asked by PDFium while it draws
	err     error
	engine  *Engine
	settled uint32 // bytes of memory when the document was open
	kinds   []kind // of page objects, once they have been asked for
	styles  int    // that were read, see Style
	strange bool   // PDFium keeps its things in other places than view.go knows
}

// Handle is the address of one of PDFium's things; 0 is none.
type Handle = uint32

// scratchSize is how many bytes of results there is room for.
const scratchSize = 4096

// Err returns why the instance has ended, or nil while it lives.
func (in *Instance) Err() error { return in.err }

// Ended tells whether the instance has ended.
func (in *Instance) Ended() bool { return in.err != nil }

// Full tells whether an instance that has ended did so for want of memory, as far as can be known: PDFium traps alike when it is refused
// memory and when it finds itself wrong, and a buffer that doubles is refused long before the last byte is taken.
func (in *Instance) Full() bool { return in.memory.Size() >= memoryPages*65536/4 }

// Settle marks the memory that an open document takes.
func (in *Instance) Settle() { in.settled = in.memory.Size() }

// Grown returns by how many bytes the memory has grown since Settle. It never shrinks.
func (in *Instance) Grown() int { return int(in.memory.Size()) - int(in.settled) }

// Limit bounds the memory of the instance to mib MiB, at most MemoryMiB, from now on. What it has it keeps.
func (in *Instance) Limit(mib int) { in.mapping.cap(uint64(min(max(mib, 0), MemoryMiB)) << 20) }

// Fresh starts another instance of the same engine.
func (in *Instance) Fresh() (*Instance, error) { return in.engine.Instance() }

// Close ends the instance. Nothing may be asked of it, or read from it, any more.
func (in *Instance) Close() error {
	m, whole := in.machine, in.err == nil
	in.machine, in.file, in.err = nil, nil, errClosed
	if whole && in.engine.keep(m) {
		return nil
	}
	return m.close()
}

var errClosed = errors.New("PDFium was closed")

// Call calls a function. Numbers of 32 bits, signed or not, and addresses go in and come out as they are; floats through F32
// and F64. A function without a result answers anything.
func (in *Instance) Call(f Function, parameters ...uint64) uint64 {
	if in.err != nil {
		return 0
	}
	fn := in.functions[f]
	if fn == nil {
		if fn = in.module.ExportedFunction(names[f]); fn == nil {
			in.err = fmt.Errorf("PDFium has no function %s", names[f])
			return 0
		}
		in.functions[f] = fn
	}
	in.stack[0] = 0
	copy(in.stack[:], parameters)
	if err := fn.CallWithStack(in.ctx, in.stack[:]); err != nil {
		in.err = fmt.Errorf("%s: %w", names[f], err)
		return 0
	}
	return in.stack[0]
}

// Handle calls a function that answers with one of PDFium's things.
func (in *Instance) Handle(f Function, parameters ...uint64) Handle {
	return Handle(in.Call(f, parameters...))
}

// Int calls a function that answers with a signed number.
func (in *Instance) Int(f Function, parameters ...uint64) int {
	return int(int32(uint32(in.Call(f, parameters...)))) //nolint:gosec // the C type
}

// True calls a function that answers with a truth value.
func (in *Instance) True(f Function, parameters ...uint64) bool {
	return uint32(in.Call(f, parameters...)) != 0
}

// F32 and F64 encode floats as parameters.
func F32(v float64) uint64 { return api.EncodeF32(float32(v)) }

// Pausing calls a function whose last parameter is an object that PDFium asks now and then whether to stop, and answers its result.
func (in *Instance) Pausing(stop func() bool, f Function, parameters ...uint64) int {
	in.stop = stop
	defer func() { in.stop = nil }()
	pause := in.Call(IFSDK_PAUSE_Create, 0)
	defer in.Call(Free, pause)
	return in.Int(f, append(parameters, pause)...)
}

// Out returns the address of the i-th result, each 8 bytes long, for functions that write what they find.
func (in *Instance) Out(i int) uint64 { return uint64(in.scratch) + 8*uint64(i) }

// OutInt reads the i-th result as a signed number of 32 bits.
func (in *Instance) OutInt(i int) int {
	v, _ := in.memory.ReadUint32Le(in.scratch + 8*uint32(i))
	return int(int32(v)) //nolint:gosec // the C type
}

// OutFloat reads the i-th result as a float of 32 bits.
func (in *Instance) OutFloat(i int) float64 {
	v, _ := in.memory.ReadFloat32Le(in.scratch + 8*uint32(i))
	return float64(v)
}

// OutDouble reads the i-th result as a float of 64 bits.
func (in *Instance) OutDouble(i int) float64 {
	v, _ := in.memory.ReadFloat64Le(in.scratch + 8*uint32(i))
	return v
}

// OutFloats reads floats of 32 bits that stand one behind the other from the first result on.
func (in *Instance) OutFloats(out []float32) {
	b, ok := in.memory.Read(in.scratch, 4*uint32(len(out)))
	if !ok {
		return
	}
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
}

// OutFloat4 reads four floats of 32 bits that stand one behind the other from the i-th result on.
func (in *Instance) OutFloat4(i int) (a, b, c, d float64) {
	v, ok := in.memory.Read(in.scratch+8*uint32(i), 16)
	if !ok {
		return 0, 0, 0, 0
	}
	f := func(at int) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(v[at:]))) }
	return f(0), f(4), f(8), f(12)
}

// Zero sets the i-th result to 0.
func (in *Instance) Zero(i int) { in.memory.WriteUint64Le(in.scratch+8*uint32(i), 0) }

// Bytes returns n bytes at an address. They are PDFium's own: valid until the next call.
func (in *Instance) Bytes(address Handle, n int) []byte {
	if n < 0 {
		return nil
	}
	b, _ := in.memory.Read(address, uint32(n))
	return b
}

// maxString is the longest text that is taken from a file where one name or value is expected, in bytes.
const maxString = 1 << 20

// fill calls a function whose last parameters are a buffer and its length and which answers with the length that it needs.
// lengthLast tells that a pointer to the length follows instead of it being the answer.
func (in *Instance) fill(f Function, parameters ...uint64) []byte {
	n := int(uint32(in.Call(f, append(parameters, 0, 0)...)))
	if n <= 0 || n > maxString {
		return nil
	}
	return in.filled(n, func(buffer uint64) int {
		return int(uint32(in.Call(f, append(parameters, buffer, uint64(n))...)))
	})
}

func (in *Instance) filled(n int, read func(buffer uint64) int) []byte {
	buffer := in.Call(Malloc, uint64(n))
	if buffer == 0 {
		return nil
	}
	got := min(read(buffer), n)
	var out []byte
	if in.err == nil && got > 0 {
		out = append(out, in.Bytes(Handle(buffer), got)...)
	}
	in.Call(Free, buffer)
	return out
}

// Text calls a function that gives UTF-16 text, such as a field's value.
func (in *Instance) Text(f Function, parameters ...uint64) string {
	return fromUTF16(in.fill(f, parameters...))
}

// ASCII calls a function that gives text in bytes, such as a font's name.
func (in *Instance) ASCII(f Function, parameters ...uint64) string {
	b := in.fill(f, parameters...)
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// Name calls a function that gives UTF-16 text and takes buffer, length and the address of the length.
func (in *Instance) Name(f Function, parameters ...uint64) string {
	out := in.Out(0)
	in.Call(f, append(parameters, 0, 0, out)...)
	n := in.OutInt(0)
	if n <= 0 || n > maxString {
		return ""
	}
	return fromUTF16(in.filled(n, func(buffer uint64) int {
		if !in.True(f, append(parameters, buffer, uint64(n), out)...) {
			return 0
		}
		return in.OutInt(0)
	}))
}

// Data calls a function that gives bytes, at most limit of them; false when there are more, or none.
func (in *Instance) Data(limit int, f Function, parameters ...uint64) ([]byte, bool) {
	n := int(uint32(in.Call(f, append(parameters, 0, 0)...)))
	if n <= 0 || n > limit {
		return nil, false
	}
	b := in.filled(n, func(buffer uint64) int {
		return int(uint32(in.Call(f, append(parameters, buffer, uint64(n))...)))
	})
	return b, len(b) == n
}

// CString puts a text into PDFium's memory, closed by a zero; the caller frees it with Free.
func (in *Instance) CString(s string) uint64 {
	address := in.Call(Malloc, uint64(len(s)+1))
	if address != 0 && !in.memory.Write(uint32(address), append([]byte(s), 0)) {
		in.err = errors.New("no memory")
	}
	return address
}

func fromUTF16(b []byte) string {
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		u := binary.LittleEndian.Uint16(b[i:])
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// Open reads a document of size bytes from file, as blocks are asked for. The answer is 0 where it cannot be opened; LastError
// then tells why. file must stay readable until Close.
func (in *Instance) Open(file io.ReaderAt, size int64, password string) Handle {
	in.file = file
	access := in.Call(FPDF_FILEACCESS_Create, uint64(size), uint64(in.scratch))
	var secret uint64
	if password != "" {
		secret = in.CString(password)
		defer in.Call(Free, secret)
	}
	return in.Handle(FPDF_LoadCustomDocument, access, secret)
}

// The answers of LastError.
const (
	ErrUnknown  = 1
	ErrFile     = 2
	ErrFormat   = 3
	ErrPassword = 4
	ErrSecurity = 5
	ErrPage     = 6
)

// LastError tells why a document or page could not be loaded.
func (in *Instance) LastError() int { return in.Int(FPDF_GetLastError) }
