package process

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// KillAll sends SIGKILL to what list returns until it returns nothing, so
// that a process that was being started meanwhile is met too.
func KillAll(ctx context.Context, list func() ([]int, error)) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		pids, err := list()
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("killing process %d: %w", pid, err)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for processes %v to end: %w", pids, ctx.Err())
		case <-tick.C:
		}
	}
}
