package buffer

import "time"

// pace is what is known of how the updates of a key come. Moments are elapsed time as
// in clock.
type pace struct {
	// rhythm is how far apart they are, smoothed; 0 until there were two.
	rhythm time.Duration
	// asked is when the key was last frozen because a client asked for it; 0 for never.
	asked time.Duration
}

// An update that comes sooner than the rhythm says so little that it counts for an
// eighth: a pause or a seek between two heartbeats must not make the key of a client
// with slow ones look quiet. One that comes later counts for a half, and for no more
// than four times the rhythm, or a minute and a half: longer is a break of the learner.
const (
	soonerCounts  = 8
	laterCounts   = 2
	longestLater  = 4
	leastLongest  = 90 * time.Second
	leastOfRhythm = time.Second
)

// beat takes that an update came so long after the one before.
func (p *pace) beat(gap time.Duration) {
	gap = max(gap, leastOfRhythm)
	switch {
	case p.rhythm == 0:
		p.rhythm = min(gap, leastLongest)
	case gap < p.rhythm:
		p.rhythm -= (p.rhythm - gap) / soonerCounts
	default:
		gap = min(gap, max(longestLater*p.rhythm, leastLongest))
		p.rhythm += (gap - p.rhythm) / laterCounts
	}
}

// notBefore is when a client may have the key written again.
func (p *pace) notBefore(floor time.Duration) time.Duration {
	if p.asked == 0 {
		return 0
	}
	return p.asked + floor
}
