package s3

import (
	"sync"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

// BinaryEnv names a versitygw to use in place of the one that is installed.
const BinaryEnv = "SLUICE_TEST_VERSITYGW"

// binary is versitygw, installed once.
var binary = sync.OnceValues(func() (string, error) {
	return process.GoProgram(BinaryEnv, "github.com/versity/versitygw/cmd/versitygw", "v1.8.0")
})
