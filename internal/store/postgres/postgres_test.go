package postgres_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/internal/store/postgres"
	"github.com/sluicehq/sluice/internal/store/storetest"
	testserver "github.com/sluicehq/sluice/internal/testserver/postgres"
)

// shared is the server of all tests that do not harm it.
var shared = sync.OnceValues(func() (s *testserver.Server, err error) {
	if s, err = testserver.New(); err == nil {
		started = s
	}
	return s, err
})

var started *testserver.Server

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		fmt.Fprintln(os.Stderr, workerChild(url))
		os.Exit(1)
	}
	status := m.Run()
	if started != nil {
		if err := started.Remove(); err != nil {
			fmt.Println(err)
			status = 1
		}
	}
	os.Exit(status)
}

func server(tb testing.TB) *testserver.Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a PostgreSQL server; run without -short")
	}
	s, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// prepare brings the schema into the database that all others are copies of.
func prepare(ctx context.Context, url string) error {
	s, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		return err
	}
	return s.Close()
}

func open(tb testing.TB, url string) store.Store {
	tb.Helper()
	s, err := postgres.Open(context.Background(), postgres.Options{URL: url})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

func openNew(tb testing.TB) store.Store {
	tb.Helper()
	return open(tb, server(tb).Database(tb, prepare))
}

func TestConformance(t *testing.T) { storetest.Run(t, openNew) }

// As behind a pooler that knows no prepared statements.
func TestConformanceUnprepared(t *testing.T) {
	storetest.Run(t, func(tb testing.TB) store.Store {
		return open(tb, server(tb).Database(tb, prepare)+"&default_query_exec_mode=exec")
	})
}

func BenchmarkStore(b *testing.B) {
	s := testserver.Start(b, testserver.Durable...)
	storetest.Benchmark(b, func(tb testing.TB) store.Store { return open(tb, s.Database(tb, prepare)) })
}
