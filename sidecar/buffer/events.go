package buffer

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// EventIDs bounds the memory of the event ids that were accepted. It is divided
// evenly among the lanes and forgets by the eighth.
type EventIDs struct {
	// MaxCount is how many ids are remembered; at least seven eighths of it
	// are, and 0 remembers none. An id takes about 40 bytes of memory at most.
	MaxCount int
	// MaxAge is how long an id is remembered, and up to a quarter longer; 0 for
	// as long as MaxCount allows.
	MaxAge time.Duration
}

// DefaultEventIDs are 100,000 ids for a day.
func DefaultEventIDs() EventIDs { return EventIDs{MaxCount: 100_000, MaxAge: 24 * time.Hour} }

// An eventID stands for an event of a key. Its first half is the learner's
// alone, so that the events of a learner can be found.
type eventID [16]byte

// learner is the first half of the event ids of a learner.
type learner [8]byte

// learnerID stands for a learner. Like eventID it is salted with the writer's
// id, so that the same learner is another one in every spool.
type learnerID [16]byte

func (id eventID) of() learner   { return learner(id[:8]) }
func (id learnerID) of() learner { return learner(id[:8]) }

func (f *format) learnerID(scratch []byte, userID string) learnerID {
	scratch = append(append(scratch[:0], f.writer[:]...), userID...)
	sum := sha256.Sum256(scratch)
	return learnerID(sum[:16])
}

// eventID is the identity of an event of the key that diskKey stands for.
func (f *format) eventID(scratch, diskKey []byte, u *progress.Update) (id eventID) {
	user := f.learnerID(scratch, u.UserID).of()
	scratch = append(scratch[:0], f.writer[:]...)
	scratch = appendString(scratch, u.EventID)
	scratch = append(scratch, diskKey[1:]...)
	sum := sha256.Sum256(scratch)
	copy(id[:8], user[:])
	copy(id[8:], sum[:])
	return id
}

// eventWindow is a lane's memory of event ids: segments, the oldest first, of
// which the last takes what is new and the first is forgotten whole.
type eventWindow struct {
	segments []eventSegment
	count    int
	// forgotten, if not 0, is the last segment that the disk still has and
	// memory doesn't.
	forgotten progress.Instant
}

type eventSegment struct {
	opened progress.Instant // rising, and its name on disk
	ids    map[eventID]struct{}
}

// eventSegments is how many parts a full window has.
const eventSegments = 8

// share is a lane's part of the count.
func (p EventIDs) share(lanes int) int {
	if p.MaxCount <= 0 {
		return 0
	}
	return max(1, p.MaxCount/lanes)
}

// span is the longest time that a segment takes new ids.
func (p EventIDs) span() progress.Instant {
	return progress.Instant((p.MaxAge / eventSegments).Microseconds())
}

func (w *eventWindow) has(id eventID) bool {
	for _, s := range slices.Backward(w.segments) {
		if _, ok := s.ids[id]; ok {
			return true
		}
	}
	return false
}

// add remembers an id and returns the segment that it is in.
func (w *eventWindow) add(id eventID, now progress.Instant, p EventIDs, lanes int) progress.Instant {
	share := p.share(lanes)
	size := max(1, share/eventSegments)
	last := len(w.segments) - 1
	if last < 0 || len(w.segments[last].ids) >= size ||
		p.MaxAge > 0 && now >= w.segments[last].opened+p.span() {
		opened := max(now, w.forgotten+1)
		if last >= 0 {
			opened = max(opened, w.segments[last].opened+1)
		}
		for len(w.segments) > 0 && w.count > share-size {
			w.forget()
		}
		w.segments = append(w.segments, eventSegment{opened, map[eventID]struct{}{}})
		last = len(w.segments) - 1
	}
	w.segments[last].ids[id] = struct{}{}
	w.count++
	return w.segments[last].opened
}

// expire forgets what the policy no longer remembers.
func (w *eventWindow) expire(now progress.Instant, p EventIDs, lanes int) {
	age := progress.Instant(p.MaxAge.Microseconds())
	for len(w.segments) > 0 {
		old := p.MaxAge > 0 && now >= w.segments[0].opened+p.span()+age
		if !old && w.count <= p.share(lanes) {
			return
		}
		w.forget()
	}
}

// forget drops the oldest segment.
func (w *eventWindow) forget() {
	w.forgotten = w.segments[0].opened
	w.count -= len(w.segments[0].ids)
	w.segments[0] = eventSegment{}
	w.segments = w.segments[1:]
}

// putForgotten writes into c that the disk may forget what memory did.
func (w *eventWindow) putForgotten(c change, lane int) {
	if w.forgotten != 0 {
		c.deleteRange(eventSegmentKey(lane, 0), eventSegmentKey(lane, w.forgotten+1))
		w.forgotten = 0
	}
}

// load takes an id that the disk has; segments come in their order.
func (w *eventWindow) load(opened progress.Instant, id eventID) {
	if n := len(w.segments); n == 0 || w.segments[n-1].opened != opened {
		w.segments = append(w.segments, eventSegment{opened, map[eventID]struct{}{}})
	}
	w.segments[len(w.segments)-1].ids[id] = struct{}{}
	w.count++
}

func eventSegmentKey(lane int, opened progress.Instant) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixEvent, byte(lane)}, uint64(opened))
}

func eventKey(lane int, opened progress.Instant, id eventID) []byte {
	return append(eventSegmentKey(lane, opened), id[:]...)
}

func decodeEventKey(key []byte) (opened progress.Instant, id eventID, ok bool) {
	const prefix = 10
	if len(key) != prefix+len(id) {
		return 0, id, false
	}
	return progress.Instant(binary.BigEndian.Uint64(key[2:])), eventID(key[prefix:]), true
}

// expireEvents forgets event ids that are too old, though no update comes.
func (b *Buffer) expireEvents(l *lane) error {
	p, now := b.policy.Load(), b.clock.read().wall
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events.expire(now, p.EventIDs, len(b.lanes))
	if l.events.forgotten == 0 {
		return nil
	}
	c := b.journal.begin()
	l.events.putForgotten(c, l.number)
	return b.journal.appendLazily(c)
}
