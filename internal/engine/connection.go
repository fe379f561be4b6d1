package engine

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/workflow"
)

// opened is what sources and destinations have in common.
type opened interface {
	Check(ctx context.Context) error
	io.Closer
}

// open makes a connector from its stored config.
// job is the one that it is for, or "".
func (e *Engine) open(ctx context.Context, workspace, job string, side store.Side, id string) (opened, error) {
	var c store.Connector
	env := e.cfg.Env
	err := e.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if c, err = r.Connector(ctx, workspace, side, id); err != nil || job == "" {
			return err
		}
		j, err := r.Job(ctx, workspace, job)
		if errors.Is(err, store.ErrNotFound) {
			return nil // what remains of a deleted job needs no names
		}
		env.Work = workOf(j)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, &permanent{"the " + string(side) + " of this job was deleted"}
	}
	if err != nil {
		return nil, err
	}
	e.kinds.Store(id, c.Type)
	config, err := e.cfg.Secrets.Open(c.ID, c.Config)
	if err != nil {
		return nil, &permanent{err.Error()}
	}
	if side == store.SideSource {
		return connector.OpenSource(c.Type, config, env)
	}
	return connector.OpenDestination(c.Type, config, env)
}

// workOf says what a connector that is opened for a job works for.
func workOf(j store.Job) connector.Work {
	w := connector.Work{Workflow: j.WorkflowID}
	for _, n := range j.Nodes {
		if n.Type == workflow.KindEmbed {
			w.Model, _ = n.Settings["model_name"].(string)
		}
	}
	return w
}

// connections holds the open connectors of running jobs: one a job and connector. The zero value is ready.
type connections struct {
	mu  sync.Mutex
	all map[connectionKey]*connection
}

type connectionKey struct {
	job, id string
	side    store.Side
}

type connection struct {
	ready chan struct{} // closed when it is open or failed
	c     opened
	err   error
	users int
	gone  bool // out of the map; the last user closes it
	idle  time.Time
}

// idleTime is how long an open connector without users is kept.
const idleTime = 5 * time.Minute

func (c *connections) source(ctx context.Context, e *Engine, workspace, job, id string) (connector.Source, func(), error) {
	o, done, err := c.get(ctx, e, workspace, connectionKey{job, id, store.SideSource})
	if err != nil {
		return nil, nil, err
	}
	return o.(connector.Source), done, nil
}

func (c *connections) destination(ctx context.Context, e *Engine, workspace, job, id string) (connector.Destination, func(), error) {
	o, done, err := c.get(ctx, e, workspace, connectionKey{job, id, store.SideDestination})
	if err != nil {
		return nil, nil, err
	}
	return o.(connector.Destination), done, nil
}

// get returns an open connector, opening it for all who wait when it is not. done gives it back.
func (c *connections) get(ctx context.Context, e *Engine, workspace string, key connectionKey) (o opened, done func(), err error) {
	c.mu.Lock()
	if c.all == nil {
		c.all = map[connectionKey]*connection{}
	}
	n, ok := c.all[key]
	if !ok {
		n = &connection{ready: make(chan struct{})}
		c.all[key] = n
	}
	n.users++
	c.mu.Unlock()
	if !ok {
		n.c, n.err = e.open(ctx, workspace, key.job, key.side, key.id)
		close(n.ready)
	}
	done = func() { c.release(key, n) }
	select {
	case <-n.ready:
		e.observeConnector(ctx, key.id)
	case <-ctx.Done():
		done()
		return nil, nil, context.Cause(ctx)
	}
	if n.err != nil { // the next one tries again
		c.mu.Lock()
		c.remove(key, n)
		c.mu.Unlock()
		done()
		return nil, nil, n.err
	}
	return n.c, done, nil
}

// remove takes a connection out of the map. The caller holds the lock.
func (c *connections) remove(key connectionKey, n *connection) {
	n.gone = true
	if c.all[key] == n {
		delete(c.all, key)
	}
}

func (c *connections) release(_ connectionKey, n *connection) {
	c.mu.Lock()
	n.users--
	n.idle = time.Now()
	last := n.users == 0 && n.gone
	c.mu.Unlock()
	if last && n.c != nil {
		_ = n.c.Close()
	}
}

// drop lets go of the connectors of a job that has ended.
func (c *connections) drop(job string) {
	c.closeWhere(func(key connectionKey, _ *connection) bool { return key.job == job })
}

// sweep closes what has not been used for a while.
func (c *connections) sweep(context.Context) error {
	c.closeWhere(func(_ connectionKey, n *connection) bool {
		return n.users == 0 && !n.idle.IsZero() && time.Since(n.idle) > idleTime
	})
	return nil
}

func (c *connections) close() {
	c.closeWhere(func(connectionKey, *connection) bool { return true })
}

func (c *connections) closeWhere(matches func(connectionKey, *connection) bool) {
	var unused []opened
	c.mu.Lock()
	for key, n := range c.all {
		if !matches(key, n) {
			continue
		}
		c.remove(key, n)
		if n.users == 0 && n.c != nil {
			unused = append(unused, n.c)
		}
	}
	c.mu.Unlock()
	for _, o := range unused {
		_ = o.Close()
	}
}
