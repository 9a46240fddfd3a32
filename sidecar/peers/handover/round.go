package handover

import (
	"context"
	"maps"
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

// round hands over what there is under one View, and tells when all is written. Its
// methods may be called on nil, a round that has never begun.
type round struct {
	h    *Handover
	view *View
	head wire.Events // of each page
	says bool
	// written waits until all is, nil where nothing is to be.
	written func(context.Context) error
	room    *semaphore.Weighted
	cancel  context.CancelFunc
	// handing and telling are what is under way; handed and told are closed when it
	// is not any more.
	handing, telling sync.WaitGroup
	handed, told     chan struct{}

	mu   sync.Mutex
	left parcels
	// underway is how many candidates have yet to get ids, and empty is closed when
	// none has.
	underway int
	empty    chan struct{}
}

// rest is what a round has not done.
type rest struct {
	parcels parcels
	written func(context.Context) error
}

// startRound begins to send what is in todo to the candidates of a View. With says,
// each of them is told when it has all, and when all is written.
func startRound(ctx context.Context, h *Handover, view *View, todo rest, says, leaving bool) *round {
	ctx, cancel := context.WithCancel(ctx)
	r := &round{
		h: h, view: view, says: says, written: todo.written, room: semaphore.NewWeighted(sentAtOnce), cancel: cancel,
		handed: make(chan struct{}), told: make(chan struct{}),
		left: maps.Clone(todo.parcels), underway: 1, empty: make(chan struct{}),
		head: wire.Events{Writer: h.o.Writer, Owner: h.o.Owner, View: view.digest, Leaving: leaving},
	}
	for _, m := range view.Candidates() {
		if ids := todo.parcels[m.Writer]; m.Writer != h.o.Writer && (says || len(ids) > 0) {
			r.count(1)
			r.handing.Go(func() { r.serve(ctx, m.Writer, ids) })
		}
	}
	r.count(-1)
	r.telling.Go(func() { r.tell(ctx) })
	go func() {
		r.handing.Wait()
		close(r.handed)
		r.telling.Wait()
		close(r.told)
	}()
	return r
}

// handedOver is closed when everyone has all ids. It is nil once that is noted.
func (r *round) handedOver(noted bool) <-chan struct{} {
	if r == nil || noted {
		return nil
	}
	return r.handed
}

// ended is closed when everyone has all ids and knows that all is written.
func (r *round) ended() <-chan struct{} {
	if r == nil {
		return nil
	}
	return r.told
}

// stop ends the round, and returns what it has not done.
func (r *round) stop() rest {
	if r == nil {
		return rest{}
	}
	r.cancel()
	<-r.told
	return rest{r.left, r.written}
}

// serve hands over to one candidate, and says that this was all. The last word of a
// sidecar that leaves holds for any View, so that all others must have their ids before:
// a learner may be theirs in the eyes of one and not of the other.
func (r *round) serve(ctx context.Context, to uuid.UUID, ids []spool.EventID) {
	if !r.head.Leaving {
		r.bring(ctx, to, ids, r.says)
		return
	}
	if len(ids) > 0 && !r.bring(ctx, to, ids, false) {
		return
	}
	r.count(-1)
	select {
	case <-r.empty:
	case <-ctx.Done():
		return
	}
	if r.says {
		r.bring(ctx, to, nil, true)
	}
}

// tell waits until all is written, and tells all candidates.
func (r *round) tell(ctx context.Context) {
	if r.written != nil && r.written(ctx) != nil || !r.says {
		return
	}
	page := r.head
	page.Written = true
	for _, m := range r.view.Candidates() {
		if m.Writer != r.h.o.Writer {
			r.telling.Go(func() { r.deliver(ctx, m.Writer, &page) })
		}
	}
}

// bring sends ids to a candidate until it has them. It is false if ctx ends before.
func (r *round) bring(ctx context.Context, to uuid.UUID, ids []spool.EventID, last bool) bool {
	for {
		page := r.head
		page.IDs = ids[:min(len(ids), wire.MaxEventIDs)]
		page.Last = last && len(page.IDs) == len(ids)
		if !r.deliver(ctx, to, &page) {
			return false
		}
		ids = ids[len(page.IDs):]
		r.note(to, ids, len(page.IDs))
		if len(ids) == 0 {
			return true
		}
	}
}

// deliver sends a page until it has arrived. It is false if ctx ends before.
func (r *round) deliver(ctx context.Context, to uuid.UUID, page *wire.Events) bool {
	for pause := retryFirst; !r.send(ctx, to, page); pause = min(2*pause, retryMost) {
		if page.Leaving {
			r.h.o.Missed() // it may be leaving too
		}
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return false
		}
	}
	return true
}

func (r *round) count(more int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.underway += more; r.underway == 0 {
		close(r.empty)
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
