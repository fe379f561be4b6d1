package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

const (
	brokerLimit = 1048588  // bytes of a batch of messages that brokers take when nobody changed it
	mostLimit   = 32 << 20 // bytes of a batch that this program sends
)

// destination appends one message an element.
type destination struct {
	settings
	batch        int  // messages that wait for an answer at most, a write
	keyed        bool // messages have keys
	transactions atomic.Bool
	// of new transactions, as a time.Duration
	transactionTime atomic.Int64
	stall           time.Duration
	admin           *kgo.Client
	topics          *topics
	producers       producers

	config sync.Mutex
	rules  *rules
}

// rules are what the topic's settings say of messages.
type rules struct {
	limit     int32 // bytes of a batch of messages
	compacted bool
}

var _ connector.Destination = (*destination)(nil)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	set, err := settingsOf(connector.SideDestination, config, env)
	if err != nil {
		return nil, err
	}
	d := &destination{settings: set, stall: stallTimeout}
	d.transactionTime.Store(int64(transactionTime))
	batch, _ := config["batch_size"].(int64)
	d.batch = int(min(max(batch, 1), 100_000))
	key, _ := config[fieldMessageKey].(string)
	d.keyed = strings.EqualFold(key, keyID)
	transactions, _ := config[fieldTransactions].(bool)
	d.transactions.Store(transactions)
	if d.admin, err = set.client(); err != nil {
		return nil, err
	}
	d.topics = &topics{settings: set, client: d.admin}
	return d, nil
}

// Guarantee implements connector.Destination. A log can only append. With keys a compacted topic keeps the last message of
// each element; those of elements that the document lost stay, since finding them means to read the log.
func (d *destination) Guarantee() connector.Guarantee {
	if d.keyed {
		return connector.Upserts
	}
	return connector.Appends
}

// Check proves that the topic is there and may be written by this account, and leaves nothing behind.
func (d *destination) Check(ctx context.Context) error {
	what := fmt.Sprintf("check topic %q", d.topic)
	t, err := d.topics.ask(ctx)
	if err != nil {
		return d.failed(ctx, what, err)
	}
	if !t.may(kmsg.ACLOperationWrite) {
		return connector.Fail(connector.ErrForbidden, "%s: the account may not write to it; give it Write on the topic", what)
	}
	// A producer id without a transactional one is a number that nobody misses.
	request := kmsg.NewPtrInitProducerIDRequest()
	request.TransactionTimeoutMillis = int32(transactionTime / time.Millisecond)
	response, err := request.RequestWith(ctx, d.admin)
	if err == nil {
		err = kerr.ErrorForCode(response.ErrorCode)
	}
	if err != nil {
		return d.failed(ctx, what, err)
	}
	if r, err := d.rulesOf(ctx); err != nil {
		return d.failed(ctx, what, err)
	} else if r.compacted && !d.keyed {
		return d.refused(what, kerr.InvalidRecord)
	}
	return nil
}

// rulesOf reads the topic's settings once; those that the account may not read are taken to be the defaults.
func (d *destination) rulesOf(ctx context.Context) (rules, error) {
	d.config.Lock()
	defer d.config.Unlock()
	if d.rules != nil {
		return *d.rules, nil
	}
	r := rules{limit: brokerLimit}
	answer, err := kadm.NewClient(d.admin).DescribeTopicConfigs(ctx, d.topic)
	if errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed) {
		d.rules = &r
		return r, nil
	}
	if err != nil {
		return rules{}, err
	}
	one, err := answer.On(d.topic, nil)
	if err = cmp.Or(err, one.Err); err != nil {
		return rules{}, err
	}
	for _, c := range one.Configs {
		switch c.Key {
		case "max.message.bytes":
			if n, err := strconv.ParseInt(c.MaybeValue(), 10, 64); err == nil {
				r.limit = int32(min(max(n, 1024), mostLimit))
			}
		case "cleanup.policy":
			r.compacted = strings.Contains(c.MaybeValue(), "compact")
		}
	}
	d.rules = &r
	return r, nil
}

// Replace appends the elements of a document to one partition of the topic. In a transaction readers of committed messages
// see all of them or none.
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	what := fmt.Sprintf("write %q to topic %q", doc.Name, d.topic)
	if ctx.Err() != nil {
		return d.failed(ctx, what, ctx.Err())
	}
	t, err := d.topics.known(ctx)
	if err != nil {
		return d.failed(ctx, what, err)
	}
	limits, err := d.rulesOf(ctx)
	if err != nil {
		return d.failed(ctx, what, err)
	}
	p := d.producers.take()
	if p == nil {
		if p, err = d.producer(ctx, limits.limit); err != nil {
			return d.failed(ctx, what, err)
		}
	}
	partition := partitionOf(doc, len(t.leaders))
	start := time.Now()
	err = p.write(ctx, elements, func(e element.Element) *kgo.Record { return d.record(doc, partition, e) })
	if err == nil {
		d.producers.give(p)
		return nil
	}
	p.client.Close()
	var stream *streamError
	var refused *refusal
	switch {
	case ctx.Err() != nil:
		return d.failed(ctx, what, ctx.Err())
	case errors.As(err, &stream):
		return stream.err
	case p.transactional && lostTransaction(err) && time.Since(start) > time.Duration(d.transactionTime.Load()):
		d.transactionTime.Store(int64(longTransactionTime))
		return connector.Retry(err, 0, "%s: it took longer than the cluster was asked to keep the transaction open; it is tried again with %s",
			what, longTransactionTime)
	case errors.Is(err, errStalled):
		return connector.Retry(err, 0, "%s: %s does not answer any more", what, d.servers())
	case errors.As(err, &refused) && (errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)):
		r := refused.record
		return connector.Fail(err, "%s: element %s is a message of %d bytes, and the topic takes at most %d (max.message.bytes); "+
			"raise it, or make smaller chunks", what, header(r, headerElement), len(r.Value), limits.limit)
	}
	return d.failed(ctx, what, err)
}

// lostTransaction says that the cluster has ended the transaction by itself.
func lostTransaction(err error) bool {
	return slices.ContainsFunc([]error{
		kerr.InvalidTxnState, kerr.InvalidProducerEpoch, kerr.ProducerFenced, kerr.InvalidProducerIDMapping, kerr.UnknownProducerID,
		kerr.TransactionAbortable,
	}, func(code error) bool { return errors.Is(err, code) })
}

// Close implements connector.Destination.
func (d *destination) Close() error {
	d.producers.close()
	d.admin.Close()
	return nil
}

func header(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}
