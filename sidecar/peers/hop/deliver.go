package hop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
)

// deliver sends a batch until its fate is known, or the time to repeat it is up.
func (l *Link) deliver(ctx context.Context, body []byte, items int) (results []buffer.Result, attempts int, err error) {
	t := l.o.Times
	pause := t.RepeatFirst
	inDoubt := false
	limited := false
	for {
		attempts++
		o := outcome{}
		conn, err := l.conn.reserve(ctx, 0)
		if err != nil {
			o.err = err
		} else {
			if !limited { // from the moment on when something may have left
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, t.Answer)
				defer cancel()
				limited = true
			}
			o = exchange(ctx, conn, body, items)
		}
		switch o.next(attempts, inDoubt) {
		case deliver:
			return o.results, attempts, o.err
		case fail:
			return nil, attempts, unreachable(reasonOf(o.err), o.err)
		case doubt:
			return nil, attempts, fmt.Errorf("%w: %w", ErrInDoubt, o.err)
		case again:
			continue
		case repeat:
			inDoubt = true
		}
		if !sleep(ctx, pause) {
			return nil, attempts, fmt.Errorf("%w: %w", ErrInDoubt, o.err)
		}
		pause = min(2*pause, t.RepeatMost)
	}
}

// sleep is false if ctx ended first.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reasonOf is why nothing was sent, by the error.
func reasonOf(err error) string {
	var refused *refusal
	switch {
	case errors.Is(err, errLeft):
		return ReasonLeft
	case errors.Is(err, errBusy):
		return ReasonBusy
	case errors.As(err, &refused), errors.Is(err, buffer.ErrClosed):
		return ReasonRefused
	default:
		return ReasonConnect
	}
}
