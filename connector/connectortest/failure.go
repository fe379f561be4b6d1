package connectortest

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
)

// secretsOf lists what must stand in no error and no log: the values of the configs' secret fields, the passwords of
// those that are addresses, and the lines of those that are keys.
func secretsOf(t *testing.T, side connector.Side, id string, configs ...map[string]any) []string {
	t.Helper()
	fields := connector.For(side, id).Spec
	var secrets, plain []string
	add := func(s string) {
		if len(s) >= 6 {
			secrets = append(secrets, s)
		}
	}
	for _, config := range configs {
		decoded, problems := fields.Decode(config)
		if len(problems) > 0 {
			t.Fatalf("the config has wrong values: %v", problems)
		}
		for _, f := range fields.Fields {
			value, ok := decoded[f.Name].(string)
			if !ok || !f.Secret {
				if ok {
					plain = append(plain, value)
				}
				continue
			}
			add(value)
			if u, err := url.Parse(value); err == nil {
				password, _ := u.User.Password()
				add(password)
			}
			if lines := strings.Split(value, "\n"); len(lines) > 1 {
				for _, line := range lines {
					if len(line) >= 16 && !strings.HasPrefix(line, "-----") {
						add(line)
					}
				}
			}
		}
	}
	for _, s := range secrets {
		for _, p := range plain {
			if strings.Contains(p, s) {
				t.Fatalf("the place has a secret that stands in the plain value %q too: choose another", p)
			}
		}
	}
	return secrets
}

// refused checks the error of a wrong secret.
func refused(t *testing.T, what string, err error, secrets []string) {
	t.Helper()
	if !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("%s with a wrong secret: %v, want ErrForbidden", what, err)
	}
	spoken(t, what, err, connector.Permanent, secrets)
}

// spoken checks the outcome of an error and that its text is one for users.
func spoken(t *testing.T, what string, err error, want connector.Outcome, secrets []string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	if outcome, _ := connector.Classify(err); outcome != want {
		t.Errorf("%s: %s, want %s: %v", what, outcome, want, err)
	}
	clean(t, what+": the error", err.Error(), secrets)
	if len(err.Error()) > 1000 {
		t.Errorf("%s: an error of %d bytes", what, len(err.Error()))
	}
}

// within runs f, on any goroutine, and fails the test when it takes longer than limit.
func within(t *testing.T, what string, limit time.Duration, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	start := time.Now()
	go func() { done <- f() }()
	select {
	case err := <-done:
		if took := time.Since(start); took > limit {
			t.Errorf("%s took %s, want at most %s", what, took, limit)
		}
		return err
	case <-time.After(2 * limit):
		t.Errorf("%s goes on after %s", what, 2*limit)
		return errors.New("it goes on")
	}
}

// hosts runs calls against a server that is not there, one that hangs up and one that stays silent. open makes a
// connector for a config and returns its calls by name; an error of opening counts as that of each call.
func hosts(
	t *testing.T, at func(address string) map[string]any, secrets []string,
	open func(t *testing.T, config map[string]any) (map[string]func(context.Context) error, *watch, error),
) {
	for name, address := range map[string]func(*testing.T) string{"unreachable": nobody, "hang up": rude} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls, _, err := open(t, at(address(t)))
			if err != nil {
				spoken(t, "open", err, connector.Transient, secrets)
			}
			sideBySide(calls, func(what string, call func(context.Context) error) {
				ctx, cancel := context.WithTimeout(context.Background(), 2*later)
				defer cancel()
				err := within(t, what, later, func() error { return call(ctx) })
				spoken(t, what, err, connector.Transient, secrets)
			})
		})
	}
	t.Run("silent host", func(t *testing.T) {
		t.Parallel()
		calls, w, err := open(t, at(mute(t)))
		if err != nil {
			t.Fatalf("open: %v (a connector connects when it is called, under the call's context)", err)
		}
		sideBySide(calls, func(what string, call func(context.Context) error) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			err := within(t, what, time.Second+soon, func() error { return call(ctx) })
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v, want the context's error", what, err)
			}
			spoken(t, what, err, connector.Transient, secrets)

			ctx, cancel = context.WithCancel(context.Background())
			defer cancel()
			time.AfterFunc(200*time.Millisecond, cancel)
			err = within(t, what, soon, func() error { return call(ctx) })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s, cancelled: %v, want the context's error", what, err)
			}
		})
		if w.calls.Load() == 0 {
			t.Error("neither Env.Dial nor Env.HTTP was used")
		}
	})
}

// sideBySide runs f for all calls at once.
func sideBySide(
	calls map[string]func(context.Context) error, f func(what string, call func(context.Context) error),
) {
	var work sync.WaitGroup
	for what, call := range calls {
		work.Go(func() { f(what, call) })
	}
	work.Wait()
}
