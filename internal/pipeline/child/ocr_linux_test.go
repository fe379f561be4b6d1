package child

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
)

// scribble is a picture with marks that could be letters.
func scribble(t *testing.T) document.File {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 400, 200))
	for y := range 200 {
		for x := range 400 {
			shade := uint8(255)
			if x%20 < 10 && y%40 < 20 {
				shade = 0
			}
			m.SetGray(x, y, color.Gray{Y: shade})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return document.NewFile("a.png", "image/png", int64(b.Len()), bytes.NewReader(b.Bytes()))
}

// A child that is killed takes the OCR process along that it waits for.
func TestKilledChildEndsOCR(t *testing.T) {
	scratch := t.TempDir()
	note := filepath.Join(scratch, "pid")
	script := "#!/bin/sh\nif [ \"$1\" = --list-langs ]; then printf 'List:\\neng\\n'; exit; fi\necho $$ >" + note + ".new; mv " + note + ".new " + note + "\nexec sleep 600\n"
	if err := os.WriteFile(filepath.Join(scratch, "tesseract"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", scratch+":"+os.Getenv("PATH"))
	p := newTestPool(t, Config{Size: 1, ScratchDir: scratch})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := p.Parse(ctx, scribble(t), Request{})
	defer s.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(s)
		ended <- err
	}()
	var pid int
	until(t, "the OCR process starts", func() bool {
		b, err := os.ReadFile(note)
		_, scanned := fmt.Sscan(string(b), &pid)
		return err == nil && scanned == nil
	})
	cancel()
	if err := <-ended; err == nil {
		t.Error("a cancelled file has no error")
	}
	until(t, "the OCR process is gone", func() bool {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, state, _ := strings.Cut(string(b), ") ")
		return err != nil || strings.HasPrefix(state, "Z")
	})
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// The guards of a child leave Tesseract what it needs.
func TestChildRunsTesseract(t *testing.T) {
	t.Parallel()
	p := newTestPool(t, Config{Size: 1})
	s := p.Parse(t.Context(), scribble(t), Request{})
	defer s.Close()
	if b, err := io.ReadAll(s); err != nil {
		t.Errorf("%v\n%s", err, b)
	}
}
