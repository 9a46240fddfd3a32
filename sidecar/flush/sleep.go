package flush

import (
	"context"
	"time"
)

// forever stands for "until something changes".
const forever = time.Duration(1<<63 - 1)

// sleep waits for d, for wake or for the end of ctx.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	var due <-chan time.Time
	if d < forever {
		t := time.NewTimer(d)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
	case <-wake:
	case <-due:
	}
}
