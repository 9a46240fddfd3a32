package buffer

import (
	"errors"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// state is what the buffer holds: in memory, and the same in the spool on disk.
type state struct {
	spool  *spool.Spool
	format spool.Format
	salt   salt
	// notBefore is the end of the short time after the start in which windows that
	// ended before are left alone, so that pods that start together don't write
	// together. It is elapsed time as in clock.
	notBefore time.Duration
	lanes     lanes
	capacity  capacity
	arrivals  arrivals
	// quarantine and tombstones belong to no lane, see lanes.
	quarantine quarantine
	tombstones tombstones

	enumerating sync.Mutex // held by enumerate
}

// append lets decide change memory, with the lanes in the set locked, and write
// into c what it changed, which goes to the spool behind all that was decided
// before. The disk doesn't have it yet. Where decide fails it has changed nothing.
// The result is nil if there is nothing to wait for.
func (s *state) append(set laneSet, decide func(c *spool.Change) error) (*spool.Change, error) {
	c := s.spool.Begin()
	defer s.lanes.unlock(s.lanes.lock(set))
	if err := decide(c); err != nil || c.Empty() {
		return nil, err
	}
	return c, s.commit(s.spool.Append(c))
}

// appendLazily is append for what nobody waits for.
func (s *state) appendLazily(set laneSet, decide func(c *spool.Change) error) error {
	c := s.spool.Begin()
	defer s.lanes.unlock(s.lanes.lock(set))
	if err := decide(c); err != nil || c.Empty() {
		return err
	}
	return s.commit(s.spool.AppendLazily(c))
}

// commit is the result of appending a change of what memory has already. Without
// room for it on the disk, memory and disk would differ from then on.
func (s *state) commit(err error) error {
	if errors.Is(err, spool.ErrNoSpace) {
		s.spool.Fail(err)
		return ErrFailed
	}
	return err
}

// dueRules are the rules of this moment.
func (s *state) dueRules(p *Policy) dueRules {
	return dueRules{
		interval: p.Interval, linger: p.Linger, quiet: p.QuietPeriod,
		notBefore: s.notBefore,
		excess:    s.capacity.excess(p),
	}
}

// putLane writes the lane's numbers into c.
func (s *state) putLane(c *spool.Change, l *lane) { c.PutLane(l.number, l.numbers(&s.arrivals)) }
