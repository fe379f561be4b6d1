// Package pdfium runs PDFium, compiled from WebAssembly to machine code, and calls its C API.
//
// The module is the one that github.com/klippa-app/go-pdfium builds and ships. Its functions are called directly and not
// through that library's Go methods: a page takes some ten thousand calls, and a method takes a lock, an allocation inside
// PDFium's memory and a handle for each, which costs several times what the call itself does.
//
// An Instance is PDFium with a memory of its own, for one goroutine and one document. A trap inside (memory used up, a
// failed assertion) ends the instance and nothing else: its calls answer 0 from then on, and Err says so. A machine that has served a
// document serves the next with a memory that is made again, byte by byte, what it was after the start: that is all that a module keeps.
package pdfium

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	_ "unsafe" // go:linkname

	_ "github.com/klippa-app/go-pdfium/webassembly" // carries the module
)

// module is PDFium. Only go-pdfium's own packages can name it; the linker finds it, or the build fails.
//
//go:linkname module github.com/klippa-app/go-pdfium/internal/pdfium_wasm.Module
var module []byte

// memoryPages caps the memory of one instance, in WebAssembly pages of 64 KiB. With what else a process holds it stays below 500 MB.
const memoryPages = MemoryMiB * 16

// MemoryMiB is the most memory of an instance.
const MemoryMiB = 384

// Engine is PDFium as machine code. It is safe for concurrent use.
type Engine struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule

	mu      sync.Mutex
	image   []byte     // the memory of a machine that has started, up to where all is zero; nil before the first
	size    uint32     // of that memory
	scratch uint32     // machine.scratch in it
	idle    []*machine // with such a memory
}

// Compile makes the machine code, which takes seconds; dir keeps it for the next process, "" does not.
func Compile(dir string) (*Engine, error) {
	ctx := context.Background()
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(memoryPages)
	if dir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(dir)
		if err != nil {
			return nil, err
		}
		config = config.WithCompilationCache(cache)
	}
	e := &Engine{runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	if err := e.compile(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Engine) compile(ctx context.Context) (err error) {
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, e.runtime); err != nil {
		return err
	}
	if e.compiled, err = e.runtime.CompileModule(ctx, module); err != nil {
		return err
	}
	return imports(ctx, e.runtime, e.compiled)
}

// Close frees the machine code and ends all instances.
func (e *Engine) Close() error {
	e.mu.Lock()
	idle := e.idle
	e.idle = nil
	e.mu.Unlock()
	var errs []error
	for _, m := range idle {
		errs = append(errs, m.close())
	}
	return errors.Join(append(errs, e.runtime.Close(context.Background()))...)
}

// Instance starts a fresh PDFium, which takes some milliseconds where none is idle. It sees no file, no clock and no network.
func (e *Engine) Instance() (*Instance, error) {
	in := &Instance{engine: e}
	in.ctx = context.WithValue(context.Background(), instanceKey{}, in)
	if in.machine = e.take(); in.machine != nil {
		return in, nil
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").WithRandSource(rand.Reader)
	m := &machine{}
	ctx, mapping := withMemory(in.ctx)
	m.mapping = mapping
	var err error
	if m.module, err = e.runtime.InstantiateModule(ctx, e.compiled, config); err != nil {
		return nil, errors.Join(err, mapping.release())
	}
	m.memory, in.machine = m.module.Memory(), m
	in.Call(FPDF_InitLibrary)
	m.scratch = uint32(in.Call(Malloc, scratchSize))
	if in.err == nil && m.scratch == 0 {
		in.err = errors.New("no memory")
	}
	if in.err != nil {
		return nil, fmt.Errorf("start PDFium: %w", errors.Join(in.err, in.Close()))
	}
	e.remember(m)
	return in, nil
}

// machine is a module that runs. All that it keeps from call to call is its memory: it has no variables but the stack's end, which a call
// leaves as it was.
type machine struct {
	module    api.Module
	memory    api.Memory
	mapping   *mapped
	functions [count]api.Function
	scratch   uint32 // address of the memory for results
}

func (m *machine) close() error {
	return errors.Join(m.module.Close(context.Background()), m.mapping.release())
}

// remember keeps the memory that every machine starts with.
func (e *Engine) remember(m *machine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.image != nil {
		return
	}
	b, _ := m.memory.Read(0, m.memory.Size())
	end := len(b)
	for end > 0 && b[end-1] == 0 {
		end--
	}
	e.image, e.size, e.scratch = bytes.Clone(b[:end]), m.memory.Size(), m.scratch
}

func (e *Engine) take() *machine {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.idle)
	if n == 0 {
		return nil
	}
	m := e.idle[n-1]
	e.idle = e.idle[:n-1]
	return m
}

// keep makes a machine fresh for another document; false when it is to be closed, since its memory has grown, or enough are idle.
func (e *Engine) keep(m *machine) bool {
	e.mu.Lock()
	image, room := e.image, len(e.idle) < 2*runtime.GOMAXPROCS(0)
	m.scratch = e.scratch
	same := m.memory.Size() == e.size
	e.mu.Unlock()
	if image == nil || !room || !same {
		return false
	}
	b, _ := m.memory.Read(0, m.memory.Size())
	copy(b, image)
	m.mapping.zero(b, len(image))
	m.mapping.cap(memoryPages * 65536)
	e.mu.Lock()
	e.idle = append(e.idle, m)
	e.mu.Unlock()
	return true
}
