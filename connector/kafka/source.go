package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
)

// source lists the messages that the consumer group has not committed. It does not join the group: it assigns all
// partitions to itself, and commits as a consumer without members.
type source struct {
	settings
	group  string
	most   int64 // messages of one listing
	client *kgo.Client
	topics *topics
	log    *log
}

var (
	_ connector.Source    = (*source)(nil)
	_ connector.Committer = (*source)(nil)
)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	set, err := settingsOf(connector.SideSource, config, env)
	if err != nil {
		return nil, err
	}
	s := &source{settings: set}
	s.group, _ = config["group_id"].(string)
	s.most, _ = config["num_messages_to_consume"].(int64)
	if s.client, err = set.client(); err != nil {
		return nil, err
	}
	s.topics = &topics{settings: set, client: s.client}
	s.log = &log{topics: s.topics, client: s.client, kept: &kept{}}
	return s, nil
}

// Check proves that the topic is there and may be read, and that the group's offsets may be read and moved. It moves none.
func (s *source) Check(ctx context.Context) error {
	what := fmt.Sprintf("check topic %q", s.topic)
	t, err := s.topics.ask(ctx)
	if err != nil {
		return s.failed(ctx, what, err)
	}
	if !t.may(kmsg.ACLOperationRead) {
		return connector.Fail(connector.ErrForbidden, "%s: the account may not read it; give it Read on the topic", what)
	}
	what = fmt.Sprintf("check consumer group %q", s.group)
	if _, err := s.committed(ctx); err != nil {
		return s.failed(ctx, what, err)
	}
	// The heartbeat of a member that does not exist needs the same right as a commit, and changes nothing.
	request := kmsg.NewPtrHeartbeatRequest()
	request.Group, request.MemberID = s.group, "sluice-check"
	response, err := request.RequestWith(ctx, s.client)
	if err == nil && response.ErrorCode == kerr.GroupAuthorizationFailed.Code {
		err = kerr.GroupAuthorizationFailed
	}
	if err != nil {
		return s.failed(ctx, what, err)
	}
	groups, err := kadm.NewClient(s.client).DescribeGroups(ctx, s.group)
	if err == nil && len(groups[s.group].Members) > 0 {
		return s.refused(what, kerr.UnknownMemberID)
	}
	return nil
}

// committed are the offsets of the group, by partition of the topic.
func (s *source) committed(ctx context.Context) (map[int32]int64, error) {
	answer, err := kadm.NewClient(s.client).FetchOffsets(ctx, s.group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[int32]int64{}
	for partition, o := range answer[s.topic] {
		if o.Err != nil {
			return nil, o.Err
		}
		if o.At >= 0 {
			out[partition] = o.At
		}
	}
	return out, nil
}

// offsets are the first offset of each partition, and the one after the last message that readers of committed
// transactions see.
func (s *source) offsets(ctx context.Context) (first, end map[int32]int64, err error) {
	admin := kadm.NewClient(s.client)
	read := func(list func(context.Context, ...string) (kadm.ListedOffsets, error)) (map[int32]int64, error) {
		answer, err := list(ctx, s.topic)
		if err != nil {
			return nil, err
		}
		out := map[int32]int64{}
		for partition, o := range answer[s.topic] {
			if o.Err != nil {
				return nil, o.Err
			}
			out[partition] = o.Offset
		}
		return out, nil
	}
	if first, err = read(admin.ListStartOffsets); err != nil {
		return nil, nil, err
	}
	end, err = read(admin.ListCommittedOffsets)
	return first, end, err
}

// Index lists messages from the group's committed offsets, or the first ones where it has none, up to those that stood
// there when the listing began; at most num_messages_to_consume, shared among the partitions. The order is by partition,
// then by offset. It moves no offset.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		what := fmt.Sprintf("list topic %q", s.topic)
		spans, err := s.spans(ctx, from)
		if err != nil {
			yield(document.Document{}, s.failed(ctx, what, err))
			return
		}
		var unused int64 // of partitions that had less than their share
		for i := range spans {
			at := &spans[i]
			at.left += unused
			for at.next < at.end && at.left > 0 {
				p, err := s.log.read(ctx, at.partition, at.next, listBytes)
				if errors.Is(err, errOutOfRange) {
					err = s.skip(ctx, at)
					p = part{next: at.next}
				}
				var huge *kgo.ErrDecompressTooLarge
				if errors.As(err, &huge) && huge.NextOffset > at.next { // a document that cannot be fetched, and says why
					p, err = part{messages: []message{{offset: min(huge.NextOffset, at.end) - 1}}, next: huge.NextOffset}, nil
				}
				if err != nil {
					yield(document.Document{}, s.failed(ctx, what, err))
					return
				}
				for _, m := range p.messages {
					if m.offset >= at.end || at.left == 0 {
						break
					}
					if ctx.Err() != nil {
						yield(document.Document{}, s.failed(ctx, what, ctx.Err()))
						return
					}
					at.next = m.offset + 1
					at.left--
					if !yield(s.document(at.partition, m, cursorOf(spans)), nil) {
						return
					}
				}
				if at.left > 0 {
					at.next = max(at.next, min(p.next, at.end))
				}
			}
			unused, at.left = at.left, 0
		}
	}
}

// spans are the rest of the listing that a cursor belongs to, or a new one.
func (s *source) spans(ctx context.Context, from connector.Cursor) ([]span, error) {
	if from != "" {
		return spansOf(from)
	}
	t, err := s.topics.ask(ctx)
	if err != nil {
		return nil, err
	}
	committed, err := s.committed(ctx)
	if err != nil {
		return nil, err
	}
	first, end, err := s.offsets(ctx)
	if err != nil {
		return nil, err
	}
	var spans []span
	for partition := range int32(len(t.leaders)) {
		next, ok := committed[partition]
		if !ok || next < first[partition] || next > end[partition] { // the rest has expired, or the topic was made anew
			next = first[partition]
		}
		if next < end[partition] {
			spans = append(spans, span{partition: partition, next: next, end: end[partition]})
		}
	}
	share(spans, s.most)
	return spans, nil
}

// skip goes on behind messages that expired since the listing began.
func (s *source) skip(ctx context.Context, at *span) error {
	first, _, err := s.offsets(ctx)
	if err != nil {
		return err
	}
	if first[at.partition] > at.next {
		at.next = min(first[at.partition], at.end)
	} else {
		at.next = at.end // the log was cut off or the topic made anew: nothing of this listing is left
	}
	return nil
}

func (s *source) document(partition int32, m message, cursor connector.Cursor) document.Document {
	d := document.Document{
		Identifier: s.identifier(partition, m.offset), Name: s.identifier(partition, m.offset) + ".txt",
		Size: int64(len(m.value)), Cursor: string(cursor),
		RecordLocator: map[string]any{"topic": s.topic, "partition": partition, "offset": m.offset},
	}
	if m.at.Unix() > 0 { // a message may have no time
		d.Created, d.Modified = m.at.UTC(), m.at.UTC()
	}
	return d
}

func (s *source) identifier(partition int32, offset int64) string {
	return fmt.Sprintf("%s_%d_%d", s.topic, partition, offset)
}

// Fetch gives the value of a message. One that expired or was compacted away is ErrNotFound.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	what := fmt.Sprintf("read message %q", d.Identifier)
	if ctx.Err() != nil {
		return document.File{}, s.failed(ctx, what, ctx.Err())
	}
	partition, offset, ok := s.position(d.Identifier)
	if !ok {
		return document.File{}, connector.Fail(connector.ErrNotFound, "%s: it is not of topic %q", what, s.topic)
	}
	m, ok := s.log.kept.get(partition, offset)
	if !ok {
		p, err := s.log.read(ctx, partition, offset, fetchBytes)
		switch {
		case errors.Is(err, errOutOfRange):
		case err != nil:
			return document.File{}, s.failed(ctx, what, err)
		case len(p.messages) > 0 && p.messages[0].offset == offset:
			m, ok = p.messages[0], true
		}
	}
	if !ok {
		return document.File{}, connector.Fail(connector.ErrNotFound, "%s: the topic does not hold it any more", what)
	}
	return document.NewFile(s.identifier(partition, offset)+".txt", "", int64(len(m.value)), bytes.NewReader(m.value)), nil
}

// position reads partition and offset from an identifier of this topic.
func (s *source) position(identifier string) (partition int32, offset int64, ok bool) {
	rest, ok := strings.CutPrefix(identifier, s.topic+"_")
	if !ok {
		return 0, 0, false
	}
	before, after, ok := strings.Cut(rest, "_")
	p, err := strconv.ParseUint(before, 10, 31)
	o, err2 := strconv.ParseUint(after, 10, 63)
	return int32(p), int64(o), ok && err == nil && err2 == nil
}

// Commit moves the group's offsets to the end of what was listed up to a cursor, and never back.
func (s *source) Commit(ctx context.Context, upTo connector.Cursor) error {
	what := fmt.Sprintf("commit offsets of consumer group %q in topic %q", s.group, s.topic)
	spans, err := spansOf(upTo)
	if err != nil {
		return err
	}
	committed, err := s.committed(ctx)
	if err != nil {
		return s.failed(ctx, what, err)
	}
	_, end, err := s.offsets(ctx)
	if err != nil {
		return s.failed(ctx, what, err)
	}
	var moved kadm.Offsets
	for _, at := range spans {
		before, ok := committed[at.partition]
		// An offset behind the end is left over from a topic that was deleted and made anew.
		if ok && before >= at.next && before <= end[at.partition] {
			continue
		}
		moved.AddOffset(s.topic, at.partition, at.next, -1)
	}
	if len(moved) == 0 {
		return nil
	}
	answer, err := kadm.NewClient(s.client).CommitOffsets(ctx, s.group, moved)
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		return s.failed(ctx, what, err)
	}
	return nil
}

// Close implements connector.Source.
func (s *source) Close() error {
	s.client.Close()
	return nil
}
