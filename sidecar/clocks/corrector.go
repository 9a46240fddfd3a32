package clocks

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// Tolerance is how far a clock may be behind before SentAt corrects it. The way
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
			u.OccurredAt += offset(received - u.SentAt)
		default:
			old = old || received-u.OccurredAt > micros(Old)
		}
	}
	if !old {
		return
	}
	c.guess(updates, received)
}

// offset is how far the device's clock is off, judged by a request's apparent
// delay. Where the device seems ahead, the whole delay is the clock's, since no
// request arrives before it is sent. Up to the Tolerance none of it is, and
// from twice the Tolerance on all of it. In between the share grows steadily: a
// step would let an earlier update that is just not corrected win over a later
// one that is.
func offset(delay progress.Instant) progress.Instant {
	return min(delay, max(0, 2*(delay-micros(Tolerance))))
}

// guessed reports whether only a series can tell what the update's time means.
func guessed(u *progress.Update) bool { return u.OccurredAt != 0 && u.SentAt == 0 }

// guess shifts what belongs to a series. The newest update of a key decides: what
// came with it is older because it waited for it, not because the clock is behind.
func (c *Corrector) guess(updates []progress.Update, received progress.Instant) {
	ids := make([]uint64, len(updates))
	times := make(map[uint64]progress.Instant, len(updates))
	for i := range updates {
		if u := &updates[i]; guessed(u) {
			ids[i] = c.id(&u.Key)
			times[ids[i]] = max(times[ids[i]], u.OccurredAt)
		}
	}
	c.replaceByShift(times, received)
	for i := range updates {
		u := &updates[i]
		if shift := times[ids[i]]; shift != 0 && guessed(u) {
			u.ReportedAt = u.OccurredAt
			u.OccurredAt += shift
		}
	}
}

// replaceByShift replaces each key's newest time by how far its device is behind,
// 0 if that is not known.
func (c *Corrector) replaceByShift(times map[uint64]progress.Instant, received progress.Instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, newest := range times {
		times[id] = 0
		if age := received - newest; age > micros(Old) {
			times[id] = c.series.observe(id, age, received)
		}
	}
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
