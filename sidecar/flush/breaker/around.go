package breaker

import (
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Changed is closed at the next change.
func (b *Breaker) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// Nudge lets every lane make an attempt now and returns the number of the last
// attempt before.
func (b *Breaker) Nudge() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nudgeLocked()
	return b.attempts
}

// NudgeAgain repeats a nudge that came while the attempt before was still under
// way and has failed since, if no attempt has started after it.
func (b *Breaker) NudgeAgain(last uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.attempts > last {
		return
	}
	for lane := range b.lanes {
		if w := b.waitLocked(lane, now); w > 0 && w < forever {
			b.nudgeLocked()
			return
		}
	}
}

// Recheck is a nudge after which the health check is due as well.
func (b *Breaker) Recheck() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.contact = time.Time{}
	b.nudgeLocked()
}

func (b *Breaker) nudgeLocked() {
	b.shared.notBefore, b.idle.notBefore = time.Time{}, time.Time{}
	for i := range b.lanes {
		b.lanes[i].notBefore, b.lanes[i].probe = time.Time{}, time.Time{}
	}
	b.broadcastLocked()
}

// SetBackoff replaces the Backoff and lets all lanes try now.
func (b *Breaker) SetBackoff(backoff Backoff) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backoff = backoff
	b.nudgeLocked()
}

// Hurry shortens all delays for a shutdown.
func (b *Breaker) Hurry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hurry = true
	b.nudgeLocked()
}

// Stop ends flushing for good.
func (b *Breaker) Stop(f postgres.Failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopLocked(f)
}

// Stopped reports whether flushing has stopped for good.
func (b *Breaker) Stopped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stopped != nil
}

// Calm reports whether no failure goes on.
func (b *Breaker) Calm() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	calm := b.stopped == nil && b.shared.failures == 0 && b.idle.failures == 0
	for _, s := range b.lanes {
		calm = calm && s.failures == 0
	}
	return calm
}

// FailedSince returns the failure of an attempt later than the given one.
func (b *Breaker) FailedSince(attempt uint64) (postgres.Failure, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped != nil {
		return b.stopped.failure, true
	}
	return b.standing.failure, b.standing.attempt > attempt
}

// UndecidedSince reports whether an attempt later than the given one has left
// nothing but batches in doubt, so that waiting brings no verdict.
func (b *Breaker) UndecidedSince(attempt uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.standing.undecided && b.standing.attempt > attempt
}

// Quiet reports whether the lane has only batches in doubt, and no attempt
// under way.
func (b *Breaker) Quiet(lane int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lanes[lane].quiet
}

// Undoubted ends the streak of a lane that has nothing in doubt any more.
func (b *Breaker) Undoubted(lane int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lanes[lane].verdict == verdictDoubt {
		b.lanes[lane] = streak{}
		b.changeLocked()
	}
}

// ProbeWait is how long it takes until a batch in doubt is tried although
// nothing was written.
func (b *Breaker) ProbeWait(lane int, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lanes[lane].probe.Sub(now)
}

// CheckDue returns how long a health check has to wait, which is due the given
// interval after the last contact with the database. While lanes use the
// database, or wait to, a check is needless.
func (b *Breaker) CheckDue(interval time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if slices.Contains(b.busy, true) {
		return interval
	}
	if b.idle.failures > 0 {
		return b.idle.notBefore.Sub(now)
	}
	if b.contact.IsZero() {
		return 0
	}
	return b.contact.Add(interval).Sub(now)
}

// Checked notes the result of a health check, nil for a sign of life. A sign of life
// says nothing while a lane has something to write: it may be older than the lane's
// failure, and the lane's own attempts tell more.
func (b *Breaker) Checked(f *postgres.Failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f == nil && slices.Contains(b.busy, true) {
		return
	}
	b.contactLocked(f == nil || f.Connected())
	if f != nil {
		b.attempts++
		b.countLocked(&b.idle, b.attempts, *f)
		b.tellLocked()
		return
	}
	// What was to be written is gone, and with it its streak.
	had := b.idle.failures > 0 || b.shared.failures > 0
	b.idle, b.shared = streak{}, streak{}
	if had {
		b.changeLocked()
	}
}
