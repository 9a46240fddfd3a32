package sending

import "github.com/progress-sync/progress-sync/sidecar/events/delivery"

// Step is what a lane does after an answer.
type Step int

const (
	// Advance: the cursor moves behind what was sent.
	Advance Step = iota
	// Halve: the first half is sent at once, to find what is refused.
	Halve
	// Witness: another event is sent, which tells whether the receiver takes any.
	Witness
	// KeepLane: the event is kept for later, and this lane waits; others need not.
	KeepLane
	// KeepAll: what was sent is kept for later, and the receiver is left alone by all
	// lanes, but for one that tries.
	KeepAll
	// SetAside: the event becomes a dead letter.
	SetAside
	// Stop: nothing is sent until the receiver is another one.
	Stop
)

// tried is what a lane knows when an answer comes.
type tried struct {
	// events of the request.
	events int
	// others were taken since the event that is sent alone was last tried.
	others bool
	// alone is how often the event was refused before while others were taken, of the most
	// times that it is tried.
	alone, most int
	// witness: there is an event of another lesson to ask with.
	witness bool
}

// next says what an answer means for a lane. An event is set aside only for what it met
// while others were taken: that of a receiver as a whole, however long, costs none.
func next(t tried, a delivery.Answer) Step {
	switch a.Meaning {
	case delivery.Taken:
		return Advance
	case delivery.Gone:
		return Stop
	case delivery.Busy, delivery.Denied, delivery.Unreachable:
		return KeepAll
	case delivery.Lost:
		if t.events > 1 {
			return KeepAll // halves would take as long; the next request has fewer
		}
	case delivery.Refused:
		if t.events > 1 {
			return Halve
		}
	}
	switch {
	case t.others:
		return blame(t)
	case t.witness:
		return Witness
	default:
		return KeepAll
	}
}

// heard says what the answer to a witness means for the event that was refused before it.
func heard(t tried, a delivery.Answer) Step {
	switch a.Meaning {
	case delivery.Taken:
		return blame(t)
	case delivery.Gone:
		return Stop
	default:
		return KeepAll
	}
}

func blame(t tried) Step {
	if t.alone+1 >= t.most {
		return SetAside
	}
	return KeepLane
}
