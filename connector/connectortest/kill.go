//go:build unix

package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// killedConfig is the environment variable that tells a test that it is the process to be killed, and where it writes.
const killedConfig = "SLUICE_TEST_KILLED_CONFIG"

// DieInReplace is the first call of a test that has a writer killed. In the process that Kill starts it replaces the document
// and does not return; in the test's own it does nothing.
func DieInReplace(t *testing.T, kind string, doc document.Document, fresh []element.Element) {
	t.Helper()
	DieInReplaceOver(t, kind, doc, fresh, func(map[string]any) connector.Env { return connector.Env{} })
}

// DieInReplaceOver is DieInReplace for a service that is reached through an Env, which the process makes of the config that Kill
// was given.
func DieInReplaceOver(t *testing.T, kind string, doc document.Document, fresh []element.Element, over func(config map[string]any) connector.Env) {
	t.Helper()
	text := os.Getenv(killedConfig)
	if text == "" {
		return
	}
	var config map[string]any
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	t.Fatalf("not killed: %v", OpenDestination(t, kind, config, over(config)).Replace(context.Background(), doc, Stream(fresh)))
}

// Kill runs the test again in a process of its own, which DieInReplace has write to a place and failpoint mid-replace kill there.
func Kill(t *testing.T, config map[string]any) {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$") //nolint:noctx // it kills itself
	child.Env = append(os.Environ(), "SLUICE_FAILPOINT=mid-replace", killedConfig+"="+string(text))
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
}
