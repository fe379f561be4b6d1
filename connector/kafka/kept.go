package kafka

import "sync"

const (
	maxKept    = 32 << 20 // bytes of all values that are kept
	maxKeptOne = 4 << 20  // bytes of one value that is kept
)

// kept holds the newest messages that were read, so that the documents of one batch are not read again and again: a broker
// gives whole batches. It is safe for concurrent use.
type kept struct {
	mu    sync.Mutex
	all   map[place]message
	order []place // oldest first
	bytes int
}

type place struct {
	partition int32
	offset    int64
}

func (k *kept) put(partition int32, m message) {
	if len(m.value) > maxKeptOne {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	at := place{partition, m.offset}
	if _, ok := k.all[at]; ok {
		return
	}
	if k.all == nil {
		k.all = map[place]message{}
	}
	k.all[at] = m
	k.order = append(k.order, at)
	k.bytes += len(m.value) + perMessage
	for k.bytes > maxKept {
		oldest := k.order[0]
		k.order = k.order[1:]
		k.bytes -= len(k.all[oldest].value) + perMessage
		delete(k.all, oldest)
	}
}

// perMessage is about what a kept message takes beside its value.
const perMessage = 200

func (k *kept) get(partition int32, offset int64) (message, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m, ok := k.all[place{partition, offset}]
	return m, ok
}
