package buffer

import "sync/atomic"

// space decides whether the spool has room for updates.
type space struct {
	check    chan struct{} // signalled when it is to be measured at once
	bytes    atomic.Int64  // of the spool, when it was last measured
	since    atomic.Int64  // bytes written since then
	freed    atomic.Int64  // bytes deleted since the spool was last compacted
	refusing atomic.Bool
}

// measureAfter is how many written bytes call for a measurement before the next
// second; far less than the headroom.
const measureAfter = 4 << 20

func newSpace() space { return space{check: make(chan struct{}, 1)} }

// measured takes the spool's bytes and those that are free on its file system,
// if that is known. Updates are refused while the spool is nearly full; freezing
// and confirming go on in any case, since they are what frees space.
func (s *space) measured(spool int64, free uint64, known bool, p *Policy) {
	s.since.Store(0)
	s.bytes.Store(spool)
	s.refusing.Store(p.full(spool) || known && free < p.headroom())
}

// wrote counts bytes that were written.
func (s *space) wrote(n int) {
	if s.since.Add(int64(n)) >= measureAfter {
		s.since.Store(0)
		s.checkSoon()
	}
}

func (s *space) checkSoon() {
	select {
	case s.check <- struct{}{}:
	default:
	}
}
