package kafka

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/sluicehq/sluice/connector"
	cluster "github.com/sluicehq/sluice/internal/testserver/kafka"
)

// TestKilledInReplace kills a writer that has sent all messages and not ended its transaction: readers of committed messages
// never see them, and after the next writer the document stands there once and whole.
func TestKilledInReplace(t *testing.T) {
	const place = "SLUICE_TEST_KAFKA_CONFIG"
	open := func(config map[string]any) connector.Destination {
		d := openDestination(t, config)
		d.(*destination).transactionTime.Store(int64(5 * time.Second))
		return d
	}
	if text := os.Getenv(place); text != "" {
		var config map[string]any
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("not killed: %v", replace(t, open(config), "doc", elements("doc", 50)))
	}
	both(t, func(t *testing.T, s *cluster.Server) {
		topic := s.Topic(t, 1, nil)
		set := config(s, topic, nil)
		text, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(os.Args[0], "-test.run=^TestKilledInReplace$")
		child.Env = append(os.Environ(), "SLUICE_FAILPOINT=mid-replace", place+"="+string(text))
		out, err := child.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the child ended with %v: %s", err, out)
		}
		once(t, s, topic, open(set), "doc", elements("doc", 50), nil)
	})
}
