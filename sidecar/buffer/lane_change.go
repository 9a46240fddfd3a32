package buffer

import (
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// confirm confirms the lane's first frozen batch, which is then kept or dropped,
// and writes that into c. It returns the lags of keys that have been silent for long.
func (l *lane) confirm(c *spool.Change, p *Policy, now reading) (final []finalLag) {
	fb, before := l.frozen.confirm()
	for i, key := range fb.keys {
		if l.pending.entries[key] != nil || l.frozen.flights[key] != nil {
			continue
		}
		lag := time.Duration(now.wall-fb.records[i].ReceivedAt) * time.Microsecond
		if !l.rhythms.saved(key, now.elapsed) && lag >= silence {
			final = append(final, finalLag{l.pending.order.table.Of(&fb.records[i]), lag})
		}
	}
	if p.ReplayWindow <= 0 {
		c.DeleteBatch(l.number, fb.number)
		return final
	}
	k := keptBatch{number: fb.number, prev: before, at: now.wall, encoded: fb.encoded}
	l.kept.add(k)
	k.putName(c, l.number)
	return final
}

// dropKept drops batches that were confirmed up to the given instant, and the
// oldest ones beyond the limit, and writes that into c.
func (l *lane) dropKept(c *spool.Change, until progress.Instant, limit int64) {
	for _, k := range l.kept.drop(until, limit) {
		c.DeleteKept(l.number, k.number)
		c.DeleteBatch(l.number, k.number)
	}
}

// merge merges r into e, which shares no memory with r, and takes what its update, nil
// for none, says of when to write. What the first updates of a window leave open, the
// lesson's duration and module, can give it other terms.
func (l *lane) merge(e *entry, r progress.Record, u *progress.Update, now reading) {
	merged := progress.Merge(e.record, r)
	told := e.record.DurationStamp == (progress.Stamp{}) && merged.DurationStamp != (progress.Stamp{}) ||
		e.record.ModuleStamp == (progress.Stamp{}) && merged.ModuleStamp != (progress.Stamp{})
	merged.Key = e.record.Key
	if merged.ModuleID == e.record.ModuleID {
		merged.ModuleID = e.record.ModuleID
	} else {
		merged.ModuleID = strings.Clone(merged.ModuleID)
	}
	if u != nil {
		e.pace.beat(now.elapsed - e.changed)
		e.hint(u, now.elapsed, l.pending.order.table.Floor())
	}
	l.pending.update(e, &merged, now.elapsed)
	sooner := told && l.pending.order.renew(e)
	if l.pending.order.updated(e) || sooner {
		l.signal()
	}
}

// heed takes what an update of e says of when to write, and nothing else of it. What
// says nothing of the learner is no beat of e's rhythm, and e is as quiet as before.
func (l *lane) heed(e *entry, u *progress.Update, at time.Duration) {
	e.hint(u, at, l.pending.order.table.Floor())
	if l.pending.order.updated(e) {
		l.signal()
	}
}

// erase removes the learner's pending and frozen records, strays and event ids, and
// writes that into c. It returns how many there were; strays count as pending, and
// their event ids too.
func (l *lane) erase(c *spool.Change, userID string, of, salted learner) (pending, frozen, events int) {
	entries := l.pending.takeLearner(userID)
	for _, e := range entries {
		l.completed.forget(e.key)
		c.DeletePending(e.key)
	}
	gone := l.strays.takeLearner(userID)
	for _, x := range gone {
		c.DeleteStray(x.ID)
		if !l.events.has(x.event) { // one that was handed on and came back is in both
			events++
		}
	}
	changed, keys := l.frozen.erase(userID)
	for _, key := range keys {
		l.completed.forget(key)
	}
	for _, fb := range changed {
		l.putBatch(c, fb)
	}
	places := l.events.erase(of, salted)
	for _, place := range places {
		c.DeleteEvent(l.number, place.segment, place.id)
	}
	return len(entries) + len(gone), len(keys), len(places) + events
}

// putBatch writes a frozen batch into c.
func (l *lane) putBatch(c *spool.Change, fb *frozenBatch) {
	fb.encoded = spool.EncodeBatch(spool.Batch{Oldest: fb.oldest, Records: fb.records})
	c.PutBatch(l.number, fb.number, fb.encoded)
}

// remember notes what became of an event, and writes that into c.
func (l *lane) remember(c *spool.Change, id spool.EventID, kind spool.EventKind, now reading, p *Policy, lanes int) {
	if p.EventIDs.MaxCount <= 0 {
		return
	}
	segment := l.events.add(id, kind, now.wall, p.EventIDs, lanes)
	l.putForgotten(c)
	c.PutEvent(l.number, segment, id, kind)
}

// putForgotten writes into c that the disk may forget the events that memory did.
func (l *lane) putForgotten(c *spool.Change) {
	if last := l.events.takeForgotten(); last != 0 {
		c.DeleteEventsThrough(l.number, last)
	}
}

// numbers are what the disk has of the lane beside its records, with the newest
// arrival of all lanes.
func (l *lane) numbers(a *arrivals) spool.Lane {
	n := spool.Lane{Next: l.frozen.next, Applied: l.frozen.applied, Received: a.newest()}
	for _, fb := range l.frozen.batches {
		n.Frozen = append(n.Frozen, spool.BatchName{Number: fb.number, ID: fb.id})
	}
	return n
}
