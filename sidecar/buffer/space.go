package buffer

import (
	"context"
	"sync/atomic"
	"time"
)

// space watches how much room the spool has.
type space struct {
	dir      string
	free     func(dir string) (uint64, error)
	look     chan struct{}
	bytes    atomic.Int64 // of the spool, when it was last measured
	since    atomic.Int64 // bytes written since then
	freed    atomic.Int64 // bytes deleted since the spool was last compacted
	refusing atomic.Bool
}

const (
	housekeepingPause = time.Second
	reclaimPause      = 10 * time.Second // unless much was deleted
	lazySyncDelay     = 50 * time.Millisecond

	// measureAfter is how many written bytes call for a look before the next
	// second; far less than the headroom.
	measureAfter = 4 << 20

	// worthReclaiming is how many deleted bytes are worth a compaction.
	worthReclaiming = 4 << 20
)

func (s *space) lookAgain() {
	select {
	case s.look <- struct{}{}:
	default:
	}
}

func (s *space) wrote(n int) {
	if s.since.Add(int64(n)) >= measureAfter {
		s.since.Store(0)
		s.lookAgain()
	}
}

// measure decides whether updates are accepted. Freezing and confirming go on
// in any case: they are what frees space.
func (b *Buffer) measure() {
	p := b.policy.Load()
	bytes := b.journal.size()
	b.space.since.Store(0)
	b.space.bytes.Store(bytes)
	refuse := p.full(bytes)
	if free, err := b.space.free(b.space.dir); err == nil && free < p.headroom() {
		refuse = true
	}
	b.space.refusing.Store(refuse)
}

// housekeep runs until Close or a fault.
func (b *Buffer) housekeep(ctx context.Context) {
	tick := time.NewTicker(housekeepingPause)
	defer tick.Stop()
	var reclaimed time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.Failed():
			return
		case <-tick.C:
		case <-b.space.look:
		}
		b.measure()
		b.scrubSoon(ctx)
		for _, l := range b.lanes {
			_ = b.expireEvents(l) // an error of the disk shows in Failed
		}
		if !b.space.refusing.Load() {
			continue
		}
		// Errors of the disk show in Failed; anything else is tried again at
		// the next tick.
		p := b.policy.Load()
		for _, l := range b.lanes {
			_ = b.pruneLane(l, 0, p)
		}
		if b.space.freed.Load() >= worthReclaiming || time.Since(reclaimed) >= reclaimPause {
			b.space.freed.Store(0)
			_ = b.journal.reclaim(ctx)
			reclaimed = time.Now()
			b.measure()
		}
	}
}

// wroteLazily sees to it that the disk soon has what nobody waits for.
func (b *Buffer) wroteLazily() {
	select {
	case b.written <- struct{}{}:
	default:
	}
}

// syncLazily syncs what nobody waits for, until Close or a fault.
func (b *Buffer) syncLazily(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.Failed():
			return
		case <-b.written:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lazySyncDelay):
		}
		_ = b.journal.sync() // its error shows in Failed
	}
}

// expireEvents forgets event ids that are too old, though no update comes.
func (b *Buffer) expireEvents(l *lane) error {
	p, now := b.policy.Load(), b.clock.read().wall
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events.expire(now, p.EventIDs, len(b.lanes))
	last := l.events.takeForgotten()
	if last == 0 {
		return nil
	}
	c := b.journal.begin()
	c.deleteEventsThrough(l.number, last)
	return b.journal.appendLazily(c)
}
