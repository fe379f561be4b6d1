package gcs

import (
	"sync"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

// BinaryEnv names a fake-gcs-server to use in place of the one that is installed.
const BinaryEnv = "SLUICE_TEST_FAKE_GCS_SERVER"

// binary is fake-gcs-server, installed once.
var binary = sync.OnceValues(func() (string, error) {
	return process.GoProgram(BinaryEnv, "github.com/fsouza/fake-gcs-server", "v1.56.1")
})
