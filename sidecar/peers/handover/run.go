package handover

import (
	"context"
	"time"
)

// Run hands over until ctx ends.
func (h *Handover) Run(ctx context.Context) {
	var r *round
	defer func() { r.stop() }()
	for {
		lapse := time.NewTimer(h.untilLapse(time.Now()))
		select {
		case <-h.wake:
			left := r.stop()
			r = h.begin(ctx, left)
		case <-r.ended():
			r.stop()
			h.finish(r.view)
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
	if at := h.wait.lapse(); !at.IsZero() {
		return at.Sub(now)
	}
	return time.Hour // as good as any
}

func (h *Handover) lapse(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(h.wait.at(now))
}

// begin starts the round for the current View, with what is left of the last one.
func (h *Handover) begin(ctx context.Context, left parcels) *round {
	h.mu.Lock()
	view, job := h.view.Load(), h.job
	h.job = h.job.next()
	leaving := h.leaving && !view.Has(h.o.Writer)
	h.mu.Unlock()
	for _, v := range job.replaced {
		v.await(ctx)
	}
	ids := left.all()
	ids = append(ids, job.foreign...)
	if len(job.replaced) > 0 {
		ids = append(ids, h.o.Events.EventIDsWhere(job.moved(view))...)
	}
	return startRound(ctx, h, view, assign(ids, view.Set, h.o.Writer), job.says, leaving)
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

// finish notes that all has been said of a View.
func (h *Handover) finish(view *View) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = view
	close(h.saying)
	h.saying = make(chan struct{})
}
