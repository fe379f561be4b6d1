// Package modelstest gives tests and benchmarks an installed model.
package modelstest

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/models"
)

// MiniLM installs all-minilm-l6-v2 into the project's .cache, once, builds the program that runs it, and lets this process find
// both. It cannot be used by parallel tests. Short test runs are skipped, since it fetches 100 MB, and so are those without a network.
func MiniLM(tb testing.TB) models.Model {
	tb.Helper()
	if testing.Short() {
		tb.Skip("it fetches a model of 100 MB; run it without -short")
	}
	root := root(tb)
	dir := filepath.Join(root, ".cache", "models")
	tb.Setenv(models.FolderVariable, dir)
	m, err := models.Find("all-minilm-l6-v2")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	err = models.Install(ctx, http.DefaultClient, m, func(string, int64) {})
	if errors.Is(err, models.ErrNotFetched) {
		tb.Skipf("needs a model, which cannot be fetched here: %v", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	bin := tb.TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(bin, models.Program), "./cmd/sluice-models")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("cannot build %s: %v\n%s", models.Program, err, out)
	}
	tb.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return m
}

// root is the project's folder.
func root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("there is no go.mod above")
		}
		dir = parent
	}
}
