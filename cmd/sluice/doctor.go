package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/sluicehq/sluice/internal/models"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/partition/ocr"
	"github.com/sluicehq/sluice/partition/pdf"
	"golang.org/x/sys/unix"
)

type doctorCmd struct{ database }

// finding is one line of the report.
type finding struct {
	ok    bool
	spare bool // what is off without it is not needed by everybody
	what  string
	mend  string // what is off without it, and the command that mends it
}

// Run prints one line a check; the exit status is 1 if something that the server needs is broken.
func (c *doctorCmd) Run(ctx context.Context, s streams) error {
	findings := []finding{
		{ok: true, what: fmt.Sprintf("sluice %s, %s, %d cores", version, runtime.Version(), runtime.GOMAXPROCS(0))},
		c.folder(),
		c.room(),
		c.pdf(),
		c.ocr(ctx),
	}
	findings = append(findings, c.models(ctx)...)
	if _, err := os.Stat(filepath.Join(c.Data, "sluice.db")); err == nil || c.DatabaseURL != "" {
		findings = append(findings, c.db(ctx))
	}
	broken := false
	for _, f := range findings {
		mark := "ok     "
		if !f.ok {
			mark = "missing"
			broken = broken || !f.spare
		}
		fmt.Fprintf(s.out, "%s  %s\n", mark, f.what)
		if f.mend != "" {
			fmt.Fprintf(s.out, "         %s\n", f.mend)
		}
	}
	if broken {
		return exit(1)
	}
	return nil
}

// folder proves that the data folder can be written.
func (c *doctorCmd) folder() finding {
	f := finding{what: "data folder " + c.Data + " can be written"}
	if err := os.MkdirAll(c.Data, 0o700); err == nil {
		if probe, err := os.CreateTemp(c.Data, ".doctor-*"); err == nil {
			probe.Close()
			os.Remove(probe.Name()) //nolint:errcheck // an empty file
			f.ok = true
			return f
		}
	}
	f.mend = "the server cannot start: choose another folder with --data, or give yourself the right to write there"
	return f
}

// room looks at the free space of the data folder.
func (c *doctorCmd) room() finding {
	const enough = 1 << 30
	var fs unix.Statfs_t
	if err := unix.Statfs(c.Data, &fs); err != nil {
		return finding{ok: true, what: "free space is unknown"}
	}
	free := fs.Bavail * uint64(fs.Bsize)
	f := finding{ok: free >= enough, what: fmt.Sprintf("%.1f GB free for uploads and outputs", float64(free)/(1<<30))}
	if !f.ok {
		f.mend = "jobs wait while the disk is full: make room, or shorten --retain"
	}
	return f
}

// pdf starts the PDF engine and fills its compilation cache, so that the server's first PDF is fast.
func (c *doctorCmd) pdf() finding {
	f := finding{what: "PDF engine starts"}
	if err := pdf.Warm(filepath.Join(c.Data, "cache")); err != nil {
		f.mend = "PDFs cannot be read: " + err.Error()
		return f
	}
	f.ok = true
	return f
}

// ocr asks Tesseract for its languages.
func (c *doctorCmd) ocr(ctx context.Context) finding {
	found, err := ocr.Default.Languages(ctx)
	switch {
	case err != nil:
		return finding{spare: true, what: "Tesseract", mend: "scanned pages and pictures cannot be read, all other files can: " + err.Error()}
	case len(found) == 0:
		return finding{spare: true, what: "languages of Tesseract", mend: "scanned pages and pictures cannot be read, all other files can: apt-get install tesseract-ocr-eng"}
	}
	return finding{ok: true, what: "Tesseract reads " + strings.Join(found, ", ") + " (others: apt-get install tesseract-ocr-deu and the like)"}
}

// models looks for the program that runs installed models, and for those.
func (c *doctorCmd) models(ctx context.Context) []finding {
	path, err := models.FindProgram(ctx)
	runs := finding{ok: err == nil, spare: true, what: "installed models are run by " + path}
	if err != nil {
		runs.what, runs.mend = models.Program, "nodes with an installed model cannot run, all others can: "+err.Error()
	}
	dir, err := models.Folder()
	if err != nil {
		return []finding{runs, {spare: true, what: "folder of models", mend: err.Error()}}
	}
	var names []string
	for _, m := range models.All {
		switch _, err := m.Files(); {
		case err == nil:
			names = append(names, m.Name)
		case !errors.Is(err, models.ErrNotInstalled):
			return []finding{runs, {spare: true, what: "models in " + dir, mend: err.Error()}}
		}
	}
	if names == nil {
		return []finding{runs, {ok: true, what: "no model is installed in " + dir + " (sluice models list says which can be)"}}
	}
	return []finding{runs, {ok: true, what: "installed models in " + dir + ": " + strings.Join(names, ", ")}}
}

// db opens the database and counts its workspaces.
func (c *doctorCmd) db(ctx context.Context) finding {
	db, err := c.open(ctx)
	if err != nil {
		return finding{what: "database", mend: err.Error()}
	}
	defer db.Close()
	f := finding{what: "database"}
	err = db.View(ctx, func(r store.Reader) error {
		all, err := r.Workspaces(ctx)
		f.what = fmt.Sprintf("database opens, %d workspaces", len(all))
		return err
	})
	if err != nil {
		f.mend = err.Error()
		return f
	}
	f.ok = true
	return f
}
