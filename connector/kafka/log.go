package kafka

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/connector"
)

const (
	maxAnswer   = 64 << 20 // bytes of one answer of a broker
	maxUnpacked = 64 << 20 // bytes of the messages of one answer, unpacked

	listBytes  = 1 << 20  // asked of a broker while listing; it gives at least one whole batch of messages
	fetchBytes = 64 << 10 // and for one document: the next ones come with it and are kept

	readPause = 200 * time.Millisecond
)

// message is one message of the topic.
type message struct {
	offset int64
	at     time.Time
	value  []byte
}

// part is what one answer has of a partition.
type part struct {
	messages []message // committed ones with a value, by offset
	next     int64     // the offset after all that the answer covers, at least the one that was asked for
}

// log reads partitions of the topic by offset, outside any consumer group. It is safe for concurrent use.
type log struct {
	topics *topics
	client *kgo.Client
	kept   *kept
}

// errOutOfRange says that an offset is not in the log any more, or not yet.
var errOutOfRange error = kerr.OffsetOutOfRange

// read reads from an offset on, at least one batch of messages if there are any. It tries again while the partition moves
// from one broker to another.
func (l *log) read(ctx context.Context, partition int32, offset int64, size int32) (part, error) {
	for start := time.Now(); ; {
		p, err := l.try(ctx, partition, offset, size)
		if err == nil && p.next > offset || errors.Is(err, errOutOfRange) || ctx.Err() != nil {
			return p, err
		}
		var code *kerr.Error
		var known *connector.Error
		if errors.As(err, &code) && !code.Retriable || errors.As(err, &known) {
			return p, err
		}
		if time.Since(start) > retryTimeout {
			if err == nil {
				err = context.DeadlineExceeded
			}
			return p, err
		}
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case <-time.After(readPause):
		}
		if _, err := l.topics.ask(ctx); err != nil {
			return p, err
		}
	}
}

func (l *log) try(ctx context.Context, partition int32, offset int64, size int32) (part, error) {
	t, err := l.topics.known(ctx)
	if err != nil {
		return part{}, err
	}
	if int(partition) >= len(t.leaders) { // a new one, or the topic was made anew with fewer
		if t, err = l.topics.ask(ctx); err != nil {
			return part{}, err
		}
		if int(partition) >= len(t.leaders) {
			return part{}, errOutOfRange
		}
	}
	leader := t.leaders[partition]
	if leader < 0 {
		return part{}, kerr.LeaderNotAvailable
	}
	request := kmsg.NewPtrFetchRequest()
	request.MaxWaitMillis, request.MinBytes, request.MaxBytes = 500, 1, size
	request.IsolationLevel = 1 // what aborted transactions wrote is told
	request.SessionEpoch = -1
	one := kmsg.NewFetchRequestTopic()
	one.Topic, one.TopicID = l.topics.topic, t.id
	from := kmsg.NewFetchRequestTopicPartition()
	from.Partition, from.FetchOffset, from.PartitionMaxBytes = partition, offset, size
	one.Partitions = append(one.Partitions, from)
	request.Topics = append(request.Topics, one)
	raw, err := l.client.Broker(int(leader)).Request(ctx, request)
	if err != nil {
		return part{}, err
	}
	response, ok := raw.(*kmsg.FetchResponse)
	if !ok {
		return part{}, kerr.UnknownServerError
	}
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return part{}, err
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return part{}, kerr.UnknownServerError
	}
	return l.unpack(partition, offset, &response.Topics[0].Partitions[0])
}

// unpack reads the batches of an answer and keeps their messages.
func (l *log) unpack(partition int32, offset int64, answer *kmsg.FetchResponseTopicPartition) (part, error) {
	bounded, ok := l.client.OptValue(kgo.WithDecompressor).(kgo.Decompressor)
	if !ok {
		return part{}, kerr.UnknownServerError
	}
	got, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: offset, IsolationLevel: kgo.ReadCommitted(), Topic: l.topics.topic, Partition: partition,
	}, answer, &budget{Decompressor: bounded, left: maxUnpacked}, nil)
	var code *kerr.Error
	switch {
	case errors.As(got.Err, new(*kgo.ErrDecompressTooLarge)):
		return part{}, connector.Fail(got.Err, "the messages of partition %d at offset %d unpack to more than %d MB; they cannot be read",
			partition, offset, maxUnpacked>>20)
	case got.Err != nil && !errors.As(got.Err, &code):
		return part{}, connector.Fail(got.Err, "the messages of partition %d at offset %d are damaged", partition, offset)
	case got.Err != nil:
		return part{}, got.Err
	}
	p := part{next: next}
	for _, r := range got.Records {
		if len(r.Value) == 0 || r.Offset < offset {
			continue
		}
		m := message{offset: r.Offset, at: r.Timestamp, value: bytes.Clone(r.Value)} // a value must not hold its batch in memory
		p.messages = append(p.messages, m)
		l.kept.put(partition, m)
	}
	return p, nil
}

// budget bounds what the batches of one answer unpack to. The client reads what came before the bound and asks again for
// the rest.
type budget struct {
	kgo.Decompressor
	left int
}

func (b *budget) Decompress(src []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if b.left <= 0 {
		return nil, kgo.ErrMaxDecompress
	}
	out, err := b.Decompressor.Decompress(src, codec)
	b.left -= len(out)
	return out, err
}
