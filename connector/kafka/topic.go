package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topic is what the cluster says of the topic of the config.
type topic struct {
	id      [16]byte
	leaders []int32 // brokers by partition, -1 for none
	rights  int32   // bits by kmsg.ACLOperation, or noRights
	at      time.Time
}

// noRights is the answer of a cluster that does not tell rights.
const noRights = -2147483648

// may says whether the account has a right; a cluster that does not tell has not refused it.
func (t topic) may(operation kmsg.ACLOperation) bool {
	return t.rights == noRights || t.rights&(1<<operation) != 0
}

// topics asks for the topic and remembers the answer for a while.
type topics struct {
	settings
	client *kgo.Client
	mu     sync.Mutex
	last   topic
}

// fresh is how long an answer holds; partitions and leaders change seldom, and a wrong leader says so.
const fresh = time.Minute

// known is the last answer if it is fresh.
func (t *topics) known(ctx context.Context) (topic, error) {
	t.mu.Lock()
	last := t.last
	t.mu.Unlock()
	if time.Since(last.at) < fresh {
		return last, nil
	}
	return t.ask(ctx)
}

// ask asks the cluster.
func (t *topics) ask(ctx context.Context) (topic, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.IncludeTopicAuthorizedOperations = true
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = kmsg.StringPtr(t.topic)
	request.Topics = append(request.Topics, one)
	response, err := request.RequestWith(ctx, t.client)
	if err != nil {
		return topic{}, err
	}
	if len(response.Topics) != 1 {
		return topic{}, kerr.UnknownServerError
	}
	answer := response.Topics[0]
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return topic{}, err
	}
	out := topic{id: answer.TopicID, rights: answer.AuthorizedOperations, at: time.Now()}
	for _, p := range answer.Partitions {
		if p.Partition < 0 || int(p.Partition) >= len(answer.Partitions) {
			return topic{}, kerr.UnknownServerError
		}
		for len(out.leaders) <= int(p.Partition) {
			out.leaders = append(out.leaders, -1)
		}
		out.leaders[p.Partition] = p.Leader
	}
	if len(out.leaders) == 0 {
		return topic{}, kerr.LeaderNotAvailable
	}
	t.mu.Lock()
	t.last = out
	t.mu.Unlock()
	return out, nil
}
