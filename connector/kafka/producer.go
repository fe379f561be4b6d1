package kafka

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
)

const (
	transactionPrefix = "sluice-" // of transactional ids; an account needs the right to Write on it
	// A transaction that is not finished in this time is ended by the cluster. So long the messages that a killed process left
	// unfinished hide later ones of the partition from readers of committed messages. When a document takes longer, its next
	// try gets the longer time, which is what clusters allow at most if nobody changed it.
	transactionTime     = time.Minute
	longTransactionTime = 15 * time.Minute

	stallTimeout = 45 * time.Second // a write ends without an answer for so long: long enough for a broker to start again
	abortTimeout = 3 * time.Second
	minBuffer    = 8 << 20 // bytes of messages that wait for the brokers, a write
)

// producer writes one document at a time.
type producer struct {
	client        *kgo.Client
	transactional bool
	stall         time.Duration
}

// producer makes a new one for batches of so many bytes. An account without the right to transactional ids writes without
// transactions, which the log says.
func (d *destination) producer(ctx context.Context, limit int32) (*producer, error) {
	options := []kgo.Opt{
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MaxBufferedRecords(d.batch), kgo.MaxBufferedBytes(max(minBuffer, 2*int(limit))), kgo.ProducerBatchMaxBytes(limit),
	}
	if d.transactions.Load() {
		c, err := d.client(append(options, kgo.TransactionalID(transactionPrefix+rand.Text()), kgo.TransactionTimeout(time.Duration(d.transactionTime.Load())),
			kgo.ConcurrentTransactionsBackoff(5*time.Millisecond))...)
		if err != nil {
			return nil, err
		}
		_, _, err = c.ProducerID(ctx)
		if err == nil {
			return &producer{client: c, transactional: true, stall: d.stall}, nil
		}
		c.Close()
		if !errors.Is(err, kerr.TransactionalIDAuthorizationFailed) && !errors.Is(err, kerr.UnsupportedVersion) {
			return nil, err
		}
		if d.transactions.CompareAndSwap(true, false) && d.env.Log != nil {
			d.env.Log.WarnContext(ctx, "documents are written without transactions: the account has no right to transactional ids that begin with "+
				transactionPrefix, "topic", d.topic)
		}
	}
	c, err := d.client(append(options, kgo.AllowIdempotentProduceCancellation())...)
	if err != nil {
		return nil, err
	}
	return &producer{client: c, stall: d.stall}, nil
}

// errStalled ends a write that gets no answers.
var errStalled = errors.New("no answer")

// streamError is a failure of the elements, not of this destination.
type streamError struct{ err error }

func (e *streamError) Error() string { return e.err.Error() }

// refusal is a message that was not taken.
type refusal struct {
	record *kgo.Record
	err    error
}

func (e *refusal) Error() string { return e.err.Error() }
func (e *refusal) Unwrap() error { return e.err }

// write sends the message of each element and waits until the brokers have all of them. A failed write leaves nothing of a
// transaction, and without one the messages that were sent before; the producer is not to be used again.
func (p *producer) write(ctx context.Context, elements iter.Seq2[element.Element, error], record func(element.Element) *kgo.Record) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(p.stall, func() { cancel(errStalled) })
	defer watch.Stop()
	if p.transactional {
		if err := p.client.BeginTransaction(); err != nil {
			return err
		}
	}
	err := p.send(inner, elements, record, func() { watch.Reset(p.stall) })
	if err == nil {
		failpoint.Hit(failpoint.MidReplace)
	}
	if err == nil && p.transactional {
		err = p.client.EndTransaction(inner, kgo.TryCommit)
	}
	if err != nil {
		if errors.Is(context.Cause(inner), errStalled) {
			err = errStalled
		}
		p.abort(ctx)
	}
	return err
}

// send gives the elements' messages to the client, which blocks while too many wait. alive is called for each answer.
func (p *producer) send(
	ctx context.Context, elements iter.Seq2[element.Element, error], record func(element.Element) *kgo.Record, alive func(),
) error {
	var mu sync.Mutex
	var failed *refusal
	sent := 0
	var answers sync.WaitGroup
	promise := func(r *kgo.Record, err error) {
		if err == nil {
			alive()
		} else {
			mu.Lock()
			if failed == nil || errors.Is(err, kerr.MessageTooLarge) && !errors.Is(failed, kerr.MessageTooLarge) {
				failed = &refusal{r, err}
			}
			mu.Unlock()
		}
		answers.Done()
	}
	first := func() error {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil {
			return nil
		}
		return failed
	}
	for e, err := range elements {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return &streamError{err}
		}
		if err := first(); err != nil {
			return err
		}
		answers.Add(1)
		sent++
		p.client.Produce(ctx, record(e), promise)
	}
	if sent == 0 {
		return nil
	}
	if err := p.client.Flush(ctx); err != nil {
		return err
	}
	answers.Wait()
	return first()
}

// abort ends a transaction without its messages. When the brokers do not answer, they do so by themselves after a time.
func (p *producer) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	if p.client.AbortBufferedRecords(ctx) == nil && p.transactional {
		_ = p.client.EndTransaction(ctx, kgo.TryAbort)
	}
}

// producers keeps those that are idle.
type producers struct {
	mu     sync.Mutex
	idle   []*producer
	closed bool
}

// take gives the one that has rested the longest, so that the cluster is done with its last transaction, or nil.
func (p *producers) take() *producer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	first := p.idle[0]
	p.idle = slices.Delete(p.idle, 0, 1)
	return first
}

func (p *producers) give(one *producer) {
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, one)
	}
	p.mu.Unlock()
	if closed {
		one.client.Close()
	}
}

func (p *producers) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, one := range idle {
		one.client.Close()
	}
}
