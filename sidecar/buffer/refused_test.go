package buffer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// oneLane returns n keys of lane 0.
func oneLane(lanes, n int) []progress.Key {
	var keys []progress.Key
	for i := 0; len(keys) < n; i++ {
		if laneOf([]byte(spool.KeyOf(key(i))), lanes) == 0 {
			keys = append(keys, key(i))
		}
	}
	return keys
}

// freezeOne puts n updates of lane 0 and freezes them as one batch.
func (b *rig) freezeOne(n int) progress.Batch {
	b.t.Helper()
	for _, k := range oneLane(b.Lanes(), n) {
		b.put(progress.Update{Key: k, SeekEvents: 1})
	}
	b.MakeDue(Filter{})
	batch, ok, err := b.Freeze(0, b.clock.Now(), n)
	if err != nil || !ok || len(batch.Records) != n {
		b.t.Fatalf("froze %+v, %v, %v", batch, ok, err)
	}
	return batch
}

func numbers(batches []progress.Batch) []uint64 {
	var n []uint64
	for _, b := range batches {
		n = append(n, b.Number)
	}
	return n
}

func TestFrozenBatchesHaveSortedKeysAndRisingNumbers(t *testing.T) {
	b := newRig(t)
	for want := uint64(1); want <= 3; want++ {
		batch := b.freezeOne(20)
		if batch.Number != want || batch.Lane != 0 {
			t.Errorf("batch %d of lane %d, want %d of 0", batch.Number, batch.Lane, want)
		}
		if !slices.IsSortedFunc(batch.Records, func(a, b progress.Record) int { return a.Compare(b.Key) }) {
			t.Errorf("batch %d is not sorted", want)
		}
	}
	b.crash()
	if got := numbers(b.Frozen(0)); !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Errorf("after a crash frozen are %v", got)
	}
	if got := b.freezeOne(1).Number; got != 4 {
		t.Errorf("after a crash the next number is %d", got)
	}
}

func TestWhatCanBecomeOfABatch(t *testing.T) {
	tests := map[string]struct {
		run  func(*rig) error
		want string // part of the error
	}{
		"confirming the first is right": {func(b *rig) error { return b.Confirm(0, 1) }, ""},
		"confirming it again changes nothing": {func(b *rig) error {
			b.confirm(progress.Batch{Number: 1})
			return b.Confirm(0, 1)
		}, ""},
		"confirming what was never frozen is a mistake": {
			func(b *rig) error { return b.Confirm(0, 9) },
			"confirming the batches up to 9 of lane 0: no such batch is frozen",
		},
		"splitting a single record is a mistake": {
			func(b *rig) error { return b.Split(0, 2) },
			"splitting batch 2 of lane 0: it has only 1 record",
		},
		"splitting what isn't frozen is a mistake": {
			func(b *rig) error { return b.Split(0, 9) },
			"splitting batch 9 of lane 0: no such batch",
		},
		"postponing what isn't frozen is a mistake": {
			func(b *rig) error { _, err := b.Postpone(0, 9); return err },
			"postponing batch 9 of lane 0: no such batch",
		},
		"uniting batches of several records is a mistake": {
			func(b *rig) error { _, err := b.Unite(0, 1, 2); return err },
			"uniting batches 1 and 2 of lane 0: they are not of one record of the same key each",
		},
		"uniting with what isn't frozen is a mistake": {
			func(b *rig) error { _, err := b.Unite(0, 9, 2); return err },
			"uniting batches 9 and 2 of lane 0: no such batch",
		},
		"quarantining several records is a mistake": {
			func(b *rig) error { return b.Quarantine(0, 1, DeadLetterReason{}) },
			"quarantining batch 1 of lane 0: it has 5 records",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			b.freezeOne(5)
			b.freezeOne(1)
			err := tt.run(b)
			if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			held := b.Stats()
			if tt.want != "" && held.InFlight != 6 {
				t.Errorf("the mistake changed something: %+v", held)
			}
		})
	}
}

func TestAPostponedBatchGoesBehindTheOthersAndWhoWaitsForItGoesOn(t *testing.T) {
	b := newRig(t)
	b.freezeOne(5)
	b.freezeOne(1)
	number, err := b.Postpone(0, 1)
	if err != nil || number != 3 {
		t.Fatalf("it became batch %d: %v", number, err)
	}
	b.crash()
	frozen := b.Frozen(0)
	if got := numbers(frozen); !slices.Equal(got, []uint64{2, 3}) || len(frozen[1].Records) != 5 {
		t.Fatalf("after a crash frozen are %v", got)
	}
	mark := b.MakeDue(Filter{})
	if err := b.ConfirmThrough(0, 2); err != nil {
		t.Fatal(err)
	}
	if b.Saved(mark) {
		t.Error("what is postponed counts as saved")
	}
	if err := b.ConfirmThrough(0, 3); err != nil {
		t.Fatal(err)
	}
	if !b.Saved(mark) {
		t.Error("what is confirmed counts as not saved")
	}
}

func TestRefusedRecordsOfOneKeyBecomeOne(t *testing.T) {
	b := newRig(t)
	b.freezeOne(1)
	mark := b.MakeDue(Filter{})
	b.freezeOne(1)
	number, err := b.Unite(0, 1, 2)
	if err != nil || number != 3 {
		t.Fatalf("they became batch %d: %v", number, err)
	}
	if b.Saved(mark) {
		t.Error("who waits for the older does not wait for both")
	}
	b.crash()
	frozen := b.Frozen(0)
	if len(frozen) != 1 || frozen[0].Number != 3 || frozen[0].Records[0].SeekEvents != 2 || frozen[0].Records[0].UpdateCount != 2 {
		t.Errorf("after a crash frozen are %+v", frozen)
	}
}

func TestASplitBatchGoesOnAsItsHalvesUnderNewNumbers(t *testing.T) {
	b := newRig(t)
	whole := b.freezeOne(5)
	b.freezeOne(1)
	if err := b.Split(0, 1); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		frozen := b.Frozen(0)
		if got := numbers(frozen); !slices.Equal(got, []uint64{2, 3, 4}) {
			t.Fatalf("%s: frozen are %v", when, got)
		}
		halves := slices.Concat(frozen[1].Records, frozen[2].Records)
		if !slices.Equal(halves, whole.Records) || len(frozen[1].Records) != 3 {
			t.Errorf("%s: the halves hold %v", when, halves)
		}
		if s := b.Stats(); s.InFlight != 6 || s.PendingUpdates != 6 {
			t.Errorf("%s: %+v", when, s)
		}
	}
	check("at once")
	b.crash()
	check("after a crash")
}

func TestADeadLetterIsKeptOncePerKeyAndSurvivesACrash(t *testing.T) {
	b := newRig(t)
	reasons := []DeadLetterReason{{SQLState: "22003"}, {SQLState: "23514", Constraint: "position_positive"}}
	for _, reason := range reasons {
		batch := b.freezeOne(1)
		if err := b.Quarantine(0, batch.Number, reason); err != nil {
			t.Fatal(err)
		}
		if frozen := b.Frozen(0); len(frozen) != 0 {
			t.Fatalf("still frozen: %v", frozen)
		}
		if b.Applied(0) != 0 {
			t.Errorf("a batch that was never applied counts as applied")
		}
		b.clock.Advance(time.Hour)
	}
	b.crash()
	if s := b.Stats(); s.DeadLetters != 1 || s.PendingUpdates != 0 {
		t.Errorf("stats %+v", s)
	}
	dl, err := b.DeadLetter(1)
	if err != nil {
		t.Fatal(err)
	}
	if dl.ID != 1 || dl.Times != 2 || dl.Reason != reasons[1] || dl.Record.SeekEvents != 2 ||
		dl.Last-dl.First != progress.Instant(time.Hour.Microseconds()) {
		t.Errorf("dead letter %+v", dl)
	}
}

func TestReplayableKnowsWhatIsMissing(t *testing.T) {
	// Numbers 1, 4, 5 and 6 are applied: 2 was split into 4 and 5, 3
	// quarantined.
	prepare := func(b *rig) {
		b.confirm(b.freezeOne(1))
		two := b.freezeOne(2)
		three := b.freezeOne(1)
		if err := b.Split(0, two.Number); err != nil {
			b.t.Fatal(err)
		}
		if err := b.Quarantine(0, three.Number, DeadLetterReason{SQLState: "22003"}); err != nil {
			b.t.Fatal(err)
		}
		b.confirm(b.Frozen(0)...)
		b.clock.Advance(5 * time.Minute)
		b.confirm(b.freezeOne(1))
	}
	tests := map[string]struct {
		then     func(*rig)
		after    uint64
		want     []uint64
		complete bool
	}{
		"all of them for an empty ledger":        {nil, 0, []uint64{1, 4, 5, 6}, true},
		"those behind the first":                 {nil, 1, []uint64{4, 5, 6}, true},
		"those behind a number in a gap":         {nil, 3, []uint64{4, 5, 6}, true},
		"none behind the last":                   {nil, 6, nil, true},
		"none behind a number not given out yet": {nil, 9, nil, true},
		"with the older ones pruned, those that are left": {func(b *rig) {
			b.clock.Advance(6 * time.Minute)
			if err := b.Prune(b.clock.Now()); err != nil {
				b.t.Fatal(err)
			}
		}, 1, []uint64{6}, false},
		"with the older ones pruned and not missing": {func(b *rig) {
			b.clock.Advance(6 * time.Minute)
			if err := b.Prune(b.clock.Now()); err != nil {
				b.t.Fatal(err)
			}
		}, 5, []uint64{6}, true},
		"the same after a restart": {func(b *rig) { b.restart() }, 1, []uint64{4, 5, 6}, true},
		"none if none are kept": {func(b *rig) {
			p := testPolicy()
			p.ReplayWindow = 0
			b.SetPolicy(p)
			if err := b.Prune(b.clock.Now()); err != nil {
				b.t.Fatal(err)
			}
			b.confirm(b.freezeOne(1))
		}, 6, nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			prepare(b)
			if tt.then != nil {
				tt.then(b)
			}
			batches, complete := b.Replayable(0, tt.after)
			if got := numbers(batches); !slices.Equal(got, tt.want) || complete != tt.complete {
				t.Errorf("got %v, complete %v; want %v, %v", got, complete, tt.want, tt.complete)
			}
		})
	}
}

func TestKeptBatchesAreBoundedInBytes(t *testing.T) {
	b := newRig(t, func(o *Options) { o.Policy.MemoryBytes = 64 << 10 })
	for range 200 {
		b.confirm(b.freezeOne(5))
	}
	l := b.lanes[0]
	if limit := b.policy.Load().keptBytes(b.Lanes()); l.kept.size > limit || l.kept.size < limit/2 {
		t.Errorf("%d bytes are kept, %d may be", l.kept.size, limit)
	}
	kept := len(l.kept.batches)
	b.restart()
	if stored := len(b.lanes[0].kept.batches); stored != kept {
		t.Errorf("%d batches are on disk, %d are kept", stored, kept)
	}
}

func TestAMarkIsSavedWhenAllThatItMatchedIs(t *testing.T) {
	b := newRig(t)
	keys := oneLane(b.Lanes(), 6)
	putKey := func(i int) { b.put(progress.Update{Key: keys[i], SeekEvents: 1}) }
	freeze := func(n int) progress.Batch {
		t.Helper()
		batch, ok, err := b.Freeze(0, b.clock.Now(), n)
		if err != nil || !ok {
			t.Fatal(batch, ok, err)
		}
		return batch
	}
	putKey(0)
	b.MakeDue(Filter{})
	frozen := freeze(1)
	for i := range 4 {
		putKey(i)
	}
	nothing := b.MakeDue(Filter{UserID: "nobody"})
	if !b.Saved(nothing) {
		t.Error("nothing matched and yet it isn't saved")
	}
	first := b.MakeDue(Filter{UserID: keys[0].UserID})
	all := b.MakeDue(Filter{})
	putKey(4)
	saved := func(when string, wantFirst, wantAll bool) {
		t.Helper()
		if gotFirst, gotAll := b.Saved(first), b.Saved(all); gotFirst != wantFirst || gotAll != wantAll {
			t.Errorf("%s: saved %v and %v, want %v and %v", when, gotFirst, gotAll, wantFirst, wantAll)
		}
	}
	saved("before anything", false, false)
	progressed := b.Progressed()
	b.confirm(frozen)
	select {
	case <-progressed:
	default:
		t.Error("Progressed is not closed by Confirm")
	}
	saved("when what was in flight is confirmed", false, false)
	next := freeze(1)
	saved("when the key is frozen", false, false)
	b.confirm(next)
	saved("when the key is confirmed", true, false)
	rest := freeze(2)
	if err := b.Split(0, rest.Number); err != nil {
		t.Fatal(err)
	}
	halves := b.Frozen(0)
	last := freeze(3)
	if len(last.Records) != 1 {
		t.Fatalf("the last batch holds %d records, the unmarked one too?", len(last.Records))
	}
	b.confirm(halves[0])
	saved("when half of the rest is confirmed", true, false)
	progressed = b.Progressed()
	if err := b.Quarantine(0, halves[1].Number, DeadLetterReason{}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-progressed:
	default:
		t.Error("Progressed is not closed by Quarantine")
	}
	saved("when the other half is quarantined", true, false)
	b.confirm(last)
	saved("when the last is confirmed", true, true)
}
