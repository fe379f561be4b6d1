package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/store"
)

// checkTime is how long a connector may take to prove that it works.
const checkTime = time.Minute

// CheckConnector implements API.
func (e *Engine) CheckConnector(ctx context.Context, workspace string, side store.Side, id string) (store.Check, error) {
	c := store.Check{
		ID: uuid.NewString(), Workspace: workspace, Connector: id, Side: side, Status: store.CheckScheduled, CreatedAt: time.Now().UTC(),
	}
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error {
		if _, err := tx.Connector(ctx, workspace, side, id); err != nil {
			return err
		}
		if err := tx.CreateCheck(ctx, c); err != nil {
			return err
		}
		return tx.Enqueue(ctx, store.Task{
			Kind: store.TaskCheck, Queue: store.QueueDemand, Workspace: workspace, File: c.ID, Target: string(side) + ":" + id,
		})
	})
	return c, err
}

// check runs a connection check and stores its verdict.
func (e *Engine) check(ctx context.Context, t store.Task) error {
	side, id, _ := strings.Cut(t.Target, ":")
	verdict := e.probe(ctx, t.Workspace, store.Side(side), id)
	if ctx.Err() != nil {
		return ctx.Err() // the process stops: again after the start
	}
	status, reason := store.CheckSuccess, ""
	if verdict != nil {
		status, reason = store.CheckFailure, verdict.Error()
	}
	err := e.cfg.Store.InTx(ctx, func(tx store.Tx) error {
		return tx.EndCheck(ctx, t.Workspace, t.File, status, reason, time.Now().UTC())
	})
	return e.waitForRoom(err)
}

// probe opens the connector and asks it. Its error is for the user.
func (e *Engine) probe(ctx context.Context, workspace string, side store.Side, id string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			e.cfg.Log.Error("a connector failed in its check", "connector", id, "panic", v, "stack", string(debug.Stack()))
			err = errors.New("the connector failed for a reason of the server; its log says more")
		}
	}()
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	c, err := e.open(limited, workspace, "", side, id)
	if err != nil {
		return e.checkReason(id, err)
	}
	defer c.Close()
	err = c.Check(limited)
	if limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("no answer within %s; check the address, and that this server may reach it", checkTime)
	}
	return e.checkReason(id, err)
}

// checkReason keeps what is written for the user and hides the rest.
func (e *Engine) checkReason(id string, err error) error {
	var known *connector.Error
	if err == nil || errors.As(err, &known) || isConfig(err) {
		return err
	}
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("the connector was deleted")
	}
	var p *permanent
	if errors.As(err, &p) {
		return p
	}
	e.cfg.Log.Warn("a connection check failed", "connector", id, "error", err)
	switch {
	case errors.Is(err, connector.ErrForbidden):
		return errors.New("access refused; check the credentials and their rights")
	case errors.Is(err, connector.ErrNotFound):
		return errors.New("not found; check the names in the config")
	}
	return errors.New("the connection failed; the server's log says more")
}
