package handover

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

const (
	// sentAtOnce is how many pages are on their way at the same time.
	sentAtOnce = 16
	// sendPatience bounds the way of one page.
	sendPatience = 5 * time.Second
	// retryFirst is the pause after a page that did not arrive, doubled for each
	// further one up to retryMost.
	retryFirst, retryMost = 100 * time.Millisecond, 2 * time.Second
)

// parcels are ids to hand over, by the writers that they go to.
type parcels map[uuid.UUID][]spool.EventID

// assign sorts ids by the homes of their learners, each id once. It leaves out those
// whose home is self.
func assign(ids []spool.EventID, set members.Set, self uuid.UUID) parcels {
	p := parcels{}
	seen := make(map[spool.EventID]struct{}, len(ids))
	for _, id := range ids {
		home, isSelf := set.HomeOf(id.Learner())
		if _, again := seen[id]; again || isSelf || home.Writer == self {
			continue
		}
		seen[id] = struct{}{}
		p[home.Writer] = append(p[home.Writer], id)
	}
	return p
}

// all are the ids of all.
func (p parcels) all() (ids []spool.EventID) {
	for _, parcel := range p {
		ids = append(ids, parcel...)
	}
	return ids
}

// round hands over what there is under one View. Its methods may be called on nil, a
// round that has never begun.
type round struct {
	h       *Handover
	view    *View
	head    wire.Events // of each page
	says    bool
	room    *semaphore.Weighted
	cancel  context.CancelFunc
	working sync.WaitGroup
	done    chan struct{}

	mu   sync.Mutex
	left parcels
}

// startRound begins to send parcels to the candidates of a View. With says, each of
// them is told when it has all.
func startRound(ctx context.Context, h *Handover, view *View, p parcels, says, leaving bool) *round {
	ctx, cancel := context.WithCancel(ctx)
	r := &round{
		h: h, view: view, says: says, room: semaphore.NewWeighted(sentAtOnce), cancel: cancel, done: make(chan struct{}), left: p,
		head: wire.Events{Writer: h.o.Writer, Owner: h.o.Owner, View: digest(view.Set), Leaving: leaving},
	}
	for _, m := range view.Candidates() {
		if ids := p[m.Writer]; m.Writer != h.o.Writer && (says || len(ids) > 0) {
			r.working.Go(func() { r.bring(ctx, m.Writer, ids) })
		}
	}
	go func() {
		r.working.Wait()
		close(r.done)
	}()
	return r
}

// ended is closed when everyone has everything.
func (r *round) ended() <-chan struct{} {
	if r == nil {
		return nil
	}
	return r.done
}

// stop ends the round, and returns what was not handed over.
func (r *round) stop() parcels {
	if r == nil {
		return nil
	}
	r.cancel()
	<-r.done
	return r.left
}

// bring sends ids to a candidate until it has them, or ctx ends.
func (r *round) bring(ctx context.Context, to uuid.UUID, ids []spool.EventID) {
	pause := retryFirst
	for {
		page := r.head
		page.IDs = ids[:min(len(ids), wire.MaxEventIDs)]
		page.Last = r.says && len(page.IDs) == len(ids)
		if r.send(ctx, to, &page) {
			ids, pause = ids[len(page.IDs):], retryFirst
			r.note(to, ids, len(page.IDs))
			if len(ids) == 0 {
				return
			}
			continue
		}
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return
		}
		pause = min(2*pause, retryMost)
	}
}

func (r *round) send(ctx context.Context, to uuid.UUID, page *wire.Events) bool {
	if r.room.Acquire(ctx, 1) != nil {
		return false
	}
	defer r.room.Release(1)
	ctx, cancel := context.WithTimeout(ctx, sendPatience)
	defer cancel()
	return r.h.o.Send(ctx, to, page) == nil
}

// note writes down what a candidate has yet to get.
func (r *round) note(to uuid.UUID, left []spool.EventID, sent int) {
	r.mu.Lock()
	r.left[to] = left
	r.mu.Unlock()
	r.h.o.Sent(sent)
}
