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
	slots   chan struct{} // one for each document that may be open at a time
	further chan struct{} // one for each further PDFium of a document
}

var shared engine

// Warm compiles PDFium and keeps the machine code under scratchDir (partition.Options.ScratchDir; "" is the user's cache
// folder), so that later processes with the same folder start in a tenth of a second instead of several seconds. It is
// quick when the folder is warm already.
func Warm(scratchDir string) error {
	var e engine
	instance, _, err := e.instance(context.Background(), scratchDir)
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

// instance returns a fresh PDFium, at most one a processor at a time; it waits for one. The caller closes it after one document and
// then gives its slot back. The first call of a process decides which folder holds the machine code.
func (e *engine) instance(ctx context.Context, scratchDir string) (*pdfium.Instance, func(), error) {
	machine, err := e.start(scratchDir)
	if err != nil {
		return nil, nil, err
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	return occupy(machine, e.slots)
}

// another returns a further PDFium for a document that has one, nil when none is free. They are counted apart, so that a long document
// does not keep others from being opened.
func (e *engine) another(scratchDir string) (*pdfium.Instance, func()) {
	machine, err := e.start(scratchDir)
	if err != nil {
		return nil, nil
	}
	select {
	case e.further <- struct{}{}:
	default:
		return nil, nil
	}
	instance, slot, err := occupy(machine, e.further)
	if err != nil {
		return nil, nil
	}
	return instance, slot
}

func occupy(machine *pdfium.Engine, slots chan struct{}) (*pdfium.Instance, func(), error) {
	instance, err := machine.Instance()
	if err != nil {
		<-slots
		return nil, nil, fmt.Errorf("start the PDF engine: %w", err)
	}
	return instance, func() { <-slots }, nil
}

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
	e.machine, e.slots, e.further = machine, make(chan struct{}, runtime.GOMAXPROCS(0)), make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))
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
