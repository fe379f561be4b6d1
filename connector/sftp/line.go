package sftp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluicehq/sluice/connector"
)

// line is the connection of a connector: made when a call needs it, shared by all calls, and made again after it broke.
type line struct {
	account *account
	turn    chan struct{} // holds one value: whoever takes it may look at current and connect

	current *session // nil before the first call
	closed  bool

	end sync.Once
}

func newLine(a *account) *line {
	l := &line{account: a, turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	return l
}

// Close ends the connection. Calls that run end with an error.
func (l *line) Close() error {
	l.end.Do(func() {
		<-l.turn // a connection that is being made ends within its time
		l.closed = true
		if l.current != nil {
			l.current.close()
			l.current.ended()
		}
		l.turn <- struct{}{}
	})
	return nil
}

// session returns a connection that stood a moment ago.
func (l *line) session(ctx context.Context) (*session, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case <-l.turn:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { l.turn <- struct{}{} }()
	if l.closed {
		return nil, connector.Fail(nil, "the connection to %s is closed", l.account.target.address())
	}
	if l.current != nil && l.current.alive() {
		return l.current, nil
	}
	s, err := l.account.connect(ctx)
	if err != nil {
		return nil, err
	}
	if l.current != nil {
		l.account.log.Info("connected again", "server", l.account.target.address())
	}
	l.current = s
	return s, nil
}

const (
	tries     = 4
	firstWait = 200 * time.Millisecond // then three times as long each
)

// do runs f over a connection, and again over a new one when it broke: f must be one that can be repeated. The error says
// what was done to name.
func (l *line) do(ctx context.Context, what, name string, f func(*session) error) error {
	wait := firstWait
	for try := 1; ; try++ {
		s, err := l.session(ctx)
		if err == nil {
			err = s.run(ctx, f)
		}
		if err == nil {
			return nil
		}
		again := s == nil || errors.Is(err, errLost)
		err = l.account.failed(what, name, err)
		if outcome, _ := connector.Classify(err); !again || outcome == connector.Permanent || try == tries || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		wait *= 3
	}
}
