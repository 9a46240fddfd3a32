package flush

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// verdict is what follows a failed attempt.
type verdict int

const (
	verdictRetry      verdict = iota // again after the action's delay
	verdictPark                      // retries are used up: probe after the delay
	verdictHold                      // a person must act: probe after the delay
	verdictSplit                     // a record's fault: write the batch's halves
	verdictQuarantine                // the one record's fault: set it aside
	verdictDoubt                     // a record's fault or the table's: keep it
)

type action struct {
	verdict verdict
	delay   time.Duration
}

// jitterShare is the part of a delay that is left to chance, so that sidecars
// which failed together don't return together.
const jitterShare = 0.2

// decide says what follows a failure that is the n-th in a row (1 is the first)
// and no refusal of a record; of that, see blame. chance is in [0, 1).
func decide(f postgres.Failure, n int, p Policy, chance float64) action {
	switch {
	case f.Retry == postgres.Transient && n == 1:
		return action{verdict: verdictRetry}
	case f.Retry == postgres.Transient && n-1 <= p.MaxRetries:
		return action{verdictRetry, jitter(delay(n-1, p), chance)}
	case f.Retry == postgres.Transient:
		return action{verdictPark, jitter(p.probeInterval(), chance)}
	default:
		return action{verdictHold, jitter(p.probeInterval(), chance)}
	}
}

// delay is the pause before the n-th delayed retry, counted from 1.
func delay(n int, p Policy) time.Duration {
	d := p.InitialDelay
	for ; n > 1 && d < p.MaxDelay; n-- {
		d *= 2
	}
	return min(d, p.MaxDelay)
}

// jitter shortens d by up to jitterShare of it.
func jitter(d time.Duration, chance float64) time.Duration {
	return d - time.Duration(jitterShare*chance*float64(d))
}
