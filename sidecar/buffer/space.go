package buffer

import "sync/atomic"

// space decides whether the spool has room for updates.
type space struct {
	check    chan struct{} // signalled when it is to be measured at once
	bytes    atomic.Int64  // of the spool, when it was last measured
	since    atomic.Int64  // bytes written since then
	refusing atomic.Bool
}

// measureAfter is how many written bytes call for a measurement before the next
// second; far less than the headroom.
const measureAfter = 4 << 20

// measurement is how much room the spool and its file system have, in bytes.
type measurement struct {
	size      int64 // of the spool's files
	growth    int64 // what its next checkpoint may need beside them
	short     bool  // whether the disk was found full
	free      uint64
	freeKnown bool
}

func newSpace() space { return space{check: make(chan struct{}, 1)} }

// measured judges a measurement. What the next checkpoint may need counts as taken,
// since without it no space is ever freed. Updates are refused while the spool is
// nearly full; freezing and confirming go on in any case, since they are what
// frees space.
func (s *space) measured(m measurement, p *Policy) {
	s.since.Store(0)
	s.bytes.Store(m.size + m.growth)
	s.refusing.Store(m.short || p.full(m.size+m.growth) || m.freeKnown && m.free < p.headroom()+uint64(m.growth))
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
