package run

import (
	"sync"
	"time"
)

const (
	// margin is left between the end of the drain and the kill, for closing.
	margin = 1500 * time.Millisecond
	// shortestDrain is given in any case: kubelet grants two seconds at least.
	shortestDrain = time.Second
)

// deadline knows how much of the grace period is left. It begins with the first
// sign of the end: prestop, or SIGTERM.
type deadline struct {
	grace time.Duration
	now   func() time.Time

	mu    sync.Mutex
	began time.Time
}

// begin notes that the pod is being deleted.
func (d *deadline) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.now(); d.began.IsZero() || now.Sub(d.began) > d.grace {
		// An earlier call was mistaken: the grace period that it began is over.
		d.began = now
	}
}

// left is the time for draining.
func (d *deadline) left() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(d.grace-d.now().Sub(d.began)-margin, shortestDrain)
}
