package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"

	"github.com/sluicehq/sluice/internal/models"
)

type modelsCmd struct {
	List    modelsListCmd    `cmd:"" help:"List the models that can be installed, and those that are."`
	Install modelsInstallCmd `cmd:"" help:"Fetch a model and the library that runs it. Nothing else of sluice ever fetches anything."`
	Remove  modelsRemoveCmd  `cmd:"" help:"Remove an installed model."`
}

type modelsListCmd struct{}

// Run prints one line a model.
func (modelsListCmd) Run(s streams) error {
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tNUMBERS\tTOKENS\tLICENCE\tINSTALLED")
	for _, m := range models.All {
		where := "no"
		f, err := m.Files()
		switch {
		case err == nil:
			where = f.Network
		case !errors.Is(err, models.ErrNotInstalled):
			return err
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\n", m.Name, m.Dimension, m.Window, m.License, where)
	}
	return t.Flush()
}

type modelsInstallCmd struct {
	Name string `arg:"" help:"Name of the model: all-minilm-l6-v2."`
}

// Help is shown under the flags.
func (modelsInstallCmd) Help() string {
	return `The packages come from Maven Central, or from the mirror that SLUICE_MODELS_REPOSITORY names, and are checked against the hashes
that this program knows. Models stand in the folder that SLUICE_MODELS names, ~/.local/share/sluice/models without it; the server
needs the same variable. An embedder of provider local then takes the model by its name.`
}

// Run installs the model.
func (c *modelsInstallCmd) Run(ctx context.Context, s streams) error {
	m, err := models.Find(c.Name)
	if err != nil {
		return err
	}
	if err := models.Install(ctx, http.DefaultClient, m, fetching(s.err)); err != nil {
		return err
	}
	f, err := m.Files()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s is installed: %s\n", m.Name, f.Network)
	return err
}

// fetching says what is fetched.
func fetching(out io.Writer) func(name string, size int64) {
	return func(name string, size int64) {
		if size > 0 {
			name = fmt.Sprintf("%s, %d MB", name, (size+1<<19)>>20)
		}
		fmt.Fprintln(out, "fetching", name)
	}
}

type modelsRemoveCmd struct {
	Name string `arg:"" help:"Name of the model."`
}

// Run removes the model; the library stays for others.
func (c *modelsRemoveCmd) Run(s streams) error {
	m, err := models.Find(c.Name)
	if err != nil {
		return err
	}
	f, err := m.Files()
	if err != nil {
		return err
	}
	if err := os.Remove(f.Network); err != nil {
		return bare(err)
	}
	_, err = fmt.Fprintf(s.out, "%s is removed\n", m.Name)
	return err
}
