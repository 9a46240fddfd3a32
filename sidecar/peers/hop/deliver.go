package hop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
)

// deliver sends a batch until its fate is known, or the time to repeat it is up.
func (l *Link) deliver(ctx context.Context, b batch) (results []buffer.Result, attempts int, err error) {
	var until time.Time // from when on a batch that was sent is in doubt, zero before it is sent
	pause := l.o.Times.RepeatFirst
	inDoubt := false
	for {
		attempts++
		o := l.attempt(ctx, &until, &b)
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
		if !sleep(ctx, pause, until) {
			return nil, attempts, fmt.Errorf("%w: %w", ErrInDoubt, o.err)
		}
		pause = min(2*pause, l.o.Times.RepeatMost)
	}
}

// attempt sends a batch once. The first one that has a connection sets the end of all.
func (l *Link) attempt(ctx context.Context, until *time.Time, b *batch) outcome {
	if !until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, *until)
		defer cancel()
	}
	conn, err := l.conn.reserve(ctx, 0)
	if err != nil {
		return outcome{err: err}
	}
	if until.IsZero() {
		*until = time.Now().Add(l.o.Times.Answer)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, *until)
		defer cancel()
	}
	done := l.conn.watch(conn)
	defer done()
	return exchange(ctx, conn, b.bodyFor(l.conn.readsAt(conn)), b.items)
}

// sleep is false if until comes before the end of the pause, or ctx ended.
func sleep(ctx context.Context, pause time.Duration, until time.Time) bool {
	if time.Until(until) <= pause {
		return false
	}
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
