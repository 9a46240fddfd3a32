package clocks

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// jitter is how much the ages of a series may differ from one to the next:
	// the way of a request takes now longer, now shorter.
	jitter = 2 * time.Second
	// leastGap and mostGap are the times between two updates of a series. What
	// comes faster may have waited together, and what comes later is no heartbeat.
	leastGap, mostGap = 2 * time.Second, 10 * time.Minute
)

// series is updates of one device, as far as the last of them tells.
type series struct {
	age      progress.Instant // between OccurredAt and arrival
	received progress.Instant
	steady   bool // the one before was as old, and came a while before
}

// next takes an update of an age in, and reports whether it belongs to the
// series. behind is how far the device is then, 0 if one more has to come.
func (s *series) next(age, received progress.Instant) (behind progress.Instant, belongs bool) {
	gap, change := received-s.received, age-s.age
	if s.received == 0 || gap > micros(mostGap) || change > micros(jitter) || change < -micros(jitter) {
		return 0, false
	}
	if !s.steady && gap < micros(leastGap) {
		return 0, true
	}
	// The way of a request only adds to the age, so the smaller one is the truer.
	behind = min(age, s.age)
	*s = series{age: age, received: received, steady: true}
	return behind, true
}

// pair is the series of one key: a learner seldom has more than two devices that
// are wrong, or one of them and a queue that is sent meanwhile.
type pair [2]series

func (p *pair) observe(age, received progress.Instant) (behind progress.Instant) {
	for i := range p {
		if behind, belongs := p[i].next(age, received); belongs {
			return behind
		}
	}
	// A queue brings one age after another, and must not push a device out.
	last := &p[0]
	if last.steady && !p[1].steady || last.steady == p[1].steady && p[1].received < last.received {
		last = &p[1]
	}
	*last = series{age: age, received: received}
	return 0
}

// maxSeries bounds the keys that are remembered; each takes about 100 bytes.
const maxSeries = 4096

// memory has the pairs of the keys that were asked for last. It consists of two
// maps: when the younger one is full, the older one is dropped.
type memory struct {
	most         int // of both
	young, older map[uint64]pair
}

func newMemory(most int) *memory { return &memory{most: most, young: map[uint64]pair{}} }

func (m *memory) observe(id uint64, age, received progress.Instant) progress.Instant {
	p, known := m.young[id]
	if !known {
		p = m.older[id]
		delete(m.older, id)
		if len(m.young) >= m.most/2 {
			m.young, m.older = map[uint64]pair{}, m.young
		}
	}
	behind := p.observe(age, received)
	m.young[id] = p
	return behind
}
