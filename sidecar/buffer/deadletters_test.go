package buffer

import (
	"context"
	"errors"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// quarantineKeys quarantines one update of each of n keys of lane 0; ids are 1 to n.
func (b *rig) quarantineKeys(n int) []progress.Key {
	b.t.Helper()
	keys := oneLane(b.Lanes(), n)
	for _, k := range keys {
		b.put(updateOf(k))
		b.MakeDue(Filter{})
		batch, ok, err := b.Freeze(0, b.clock.Now(), 1)
		if err != nil || !ok {
			b.t.Fatal(ok, err)
		}
		if err := b.Quarantine(0, batch.Number, DeadLetterReason{SQLState: "22003"}); err != nil {
			b.t.Fatal(err)
		}
	}
	return keys
}

func (b *rig) list(after uint64, limit int) (ids []uint64, more bool) {
	b.t.Helper()
	letters, more, err := b.ListDeadLetters(after, limit)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, dl := range letters {
		ids = append(ids, dl.ID)
	}
	return ids, more
}

func TestDeadLettersAreListedInPages(t *testing.T) {
	b := newRig(t)
	b.quarantineKeys(5)
	b.crash()
	if err := b.DeleteDeadLetter(3); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		after uint64
		limit int
		ids   []uint64
		more  bool
	}{
		"the first page":            {0, 2, []uint64{1, 2}, true},
		"the next, without a gap's": {2, 2, []uint64{4, 5}, false},
		"behind the last":           {5, 2, nil, false},
		"at least one":              {0, -1, []uint64{1}, true},
		"all":                       {0, 1 << 30, []uint64{1, 2, 4, 5}, false},
	} {
		t.Run(name, func(t *testing.T) {
			ids, more := b.list(tt.after, tt.limit)
			if len(ids) != len(tt.ids) || more != tt.more {
				t.Fatalf("got %v, more %v", ids, more)
			}
			for i := range ids {
				if ids[i] != tt.ids[i] {
					t.Errorf("got %v", ids)
				}
			}
		})
	}
}

func TestAReplayedDeadLetterIsPendingAndDueAlsoAfterACrash(t *testing.T) {
	b := newRig(t)
	keys := b.quarantineKeys(2)
	b.put(updateOf(keys[0]))
	for id := uint64(1); id <= 2; id++ {
		if err := b.ReplayDeadLetter(id); err != nil {
			t.Fatal(err)
		}
		if err := b.ReplayDeadLetter(id); !errors.Is(err, ErrNoDeadLetter) {
			t.Errorf("replaying it again: %v", err)
		}
	}
	b.crash()
	if s := b.Stats(); s.DeadLetters != 0 || s.Pending != 2 || s.PendingUpdates != 3 {
		t.Errorf("stats %+v", s)
	}
	if n := records(b.freezeAll(10)); n != 2 {
		t.Errorf("%d records are due", n)
	}
}

func TestTheIDOfADeadLetterIsNeverGivenOutAgain(t *testing.T) {
	b := newRig(t)
	b.quarantineKeys(2)
	if err := b.DeleteDeadLetter(2); err != nil {
		t.Fatal(err)
	}
	b.crash()
	b.quarantineKeys(2)
	if ids, _ := b.list(0, 10); len(ids) != 2 || ids[1] != 3 {
		t.Errorf("ids %v", ids)
	}
	if _, err := b.DeadLetter(2); !errors.Is(err, ErrNoDeadLetter) {
		t.Errorf("reading what was deleted: %v", err)
	}
}

func TestWhatCameAfterARefusedResetIsReplayedWithIt(t *testing.T) {
	b := newRig(t)
	k := oneLane(b.Lanes(), 1)[0]
	refuse := func() {
		t.Helper()
		b.MakeDue(Filter{})
		batches := b.freezeAll(10)
		if err := b.Quarantine(0, batches[0].Number, DeadLetterReason{SQLState: "23514"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Reset(context.Background(), []progress.Key{k}); err != nil {
		t.Fatal(err)
	}
	refuse()
	b.put(updateOf(k))
	refuse()
	b.put(updateOf(k))
	if err := b.ReplayDeadLetter(1); err != nil {
		t.Fatal(err)
	}
	held := b.Unsaved(Filter{})
	if len(held) != 1 || held[0].Record.SeekEvents != 2 || held[0].Record.Generation == 0 {
		t.Errorf("held %+v", held)
	}
}

func TestDeadLettersTakeTheirPartOfTheCap(t *testing.T) {
	b := newRig(t, func(o *Options) { o.Policy.MaxPendingRecords = 3 })
	b.quarantineKeys(3)
	results, err := b.Put(context.Background(), []progress.Update{at(1000, 1)})
	if err != nil || !errors.Is(results[0].Err, ErrFull) {
		t.Errorf("%+v, %v", results, err)
	}
	if err := b.DeleteDeadLetter(1); err != nil {
		t.Fatal(err)
	}
	b.put(at(1000, 1))
}

// Who asks whether a learner's progress is saved must not hear yes.
func TestUpdatesInQuarantineAreCountedForTheirLearner(t *testing.T) {
	b := newRig(t)
	count := func(f Filter) int64 {
		t.Helper()
		n, err := b.Quarantined(f)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(Filter{}); n != 0 {
		t.Errorf("an empty quarantine has %d updates", n)
	}
	keys := b.quarantineKeys(3)
	b.crash()
	of := Filter{UserID: keys[1].UserID}
	elsewhere := of
	elsewhere.LessonID = "another"
	if all, one, none := count(Filter{}), count(of), count(elsewhere); all != 3 || one != 1 || none != 0 {
		t.Errorf("%d updates of all, %d of the learner and %d of another lesson, want 3, 1 and 0", all, one, none)
	}
	if err := b.ReplayDeadLetter(2); err != nil {
		t.Fatal(err)
	}
	if n := count(of); n != 0 {
		t.Errorf("%d updates of the learner after the replay", n)
	}
}
