package models

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func quiet(string, int64) {}

func TestInstall(t *testing.T) {
	var jar bytes.Buffer
	z := zip.NewWriter(&jar)
	w, err := z.Create("deep/net.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("weights")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/m2/a/net.jar" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(jar.Bytes())
	}))
	defer server.Close()
	t.Setenv(RepositoryVariable, server.URL+"/m2/")
	sum := sha256.Sum256(jar.Bytes())
	good := artifact{path: "a/net.jar", sha256: hex.EncodeToString(sum[:]), member: "deep/net.onnx", name: "net"}
	dir := t.TempDir()
	install := func(a artifact) error {
		return a.install(context.Background(), server.Client(), filepath.Join(dir, a.name), quiet)
	}
	if err := install(good); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "net")); err != nil || string(text) != "weights" {
		t.Errorf("installed %q, %v", text, err)
	}
	for want, a := range map[string]artifact{
		"its hash differs; nothing was installed": {path: good.path, sha256: strings.Repeat("0", 64), member: good.member, name: "wrong"},
		"answered 404":        {path: "a/other.jar", sha256: good.sha256, member: good.member, name: "wrong"},
		"file does not exist": {path: good.path, sha256: good.sha256, member: "other", name: "wrong"},
	} {
		if err := install(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if asked != 4 {
		t.Errorf("asked %d times", asked)
	}
}

func TestFind(t *testing.T) {
	t.Setenv(FolderVariable, t.TempDir())
	m, err := Find("All-MiniLM-L6-v2")
	if err != nil || m.Dimension != 384 {
		t.Fatalf("%+v %v", m, err)
	}
	if _, err := m.Files(); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "sluice models install all-minilm-l6-v2") {
		t.Errorf("not installed: %v", err)
	}
	if _, err := Open(m); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("opened: %v", err)
	}
	if _, err := Find("bert"); err == nil || !strings.Contains(err.Error(), "sentence-transformers/all-minilm-l6-v2") {
		t.Errorf("unknown: %v", err)
	}
}
