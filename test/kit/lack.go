package kit

import (
	"os"
	"testing"

	"github.com/progress-sync/progress-sync/test/kit/ci"
)

// Lacks ends a test for which the machine lacks something, which the text names. The
// test is passed over, but fails in CI, where nobody would notice that it never runs.
func Lacks(tb testing.TB, format string, arguments ...any) {
	tb.Helper()
	if ci.Runs(os.Getenv) {
		tb.Fatalf(format+"; CI has to have it", arguments...)
	}
	tb.Skipf(format, arguments...)
}
