package buffer

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// early is what makes a record due before its interval. Moments are elapsed time as in
// clock, 0 for never.
type early struct {
	// leave is due since its learner left, within since a client asked for it.
	leave, within time.Duration
	// worth is a moment before which it is not worth a write of its own, as far as it
	// was last looked at.
	worth time.Duration
}

// hint takes what an update says of when to write, which came at the given moment. It
// must not be a reset.
func (e *entry) hint(u *progress.Update, at, floor time.Duration) {
	e.early.leave = 0
	if grace := e.terms.LeaveGrace; u.Leaving && grace > 0 {
		e.early.leave = max(at+grace, e.pace.notBefore(floor))
	}
	if u.SyncWithin.Set {
		within := max(at+max(seconds(u.SyncWithin.Value), floor), e.pace.notBefore(floor))
		if e.early.within == 0 || within < e.early.within {
			e.early.within = within
		}
	}
}

// seconds is a duration, the longest one for numbers that are beyond it.
func seconds(n float64) time.Duration {
	const most = 1 << 32
	return time.Duration(min(n, most) * float64(time.Second))
}

// dueEarly is when the record is due before its interval, false for never.
func (e *entry) dueEarly() (due time.Duration, some bool) {
	quiet := e.terms.Quiet(e.pace.rhythm)
	if quiet > 0 {
		quiet += e.changed
	}
	for _, at := range [...]time.Duration{quiet, e.early.leave, e.early.within} {
		if at > 0 && (!some || at < due) {
			due, some = at, true
		}
	}
	return due, some
}

// wasAskedFor reports whether a client's hint has made the record due by the moment.
func (e *entry) wasAskedFor(at time.Duration) bool {
	return e.early.leave > 0 && e.early.leave <= at || e.early.within > 0 && e.early.within <= at
}
