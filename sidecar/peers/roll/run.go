package roll

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// Run enrolls until ctx ends, and leaves then, unless it owes the others something.
func (r *Roll) Run(ctx context.Context) {
	defer close(r.ended)
	var m memory
	var p pace
	for p.wait(ctx, r) {
		waited, early := r.begin(), none
		if waited != nil && p.isEarly(time.Now()) {
			early = waited.urgency
		}
		next, changed, err := r.enroll(ctx, m)
		p.called(early, err == nil && m.success.IsZero(), err != nil, time.Now(), r.options.Chance(), changed)
		if err == nil {
			m = next
			r.options.Observer.Enrolled(r.Set())
		} else if ctx.Err() == nil {
			r.options.Observer.NotEnrolled(err)
		}
		if waited != nil {
			waited.err = err
			close(waited.done)
		}
	}
	if !p.last.IsZero() && r.goesAtOnce() {
		r.leave(ctx)
	}
}

// enroll makes one call of the registry and publishes what follows from it. It
// returns what is to be remembered, and whether the members are others than before.
func (r *Roll) enroll(ctx context.Context, m memory) (next memory, changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, enrollPatience)
	defer cancel()
	self := r.options.Self()
	self.Leaving = r.leaving.Load()
	keys, err := r.options.Keys.Fingerprints()
	if err != nil {
		return m, false, err
	}
	entry := self
	entry.Fingerprints = keys
	now := time.Now()
	tidy := m.tidied.IsZero() || now.Sub(m.tidied) >= tidyPeriod
	told, err := r.options.Registry.Enroll(ctx, entry, m.told, tidy)
	if err == nil && m.success.IsZero() {
		// Two sidecars that start at the same moment may not see each other's rows, and
		// each would be home to all learners. By its second call, which begins when its own
		// row is there, one of the two at least sees the other, and waits for it.
		told, err = r.options.Registry.Enroll(ctx, entry, told, false)
	}
	if err != nil {
		return m, false, err
	}
	r.options.Keys.Registered(keys)
	next = m.after(told, self, now)
	if tidy {
		next.tidied = now
	}
	if changed = !m.sameMembers(next); changed {
		r.publish(members.New(self, next.known))
	}
	return next, changed, nil
}

// leave is the last call. Where it fails the others miss the sidecar after a minute.
func (r *Roll) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leavePatience)
	defer cancel()
	self := r.options.Self()
	if err := r.options.Registry.Leave(ctx, self.Writer, self.Owner); err != nil {
		r.options.Observer.NotEnrolled(err)
	}
}
