package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/sluicehq/sluice/internal/auth"
	"github.com/sluicehq/sluice/internal/store"
)

type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Create a key. It is printed once, alone on the last line."`
	List   keyListCmd   `cmd:"" help:"List the keys of a workspace."`
	Revoke keyRevokeCmd `cmd:"" help:"Revoke a key at once."`
}

// inWorkspace are the flags of commands that work on one workspace.
type inWorkspace struct {
	database
	Workspace string `help:"Name of the workspace." default:"default"`
}

type keyCreateCmd struct {
	inWorkspace
	Role string `help:"admin may do everything, reader may only read." enum:"admin,reader" default:"admin"`
	Name string `arg:"" help:"A name to recognise the key by."`
}

// Run creates a key and prints it on the last line.
func (c *keyCreateCmd) Run(ctx context.Context, s streams) error {
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var key string
	err = db.InTx(ctx, func(tx store.Tx) error {
		w, err := findWorkspace(ctx, tx, c.Workspace)
		if err != nil {
			return err
		}
		keys, err := tx.Keys(ctx, w.ID)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.Name == c.Name && k.RevokedAt.IsZero() {
				return fmt.Errorf("workspace %q has a key named %q; choose another name or revoke it first", w.Name, c.Name)
			}
		}
		key, err = createKey(ctx, tx, w.ID, c.Name, c.Role)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "key %q of workspace %q; it is not shown again:\n", c.Name, c.Workspace)
	_, err = fmt.Fprintln(s.out, key)
	return err
}

// createKey stores a new key and returns its text.
func createKey(ctx context.Context, tx store.Tx, workspace, name, role string) (string, error) {
	key, hash, hint := auth.Generate()
	return key, tx.CreateKey(ctx, store.Key{
		ID: uuid.NewString(), Workspace: workspace, Name: name, Role: role,
		Hash: hash, Hint: hint, CreatedAt: time.Now().UTC(),
	})
}

type keyListCmd struct{ inWorkspace }

// Run prints one line a key.
func (c *keyListCmd) Run(ctx context.Context, s streams) error {
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var keys []store.Key
	err = db.View(ctx, func(r store.Reader) error {
		w, err := findWorkspace(ctx, r, c.Workspace)
		if err != nil {
			return err
		}
		keys, err = r.Keys(ctx, w.ID)
		return err
	})
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tKEY\tROLE\tCREATED\tREVOKED")
	for _, k := range keys {
		revoked := ""
		if !k.RevokedAt.IsZero() {
			revoked = k.RevokedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%s\t%s...\t%s\t%s\t%s\n", k.Name, k.Hint, k.Role, k.CreatedAt.Format(time.RFC3339), revoked)
	}
	return t.Flush()
}

type keyRevokeCmd struct {
	inWorkspace
	Name string `arg:"" help:"Name of the key."`
}

// Run revokes the key.
func (c *keyRevokeCmd) Run(ctx context.Context, s streams) error {
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.InTx(ctx, func(tx store.Tx) error {
		w, err := findWorkspace(ctx, tx, c.Workspace)
		if err != nil {
			return err
		}
		return tx.RevokeKey(ctx, w.ID, c.Name)
	})
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("workspace %q has no key named %q; see sluice key list", c.Workspace, c.Name)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "key %q is revoked\n", c.Name)
	return err
}

func findWorkspace(ctx context.Context, r store.Reader, name string) (store.Workspace, error) {
	w, err := r.WorkspaceByName(ctx, name)
	if !errors.Is(err, store.ErrNotFound) {
		return w, err
	}
	all, err := r.Workspaces(ctx)
	if err != nil {
		return w, err
	}
	if len(all) == 0 {
		return w, fmt.Errorf("there is no workspace named %q, nor any other; make it with sluice workspace create %s", name, name)
	}
	names := make([]string, len(all))
	for i, w := range all {
		names[i] = w.Name
	}
	return w, fmt.Errorf("there is no workspace named %q; there are: %s", name, strings.Join(names, ", "))
}
