package kafka

import (
	"encoding/json"
	"slices"

	"github.com/sluicehq/sluice/connector"
)

// span is what a listing has to do in one partition.
type span struct {
	partition int32
	next      int64 // the first offset that is not listed yet
	end       int64 // the offset after the last one that stood there when the listing began
	left      int64 // so many messages may still be listed
}

// A cursor is a JSON list of spans, each [partition, next, end, left], in the order of the listing. It holds all that a
// listing needs to go on, and all that a commit needs, in whatever process.

func cursorOf(spans []span) connector.Cursor {
	rows := make([][4]int64, len(spans))
	for i, s := range spans {
		rows[i] = [4]int64{int64(s.partition), s.next, s.end, s.left}
	}
	text, _ := json.Marshal(rows) // numbers always become JSON
	return connector.Cursor(text)
}

func spansOf(c connector.Cursor) ([]span, error) {
	var rows [][4]int64
	if err := json.Unmarshal([]byte(c), &rows); err != nil {
		return nil, connector.Fail(err, "the position in the topic cannot be read; run the workflow again")
	}
	spans := make([]span, len(rows))
	for i, r := range rows {
		spans[i] = span{partition: int32(r[0]), next: r[1], end: r[2], left: r[3]}
	}
	return spans, nil
}

// share gives each span its part of so many messages: as equal as the lengths allow, so that no partition has to wait for
// another one to be read to its end.
func share(spans []span, messages int64) {
	byLength := make([]*span, len(spans))
	for i := range spans {
		byLength[i] = &spans[i]
	}
	slices.SortStableFunc(byLength, func(a, b *span) int {
		switch la, lb := a.end-a.next, b.end-b.next; {
		case la < lb:
			return -1
		case la > lb:
			return 1
		}
		return 0
	})
	for i, s := range byLength {
		s.left = min(s.end-s.next, messages/int64(len(byLength)-i))
		messages -= s.left
	}
}
