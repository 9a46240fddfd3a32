package flush

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// maxProbeInterval caps the pause between two attempts while nothing can be
// written, so that a recovery is noticed within a minute.
const maxProbeInterval = time.Minute

// Policy says in what portions records are written and how a failed attempt is
// tried again. The limits of its values are those of config.Config.
type Policy struct {
	// BatchSize is the number of records a transaction; 1 or more.
	BatchSize int
	// MaxRetries is the number of delayed retries before the breaker opens.
	// One more, at once, comes before them: it tells a connection that went
	// stale from a database that is away.
	MaxRetries int
	// InitialDelay before the first delayed retry, doubled for each further
	// one up to MaxDelay.
	InitialDelay time.Duration
	MaxDelay     time.Duration
	// Interval is the policy's sync interval; it caps the pause between probes.
	Interval time.Duration
	// ReplayWindow is how long the buffer keeps a batch after the database was
	// last given it.
	ReplayWindow time.Duration
}

// PolicyOf is the part of the configuration that flushing follows.
func PolicyOf(c config.Config) Policy {
	return Policy{
		BatchSize:    c.Sync.BatchSize,
		MaxRetries:   c.Retry.MaxRetries,
		InitialDelay: c.Retry.InitialDelay.D(),
		MaxDelay:     c.Retry.MaxDelay.D(),
		Interval:     c.Sync.Interval.D(),
		ReplayWindow: c.Buffer.ReplayWindow.D(),
	}
}

// probeInterval is the pause between two attempts while parked or on hold.
func (p Policy) probeInterval() time.Duration {
	return min(p.Interval, p.MaxDelay, maxProbeInterval)
}

// hurried is p with delays that suit the seconds that are left at a shutdown.
func (p Policy) hurried() Policy {
	p.InitialDelay = min(p.InitialDelay, 100*time.Millisecond)
	p.MaxDelay = min(p.MaxDelay, time.Second)
	return p
}
