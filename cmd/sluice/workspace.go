package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/sluicehq/sluice/internal/store"
)

type workspaceCmd struct {
	Create workspaceCreateCmd `cmd:"" help:"Create a workspace."`
	List   workspaceListCmd   `cmd:"" help:"List the workspaces."`
	Delete workspaceDeleteCmd `cmd:"" help:"Delete a workspace with its keys, workflows and jobs."`
}

type workspaceCreateCmd struct {
	database
	Name string `arg:"" help:"Name of the workspace."`
}

// Run creates the workspace.
func (c *workspaceCreateCmd) Run(ctx context.Context, s streams) error {
	db, err := c.create(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.InTx(ctx, func(tx store.Tx) error {
		_, err := tx.WorkspaceByName(ctx, c.Name)
		if err == nil {
			return fmt.Errorf("there is a workspace named %q already", c.Name)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return tx.CreateWorkspace(ctx, store.Workspace{ID: uuid.NewString(), Name: c.Name, CreatedAt: time.Now().UTC()})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "workspace %q is ready; give it a key: sluice key create --workspace %s NAME\n", c.Name, c.Name)
	return err
}

type workspaceListCmd struct{ database }

// Run prints one line a workspace.
func (c *workspaceListCmd) Run(ctx context.Context, s streams) error {
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var all []store.Workspace
	err = db.View(ctx, func(r store.Reader) (err error) {
		all, err = r.Workspaces(ctx)
		return err
	})
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tID\tCREATED")
	for _, w := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\n", w.Name, w.ID, w.CreatedAt.Format(time.RFC3339))
	}
	return t.Flush()
}

type workspaceDeleteCmd struct {
	database
	Name string `arg:"" help:"Name of the workspace."`
	Yes  bool   `help:"Really delete it: nothing of it can be brought back."`
}

// Run deletes the workspace once --yes was given.
func (c *workspaceDeleteCmd) Run(ctx context.Context, s streams) error {
	if !c.Yes {
		return fmt.Errorf("this removes every key, connector, workflow and job of workspace %q; say --yes to do it", c.Name)
	}
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.InTx(ctx, func(tx store.Tx) error {
		w, err := findWorkspace(ctx, tx, c.Name)
		if err != nil {
			return err
		}
		return tx.DeleteWorkspace(ctx, w.ID)
	})
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("workspace %q has jobs that have not ended; cancel them first", c.Name)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "workspace %q is deleted\n", c.Name)
	return err
}
