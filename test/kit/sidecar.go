package kit

import (
	"context"
	"sync"
	"testing"

	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
)

// built is the sidecar's program, made for the first test that needs it.
var built = sync.OnceValues(func() (string, error) { return program.Build(context.Background(), "cmd/sidecar") })

// SidecarProgram is the sidecar's executable, built once for all tests of a test
// binary.
func SidecarProgram(tb testing.TB) string {
	tb.Helper()
	path, err := built()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// NewSidecar makes the files of a sidecar, in a folder of the test and with the
// program built from this source, and starts nothing. The sidecar ends with the
// test; a test that fails shows its log.
func NewSidecar(tb testing.TB, o sidecar.Options) *sidecar.Sidecar {
	tb.Helper()
	o.Program = SidecarProgram(tb)
	if o.Dir == "" {
		o.Dir = tb.TempDir()
	}
	s, err := sidecar.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		s.Close()
		if !tb.Failed() {
			return
		}
		log, err := s.Logged()
		tb.Logf("the sidecar's log (%v):\n%s", err, log)
	})
	return s
}
