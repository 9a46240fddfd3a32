package adaptive

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

const (
	defaultTarget = 100 * time.Millisecond
	leastWindow   = time.Second
	mostWindow    = time.Minute
)

// Policy bounds the factor and says what it goes by.
type Policy struct {
	// Least and Most bound the factor; Least is above 0 and at most 1, Most at least 1.
	Least, Most float64
	// Target is what 90 of a hundred writes take at most in a database that is well.
	Target time.Duration
	// Window is how long writes are gathered before the factor changes. Each window
	// is up to 15 % longer or shorter, so that sidecars do not move together.
	Window time.Duration
}

// PolicyOf is the policy for a configuration that is valid, and the interval of its
// default class.
func PolicyOf(a config.Adaptive, interval time.Duration) Policy {
	p := Policy{Least: 0.5, Most: 4, Target: a.TargetLatency.D(), Window: min(max(interval/3, leastWindow), mostWindow)}
	if a.MinInterval > 0 {
		p.Least = a.MinInterval.D().Seconds() / interval.Seconds()
	}
	if a.MaxInterval > 0 {
		p.Most = a.MaxInterval.D().Seconds() / interval.Seconds()
	}
	if p.Target == 0 {
		p.Target = defaultTarget
	}
	return p
}

// rates are the bounds of the rate.
func (p Policy) rates() (least, most float64) { return 1 / p.Most, 1 / p.Least }

// step is how much the rate grows in a window: from one bound to the other in three,
// which leaves one that is already spoilt and the jitter to be back within five.
func (p Policy) step() float64 {
	least, most := p.rates()
	return (most - least) / 3
}
