package pdfium

import (
	"context"
	"io"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

type instanceKey struct{}

// imports gives PDFium what it asks of its surroundings: blocks of the file, and whether to go on drawing. All else that a viewer would answer (timers, pages
// to turn to, named actions, addresses to open) is answered with nothing.
func imports(ctx context.Context, runtime wazero.Runtime, compiled wazero.CompiledModule) error {
	env := runtime.NewHostModuleBuilder("env")
	for _, f := range compiled.ImportedFunctions() {
		from, name, _ := f.Import()
		if from != "env" {
			continue
		}
		answer := nothing
		switch name {
		case "FPDF_FILEACCESS_CB":
			answer = block
		case "IFSDK_PAUSE_NeedToPauseNow_CB":
			answer = pause
		}
		if len(f.ResultTypes()) == 0 {
			answer = silent
		}
		env.NewFunctionBuilder().WithGoModuleFunction(answer, f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	_, err := env.Instantiate(ctx)
	return err
}

var (
	silent  api.GoModuleFunc = func(context.Context, api.Module, []uint64) {}
	nothing api.GoModuleFunc = func(_ context.Context, _ api.Module, stack []uint64) { stack[0] = 0 }

	// pause tells whether PDFium should stop drawing.
	pause api.GoModuleFunc = func(ctx context.Context, _ api.Module, stack []uint64) {
		in, ok := ctx.Value(instanceKey{}).(*Instance)
		stack[0] = 0
		if ok && in.stop != nil && in.stop() {
			stack[0] = 1
		}
	}

	// block reads a part of the file: user data, position, target, bytes. All bytes or none.
	block api.GoModuleFunc = func(ctx context.Context, m api.Module, stack []uint64) {
		position, target, size := uint32(stack[1]), uint32(stack[2]), uint32(stack[3])
		stack[0] = 0
		in, ok := ctx.Value(instanceKey{}).(*Instance)
		if !ok || in.file == nil {
			return
		}
		b, ok := m.Memory().Read(target, size)
		if !ok {
			return
		}
		if n, err := in.file.ReadAt(b, int64(position)); n == len(b) && (err == nil || err == io.EOF) { //nolint:errorlint // io.ReaderAt returns it bare
			stack[0] = uint64(size)
		}
	}
)
