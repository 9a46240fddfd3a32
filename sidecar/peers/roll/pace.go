package roll

import (
	"context"
	"time"
)

// minPause is the least between the last call and an early one. A peer waits a second for
// its connection (hop.Times), in which its key has to be looked up.
const minPause = 500 * time.Millisecond

// pace says when the registry is called next. It belongs to Run.
type pace struct {
	last time.Time     // zero before the first call
	due  time.Duration // after last, if nobody asks for an earlier call
	// pause before an early call. It doubles, up to a period, while early calls bring
	// nothing new, so that keys that nobody has registered can't load the database.
	pause time.Duration
	// first is the time to the next call while none has succeeded. It doubles, up to a
	// period: a sidecar that starts before its database is there waits no longer than it
	// has waited already.
	first time.Duration
}

// success says whether a call was answered, and whether one was before.
type success int

const (
	never success = iota // neither
	first                // this one
	later                // one before it
)

// called notes a call that began early or not, and has just ended. chance is in [0, 1).
// One that is the first to succeed is followed by another one soon: sidecars that start
// at the same moment don't find each other by their first calls.
func (p *pace) called(early bool, is success, now time.Time, chance float64, changed bool) {
	p.last = now
	period := Period
	switch is {
	case never:
		p.first = min(max(2*p.first, minPause), Period)
		period = p.first
	case first:
		period = minPause
	case later:
	}
	p.due = time.Duration(float64(period) * (1 - jitter + 2*jitter*chance))
	if early && !changed {
		p.pause = min(2*p.pause, Period)
	} else {
		p.pause = minPause
	}
}

// isEarly reports whether a call at this moment comes before it is due.
func (p *pace) isEarly(now time.Time) bool { return !p.last.IsZero() && now.Sub(p.last) < p.due }

// wait returns true when it is time for a call, false when ctx has ended.
func (p *pace) wait(ctx context.Context, r *Roll) bool {
	for ctx.Err() == nil {
		left := p.left(time.Now(), r)
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return false
}

// left is the time until the next call.
func (p *pace) left(now time.Time, r *Roll) time.Duration {
	if p.last.IsZero() {
		return 0
	}
	after := p.due
	switch asked, urgent := r.wanted(); {
	case urgent:
		return 0
	case asked:
		after = min(after, p.pause)
	}
	return p.last.Add(after).Sub(now)
}
