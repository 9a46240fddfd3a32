package ingest

import (
	"sync"
	"time"
)

const (
	// hurriedRead is how long a read waits for a database that did not answer the
	// one before. One that is back answers within it, unless it is far away.
	hurriedRead = 100 * time.Millisecond
	// probeEvery is the pause after a read that waited in vain for as long as it
	// may, until one other may do so.
	probeEvery = 10 * time.Second
)

// patience says how long a read waits for the database. Where that hangs, each
// page that asks for progress takes a read timeout longer, or several if it
// asks for one thing after the other. So once a read has waited in vain, and as
// long as no other is answered, reads wait for hurriedRead only; an answer ends
// that. From time to time one read waits as long as it may, to find a database
// that answers slowly.
type patience struct {
	mu sync.Mutex
	// answered is when the database last answered a read.
	answered time.Time
	// probe is when the next read may wait for long, the zero time while all may.
	probe time.Time
}

// turn is one read's.
type turn struct {
	began   time.Time
	wait    time.Duration
	hurried bool
}

// begin gives a read its turn, which end must end.
func (p *patience) begin(now time.Time, longest time.Duration) turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := turn{began: now, wait: longest}
	switch {
	case p.probe.IsZero():
	case now.Before(p.probe):
		t.wait, t.hurried = min(longest, hurriedRead), true
	default:
		p.probe = now.Add(longest + probeEvery) // the others hurry until this one has ended
	}
	return t
}

// end notes whether the database answered the read. An error before its time was
// up says nothing: it is the caller's, who left, or one that costs no time.
func (p *patience) end(t turn, now time.Time, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch inVain := now.Sub(t.began) >= t.wait; {
	case answered:
		p.answered, p.probe = now, time.Time{}
	case t.hurried || p.answered.After(t.began):
	case inVain:
		p.probe = now.Add(probeEvery)
	case !p.probe.IsZero():
		p.probe = now // the next one finds out
	}
}
