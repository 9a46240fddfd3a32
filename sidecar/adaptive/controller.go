package adaptive

import (
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Controller turns what writes took into a factor. It is for one goroutine at a time.
type Controller struct {
	policy Policy
	chance func() float64
	rate   rate
	window window
	// until is the end of the window, and early when it ends if most of it is slow.
	until, early time.Time
	latency      time.Duration
}

// New makes a controller whose factor is 1. chance returns a number in [0, 1).
func New(p Policy, at time.Time, chance func() float64) *Controller {
	c := &Controller{policy: p, chance: chance, rate: rate{now: 1}}
	c.begin(at)
	return c
}

// SetPolicy changes the policy. The factor stays where the bounds allow it.
func (c *Controller) SetPolicy(p Policy) {
	least, most := p.rates()
	c.policy = p
	c.rate = c.rate.to(min(max(c.rate.now, least), most))
}

// Wrote takes a write that ended: how long it took, and why it failed, nil if it did
// not. A failure that does not come from the database's load tells nothing. A window
// that has ended by then is judged first. One in which nothing was written changes
// nothing.
func (c *Controller) Wrote(at time.Time, took time.Duration, f *postgres.Failure) {
	if !at.Before(c.until) || !at.Before(c.early) && c.window.mostlySlow(c.policy.Target) {
		r := c.window.read(c.policy.Target)
		c.rate = c.rate.after(r, c.policy, at)
		if r.latency > 0 {
			c.latency = r.latency
		}
		c.begin(at)
	}
	switch {
	case f == nil:
		c.window.add(min(took, refused-1))
	case OfLoad(f):
		c.window.add(refused)
	}
}

func (c *Controller) begin(at time.Time) {
	const jitter = 0.15
	c.window = window{samples: c.window.samples[:0]}
	length := time.Duration(float64(c.policy.Window) * (1 - jitter + 2*jitter*c.chance()))
	c.early, c.until = at.Add(length/3), at.Add(length)
}

// Factor by which all intervals are stretched; below 1 they are shortened.
func (c *Controller) Factor() float64 { return min(max(1/c.rate.now, c.policy.Least), c.policy.Most) }

// Latency is what 90 of a hundred writes of the last window with any took at most.
func (c *Controller) Latency() time.Duration { return c.latency }

// Reversals are how often the factor turned from rising to falling, or back.
func (c *Controller) Reversals() int64 { return c.rate.reversals }

// OfLoad reports whether a failure says that the database has too much to do:
// insufficient resources (class 53), a lock that is not to be had, or a statement that
// took too long (PostgreSQL documentation, appendix A).
func OfLoad(f *postgres.Failure) bool {
	return strings.HasPrefix(f.SQLState, "53") || f.SQLState == "55P03" || f.SQLState == "57014"
}
