package buffer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

func TestARestartChangesNothing(t *testing.T) {
	tests := map[string]func(*rig){"orderly": (*rig).restart, "after a crash": (*rig).crash}
	for name, again := range tests {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			writer := b.Writer()
			b.confirm(b.freezeOne(3))
			bad := b.freezeOne(1)
			if err := b.Quarantine(0, bad.Number, DeadLetterReason{SQLState: "22003"}); err != nil {
				t.Fatal(err)
			}
			frozen := b.freezeOne(4)
			for i := range 20 {
				b.put(at(i, float64(i)))
				b.clock.Advance(time.Second)
			}
			stats, held := b.Stats(), b.Unsaved(Filter{})
			again(b)
			if b.Writer() != writer || b.Lanes() != lanesOfNewSpool || b.Applied(0) != 1 {
				t.Errorf("writer %s, lanes %d, applied %d", b.Writer(), b.Lanes(), b.Applied(0))
			}
			if diff := cmp.Diff(held, b.Unsaved(Filter{})); diff != "" {
				t.Error(diff)
			}
			got := b.Stats()
			got.SpoolBytes = stats.SpoolBytes
			if diff := cmp.Diff(stats, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]progress.Batch{frozen}, b.Frozen(0), cmpopts.IgnoreFields(progress.Batch{}, "Opened")); diff != "" {
				t.Error(diff)
			}
			if batches, complete := b.Replayable(0, 0); len(batches) != 1 || !complete {
				t.Errorf("replayable %v, %v", batches, complete)
			}
		})
	}
}

func TestUnsavedFindsWhatTheFilterMatches(t *testing.T) {
	b := newRig(t)
	k := func(user, course, lesson string) progress.Key {
		return progress.Key{UserID: user, CourseID: course, LessonID: lesson}
	}
	first := []progress.Key{k("a", "c1", "l1"), k("a", "c1", "l2"), k("b", "c1", "l1"), k("b", "c2", "l1")}
	for _, key := range first {
		b.put(progress.Update{Key: key})
	}
	b.MakeDue(Filter{UserID: "a"})
	b.freezeAll(10)
	b.put(progress.Update{Key: first[0]}, progress.Update{Key: first[0]})
	tests := map[string]struct {
		filter Filter
		want   []string // user course lesson pending in-flight
	}{
		"everything":  {Filter{}, []string{"a c1 l1 2 1", "a c1 l2 0 1", "b c1 l1 1 0", "b c2 l1 1 0"}},
		"a learner":   {Filter{UserID: "a"}, []string{"a c1 l1 2 1", "a c1 l2 0 1"}},
		"a course":    {Filter{CourseID: "c1"}, []string{"a c1 l1 2 1", "a c1 l2 0 1", "b c1 l1 1 0"}},
		"one lesson":  {Filter{UserID: "b", CourseID: "c2", LessonID: "l1"}, []string{"b c2 l1 1 0"}},
		"nobody else": {Filter{UserID: "c"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			var tally Tally
			for _, h := range b.Unsaved(tt.filter) {
				r := h.Record
				tally.Records++
				tally.PendingUpdates += h.PendingUpdates
				tally.InFlightUpdates += h.InFlightUpdates
				got = append(got, strings.Join([]string{
					r.UserID, r.CourseID, r.LessonID, digit(h.PendingUpdates), digit(h.InFlightUpdates),
				}, " "))
				if r.UpdateCount != h.PendingUpdates+h.InFlightUpdates {
					t.Errorf("record %+v", r)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			counted := b.Tally(tt.filter)
			if counted.NextDue.IsZero() == (counted.PendingUpdates > 0) {
				t.Errorf("of %+v it is not told when it is due", counted)
			}
			if counted.NextDue = (time.Time{}); counted != tally {
				t.Errorf("counted %+v, held are %+v", counted, tally)
			}
		})
	}
}

func digit(n int64) string { return string(rune('0' + n)) }

func TestASpoolWithoutWhatBelongsTogetherSaysWhatIsWrong(t *testing.T) {
	batch := func(b *rig) spool.EncodedBatch {
		return spool.EncodeBatch(spool.Batch{Records: b.Frozen(0)[0].Records})
	}
	tests := map[string]struct {
		spoil func(*rig, *spool.Change)
		want  string
	}{
		"a frozen batch": {
			func(_ *rig, c *spool.Change) { c.PutBatch(0, 1, spool.EncodedBatch{1}) },
			"lane 0: batch 1 cannot be read: it ends too early",
		},
		"a frozen batch's record": {
			func(b *rig, c *spool.Change) { c.PutBatch(0, 1, batch(b)[:len(batch(b))-1]) },
			"lane 0: batch 1 cannot be read: record 2 of 2: it ends too early",
		},
		"a frozen batch that is missing": {
			func(_ *rig, c *spool.Change) { c.DeleteBatch(0, 1) },
			"lane 0: batch 1 cannot be read: it is missing",
		},
		"a kept batch": {
			func(_ *rig, c *spool.Change) { c.PutKept(0, 7, spool.Kept{}) },
			"lane 0: kept batch 7 cannot be read: it is missing",
		},
		"a kept batch's record": {
			func(b *rig, c *spool.Change) {
				c.PutKept(0, 7, spool.Kept{})
				c.PutBatch(0, 7, batch(b)[:len(batch(b))-1])
			},
			"lane 0: kept batch 7 cannot be read: record 2 of 2: it ends too early",
		},
		"a lane beyond those of its format": {
			func(_ *rig, c *spool.Change) { c.PutLane(lanesOfNewSpool, spool.Lane{Next: 1}) },
			"it has no lane 2",
		},
		"an event of such a lane": {
			func(_ *rig, c *spool.Change) { c.PutEvent(lanesOfNewSpool, 1, spool.EventID{}, spool.EventMerged) },
			"it has no lane 2",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			b.freezeOne(2)
			b.put(at(1, 1))
			c := b.spool.Begin()
			tt.spoil(b, c)
			if err := b.spool.Append(c); err != nil {
				t.Fatal(err)
			}
			if err := b.spool.Wait(c); err != nil {
				t.Fatal(err)
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			_, err := Open(b.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "user-") {
				t.Errorf("the error names a learner: %v", err)
			}
		})
	}
}

func TestASpoolIsOpenedOnce(t *testing.T) {
	b := newRig(t)
	if _, err := Open(b.opts); err == nil || !strings.Contains(err.Error(), "opening the spool spool") {
		t.Errorf("got %v", err)
	}
}

func TestTheRealFileSystemHoldsASpool(t *testing.T) {
	b := newRig(t, func(o *Options) {
		o.Dir, o.FS = t.TempDir()+"/made/at/start", disk.OS{}
		o.FreeBytes = nil
		o.Policy.SizeLimitBytes = 64 << 10 // so that little must be free
	})
	b.SetPolicy(testPolicy())
	b.put(at(1, 1))
	held := b.Unsaved(Filter{})
	b.restart()
	if diff := cmp.Diff(held, b.Unsaved(Filter{})); diff != "" || len(held) != 1 {
		t.Error(diff)
	}
	free, err := b.freeBytes()
	if err != nil || free == 0 {
		t.Errorf("free space %d, %v", free, err)
	}
}
