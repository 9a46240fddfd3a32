package buffer

import "time"

// state is what the buffer holds, in memory and by the journal on disk.
type state struct {
	journal *journal
	format  format
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
}

func newState(j *journal) *state {
	return &state{journal: j, quarantine: newQuarantine(), tombstones: tombstones{}}
}

// append lets decide change memory, with the lanes in the set locked, and write
// into c what it changed, which goes to the journal behind all that was decided
// before. The disk doesn't have it yet. Where decide fails it has changed nothing.
func (s *state) append(set laneSet, decide func(c change) error) (change, error) {
	c := s.journal.begin()
	defer s.lanes.unlock(s.lanes.lock(set))
	if err := decide(c); err != nil || c.empty() {
		return c, err
	}
	return c, s.journal.append(c)
}

// appendLazily is append for what nobody waits for.
func (s *state) appendLazily(set laneSet, decide func(c change) error) error {
	c := s.journal.begin()
	defer s.lanes.unlock(s.lanes.lock(set))
	if err := decide(c); err != nil || c.empty() {
		return err
	}
	return s.journal.appendLazily(c)
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
func (s *state) putLane(c change, l *lane) { c.putLane(l.number, l.numbers(&s.arrivals)) }
