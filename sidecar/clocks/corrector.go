package clocks

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// Tolerance is how far a clock may be off before SentAt corrects it. The way
	// of a request takes as long, and would be taken for an offset.
	Tolerance = 5 * time.Second
	// Old is the age from which an update without SentAt may be a live one of a
	// device that is behind.
	Old = 2 * time.Minute
)

// Corrector remembers how far devices without SentAt are behind.
type Corrector struct {
	seed maphash.Seed

	mu     sync.Mutex
	series *memory
}

// New makes a Corrector.
func New() *Corrector {
	return &Corrector{seed: maphash.MakeSeed(), series: newMemory(maxSeries)}
}

// Correct shifts the OccurredAt of the updates of one request, which arrived at
// the given moment. Where the shift is a guess, ReportedAt keeps what the client
// said.
func (c *Corrector) Correct(updates []progress.Update, received progress.Instant) {
	old := false
	for i := range updates {
		switch u := &updates[i]; {
		case u.OccurredAt == 0:
		case u.SentAt != 0:
			if behind := received - u.SentAt; behind > micros(Tolerance) || behind < -micros(Tolerance) {
				u.OccurredAt += behind
			}
		default:
			old = old || received-u.OccurredAt > micros(Old)
		}
	}
	if !old {
		return
	}
	behind := c.behind(newest(updates), received)
	for i := range updates {
		if u := &updates[i]; guessed(u) && behind[u.Key] != 0 {
			u.ReportedAt = u.OccurredAt
			u.OccurredAt += behind[u.Key]
		}
	}
}

// guessed reports whether only a series can tell what the update's time means.
func guessed(u *progress.Update) bool { return u.OccurredAt != 0 && u.SentAt == 0 }

// newest finds the newest of each key's updates: what came with it is as old as
// it because it waited for it, not because the clock is behind.
func newest(updates []progress.Update) map[progress.Key]progress.Instant {
	times := make(map[progress.Key]progress.Instant, 1)
	for i := range updates {
		if u := &updates[i]; guessed(u) {
			times[u.Key] = max(times[u.Key], u.OccurredAt)
		}
	}
	return times
}

// behind replaces each key's newest time by how far its device is behind, and
// drops the keys of which that is not known.
func (c *Corrector) behind(newest map[progress.Key]progress.Instant, received progress.Instant) map[progress.Key]progress.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, at := range newest {
		var behind progress.Instant
		if age := received - at; age > micros(Old) {
			behind = c.series.observe(c.id(&key), age, received)
		}
		if newest[key] = behind; behind == 0 {
			delete(newest, key)
		}
	}
	return newest
}

// id stands for a key. Two keys of one id, of which there are none in practice,
// would only share their series.
func (c *Corrector) id(k *progress.Key) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	for _, part := range []string{k.UserID, k.CourseID, k.LessonID} {
		_, _ = h.WriteString(part) // it can't fail
		_ = h.WriteByte(0)         // it can't fail
	}
	return h.Sum64()
}

func micros(d time.Duration) progress.Instant { return progress.Instant(d.Microseconds()) }
