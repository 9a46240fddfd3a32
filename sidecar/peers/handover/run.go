package handover

import (
	"context"
	"time"
)

// Run hands over until ctx ends.
func (h *Handover) Run(ctx context.Context) {
	var r *round
	handed := false // by r, which is noted
	defer func() { r.stop() }()
	for {
		lapse := time.NewTimer(h.untilLapse(time.Now()))
		select {
		case <-h.wake:
			r, handed = h.begin(ctx, r.stop()), false
		case <-r.handedOver(handed):
			handed = true
			h.finish(r.view, nil)
		case <-r.ended():
			r.stop()
			h.finish(r.view, r.view)
			r = nil
		case <-lapse.C:
			h.lapse(time.Now())
		case <-ctx.Done():
			lapse.Stop()
			return
		}
		lapse.Stop()
	}
}

// untilLapse is the time until others are not awaited any more for a set of before.
func (h *Handover) untilLapse(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := time.Hour // as good as any
	for _, at := range []time.Time{h.ids.lapse(), h.rows.lapse()} {
		if !at.IsZero() {
			next = min(next, at.Sub(now))
		}
	}
	return next
}

func (h *Handover) lapse(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(h.ids.at(now), h.rows.at(now))
}

// begin starts the round for the current View, with the rest of the last one.
func (h *Handover) begin(ctx context.Context, left rest) *round {
	h.mu.Lock()
	view, job := h.view.Load(), h.job
	h.job = h.job.next()
	leaving := h.leaving && !view.Has(h.o.Writer)
	h.mu.Unlock()
	for _, v := range job.replaced {
		v.await(ctx)
	}
	ids := left.parcels.all()
	ids = append(ids, job.foreign...)
	written := left.written
	if len(job.replaced) > 0 {
		ids = append(ids, h.o.Events.EventIDsWhere(job.moved(view))...)
		// Of those who were away before, what is not written is so again.
		written = h.o.MoveOut(func(userID string) bool { _, self := view.Home(userID); return !self })
	}
	return startRound(ctx, h, view, rest{assign(ids, view.Set, h.o.Writer), written}, job.says, leaving)
}

// next is what is to be done after j.
func (j job) next() job { return job{says: j.says} }

// moved reports whether a learner has another home than at any time since ids were
// last handed over.
func (j job) moved(view *View) func(learner uint64) bool {
	return func(learner uint64) bool {
		home, self := view.HomeOf(learner)
		if self {
			return false
		}
		for _, v := range j.replaced {
			if before, _ := v.HomeOf(learner); before.Writer != home.Writer {
				return true // which a View of nobody says of all
			}
		}
		return false
	}
}

// finish notes what is done for a View, and nil for what is not.
func (h *Handover) finish(handed, written *View) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = h.done.next(handed, written)
}
