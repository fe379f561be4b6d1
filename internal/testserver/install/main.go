// Command install fetches and builds the servers of tests that take longer than a test may: run by make test-servers, in the
// repository. What is there already is left as it is.
package main

import (
	"fmt"
	"os"

	"github.com/sluicehq/sluice/internal/testserver/chroma"
	"github.com/sluicehq/sluice/internal/testserver/milvus"
	"github.com/sluicehq/sluice/internal/testserver/redis"
	"github.com/sluicehq/sluice/internal/testserver/weaviate"
)

func main() {
	failed := false
	for _, server := range []struct {
		name    string
		install func() error
	}{{"Chroma", chroma.Install}, {"Milvus Lite", milvus.Install}, {"RedisJSON", redis.Install}, {"Weaviate", weaviate.Install}} {
		if err := server.install(); err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %v\n", server.name, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}
