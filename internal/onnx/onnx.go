// Package onnx runs neural networks by the library of ONNX Runtime, which is loaded when a program asks for it. It needs no
// C compiler, but a program that imports it is bound to the C library of its system: that is why only cmd/sluice-models does.
//
// The functions of the runtime stand in one table, to which its versions only add; their places are those of its public
// header (struct OrtApi of onnxruntime_c_api.h).
package onnx

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// apiVersion is the version of the table that is asked for; libraries of later versions give it too.
const apiVersion = 18

// Places of functions in the table.
const (
	getErrorMessage          = 2
	createEnv                = 3
	disableTelemetry         = 6
	createSession            = 7
	run                      = 9
	createSessionOptions     = 10
	setOptimization          = 23
	setThreads               = 24
	createTensor             = 49
	tensorData               = 51
	dimensionsCount          = 61
	dimensions               = 62
	tensorShape              = 65
	createCPUMemoryInfo      = 69
	releaseEnv               = 92
	releaseStatus            = 93
	releaseMemoryInfo        = 94
	releaseSession           = 95
	releaseValue             = 96
	releaseShape             = 99
	releaseSessionOptions    = 100
	tableSize                = 101
	optimizeAll              = 99
	logWarnings              = 2
	arenaAllocator           = 1
	defaultMemory            = 0
	elementFloat, elementI64 = 1, 7
)

// Runtime is a loaded library.
type Runtime struct {
	table  *[tableSize]uintptr
	env    uintptr
	memory uintptr
}

// Open loads the library from a file.
func Open(library string) (*Runtime, error) {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("the library of ONNX Runtime cannot be loaded: %w", err)
	}
	base, err := purego.Dlsym(handle, "OrtGetApiBase")
	if err != nil {
		return nil, fmt.Errorf("%s is not the library of ONNX Runtime: %w", library, err)
	}
	first, _, _ := purego.SyscallN(base)
	if first == 0 {
		return nil, errors.New("the library of ONNX Runtime has no functions")
	}
	getAPI := *(*uintptr)(pointer(first))
	table, _, _ := purego.SyscallN(getAPI, apiVersion)
	if table == 0 {
		return nil, fmt.Errorf("the library of ONNX Runtime is older than its version 1.%d", apiVersion)
	}
	r := &Runtime{table: (*[tableSize]uintptr)(pointer(table))}
	if err := r.call(createEnv, logWarnings, cString("sluice"), &r.env); err != nil {
		return nil, err
	}
	if err := r.call(disableTelemetry, r.env); err != nil {
		return nil, err
	}
	if err := r.call(createCPUMemoryInfo, arenaAllocator, defaultMemory, &r.memory); err != nil {
		return nil, err
	}
	return r, nil
}

// Close frees what Open made. Sessions must be closed before.
func (r *Runtime) Close() {
	r.free(releaseMemoryInfo, r.memory)
	r.free(releaseEnv, r.env)
}

// pointer is an address that the library gave: memory that is not Go's.
func pointer(at uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&at)) }

// address is the address of a Go value that the caller has pinned.
func address[T any](v *T) uintptr { return uintptr(unsafe.Pointer(v)) }

// cString ends a text with a zero byte and returns its first.
func cString(s string) *byte {
	b := append([]byte(s), 0)
	return &b[0]
}

// call calls a function that returns a status. Arguments are numbers, and pointers, which stay where they are until it returns.
func (r *Runtime) call(function int, args ...any) error {
	var pins runtime.Pinner
	defer pins.Unpin()
	words := make([]uintptr, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case int:
			words[i] = uintptr(v)
		case uintptr:
			words[i] = v
		case *byte:
			pins.Pin(v)
			words[i] = address(v)
		case *uintptr:
			pins.Pin(v)
			words[i] = address(v)
		case *int64:
			pins.Pin(v)
			words[i] = address(v)
		default:
			panic(fmt.Sprintf("onnx: argument of type %T", arg))
		}
	}
	status, _, _ := purego.SyscallN(r.table[function], words...)
	if status == 0 {
		return nil
	}
	message, _, _ := purego.SyscallN(r.table[getErrorMessage], status)
	text := goString(message)
	r.free(releaseStatus, status)
	return fmt.Errorf("ONNX Runtime: %s", text)
}

func (r *Runtime) free(function int, what uintptr) {
	if what != 0 {
		_, _, _ = purego.SyscallN(r.table[function], what)
	}
}

// goString copies a text that ends with a zero byte, of at most 4,096.
func goString(at uintptr) string {
	if at == 0 {
		return "no reason given"
	}
	var out []byte
	for i := uintptr(0); i < 4096; i++ {
		c := *(*byte)(pointer(at + i))
		if c == 0 {
			break
		}
		out = append(out, c)
	}
	return string(out)
}

// Session is one network, ready to run. It is safe for concurrent use.
type Session struct {
	runtime *Runtime
	handle  uintptr
	inputs  []*byte
	output  *byte
}

// Load reads a network from a file. Every run of it works on one thread: who wants more runs more at once. inputs are the names
// of its inputs, all of whole numbers; output is the name of the output, of floats, that Run returns.
func (r *Runtime) Load(file string, inputs []string, output string) (*Session, error) {
	var options uintptr
	if err := r.call(createSessionOptions, &options); err != nil {
		return nil, err
	}
	defer func() { r.free(releaseSessionOptions, options) }()
	if err := errors.Join(r.call(setThreads, options, 1), r.call(setOptimization, options, optimizeAll)); err != nil {
		return nil, err
	}
	s := &Session{runtime: r, output: cString(output)}
	for _, name := range inputs {
		s.inputs = append(s.inputs, cString(name))
	}
	err := r.call(createSession, r.env, cString(file), options, &s.handle)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close frees the network.
func (s *Session) Close() { s.runtime.free(releaseSession, s.handle) }

// Run runs the network once. Each input is a matrix of rows x columns, in the order of the names of Load; the output comes with
// its shape.
func (s *Session) Run(rows, columns int, inputs ...[]int64) (output []float32, shape []int64, err error) {
	if len(inputs) != len(s.inputs) {
		return nil, nil, fmt.Errorf("the network takes %d inputs, not %d", len(s.inputs), len(inputs))
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	r := s.runtime
	dims := []int64{int64(rows), int64(columns)}
	pins.Pin(&dims[0])
	values := make([]uintptr, len(inputs)+1) // the last is the output
	names := make([]uintptr, len(inputs)+1)
	pins.Pin(&values[0])
	pins.Pin(&names[0])
	defer func() {
		for _, v := range values {
			r.free(releaseValue, v)
		}
	}()
	for i, in := range inputs {
		if len(in) != rows*columns || len(in) == 0 {
			return nil, nil, fmt.Errorf("input %d has %d numbers, not %d x %d", i, len(in), rows, columns)
		}
		pins.Pin(&in[0])
		pins.Pin(s.inputs[i])
		names[i] = address(s.inputs[i])
		err := r.call(createTensor, r.memory, &in[0], len(in)*8, &dims[0], len(dims), elementI64, &values[i])
		if err != nil {
			return nil, nil, err
		}
	}
	last := len(inputs)
	pins.Pin(s.output)
	names[last] = address(s.output)
	err = r.call(run, s.handle, 0, &names[0], &values[0], last, &names[last], 1, &values[last])
	if err != nil {
		return nil, nil, err
	}
	return s.read(values[last])
}

// read copies a tensor of floats.
func (s *Session) read(value uintptr) ([]float32, []int64, error) {
	r := s.runtime
	var info, n, data uintptr
	if err := r.call(tensorShape, value, &info); err != nil {
		return nil, nil, err
	}
	defer func() { r.free(releaseShape, info) }()
	if err := r.call(dimensionsCount, info, &n); err != nil {
		return nil, nil, err
	}
	if n == 0 || n > 8 {
		return nil, nil, fmt.Errorf("the output has %d dimensions", n)
	}
	shape := make([]int64, n)
	if err := r.call(dimensions, info, &shape[0], n); err != nil {
		return nil, nil, err
	}
	size := int64(1)
	for _, d := range shape {
		if d < 0 || d > math.MaxInt32 || size > math.MaxInt32 {
			return nil, nil, errors.New("the output is too large")
		}
		size *= d
	}
	if err := r.call(tensorData, value, &data); err != nil {
		return nil, nil, err
	}
	out := make([]float32, size)
	copy(out, unsafe.Slice((*float32)(pointer(data)), size))
	return out, shape, nil
}
