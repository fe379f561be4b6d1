package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sluicehq/sluice/internal/store/queue"
)

const (
	// notifyPause lets many commits share a notification: River fetches no more often than that.
	notifyPause = queue.FetchCooldown
	// notifyTimeout bounds a try. What is not told is found by the polls of the workers.
	notifyTimeout = 5 * time.Second
)

// notification is one that River's clients listen for.
type notification struct{ topic, payload string }

// notifier tells the workers of all processes, after the commit and off its way.
type notifier struct {
	pool   *pgxpool.Pool
	mu     sync.Mutex
	due    map[notification]bool
	signal chan struct{}
	cancel context.CancelFunc
	ended  chan struct{}
}

func newNotifier(pool *pgxpool.Pool) *notifier {
	ctx, cancel := context.WithCancel(context.Background())
	n := &notifier{pool: pool, due: map[notification]bool{}, signal: make(chan struct{}, 1), cancel: cancel, ended: make(chan struct{})}
	go n.run(ctx)
	return n
}

func (n *notifier) add(topic, payload string) {
	n.mu.Lock()
	n.due[notification{topic, payload}] = true
	n.mu.Unlock()
	select {
	case n.signal <- struct{}{}:
	default:
	}
}

func (n *notifier) take() (topics, payloads []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for d := range n.due {
		topics, payloads = append(topics, d.topic), append(payloads, d.payload)
	}
	clear(n.due)
	return topics, payloads
}

// notify sends under the names that River listens to: the schema, a point and the topic.
const notify = `SELECT pg_notify(coalesce(current_schema() || '.', '') || topic, payload) FROM unnest($1::text[], $2::text[]) AS t (topic, payload)`

func (n *notifier) run(ctx context.Context) {
	defer close(n.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.signal:
		}
		topics, payloads := n.take()
		if len(topics) > 0 {
			once, cancel := context.WithTimeout(ctx, notifyTimeout)
			_, _ = n.pool.Exec(once, notify, topics, payloads) // see notifyTimeout
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(notifyPause):
		}
	}
}

func (n *notifier) stop() {
	n.cancel()
	<-n.ended
}
