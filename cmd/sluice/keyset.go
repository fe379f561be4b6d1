package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sluicehq/sluice/internal/secret"
	"github.com/sluicehq/sluice/internal/store"
)

type keysetCmd struct {
	Create keysetCreateCmd `cmd:"" help:"Print a new keyset, for SLUICE_KEYSET."`
}

type keysetCreateCmd struct{}

// Help is shown under the flags.
func (keysetCreateCmd) Help() string {
	return `The keyset seals the secrets of sources and destinations in the database. One machine keeps it in the data folder, in
keyset.json. Processes on several machines that share a database need the same one: put what this prints into the
environment variable SLUICE_KEYSET of each. Keep it as you keep a password, and back it up: the secrets open with nothing else.`
}

// Run prints the keyset on one line.
func (keysetCreateCmd) Run(s streams) error {
	text, err := secret.Generate()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\n", text)
	return err
}

// keysetProof is where the installation keeps the proof of its keyset.
const keysetProof = "keyset_proof"

// openSecrets loads the keyset, and makes sure that it is the one of the installation: with another one the connectors'
// secrets would not open, at the first job and not here.
func (d database) openSecrets(ctx context.Context, db store.Store) (*secret.Sealer, error) {
	sealer, err := secret.Load(filepath.Join(d.Data, "keyset.json"))
	if err != nil {
		return nil, err
	}
	proof, err := sealer.Proof()
	if err != nil {
		return nil, err
	}
	err = db.InTx(ctx, func(tx store.Tx) error {
		known, err := tx.Meta(ctx, keysetProof)
		if err != nil {
			return err
		}
		if known == "" {
			return tx.SetMeta(ctx, keysetProof, proof)
		}
		return sealer.Check(known)
	})
	if errors.Is(err, secret.ErrOtherKeyset) {
		return nil, fmt.Errorf("%w. Give each process of the installation the same keyset: in %s, or as %s in %s",
			err, secret.KeysetEnv, "keyset.json", d.Data)
	}
	return sealer, err
}
