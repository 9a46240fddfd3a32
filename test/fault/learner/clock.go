package learner

import (
	"sync"
	"time"
)

// clock gives out times that are unique and rising across all learners, and
// never ahead of the machine's. Updates of one key then have an order of their
// own, whichever sidecar they reach first.
type clock struct {
	mu   sync.Mutex
	last time.Time
}

// next blocks for as long as the machine's clock stands still or is behind.
func (c *clock) next(n int) []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	times := make([]time.Time, 0, n)
	for len(times) < n {
		now := time.Now().UTC().Truncate(time.Microsecond)
		// Times spent waiting on the network lie unused behind now.
		earliest := now.Add(-time.Duration(n-len(times)-1) * time.Microsecond)
		if !earliest.After(c.last) {
			earliest = c.last.Add(time.Microsecond)
		}
		if earliest.After(now) {
			continue
		}
		times = append(times, earliest)
		c.last = earliest
	}
	return times
}
