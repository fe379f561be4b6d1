// Package observe is the seam between the work and what watches it. The engine, the pipeline and the rest say here what
// they begin, what came of it and for which job and file; metrics, traces and the log listen behind Observer, and nothing
// above this package knows of their libraries.
//
// The work in hand travels in the context, so that a line of the log, a span or a count that is made far below names the
// right job and file.
package observe

import (
	"context"
	"sync"
	"time"
)

// Kind is what is done.
type Kind string

const (
	Plan  Kind = "plan"  // a source is listed
	File  Kind = "file"  // one attempt to take a file through its nodes
	Fetch Kind = "fetch" // the bytes of a file are opened
	Node  Kind = "node"  // one node of a file
	Write Kind = "write" // one attempt to write a file to a destination
	// Remove is one attempt to take what left a source out of the destinations.
	Remove Kind = "remove"
)

// Outcomes that are not those of a file's content (partition/budget.Outcome).
const (
	OK          = "ok"
	Failed      = "failed"      // for good, with a reason for the user
	Interrupted = "interrupted" // tried again, handed back, or cancelled
)

// Work is one piece of work. Ids are those of the rows.
type Work struct {
	Kind      Kind
	Job, File string
	Attempt   int
	Target    string // the plan of a Plan, the destination's id of a Write, the node's id of a Node
	Type      string // of a Node, with Subtype
	Subtype   string
}

// End is how a piece of work ended.
type End struct {
	Outcome   string // OK, Interrupted, Failed, or a partition/budget.Outcome
	Connector string // type of the connector that it used, "" for none
	Began     time.Time
	Took      time.Duration
}

// Observer is told of the work. Its methods are quick and safe for concurrent use.
type Observer interface {
	// Begin starts a piece of work inside the one that ctx carries. The context that it returns is that of what follows.
	Begin(ctx context.Context, w Work) (context.Context, func(End))
	// Listed is told of documents that a source of this type has listed.
	Listed(connector string, documents int)
	// Task begins a task of a queue; the function that it returns ends it.
	Task(kind, queue string) func()
}

// Answers are what a node got of a model.
type Answers struct {
	Provider, Model string
	Calls, Cached   int     // answered by the provider, and by the cache
	Input, Output   int     // tokens
	Cost            float64 // US dollars
}

// ModelObserver is an Observer that is told of models too.
type ModelObserver interface{ Asked(Answers) }

// Asked says what the work of ctx got of a model.
func Asked(ctx context.Context, a Answers) {
	if o, ok := of(ctx).(ModelObserver); ok {
		o.Asked(a)
	}
}

type (
	observerKey struct{}
	partKey     struct{}
)

// With gives ctx an observer. nil observes nothing; the work in hand is known all the same.
func With(ctx context.Context, o Observer) context.Context {
	if o == nil {
		return ctx
	}
	return context.WithValue(ctx, observerKey{}, o)
}

func of(ctx context.Context) Observer {
	o, _ := ctx.Value(observerKey{}).(Observer)
	return o
}

// Part is a piece of work that has begun.
type Part struct {
	work  Work
	began time.Time
	end   func(End)

	mu        sync.Mutex
	outcome   string
	connector string
	over      bool
}

// Begin starts a piece of work. What w leaves empty of Job, File and Attempt is that of the work around it.
func Begin(ctx context.Context, w Work) (context.Context, *Part) {
	if around, ok := Current(ctx); ok {
		if w.Job == "" {
			w.Job = around.Job
		}
		if w.File == "" {
			w.File = around.File
		}
		if w.Attempt == 0 {
			w.Attempt = around.Attempt
		}
	}
	p := &Part{work: w, began: time.Now()}
	if o := of(ctx); o != nil {
		ctx, p.end = o.Begin(ctx, w)
	}
	return context.WithValue(ctx, partKey{}, p), p
}

// End ends the work with the outcome that was noted; Interrupted when none was. Only the first call counts.
func (p *Part) End() {
	p.mu.Lock()
	over := p.over
	p.over = true
	e := End{Outcome: p.outcome, Connector: p.connector, Began: p.began, Took: time.Since(p.began)}
	p.mu.Unlock()
	if over || p.end == nil {
		return
	}
	if e.Outcome == "" {
		e.Outcome = Interrupted
	}
	p.end(e)
}

// Note says what came of the innermost work of ctx. The last word counts.
func Note(ctx context.Context, outcome string) {
	if p, ok := ctx.Value(partKey{}).(*Part); ok {
		p.mu.Lock()
		p.outcome = outcome
		p.mu.Unlock()
	}
}

// Connector says which type of connector the innermost work of ctx uses.
func Connector(ctx context.Context, kind string) {
	if p, ok := ctx.Value(partKey{}).(*Part); ok {
		p.mu.Lock()
		p.connector = kind
		p.mu.Unlock()
	}
}

// Listed says that the source which the work of ctx lists gave documents.
func Listed(ctx context.Context, documents int) {
	o := of(ctx)
	p, ok := ctx.Value(partKey{}).(*Part)
	if o == nil || !ok {
		return
	}
	p.mu.Lock()
	kind := p.connector
	p.mu.Unlock()
	o.Listed(kind, documents)
}

// Task gives ctx an observer and tells it of a task of a queue. end ends it.
func Task(ctx context.Context, o Observer, kind, queue string) (_ context.Context, end func()) {
	if o == nil {
		return ctx, func() {}
	}
	return With(ctx, o), o.Task(kind, queue)
}

// Current is the innermost work of ctx.
func Current(ctx context.Context) (Work, bool) {
	p, ok := ctx.Value(partKey{}).(*Part)
	if !ok {
		return Work{}, false
	}
	return p.work, true
}
