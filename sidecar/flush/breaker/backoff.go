package breaker

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// maxProbeInterval caps the pause between two attempts while nothing can be
// written, so that a recovery is noticed within a minute.
const maxProbeInterval = time.Minute

// Backoff says how a failed attempt is tried again.
type Backoff struct {
	// MaxRetries is the number of delayed retries before the breaker opens.
	// One more, at once, comes before them: it tells a connection that went
	// stale from a database that is away.
	MaxRetries int
	// InitialDelay before the first delayed retry, doubled for each further
	// one up to MaxDelay.
	InitialDelay time.Duration
	MaxDelay     time.Duration
	// Interval caps the pause between probes.
	Interval time.Duration
}

// probeInterval is the pause between two attempts in PhaseParked and PhaseHeld.
func (b Backoff) probeInterval() time.Duration {
	return min(b.Interval, b.MaxDelay, maxProbeInterval)
}

// hurried is b with delays that suit the seconds that are left at a shutdown.
func (b Backoff) hurried() Backoff {
	b.InitialDelay = min(b.InitialDelay, 100*time.Millisecond)
	b.MaxDelay = min(b.MaxDelay, time.Second)
	return b
}

// verdict is what follows a failed attempt.
type verdict int

const (
	verdictRetry verdict = iota // again after the action's delay
	verdictPark                 // retries are used up: probe after the delay
	verdictHold                 // a person must act: probe after the delay
	verdictDoubt                // the database refused a record for reasons of its own
)

type action struct {
	verdict verdict
	delay   time.Duration
}

// jitterShare is the part of a delay that is left to chance, so that sidecars
// which failed together don't return together.
const jitterShare = 0.2

// decide says what follows a failure that is the n-th in a row (1 is the first)
// and no refusal of a record. chance is in [0, 1).
func decide(f postgres.Failure, n int, b Backoff, chance float64) action {
	switch {
	case f.Retry == postgres.Transient && n == 1:
		return action{verdict: verdictRetry}
	case f.Retry == postgres.Transient && n-1 <= b.MaxRetries:
		return action{verdictRetry, Jitter(delay(n-1, b), chance)}
	case f.Retry == postgres.Transient:
		return action{verdictPark, Jitter(b.probeInterval(), chance)}
	default:
		return action{verdictHold, Jitter(b.probeInterval(), chance)}
	}
}

// delay is the pause before the n-th delayed retry, counted from 1.
func delay(n int, b Backoff) time.Duration {
	d := b.InitialDelay
	for ; n > 1 && d < b.MaxDelay; n-- {
		d *= 2
	}
	return min(d, b.MaxDelay)
}

// Jitter shortens d by up to a fifth of it. chance is in [0, 1).
func Jitter(d time.Duration, chance float64) time.Duration {
	return d - time.Duration(jitterShare*chance*float64(d))
}
