//go:build !noheif

package heif

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/sluicehq/sluice/partition/budget"
)

//go:embed heif.wasm.gz
var module []byte

// memoryPages caps the memory of the decoder: WebAssembly pages of 64 KiB, 512 MiB in all.
const memoryPages = 8192

var engine struct {
	mu       sync.Mutex
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
}

// start compiles the module once a process. scratchDir, when it is not empty, keeps the machine code for the next.
func start(scratchDir string) error {
	engine.mu.Lock()
	defer engine.mu.Unlock()
	if engine.compiled != nil {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(module))
	if err != nil {
		return err
	}
	code, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(memoryPages).WithCloseOnContextDone(true)
	if scratchDir != "" {
		dir := filepath.Join(scratchDir, "heif")
		if os.MkdirAll(dir, 0o700) == nil {
			if cache, err := wazero.NewCompilationCacheWithDir(dir); err == nil {
				config = config.WithCompilationCache(cache)
			}
		}
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, config)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return err
	}
	compiled, err := r.CompileModule(ctx, code)
	if err != nil {
		return err
	}
	engine.runtime, engine.compiled = r, compiled
	return nil
}

// Decode decodes the primary image of a file, turned as the file says. Its sides are those of the file's own header, so
// Size bounds what is allocated.
func Decode(ctx context.Context, file []byte, scratchDir string) (image.Image, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := start(scratchDir); err != nil {
		return nil, fmt.Errorf("start the HEIC decoder: %w", err)
	}
	cause := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m, err := engine.runtime.InstantiateModule(ctx, engine.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return nil, fmt.Errorf("start the HEIC decoder: %w", err)
	}
	defer m.Close(context.WithoutCancel(ctx))
	d := decoder{ctx: ctx, m: m}
	img, err := d.decode(file)
	switch {
	case err == nil:
		return img, nil
	case cause.Err() != nil:
		return nil, cause.Err()
	case ctx.Err() != nil:
		return nil, budget.Errorf(budget.TimedOut, "The HEIC picture took longer than %s to decode", limit)
	}
	return nil, err
}

// limit is the wall time of one picture. The largest that is decoded takes some seconds.
const limit = time.Minute

// decoder is one instance of the module, for one file.
type decoder struct {
	ctx context.Context
	m   api.Module
}

var errDecode = errors.New("the HEIC decoder could not read the picture")

func (d decoder) alloc(n int) (uint32, error) {
	if n < 0 || n >= memoryPages<<16 {
		return 0, errDecode
	}
	r, err := d.m.ExportedFunction("malloc").Call(d.ctx, uint64(n))
	if err != nil || len(r) == 0 || r[0] == 0 {
		return 0, errors.Join(errDecode, err)
	}
	return uint32(r[0]), nil
}

// The numbers that libheif has for colour spaces and the subsampling of colour (heif.h).
const (
	spaceYCbCr, spaceRGB, spaceGray           = 0, 1, 2
	noChroma, chroma420, chroma422, chroma444 = 0, 1, 2, 3
)

func (d decoder) decode(file []byte) (image.Image, error) {
	in, err := d.alloc(len(file))
	if err != nil {
		return nil, err
	}
	if !d.m.Memory().Write(in, file) {
		return nil, errDecode
	}
	head, err := d.alloc(5 * 4)
	if err != nil {
		return nil, err
	}
	call := func(headOnly uint64, out uint32) error {
		h := uint64(head)
		r, err := d.m.ExportedFunction("decode").Call(d.ctx, uint64(in), uint64(len(file)), headOnly, h, h+4, h+8, h+12, h+16, uint64(out))
		if err != nil || len(r) == 0 || r[0] == 0 {
			return errors.Join(errDecode, err)
		}
		return nil
	}
	if err := call(1, 0); err != nil {
		return nil, err
	}
	var v [5]uint32
	for i := range v {
		v[i], _ = d.m.Memory().ReadUint32Le(head + uint32(4*i))
	}
	width, height := int(v[0]), int(v[1])
	if most := Size(file); width <= 0 || height <= 0 || width > max(most.X, most.Y) || height > max(most.X, most.Y) {
		return nil, errDecode
	}
	rect := image.Rect(0, 0, width, height)
	stride := aligned(width)
	if v[2] == spaceYCbCr && v[3] == noChroma {
		return nil, budget.Errorf(budget.Unsupported, "HEIC pictures without colour are not read. Convert the file to JPEG or PNG.")
	}
	var size int
	chromaStride, chromaHeight, ratio := 0, 0, image.YCbCrSubsampleRatio444
	switch v[2] {
	case spaceYCbCr:
		switch v[3] {
		case chroma420:
			chromaStride, chromaHeight, ratio = aligned((width+1)/2), (height+1)/2, image.YCbCrSubsampleRatio420
		case chroma422:
			chromaStride, chromaHeight, ratio = aligned((width+1)/2), height, image.YCbCrSubsampleRatio422
		case chroma444:
			chromaStride, chromaHeight = stride, height
		default:
			return nil, errDecode
		}
		size = stride*height + 2*chromaStride*chromaHeight
	case spaceGray:
		size = stride * height
	case spaceRGB:
		stride = aligned(4 * width)
		size = stride * height
	default:
		return nil, errDecode
	}
	// The planes are copied with the strides that libheif chose; room behind them keeps a wider one inside.
	out, err := d.alloc(size + size/2 + 1<<16)
	if err != nil {
		return nil, err
	}
	if err := call(0, out); err != nil {
		return nil, err
	}
	view, ok := d.m.Memory().Read(out, uint32(size))
	if !ok {
		return nil, errDecode
	}
	pix := bytes.Clone(view) // the memory goes with the instance
	switch v[2] {
	case spaceYCbCr:
		a, c := stride*height, chromaStride*chromaHeight
		return &image.YCbCr{Y: pix[:a:a], Cb: pix[a : a+c : a+c], Cr: pix[a+c:], SubsampleRatio: ratio,
			YStride: stride, CStride: chromaStride, Rect: rect}, nil
	case spaceGray:
		return &image.Gray{Pix: pix, Stride: stride, Rect: rect}, nil
	}
	if v[4] == 1 {
		return &image.RGBA{Pix: pix, Stride: stride, Rect: rect}, nil
	}
	return &image.NRGBA{Pix: pix, Stride: stride, Rect: rect}, nil
}

func aligned(n int) int { return (n + 15) &^ 15 }
