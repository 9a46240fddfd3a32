package buffer

import (
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// clock measures windows by time that has really passed. It follows the
// monotonic part of time.Time; where there is none and the wall clock is set
// back, time goes on from where it was, so that no window waits for the wall
// clock to catch up.
type clock struct {
	now func() time.Time

	mu      sync.Mutex
	last    time.Time
	elapsed time.Duration
}

// setBack tells a clock that was set back from readings of two goroutines that
// overtook each other.
const setBack = time.Second

func newClock(now func() time.Time) *clock {
	return &clock{now: now, last: now()}
}

// reading is what the clock shows at one moment.
type reading struct {
	elapsed time.Duration // since the buffer was opened, never less than before
	wall    progress.Instant
}

func (c *clock) read() reading {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch passed := now.Sub(c.last); {
	case passed > 0:
		c.elapsed += passed
		c.last = now
	case passed < -setBack:
		c.last = now
	}
	return reading{c.elapsed, progress.InstantOf(now)}
}

// at is the elapsed time at t.
func (c *clock) at(t time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsed + t.Sub(c.last)
}

// time is when so much time has elapsed.
func (c *clock) time(elapsed time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last.Add(elapsed - c.elapsed)
}

// wallOf is the wall clock's time, by this reading, of an earlier moment.
func (r reading) wallOf(elapsed time.Duration) progress.Instant {
	return r.wall - progress.Instant((r.elapsed - elapsed).Microseconds())
}
