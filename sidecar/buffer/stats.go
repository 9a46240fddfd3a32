package buffer

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Stats is the state of the buffer at one moment.
type Stats struct {
	// Pending and InFlight are records; the latter are in frozen batches. A stray
	// counts as a pending one.
	Pending, InFlight int64
	// Strays are updates that wait for their home.
	Strays int64
	// PendingUpdates were accepted and are neither saved nor quarantined.
	PendingUpdates int64
	// Oldest is when the first of these came, 0 if there is none.
	Oldest progress.Instant
	// DeadLetters is the number of keys with a record in the quarantine.
	DeadLetters int64
	// SpoolBytes is the size on disk, and what the next checkpoint may need beside
	// it, at most a second old; LimitBytes is Policy.SizeLimitBytes.
	SpoolBytes, LimitBytes int64
	// Refusing says that Put returns ErrNoSpace.
	Refusing bool
	// NextDue is when the next record becomes due, the zero time for never.
	NextDue time.Time
	// Overdue is by how much longer than its class explains the record waits, in a batch
	// or not, that is late by most; 0 if none is late.
	Overdue time.Duration
	// Classes are the records that wait for their window to end, by class of lessons.
	Classes []ClassStats
}

// ClassStats are the records of a class that wait for their window to end.
type ClassStats struct {
	Class string
	// Interval from a record's first unsaved update to when it is due, at the latest.
	Interval time.Duration
	// Pending of them, of which Oldest came first; that is 0 if there is none.
	Pending int64
	Oldest  progress.Instant
	// NextDue is when the next of them becomes due, the zero time for never.
	NextDue time.Time
}

// Stats returns the state of the buffer.
func (u *unsaved) Stats() Stats {
	now, p := u.clock.read(), u.policy.Load()
	s := Stats{
		SpoolBytes: u.space.bytes.Load(),
		LimitBytes: p.SizeLimitBytes,
		Refusing:   u.space.refusing.Load(),
	}
	all := ClassStats{Class: config.DefaultClass, Interval: p.Interval}
	rules := u.dueRules(p)
	next, waits := time.Duration(0), false
	for _, l := range u.lanes {
		l.mu.Lock()
		s.Pending += int64(len(l.pending.entries))
		all.Pending += int64(len(l.pending.entries))
		strays := int64(len(l.strays.waiting))
		s.Strays += strays
		s.Pending += strays
		s.PendingUpdates += l.pending.updates + strays
		s.older(l.strays.oldest())
		for _, fb := range l.frozen.batches {
			s.InFlight += int64(len(fb.records))
			s.PendingUpdates += fb.updates()
		}
		s.older(l.frozen.oldest())
		if oldest := l.frozen.oldest(); oldest != 0 {
			s.late(time.Duration(now.wall-oldest)*time.Microsecond - p.Interval - p.Linger)
		}
		if e := l.pending.order.age.head; e != nil {
			s.older(now.wallOf(e.opened))
			if all.Oldest == 0 || now.wallOf(e.opened) < all.Oldest {
				all.Oldest = now.wallOf(e.opened)
			}
		}
		if due, ok := l.pending.order.next(now.elapsed, rules); ok && (!waits || due < next) {
			next, waits = due, true
		}
		l.mu.Unlock()
	}
	if waits {
		s.NextDue = u.clock.time(next)
		s.late(now.elapsed - next)
	}
	all.NextDue = s.NextDue
	s.Classes = []ClassStats{all}
	u.lanes.lock(anyLane)
	s.DeadLetters = int64(u.quarantine.len())
	u.lanes.unlock(anyLane)
	return s
}

func (s *Stats) late(by time.Duration) { s.Overdue = max(s.Overdue, by) }

func (s *Stats) older(i progress.Instant) {
	if i != 0 && (s.Oldest == 0 || i < s.Oldest) {
		s.Oldest = i
	}
}
