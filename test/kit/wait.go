package kit

import (
	"context"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// Patience is how long a test waits for what has to happen in this process or on
// this machine. It is long for a machine that is busy: a test that succeeds never
// waits for its end.
const Patience = 30 * time.Second

// Eventually waits until the condition returns nil, and ends the test with the last
// reason why it did not.
func Eventually(tb testing.TB, what string, condition func() error) {
	tb.Helper()
	EventuallyWithin(tb, Patience, what, condition)
}

// EventuallyWithin is Eventually with a patience of its own, for what takes a
// cluster, say.
func EventuallyWithin(tb testing.TB, patience time.Duration, what string, condition func() error) {
	tb.Helper()
	// A cleanup waits too, when the test's own context has ended.
	ctx := context.WithoutCancel(tb.Context())
	if err := wait.Until(ctx, patience, what, func(context.Context) error { return condition() }); err != nil {
		tb.Fatal(err)
	}
}

// Unless is nil if a condition holds, and otherwise a reason that tells what was
// seen in its place.
func Unless(holds bool, seen any) error { return wait.Unless(holds, seen) }

// FreeAddress is a loopback address for a program that the test starts.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	address, err := port.FreeAddress()
	if err != nil {
		tb.Fatal(err)
	}
	return address
}
