package adaptive

import (
	"math"
	"time"
)

const (
	// backoff is what is left of the rate after a window under pressure.
	backoff = 0.5
	// blameable is in how many windows after a rise pressure is taken for its answer.
	blameable = 2
	// patience is for how long a rate that was answered by pressure is not tried
	// again, and how long after pressure the rate rises that did not clearly end.
	patience = 10 * time.Minute
	// faster is how many times as fast a database answers that is not taken for the
	// one of an earlier window any more, so that there is no need for patience.
	faster = 4
)

// same is by how much rates differ that are the same.
const same = 1e-9

// rate is how often is written, 1 for as often as configured, and what the last
// changes of it led to.
type rate struct {
	now float64
	// rising and falling are the direction of the last change; neither before it.
	rising, falling bool
	reversals       int64
	// sinceRise counts windows, from 1.
	sinceRise int
	// latency is that of the window before the last rise.
	latency time.Duration
	// turned is when the rate last turned from falling to rising.
	turned time.Time
	// slowAt is when a window was slow last, and pressure what it measured.
	slowAt   time.Time
	pressure time.Duration
	ceiling  ceiling
}

// ceiling is how far the rate may rise after a rise that was answered by pressure.
type ceiling struct {
	rate float64
	// latency before that rise.
	latency time.Duration
	until   time.Time
}

// holds reports whether the ceiling still counts.
func (c ceiling) holds(r reading, at time.Time) bool {
	return at.Before(c.until) && !r.muchFaster(c.latency)
}

func (r reading) muchFaster(than time.Duration) bool { return r.latency <= than/faster }

// mayTurn reports whether a rate that has fallen may rise again: after some time, or
// when the pressure is clearly over and this is not one turn of many.
func (s rate) mayTurn(r reading, at time.Time) bool {
	if !at.Before(s.slowAt.Add(patience)) {
		return true
	}
	often := !s.turned.IsZero() && at.Before(s.turned.Add(patience))
	return r.muchFaster(s.pressure) && (!often || r.muchFaster(s.latency))
}

// after is the rate that follows a window.
func (s rate) after(r reading, p Policy, at time.Time) rate {
	s.sinceRise++
	least, most := p.rates()
	switch {
	case r.slow:
		s.slowAt, s.pressure = at, r.pressure
		if s.rising && s.sinceRise <= blameable {
			s.ceiling = ceiling{s.now * backoff, s.latency, at.Add(patience)}
		}
		return s.to(max(least, s.now*backoff))
	case s.now > 1 && r.writes < scarce:
		return s.to(max(1, s.now*backoff))
	case !r.easy || s.falling && !s.mayTurn(r, at):
		return s
	}
	if r.writes < enough {
		most = min(most, 1)
	}
	if s.ceiling.holds(r, at) {
		most = min(most, s.ceiling.rate)
	}
	next := min(most, s.now+p.step())
	if next-s.now < same {
		return s
	}
	if s.falling {
		s.turned = at
	}
	s.latency, s.sinceRise = r.latency, 0
	return s.to(next)
}

// to changes the rate, and counts a turn.
func (s rate) to(next float64) rate {
	if math.Abs(next-s.now) < same {
		return s
	}
	rising := next > s.now
	if rising && s.falling || !rising && s.rising {
		s.reversals++
	}
	s.now, s.rising, s.falling = next, rising, !rising
	return s
}
