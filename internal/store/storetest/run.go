package storetest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/internal/store"
)

// Run is the conformance suite. Every part opens a store of its own and runs in parallel.
func Run(t *testing.T, open Opener) {
	parts := []struct {
		name string
		test func(*env)
	}{
		{"Workspaces", testWorkspaces},
		{"DeleteWorkspace", testDeleteWorkspace},
		{"Keys", testKeys},
		{"Meta", testMeta},
		{"Launch", testLaunch},
		{"Connectors", testConnectors},
		{"DeleteConnector", testDeleteConnector},
		{"Checks", testChecks},
		{"Workflows", testWorkflows},
		{"WorkflowLists", testWorkflowLists},
		{"Schedules", testSchedules},
		{"Versions", testVersions},
		{"Known", testKnown},
		{"Removals", testRemovals},
		{"JobRoundTrip", testJobRoundTrip},
		{"JobLists", testJobLists},
		{"AddFiles", testAddFiles},
		{"FileLists", testFileLists},
		{"FileLife", testFileLife},
		{"Usage", testUsage},
		{"Window", testWindow},
		{"Load", testLoad},
		{"Plans", testPlans},
		{"EmptyPlan", testEmptyPlan},
		{"Writes", testWrites},
		{"Verdicts", testVerdicts},
		{"LateEnds", testLateEnds},
		{"ThreeDeaths", testThreeDeaths},
		{"Release", testRelease},
		{"Cancel", testCancel},
		{"Retry", testRetry},
		{"RetryWrites", testRetryWrites},
		{"OnDemandLimit", testOnDemandLimit},
		{"Expired", testExpired},
		{"LostAndRequeue", testLostAndRequeue},
		{"Isolation", testIsolation},
		{"GroupCommit", testGroupCommit},
		{"Random", testRandom},
		{"Concurrent", testConcurrent},
		{"WorkDrains", testWorkDrains},
		{"WorkCancels", testWorkCancels},
		{"WorkSnoozes", testWorkSnoozes},
		{"WorkRetries", testWorkRetries},
		{"WorkStops", testWorkStops},
		{"DemandIsNotStarved", testDemandIsNotStarved},
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.test(setup(t, open))
		})
	}
}

// want fails unless err is the expected one.
func (e *env) want(what string, err, want error) {
	e.Helper()
	if !errors.Is(err, want) {
		e.Errorf("%s: %v, want %v", what, err, want)
	}
}

// same fails unless got equals want.
func same[T any](e *env, what string, got, want T) {
	e.Helper()
	if !reflect.DeepEqual(got, want) {
		e.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// try runs fn in a transaction of its own and returns its error.
func (e *env) try(fn func(store.Tx) error) error { return e.InTx(e.ctx, fn) }

// get reads one value on a snapshot.
func get[T any](e *env, fn func(store.Reader) (T, error)) T {
	e.Helper()
	var v T
	e.view(func(r store.Reader) (err error) {
		v, err = fn(r)
		return err
	})
	return v
}

// ask reads one value on a snapshot and returns its error.
func ask[T any](e *env, fn func(store.Reader) (T, error)) (T, error) {
	var v T
	err := e.View(e.ctx, func(r store.Reader) (err error) {
		v, err = fn(r)
		return err
	})
	return v, err
}

func id() string { return uuid.NewString() }
