package buffer

import (
	"sync"
	"sync/atomic"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// core is what the parts of a Buffer share.
type core struct {
	*state

	clock  *clock
	policy atomic.Pointer[Policy]
	space  space
	// checkpoints knows whether one is owed.
	checkpoints checkpoints
	saved       broadcast     // sent when a record was saved, quarantined or erased
	written     chan struct{} // signalled by writes that nobody waits for

	// closing is locked for reading by calls that use the spool, and by Close.
	closing sync.RWMutex
	closed  bool
}

// write runs decide with the lanes in the set locked, as state.append says, and
// returns when the disk has what it changed.
func (c *core) write(set laneSet, decide func(c *spool.Change) error) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	change, err := c.append(set, decide)
	if err != nil || change == nil {
		return err
	}
	return c.spool.Wait(change)
}

// enter must be followed by leave, unless it returns an error.
func (c *core) enter() error {
	c.closing.RLock()
	if c.closed {
		c.closing.RUnlock()
		return ErrClosed
	}
	select {
	case <-c.spool.Failed():
		c.closing.RUnlock()
		return ErrFailed
	default:
		return nil
	}
}

func (c *core) leave() { c.closing.RUnlock() }

// wroteLazily makes the housekeeper sync, soon, what nobody waits for.
func (c *core) wroteLazily() {
	select {
	case c.written <- struct{}{}:
	default:
	}
}
