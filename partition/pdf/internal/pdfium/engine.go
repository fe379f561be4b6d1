// Package pdfium runs PDFium, compiled from WebAssembly to machine code, and calls its C API.
//
// The module is the one that github.com/klippa-app/go-pdfium builds and ships. Its functions are called directly and not
// through that library's Go methods: a page takes some ten thousand calls, and a method takes a lock, an allocation inside
// PDFium's memory and a handle for each, which costs several times what the call itself does.
//
// An Instance is PDFium with a memory of its own, for one goroutine and one document. A trap inside (memory used up, a
// failed assertion) ends the instance and nothing else: its calls answer 0 from then on, and Err says so.
package pdfium

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

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
func (e *Engine) Close() error { return e.runtime.Close(context.Background()) }

// Instance starts a fresh PDFium, which takes some milliseconds. It sees no file, no clock and no network.
func (e *Engine) Instance() (*Instance, error) {
	in := &Instance{engine: e}
	in.ctx = context.WithValue(context.Background(), instanceKey{}, in)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").WithRandSource(rand.Reader)
	ctx, limit, release := withMemory(in.ctx)
	in.limit, in.release = limit, release
	var err error
	if in.module, err = e.runtime.InstantiateModule(ctx, e.compiled, config); err != nil {
		return nil, errors.Join(err, release())
	}
	in.memory = in.module.Memory()
	in.Call(FPDF_InitLibrary)
	in.scratch = uint32(in.Call(Malloc, scratchSize))
	if in.err == nil && in.scratch == 0 {
		in.err = errors.New("no memory")
	}
	if in.err != nil {
		return nil, fmt.Errorf("start PDFium: %w", errors.Join(in.err, in.Close()))
	}
	return in, nil
}
