package hop

import "time"

// verdict is whether a call may use the peer.
type verdict int

const (
	pass verdict = iota
	refuse
	probe // refuse, and find out whether the peer can be reached
)

// breaker keeps calls from a peer that failed. It is closed until a failure, and
// then open for a pause that doubles with every further failure. After the pause one
// probe goes out, for which no call waits; if it reaches the peer, one call is the
// trial, and its success closes the breaker.
type breaker struct {
	failures int       // in a row, 0 while closed
	since    time.Time // of the first of them
	until    time.Time // end of the pause
	reached  bool      // by a probe since the last failure
	busy     bool      // a probe or the trial is under way
}

// ask gives a call its verdict. After pass and probe, one of succeeded, failed,
// undecided and probed must follow.
func (b *breaker) ask(now time.Time) verdict {
	switch {
	case b.failures == 0:
		return pass
	case b.busy:
		return refuse
	case b.reached:
		b.busy = true
		return pass
	case now.Before(b.until):
		return refuse
	default:
		b.busy = true
		return probe
	}
}

func (b *breaker) succeeded() { *b = breaker{} }

// failed opens the breaker. While it is open, only the failure of a probe or of the
// trial prolongs that: of calls that passed before, many may fail at once.
func (b *breaker) failed(now time.Time, t Times) {
	if b.failures > 0 && !b.busy {
		return
	}
	pause := t.OpenMost
	if doubled := t.OpenFirst << min(b.failures, 20); doubled < pause {
		pause = doubled
	}
	since := b.since
	if b.failures == 0 {
		since = now
	}
	*b = breaker{failures: b.failures + 1, since: since, until: now.Add(pause)}
}

// openFor is for how long it has been open, 0 while closed.
func (b *breaker) openFor(now time.Time) time.Duration {
	if b.failures == 0 {
		return 0
	}
	return now.Sub(b.since)
}

// undecided ends a trial that told nothing of the peer.
func (b *breaker) undecided() { b.busy = false }

// probed ends a probe that reached the peer.
func (b *breaker) probed() { b.busy, b.reached = false, true }
