package kafka

import (
	"fmt"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Partitions stand on several brokers and move between them while a source and a destination are open.
func TestLeadersMove(t *testing.T) {
	t.Parallel()
	c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(6, "t"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	host, port, err := net.SplitHostPort(c.ListenAddrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]any{
		"bootstrap_servers": host, "port": port, "security_protocol": "PLAINTEXT", "topic": "t", "num_messages_to_consume": 1000,
	}
	d, s := openDestination(t, set), openSource(t, set)
	documents := 0
	for round := range 3 {
		for i := range 12 {
			if err := replace(t, d, fmt.Sprintf("%d-%d", round, i), elements("doc", 1)); err != nil {
				t.Fatal(err)
			}
		}
		all := list(t, s, "")
		if documents += 12; len(all) != documents {
			t.Errorf("round %d: %d documents, want %d", round, len(all), documents)
		}
		for _, listed := range all {
			read(t, s, listed)
		}
		for p := range int32(6) {
			info := c.PartitionInfo("t", p)
			if err := c.MoveTopicPartition("t", p, (info.Leader+1)%3); err != nil {
				t.Fatal(err)
			}
		}
		s.(*source).log.kept = &kept{} // nothing is at hand: each fetch asks the broker that it knows
		for _, listed := range all {
			read(t, s, listed)
		}
		if round == 2 {
			commit(t, s, all[len(all)-1].Cursor)
		}
	}
	if left := list(t, s, ""); len(left) != 0 {
		t.Errorf("%d documents are left", len(left))
	}
}
