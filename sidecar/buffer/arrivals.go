package buffer

import (
	"sync/atomic"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// arrivals gives out the instants at which updates arrive: the time, but each
// later than all before.
type arrivals struct{ last atomic.Int64 }

func (a *arrivals) next(now progress.Instant) progress.Instant {
	for {
		last := a.last.Load()
		next := max(int64(now), last+1)
		if a.last.CompareAndSwap(last, next) {
			return progress.Instant(next)
		}
	}
}

// newest is the instant that was given out last.
func (a *arrivals) newest() progress.Instant { return progress.Instant(a.last.Load()) }

// load tells of an instant that was given out before a restart.
func (a *arrivals) load(i progress.Instant) { a.last.Store(max(a.last.Load(), int64(i))) }
