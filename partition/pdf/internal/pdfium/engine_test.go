package pdfium

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestMachinesAreFresh holds that a machine which has read a document serves the next with the memory that it started with, and that one
// which has failed, or whose memory has grown, does not.
func TestMachinesAreFresh(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "test", "layout", "testdata", "form-02.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := Compile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	start := func() *Instance {
		in, err := engine.Instance()
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	read := func(in *Instance) int {
		document := in.Open(bytes.NewReader(content), int64(len(content)), "")
		page := in.Call(FPDF_LoadPage, uint64(document), 0)
		return in.Int(FPDFText_CountChars, in.Call(FPDFText_LoadPage, page))
	}
	memory := func(in *Instance) []byte {
		b, _ := in.memory.Read(0, in.memory.Size())
		return b
	}
	end := func(in *Instance) {
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		if in.Err() == nil || in.Call(Malloc, 1) != 0 {
			t.Error("a closed instance answers")
		}
	}

	first := start()
	fresh := bytes.Clone(memory(first))
	served := first.machine
	chars := read(first)
	if chars == 0 || bytes.Equal(memory(first), fresh) {
		t.Fatalf("%d characters; the document has left no trace", chars)
	}
	end(first)
	again := start()
	if again.machine != served {
		t.Fatal("a machine that is whole was thrown away")
	}
	if !bytes.Equal(memory(again), fresh) {
		t.Fatal("a machine has kept something of a document")
	}
	if n := read(again); n != chars {
		t.Errorf("the next document has %d characters, not %d", n, chars)
	}

	other := start()
	if other.machine == again.machine {
		t.Fatal("two documents have one machine")
	}
	failed := other.machine
	other.Call(FPDFText_GetUnicode, 0xFFFFFFF0, 1) // no address
	if other.Err() == nil {
		t.Fatal("no address, no failure")
	}
	end(other)
	if other = start(); other.machine == failed {
		t.Error("a machine that has failed serves again")
	}
	grown := other.machine
	other.Call(Free, other.Call(Malloc, 64<<20))
	if int(other.memory.Size()) == len(fresh) {
		t.Fatal("64 MiB, and no growth")
	}
	end(other)
	if other = start(); other.machine == grown {
		t.Error("a machine that has grown serves again")
	}
	end(other)
	end(again)
}
