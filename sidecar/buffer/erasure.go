package buffer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Erasure is a learner who was erased.
type Erasure struct {
	UserID string
	// At is the instant up to which the learner is erased: everything that was
	// accepted before is older, everything accepted later is newer.
	At progress.Instant
	// Done is when the database had done so too, 0 for not yet.
	Done progress.Instant
}

// Erased is what Erase removed: records, and event ids.
type Erased struct {
	Erasure
	Pending, Frozen, Confirmed, DeadLetters, EventIDs int
}

const (
	// tombstoneAge is how long late updates of an erased learner are told.
	tombstoneAge = 30 * 24 * time.Hour
	// maxTombstones bounds their number; the oldest finished ones go first.
	maxTombstones = 10_000
)

// tombstone says that a learner was erased. userID is kept while the database
// may have to erase the learner, which needs it: until done, and for as long
// after that as a failover could undo it.
type tombstone struct {
	at     progress.Instant
	userID string
	done   progress.Instant // 0 for not yet, or for long ago
}

func (s tombstone) pending() bool { return s.userID != "" && s.done == 0 }

func (s tombstone) encode() []byte {
	dst := appendInstant([]byte{entryVersion}, s.at)
	dst = appendString(dst, s.userID)
	if s.done != 0 {
		dst = appendInstant(dst, s.done)
	}
	return dst
}

func decodeTombstone(value []byte) (tombstone, error) {
	d := decoder{rest: value}
	d.version()
	s := tombstone{at: d.instant(), userID: d.string()}
	if d.err == nil && len(d.rest) > 0 {
		s.done = d.instant()
	}
	return s, d.end()
}

func tombstoneKey(id learnerID) []byte { return append([]byte{prefixTombstone}, id[:]...) }

// erasedBefore reports whether an update happened before its learner was
// erased. A guess about a client's clock must not undo an erasure, so what the
// client said counts. A lane is locked.
func (b *Buffer) erasedBefore(u *progress.Update) bool {
	if len(b.tombstones) == 0 || u.OccurredAt == 0 {
		return false
	}
	at := u.OccurredAt
	if u.ReportedAt != 0 {
		at = u.ReportedAt
	}
	s, ok := b.tombstones[b.format.learnerID(nil, u.UserID)]
	return ok && at <= s.at
}

// Erase removes all that is held of a learner, and returns when the disk has
// that: pending and frozen records, confirmed batches that are kept, dead
// letters and event ids. From then on updates of the learner that happened
// before are refused with ErrErased; those without a time of their own, and
// newer ones, start from nothing.
//
// A frozen batch keeps its number, since it may have been applied and its
// answer lost; so nobody may apply one during the call, nor one that was taken
// from the buffer before it. The caller then removes the learner's rows from
// the database, for which PendingErasures keeps the user id across restarts,
// and calls ErasureDone, and ForgetErasure when it can't be undone any more. What
// the spool's files still hold of the learner is
// overwritten soon after, see Scrub.
//
// ErrFull says that too many erasures wait for the database.
func (b *Buffer) Erase(ctx context.Context, userID string) (Erased, error) {
	err := ctx.Err()
	if userID == "" {
		err = errNobody
	}
	if err != nil {
		return Erased{}, fmt.Errorf("erasing a learner: %w", err)
	}
	if err := b.enter(); err != nil {
		return Erased{}, fmt.Errorf("erasing a learner: %w", err)
	}
	defer b.leave()
	c, erased, err := b.erase(userID)
	if err == nil {
		err = b.journal.wait(c)
	}
	if err != nil {
		return Erased{}, fmt.Errorf("erasing a learner: %w", err)
	}
	b.progressed()
	b.space.lookAgain()
	return erased, nil
}

func (b *Buffer) erase(userID string) (c change, e Erased, err error) {
	defer b.lanes.unlock(b.lanes.lock(b.lanes.all()))
	now := b.clock.read()
	id := b.format.learnerID(nil, userID)
	e.Erasure = Erasure{UserID: userID, At: b.arrival(now.wall)}
	c = b.journal.begin()
	s := tombstone{at: e.At, userID: userID}
	if !b.putTombstone(c, id, s) {
		return c, e, ErrFull
	}
	// Nothing in memory changes before all that can fail has been read.
	kept := make([][]keptBatch, len(b.lanes))
	for i, l := range b.lanes {
		var gone int
		if kept[i], gone, err = l.kept.without(userID); err != nil {
			return c, e, fmt.Errorf("lane %d: %w", i, err)
		}
		e.Confirmed += gone
	}
	b.tombstones[id] = s
	letters := b.quarantine.takeLearner(userID)
	for _, dl := range letters {
		c.deleteDeadLetter(dl)
	}
	e.DeadLetters = len(letters)
	for i, l := range b.lanes {
		e.Pending += b.erasePending(c, l, userID)
		e.Frozen += b.eraseFrozen(c, l, userID)
		l.kept.replace(kept[i])
		l.putKept(c, kept[i])
		e.EventIDs += l.events.erase(c, l.number, id.of())
		c.put(laneKey(l.number), l.state(b).encode())
	}
	b.wantScrub(c)
	return c, e, b.journal.append(c)
}

func (b *Buffer) erasePending(c change, l *lane, userID string) (n int) {
	gone := l.pending.takeLearner(userID)
	for _, e := range gone {
		l.done.forget(e.key)
		c.deletePending(e.key)
		b.pending.Add(-1)
	}
	return len(gone)
}

func (b *Buffer) eraseFrozen(c change, l *lane, userID string) (n int) {
	changed, gone := l.frozen.erase(userID)
	for _, key := range gone {
		l.done.forget(key)
	}
	for _, fb := range changed {
		b.putBatch(c, l, fb)
	}
	return len(gone)
}

// putKept writes changed kept batches into c.
func (l *lane) putKept(c change, changed []keptBatch) {
	for _, k := range changed {
		c.put(numberedKey(prefixBatch, l.number, k.number), k.encoded)
		c.put(numberedKey(prefixKept, l.number, k.number), k.encode())
	}
}

// erase forgets the events of a learner.
func (w *eventWindow) erase(c change, lane int, of learner) (n int) {
	for _, s := range w.segments {
		for id := range s.ids {
			if id.of() == of {
				delete(s.ids, id)
				c.delete(eventKey(lane, s.opened, id))
				n++
			}
		}
	}
	w.count -= n
	return n
}

// putTombstone writes a tombstone into c, and the removal of those that are too
// old or too many. It returns false when there is no room for it.
func (b *Buffer) putTombstone(c change, id learnerID, s tombstone) bool {
	oldest := s.at - progress.Instant(tombstoneAge.Microseconds())
	type finished struct {
		id learnerID
		at progress.Instant
	}
	var others []finished
	waiting := 0
	for other, t := range b.tombstones {
		switch {
		case other == id:
		case t.pending():
			waiting++
		default:
			others = append(others, finished{other, t.at})
		}
	}
	if waiting >= maxTombstones {
		return false
	}
	slices.SortFunc(others, func(a, b finished) int { return cmp.Compare(a.at, b.at) })
	for i, o := range others {
		if o.at > oldest && len(others)-i+waiting < maxTombstones {
			break
		}
		delete(b.tombstones, o.id)
		c.delete(tombstoneKey(o.id))
	}
	c.put(tombstoneKey(id), s.encode())
	return true
}

var errNobody = errors.New("no learner is named")
