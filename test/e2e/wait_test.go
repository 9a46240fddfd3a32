//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"
)

// patience bounds every wait for a condition.
const patience = 2 * time.Minute

// throughout checks that a condition has no objection all the time until the
// end, and not merely at it.
func throughout(t *testing.T, end <-chan time.Time, condition func() error) {
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := condition(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-end:
			return
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-tick.C:
		}
	}
}

// want is an objection unless got is what is wanted.
func want[T comparable](what string, got, wanted T) error {
	if got != wanted {
		return fmt.Errorf("%s is %v, want %v", what, got, wanted)
	}
	return nil
}
