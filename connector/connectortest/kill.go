//go:build unix

package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// killedConfig is the environment variable that tells a test that it is the process to be killed, and where it writes.
const killedConfig = "SLUICE_TEST_KILLED_CONFIG"

// DieInReplace is the first call of a test that has a writer killed. In the process that Kill starts it replaces the document
// and does not return; in the test's own it does nothing. env gives the way out to the config; none is one without a guard.
func DieInReplace(t *testing.T, kind string, doc document.Document, fresh []element.Element, env ...func(config map[string]any) connector.Env) {
	t.Helper()
	text := os.Getenv(killedConfig)
	if text == "" {
		return
	}
	var config map[string]any
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	t.Fatalf("not killed: %v", OpenDestination(t, kind, config, append(env, plainEnv)[0](config)).Replace(context.Background(), doc, Stream(fresh)))
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

func plainEnv(map[string]any) connector.Env { return connector.Env{} }

// KilledInReplace is the whole of a test in which a writer is killed that has written and not yet deleted: old and new elements
// stand there, and the same write repeated leaves the new ones. env gives the way out to a config, also in the process that is killed; nil is
// none of its own.
func KilledInReplace(t *testing.T, kind string, dimensions int, place func(t *testing.T) DestinationPlace, env func(config map[string]any) connector.Env) {
	t.Helper()
	if env == nil {
		env = plainEnv
	}
	doc, fresh := document.Document{Identifier: "doc"}, Marked("new", 50, dimensions)
	DieInReplace(t, kind, doc, fresh, env)
	t.Parallel()
	p := place(t)
	old := Marked("old", 80, dimensions)
	replace(t, OpenDestination(t, kind, p.Config(), env(p.Config())), doc, old)
	Kill(t, p.Config())
	if got := Texts(p.Read(t)); !slices.Equal(got, TextsOf(old, fresh)) {
		t.Errorf("after the kill the place holds %d elements", len(got))
	}
	replace(t, OpenDestination(t, kind, p.Config(), env(p.Config())), doc, fresh)
	if got := Texts(p.Read(t)); !slices.Equal(got, TextsOf(fresh)) {
		t.Errorf("the place holds %d elements, want %d", len(got), len(fresh))
	}
}
