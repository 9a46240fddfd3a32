package ingest

import (
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Limits cap what one request, and all requests together, may take, and say
// whom they may speak for.
type Limits struct {
	MaxBodyBytes  int64
	MaxItems      int
	MaxConcurrent int
	// MaxBytesInFlight is the sum of the bodies of all requests that are being
	// answered; a single one may be larger. 0 is DefaultBytesInFlight.
	MaxBytesInFlight int64
	// ReadTimeout is how long a read waits for the database.
	ReadTimeout time.Duration
	// UserHeader names the header that says which learner a request speaks for;
	// without it requests say so themselves.
	UserHeader string
	// Completion is what completes a lesson, so that a read says so as soon as what is
	// saved and what is not do together.
	Completion progress.Completion
}

// LimitsOf is the part of the configuration that this package follows.
func LimitsOf(c config.Config) Limits {
	return Limits{
		MaxBodyBytes:  c.Ingest.MaxBodyBytes,
		MaxItems:      c.Ingest.MaxItems,
		MaxConcurrent: c.Ingest.MaxConcurrent,
		ReadTimeout:   c.Database.ReadTimeout.D(),
		UserHeader:    c.Ingest.UserHeader,
		Completion:    c.Sync.Completion(),
	}
}

// DefaultBytesInFlight is for a process without a limit of its memory.
const DefaultBytesInFlight = 64 << 20

// BytesInFlight is the MaxBytesInFlight for a process that may use so many
// bytes of memory, 0 for any number. What becomes of a body, the answer
// included, takes up to ten times its size, and the pending records need room
// beside it.
func BytesInFlight(memory int64) int64 {
	const share, least = 24, 1 << 20
	if memory <= 0 {
		return DefaultBytesInFlight
	}
	return min(max(memory/share, least), DefaultBytesInFlight)
}

func (l Limits) bytesInFlight() int64 {
	if l.MaxBytesInFlight <= 0 {
		return DefaultBytesInFlight
	}
	return l.MaxBytesInFlight
}

// Requests that wait for the database have a share of MaxConcurrent of their
// own, so that a slow database can't use up what writes need.
const (
	readShare = 4
	syncShare = 4
)

func (l Limits) maxReads() int { return max(1, l.MaxConcurrent/readShare) }
func (l Limits) maxSyncs() int { return max(1, l.MaxConcurrent/syncShare) }

// semaphore counts those inside.
type semaphore struct{ inside atomic.Int64 }

// enter reports whether there was room; if so, leave must follow.
func (s *semaphore) enter(limit int) bool {
	if s.inside.Add(1) > int64(limit) {
		s.inside.Add(-1)
		return false
	}
	return true
}

func (s *semaphore) leave() { s.inside.Add(-1) }

// lease is a request's share of the bytes in flight.
type lease struct {
	taken, limit int64
	all          *atomic.Int64
}

// grow takes the share to a number of bytes, and reports whether there was
// room. A request that is alone has any.
func (l *lease) grow(to int64) bool {
	more := to - l.taken
	if more <= 0 {
		return true
	}
	if sum := l.all.Add(more); sum > l.limit && sum > to {
		l.all.Add(-more)
		return false
	}
	l.taken = to
	return true
}

func (l *lease) end() {
	if l.taken > 0 {
		l.all.Add(-l.taken)
		l.taken = 0
	}
}
