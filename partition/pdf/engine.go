package pdf

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// memoryPages caps the memory of one PDFium instance: WebAssembly pages of 64 KiB, 512 MiB in all.
const memoryPages = 8192

// engine is PDFium, compiled from WebAssembly to machine code once a process. The zero value is ready.
type engine struct {
	mu   sync.Mutex
	pool pdfium.Pool
}

var shared engine

// Warm compiles PDFium and keeps the machine code under scratchDir (partition.Options.ScratchDir; "" is the user's cache
// folder), so that later processes with the same folder start in a tenth of a second instead of several seconds. It is
// quick when the folder is warm already.
func Warm(scratchDir string) error {
	var e engine
	instance, err := e.instance(context.Background(), scratchDir)
	if err != nil {
		return err
	}
	return joinClose(instance.Close(), e.pool.Close())
}

// Cached tells whether Warm, or a first PDF, has left machine code under scratchDir.
func Cached(scratchDir string) bool {
	entries, err := os.ReadDir(cacheDir(scratchDir))
	return err == nil && len(entries) > 0
}

func joinClose(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("close the PDF engine: %w", err)
		}
	}
	return nil
}

// instance returns a fresh PDFium, at most one a processor at a time. The caller closes it after one document, which gives its
// memory back. The first call of a process decides which folder holds the machine code.
func (e *engine) instance(ctx context.Context, scratchDir string) (pdfium.Pdfium, error) {
	pool, err := e.start(scratchDir)
	if err != nil {
		return nil, err
	}
	instance, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("start the PDF engine: %w", err)
	}
	return instance, nil
}

func (e *engine) start(scratchDir string) (pdfium.Pool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pool != nil {
		return e.pool, nil
	}
	dir := cacheDir(scratchDir)
	pool, err := newPool(dir)
	if err != nil && dir != "" {
		// Machine code on disk that is damaged or of another build must not keep PDFs from being read.
		if os.RemoveAll(dir) == nil {
			pool, err = newPool(dir)
		}
		if err != nil {
			pool, err = newPool("")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("start the PDF engine: %w", err)
	}
	e.pool = pool
	return pool, nil
}

// cacheDir returns the folder of the machine code, which only the user may write since it is executed; "" when there is none.
func cacheDir(scratchDir string) string {
	if scratchDir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		scratchDir = filepath.Join(base, "sluice")
	}
	dir := filepath.Join(scratchDir, "pdfium")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	return dir
}

func newPool(dir string) (pdfium.Pool, error) {
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
	return webassembly.Init(webassembly.Config{
		Context:       context.Background(),
		MaxTotal:      runtime.GOMAXPROCS(0),
		RuntimeConfig: config,
		FSConfig:      wazero.NewFSConfig(), // without it the sandbox sees the whole disk
		Stdout:        io.Discard,
		Stderr:        io.Discard,
	})
}
