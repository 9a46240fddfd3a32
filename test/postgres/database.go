package pgtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// shared is the one server of a test binary. Main makes it, and it starts with
// the first test that asks for it.
type shared struct {
	once    sync.Once
	server  *Server
	err     error
	mu      sync.Mutex
	counter int
}

// current is the binary's shared server: TestMain and the tests have no other
// way to hand something to each other.
var current *shared

// Main runs the tests of a package that uses Shared or Database, then stops
// their server and looks for goroutines that outlived their test. Call it from
// TestMain.
func Main(m *testing.M) {
	current = &shared{}
	code := m.Run()
	if server := current.server; server != nil {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = 1
		}
	}
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = 1
	}
	os.Exit(code)
}

// Shared returns the server of this test binary, with relaxed durability and
// a trusted loopback. Don't stop or freeze it: other tests run on it.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	if current == nil {
		tb.Fatal("pgtest: add func TestMain(m *testing.M) { pgtest.Main(m) } to the package")
	}
	current.once.Do(func() {
		current.server, current.err = Start(context.Background(), Options{Config: Relaxed()})
	})
	if current.err != nil {
		tb.Fatalf("pgtest: %v", current.err)
	}
	return current.server
}

// Private starts a server for one test, which may stop or freeze it. It ends with the test.
func Private(tb testing.TB, o Options) *Server {
	tb.Helper()
	server, err := Start(tb.Context(), o)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.Close(); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return server
}

// Database creates an empty database on the shared server for one test, and
// returns the superuser's URI for it. It is dropped at the test's end.
func Database(tb testing.TB) string {
	tb.Helper()
	server := Shared(tb)
	current.mu.Lock()
	current.counter++
	name := fmt.Sprintf("test_%d", current.counter)
	current.mu.Unlock()
	ctx := context.Background()
	if err := server.CreateDatabase(ctx, name, Superuser); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.Exec(ctx, Superuser, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return server.URI(Superuser, name)
}
