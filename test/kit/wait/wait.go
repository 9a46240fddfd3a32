// Package wait asks again and again until a condition holds, and says what was
// in its way when it does not.
//
// In: a condition, which returns nil or what is in the way. Out: nil, or an
// error with the last reason. There is no time to guess: the first question is
// asked at once, and the pauses between the next ones grow.
package wait

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	firstPause   = 2 * time.Millisecond
	longestPause = 100 * time.Millisecond
)

// Until returns nil as soon as the condition does. It gives up when the patience
// is over (the error is then a context.DeadlineExceeded too), when ctx ends, and
// when the condition returns a Permanent error; the error wraps the last reason.
// The condition's context ends when Until gives up.
func Until(ctx context.Context, patience time.Duration, what string, condition func(context.Context) error) error {
	pause := firstPause
	return until(ctx, patience, what, condition, func() time.Duration {
		defer func() { pause = min(2*pause, longestPause) }()
		return pause
	})
}

// Every is Until with pauses of one length, for questions that are costly or
// that show something to a person.
func Every(ctx context.Context, pause, patience time.Duration, what string, condition func(context.Context) error) error {
	return until(ctx, patience, what, condition, func() time.Duration { return pause })
}

func until(ctx context.Context, patience time.Duration, what string, condition func(context.Context) error, next func() time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, lateError(patience))
	defer cancel()
	var last error
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		if final := (*permanent)(nil); errors.As(err, &final) {
			return fmt.Errorf("%s: %w", what, final.reason)
		}
		if last == nil || ctx.Err() == nil {
			last = err // the end of ctx is no reason of the condition's
		}
		timer := time.NewTimer(next())
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%s: %w; last seen: %w", what, context.Cause(ctx), last)
		case <-timer.C:
		}
	}
}

// lateError is the patience that is over.
type lateError time.Duration

func (p lateError) Error() string { return "not within " + time.Duration(p).String() }
func (lateError) Unwrap() error   { return context.DeadlineExceeded }

// permanent is a reason that no waiting removes.
type permanent struct{ reason error }

func (p *permanent) Error() string { return p.reason.Error() }
func (p *permanent) Unwrap() error { return p.reason }

// Permanent marks a reason that no waiting removes: Until returns it at once.
func Permanent(reason error) error { return &permanent{reason} }

// Unless is nil if a condition holds, and otherwise a reason that tells what was
// seen in its place.
func Unless(holds bool, seen any) error {
	if holds {
		return nil
	}
	return fmt.Errorf("%+v", seen)
}
