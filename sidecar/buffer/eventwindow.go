package buffer

import (
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
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

// eventWindow is a lane's memory of event ids: segments, the oldest first, of
// which the last takes what is new and the first is forgotten whole.
type eventWindow struct {
	segments []eventSegment
	count    int
	kinds    eventKinds // of count
	// forgotten, if not 0, is the last segment that the disk still has and
	// memory doesn't.
	forgotten progress.Instant
}

type eventSegment struct {
	opened progress.Instant // rising, and its name on disk
	ids    map[spool.EventID]spool.EventKind
	kinds  eventKinds
}

// eventKinds are how many ids of each kind there are.
type eventKinds [spool.EventHandedOn + 1]int

func newEventSegment(opened progress.Instant) eventSegment {
	return eventSegment{opened: opened, ids: map[spool.EventID]spool.EventKind{}}
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

// find returns the segment of an id and what became of the event.
func (w *eventWindow) find(id spool.EventID) (segment *eventSegment, kind spool.EventKind, found bool) {
	for i := range slices.Backward(w.segments) {
		if kind, found = w.segments[i].ids[id]; found {
			return &w.segments[i], kind, true
		}
	}
	return nil, 0, false
}

func (w *eventWindow) has(id spool.EventID) bool {
	_, _, found := w.find(id)
	return found
}

// add remembers what became of an event and returns the segment that its id is in.
// The id must not be there, unless as that of an event that was handed on: then it
// stays in its segment.
func (w *eventWindow) add(id spool.EventID, kind spool.EventKind, now progress.Instant, p EventIDs, lanes int) progress.Instant {
	if w.kinds[spool.EventHandedOn] > 0 {
		if s, before, found := w.find(id); found {
			w.tally(s, before, -1)
			w.put(s, id, kind)
			return s.opened
		}
	}
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
		w.segments = append(w.segments, newEventSegment(opened))
		last = len(w.segments) - 1
	}
	w.put(&w.segments[last], id, kind)
	return w.segments[last].opened
}

// put enters an id into a segment that doesn't count it.
func (w *eventWindow) put(s *eventSegment, id spool.EventID, kind spool.EventKind) {
	s.ids[id] = kind
	w.tally(s, kind, 1)
}

func (w *eventWindow) tally(s *eventSegment, kind spool.EventKind, n int) {
	s.kinds[kind] += n
	w.kinds[kind] += n
	w.count += n
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
	for kind, n := range w.segments[0].kinds {
		w.kinds[kind] -= n
	}
	w.segments[0] = eventSegment{}
	w.segments = w.segments[1:]
}

// takeForgotten returns the name of the newest segment that memory has
// forgotten and the disk has not, 0 for none. The disk is then to forget it and
// all older ones, and the next call returns 0.
func (w *eventWindow) takeForgotten() progress.Instant {
	last := w.forgotten
	w.forgotten = 0
	return last
}

// eventPlace is an event id in its segment.
type eventPlace struct {
	segment progress.Instant
	id      spool.EventID
}

// erase removes the events of a learner, whose salted ids are known by another
// half, and returns them.
func (w *eventWindow) erase(of, salted learner) (gone []eventPlace) {
	for i := range w.segments {
		s := &w.segments[i]
		for id, kind := range s.ids {
			wanted := of
			if kind == spool.EventSalted {
				wanted = salted
			}
			if learnerOf(id) == wanted {
				delete(s.ids, id)
				w.tally(s, kind, -1)
				gone = append(gone, eventPlace{s.opened, id})
			}
		}
	}
	return gone
}

// load takes an id that the disk has; segments come in their order.
func (w *eventWindow) load(opened progress.Instant, id spool.EventID, kind spool.EventKind) {
	if n := len(w.segments); n == 0 || w.segments[n-1].opened != opened {
		w.segments = append(w.segments, newEventSegment(opened))
	}
	w.put(&w.segments[len(w.segments)-1], id, kind)
}

// segmentAfter returns the first segment with a name above the given one, nil ids
// for none.
func (w *eventWindow) segmentAfter(name progress.Instant) (segment progress.Instant, ids map[spool.EventID]spool.EventKind) {
	for _, s := range w.segments {
		if s.opened > name {
			return s.opened, s.ids
		}
	}
	return 0, nil
}
