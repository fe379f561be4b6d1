package pdf

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/sluicehq/sluice/partition/pdf/internal/pdfium"
)

// engine is PDFium, made once a process. The zero value is ready.
type engine struct {
	mu      sync.Mutex
	machine *pdfium.Engine
	slots   chan struct{} // one for each instance that may live at a time
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
	return joinClose(instance.Close(), e.machine.Close())
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

// instance returns a fresh PDFium, at most one a processor at a time; it waits for one. The caller closes it after one document
// and gives its slot back with release. The first call of a process decides which folder holds the machine code.
func (e *engine) instance(ctx context.Context, scratchDir string) (*pdfium.Instance, error) {
	machine, err := e.start(scratchDir)
	if err != nil {
		return nil, err
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return e.occupy(machine)
}

// another returns a further PDFium when one is free at once, else nil.
func (e *engine) another(scratchDir string) *pdfium.Instance {
	machine, err := e.start(scratchDir)
	if err != nil {
		return nil
	}
	select {
	case e.slots <- struct{}{}:
	default:
		return nil
	}
	instance, err := e.occupy(machine)
	if err != nil {
		return nil
	}
	return instance
}

func (e *engine) occupy(machine *pdfium.Engine) (*pdfium.Instance, error) {
	instance, err := machine.Instance()
	if err != nil {
		e.release()
		return nil, fmt.Errorf("start the PDF engine: %w", err)
	}
	return instance, nil
}

func (e *engine) release() { <-e.slots }

func (e *engine) start(scratchDir string) (*pdfium.Engine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.machine != nil {
		return e.machine, nil
	}
	dir := cacheDir(scratchDir)
	machine, err := pdfium.Compile(dir)
	if err != nil && dir != "" {
		// Machine code on disk that is damaged or of another build must not keep PDFs from being read.
		if os.RemoveAll(dir) == nil {
			machine, err = pdfium.Compile(dir)
		}
		if err != nil {
			machine, err = pdfium.Compile("")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("start the PDF engine: %w", err)
	}
	e.machine, e.slots = machine, make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))
	return machine, nil
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
