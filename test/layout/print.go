package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// printer turns documents into PDF files with the programs that people use for it. What is printed is kept by the hash of what it
// was made from, so that a document is printed once.
type printer struct {
	dir string // keeps sources and PDFs
}

// source is a document as a file that a program can print.
func source(d *truth) ([]byte, error) {
	switch d.Format {
	case "docx":
		return writeDOCX(d)
	case "xlsx":
		return writeXLSX(d)
	default:
		return writeHTML(d), nil
	}
}

// printing is a document with its PDF file.
type printing struct {
	d   *truth
	pdf string
}

// print makes the PDF files of documents that are not there yet. The truth is written beside each, as Markdown.
func (p printer) print(ctx context.Context, documents []*truth) ([]printing, error) {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return nil, err
	}
	var out []printing
	var office []string
	type page struct {
		html, pdf string
		tagged    bool
	}
	var pages []page
	for _, d := range documents {
		content, err := source(d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name, err)
		}
		sum := sha256.Sum256(fmt.Appendf(content, "tagged %v", d.Tagged))
		base := filepath.Join(p.dir, d.Name+"-"+hex.EncodeToString(sum[:4]))
		pdf := base + ".pdf"
		out = append(out, printing{d, pdf})
		if _, err := os.Stat(pdf); err == nil {
			continue
		}
		file := base + "." + d.Format
		if err := errors.Join(os.WriteFile(file, content, 0o644), os.WriteFile(base+".md", []byte(d.markdown()), 0o644)); err != nil {
			return nil, err
		}
		if d.Format == "html" {
			absolute, err := filepath.Abs(file)
			if err != nil {
				return nil, err
			}
			pages = append(pages, page{absolute, pdf, d.Tagged})
		} else {
			office = append(office, file)
		}
	}
	if len(office) > 0 {
		fmt.Fprintf(os.Stderr, "LibreOffice prints %d documents\n", len(office))
		for len(office) > 0 {
			n := min(len(office), 20)
			if err := printOffice(ctx, p.dir, office[:n]); err != nil {
				return nil, err
			}
			office = office[n:]
		}
	}
	if len(pages) == 0 {
		return out, nil
	}
	fmt.Fprintf(os.Stderr, "Chromium prints %d documents\n", len(pages))
	browser, err := startChromium(ctx)
	if err != nil {
		return nil, err
	}
	defer browser.stop()
	for _, f := range pages {
		if err := browser.print(f.html, f.pdf, f.tagged); err != nil {
			return nil, fmt.Errorf("%s: %w", f.html, err)
		}
	}
	return out, nil
}

// printTime is how long one program run may take.
const printTime = 4 * time.Minute

func printOffice(ctx context.Context, dir string, files []string) error {
	ctx, cancel := context.WithTimeout(ctx, printTime)
	defer cancel()
	profile, err := os.MkdirTemp("", "sluice-office-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	args := append([]string{"-env:UserInstallation=file://" + profile, "--headless", "--convert-to", "pdf", "--outdir", dir}, files...)
	if err := runProgram(ctx, "soffice", args...); err != nil {
		return err
	}
	for _, f := range files {
		if _, err := os.Stat(strings.TrimSuffix(f, filepath.Ext(f)) + ".pdf"); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("LibreOffice did not print %s", f)
		}
	}
	return nil
}

func runProgram(ctx context.Context, name string, args ...string) error {
	var said bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("%s is not installed; run scripts/layout-tools", name)
		}
		return fmt.Errorf("%s: %w\n%s", name, err, said.String())
	}
	return nil
}
