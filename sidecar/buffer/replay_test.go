package buffer

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/bench/viewing"
)

// replay feeds a buffer with updates, and writes what it says is due, when it says so.
type replay struct {
	*rig
	started time.Time
	// wrote is told of each record that is written.
	wrote func(r *progress.Record, opened, at time.Duration)
	// opened is when the first update since the last write came, of each key.
	opened map[progress.Key]time.Duration
	swept  time.Duration
}

func newReplay(tb testing.TB, p Policy) *replay {
	b := newRig(tb, func(o *Options) { o.Policy = p })
	return &replay{rig: b, started: b.clock.Now(), opened: map[progress.Key]time.Duration{}}
}

// run replays all moments in order, and ends when nothing is pending.
func (r *replay) run(moments []viewing.Moment) {
	r.t.Helper()
	moments = slices.Clone(moments)
	slices.SortStableFunc(moments, func(a, b viewing.Moment) int { return cmp.Compare(a.At, b.At) })
	for _, m := range moments {
		r.writeUntil(m.At)
		r.clock.Advance(m.At - r.now())
		r.put(m.Update)
		if _, pending := r.opened[m.Update.Key]; !pending && !m.Update.IsHint() {
			r.opened[m.Update.Key] = m.At
		}
	}
	r.writeUntil(never)
}

func (r *replay) now() time.Duration { return r.clock.Now().Sub(r.started) }

// writeUntil writes all that is due before the moment.
func (r *replay) writeUntil(end time.Duration) {
	r.t.Helper()
	for {
		next := end
		for lane := range r.Lanes() {
			if due, ok := r.NextDue(lane); ok {
				next = min(next, due.Sub(r.started))
			}
		}
		if next == end {
			return
		}
		r.clock.Advance(max(next-r.now(), 0))
		r.sweep()
		if r.write() == 0 {
			r.t.Fatalf("nothing is due at %v, when NextDue said there would be", next)
		}
	}
}

// write writes what is due in the lanes whose time has come.
func (r *replay) write() (rows int) {
	r.t.Helper()
	for lane := range r.Lanes() {
		due, ok := r.NextDue(lane)
		if !ok || due.After(r.clock.Now()) {
			continue
		}
		batches, err := r.FreezeRound(lane, r.clock.Now(), 1000, 8)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, batch := range batches {
			for i := range batch.Records {
				record := &batch.Records[i]
				r.wrote(record, r.opened[record.Key], r.now())
				delete(r.opened, record.Key)
				rows++
			}
		}
		r.confirm(batches...)
	}
	return rows
}

// sweep forgets what is long silent, as the buffer does from time to time.
func (r *replay) sweep() {
	if now := r.now(); now-r.swept >= time.Minute {
		r.swept = now
		r.housekeeper.expire()
	}
}
