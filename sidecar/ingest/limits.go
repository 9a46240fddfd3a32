package ingest

import (
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// Limits cap what one request, and all requests together, may take.
type Limits struct {
	MaxBodyBytes  int64
	MaxItems      int
	MaxConcurrent int
	// ReadTimeout is how long a read waits for the database.
	ReadTimeout time.Duration
}

// LimitsOf is the part of the configuration that this package follows.
func LimitsOf(c config.Config) Limits {
	return Limits{
		MaxBodyBytes:  c.Ingest.MaxBodyBytes,
		MaxItems:      c.Ingest.MaxItems,
		MaxConcurrent: c.Ingest.MaxConcurrent,
		ReadTimeout:   c.Database.ReadTimeout.D(),
	}
}

// Requests that wait for the database have a share of MaxConcurrent of their
// own, so that a slow database can't use up what writes need.
const (
	readShare = 4
	syncShare = 4
)

func (l Limits) maxReads() int { return max(1, l.MaxConcurrent/readShare) }
func (l Limits) maxSyncs() int { return max(1, l.MaxConcurrent/syncShare) }

// gate counts those inside.
type gate struct{ inside atomic.Int64 }

// enter reports whether there was room; if so, leave must follow.
func (g *gate) enter(limit int) bool {
	if g.inside.Add(1) > int64(limit) {
		g.inside.Add(-1)
		return false
	}
	return true
}

func (g *gate) leave() { g.inside.Add(-1) }
