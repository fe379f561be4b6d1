package kafka

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// What was written stays when the broker is stopped, or killed, and started again on its port.
func TestRestart(t *testing.T) {
	s := Start(t)
	topic := s.Topic(t, 2, nil)
	c := s.Client(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, end := range []func() error{s.Stop, s.Crash} {
		if err := c.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("text")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		port := s.Port()
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if err := s.ping(); err == nil {
			t.Fatal("a broker that ended answers")
		}
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		if s.Port() != port {
			t.Errorf("the port was %d and is %d", port, s.Port())
		}
	}
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	ends.Each(func(o kadm.ListedOffset) { n += o.Offset })
	if n != 2 {
		t.Errorf("%d messages are left of 2", n)
	}
}

func TestFake(t *testing.T) {
	s := StartFake(t)
	topic := s.Topic(t, 1, nil)
	if err := s.Client(t).ProduceSync(context.Background(), &kgo.Record{Topic: topic, Value: []byte("text")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}
