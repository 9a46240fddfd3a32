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
	// pauses before an early call, by what it is for. They double, up to a period, while
	// such calls bring nothing new, so that keys that nobody has registered and peers that
	// are dead can't load the database.
	pauses [parting]time.Duration
	// retry is the pause after a call that fails. It doubles up to a period: the others
	// miss a sidecar after a minute, and three calls in a row can fall on a bad moment.
	retry time.Duration
}

// called notes a call that has just ended, and what it was made early for, none if it was
// due. chance is in [0, 1).
// One that is the first to succeed is followed by another one soon: of two sidecars that
// start at the same moment, one may not have found the other.
func (p *pace) called(early urgency, first, failed bool, now time.Time, chance float64, changed bool) {
	p.last = now
	period := Period
	if failed {
		p.retry = min(max(2*p.retry, minPause), Period)
		period = p.retry
	} else {
		p.retry = 0
	}
	p.due = time.Duration(float64(period) * (1 - jitter + 2*jitter*chance))
	if first {
		p.due = minPause
	}
	for why := missing; why < parting; why++ {
		switch {
		case changed || early == none:
			p.pauses[why] = minPause
		case why == early:
			p.pauses[why] = min(2*p.pauses[why], Period)
		}
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
	switch why := r.wanted(); why {
	case none:
	case parting:
		return 0
	default:
		after = min(after, p.pauses[why])
	}
	return p.last.Add(after).Sub(now)
}
