package buffer

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// putStray puts strays that must all be kept.
func (b *rig) putStray(updates ...progress.Update) []Result {
	b.t.Helper()
	results, err := b.PutStray(context.Background(), updates)
	if err != nil {
		b.t.Fatalf("PutStray: %v", err)
	}
	for i, r := range results {
		if r.Err != nil {
			b.t.Fatalf("stray %d: %v", i, r.Err)
		}
	}
	return results
}

func (b *rig) strayIDs() []progress.Instant { return strayIDs(b.Buffer) }

func strayIDs(b *Buffer) (ids []progress.Instant) {
	strays, _ := b.Strays(0, 1000)
	for _, x := range strays {
		ids = append(ids, x.ID)
	}
	return ids
}

func (b *rig) takeAll() {
	b.t.Helper()
	if left, err := b.TakeAllStrays(context.Background()); err != nil || left != 0 {
		b.t.Fatalf("%d strays stay: %v", left, err)
	}
}

func (b *rig) drop(ids ...progress.Instant) {
	b.t.Helper()
	if err := b.DropStrays(context.Background(), ids); err != nil {
		b.t.Fatal(err)
	}
}

func full(n int, id string) progress.Update {
	u := heartbeat(key(n), 7)
	u.EventID, u.SeekEvents, u.Percentage = id, 1, progress.Some(40)
	u.OccurredAt, u.SentAt, u.ReportedAt = 1_772_355_000_000_000, 1_772_355_000_000_001, 1_772_355_000_000_002
	return u
}

func TestAStrayIsKeptAsItIsUntilItsHomeHasIt(t *testing.T) {
	for name, between := range interruptions(nil) {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			var want []progress.Update
			for n := range 150 { // more than a portion of a checkpoint in each lane
				want = append(want, full(n, "e"))
			}
			b.putStray(want...)
			between(b)
			var got []progress.Update
			last := progress.Instant(0)
			for more := true; more; {
				var page []Stray
				page, more = b.Strays(last, 40)
				for _, x := range page {
					got, last = append(got, x.Update), x.ID
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			ids := b.strayIDs()
			b.drop(ids[:149]...)
			b.drop(ids[:2]...) // once more
			b.crash()
			if left := b.strayIDs(); len(left) != 1 || left[0] != ids[149] {
				t.Errorf("left are %v of %v", left, ids)
			}
			if s := b.Stats(); s.Pending != 1 || s.PendingUpdates != 1 || s.Strays != 1 || s.Oldest != ids[149] {
				t.Errorf("stats are %+v", s)
			}
		})
	}
}

// A learner who resumes must see what only waits for its way home.
func TestAReaderSeesStraysWithAllElseOfTheirKey(t *testing.T) {
	b := newRig(t)
	b.put(at(1, 10))
	b.MakeDue(Filter{})
	b.freezeAll(1)
	b.clock.Advance(time.Second)
	b.put(at(1, 20))
	b.clock.Advance(time.Second)
	stray := at(1, 30)
	stray.EventID = "e"
	shown := b.putStray(stray)[0].Record
	if shown.Position != 30 || shown.SeekEvents != 3 || shown.UpdateCount != 3 {
		t.Errorf("PutStray shows %+v", shown)
	}
	b.clock.Advance(time.Second)
	if r := b.put(at(1, 25))[0].Record; r.Position != 25 || r.MaxPosition != 30 || r.SeekEvents != 4 {
		t.Errorf("Put shows %+v", r)
	}
	alone := at(2, 5)
	alone.EventID = "e"
	b.putStray(alone)
	held := b.Unsaved(Filter{})
	if len(held) != 2 || held[0].PendingUpdates != 3 || held[0].InFlightUpdates != 1 || held[0].Record.SeekEvents != 4 ||
		held[1].PendingUpdates != 1 || held[1].Record.Position != 5 || held[1].Record.Key != key(2) {
		t.Errorf("held are %+v", held)
	}
	tally := b.Tally(Filter{})
	if tally.NextDue = (time.Time{}); tally != (Tally{Records: 2, PendingUpdates: 4, InFlightUpdates: 1}) {
		t.Errorf("tally %+v", tally)
	}
	if tally := b.Tally(Filter{UserID: key(2).UserID}); tally != (Tally{Records: 1, PendingUpdates: 1}) {
		t.Errorf("tally of a learner %+v", tally)
	}
}

func TestAnEventIsAcceptedOnceHoweverItComes(t *testing.T) {
	put := func(b *rig, u progress.Update) Result { return b.put(u)[0] }
	putFrom := func(b *rig, u progress.Update) Result { return b.putFrom(SenderID{1}, 1, Item{Update: u})[0] }
	putStray := func(b *rig, u progress.Update) Result { return b.putStray(u)[0] }
	take := func(b *rig, _ progress.Update) Result { b.takeAll(); return Result{Duplicate: true} }
	goHome := func(b *rig, _ progress.Update) Result { b.drop(b.strayIDs()...); return Result{Duplicate: true} }
	crash := func(b *rig, _ progress.Update) Result { b.crash(); return Result{Duplicate: true} }
	for name, tt := range map[string]struct {
		steps []func(*rig, progress.Update) Result
		want  int64 // seeks that are held
	}{
		"as a stray twice":                       {[]func(*rig, progress.Update) Result{putStray, putStray}, 1},
		"as a stray, then here":                  {[]func(*rig, progress.Update) Result{putStray, put}, 1},
		"as a stray, then from another process":  {[]func(*rig, progress.Update) Result{putStray, putFrom}, 1},
		"here, then as a stray":                  {[]func(*rig, progress.Update) Result{put, putStray, take}, 1},
		"as a stray that is taken, then here":    {[]func(*rig, progress.Update) Result{putStray, take, take, put, putStray}, 1},
		"as a stray that is at home, then here":  {[]func(*rig, progress.Update) Result{putStray, goHome, put, putStray}, 0},
		"as a stray, then here, with crashes":    {[]func(*rig, progress.Update) Result{putStray, crash, put, take, crash, put}, 1},
		"from another process, then as a stray":  {[]func(*rig, progress.Update) Result{putFrom, putStray, take}, 1},
		"at home after a crash, then as a stray": {[]func(*rig, progress.Update) Result{putStray, goHome, crash, putStray}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, withEvents(100, 0))
			for i, step := range tt.steps {
				if r := step(b, event(key(1), "e")); r.Duplicate != (i > 0) {
					t.Errorf("step %d: duplicate is %v", i, r.Duplicate)
				}
			}
			if got := b.seeksOf(1); got != tt.want {
				t.Errorf("%d seeks are held, want %d", got, tt.want)
			}
		})
	}
	t.Run("as a stray whose event the memory of ids has forgotten", func(t *testing.T) {
		b := newRig(t, withEvents(2, time.Hour))
		b.putStray(event(key(1), "e"))
		b.clock.Advance(2 * time.Hour)
		if r := b.put(event(key(1), "e"))[0]; !r.Duplicate || b.seeksOf(1) != 1 {
			t.Errorf("it is merged beside the stray: %+v", r)
		}
	})
	t.Run("as a stray twice where no ids are remembered", func(t *testing.T) {
		b := newRig(t)
		b.putStray(event(key(1), "e"))
		if r := b.putStray(event(key(1), "e"))[0]; !r.Duplicate {
			t.Errorf("%+v", r)
		}
	})
}

func TestAStrayIsRefused(t *testing.T) {
	b := newRig(t, func(o *Options) { o.Policy.MaxPendingRecords = 2 })
	b.erase(key(3).UserID)
	late, beyond := event(key(3), "e"), event(key(1), "e")
	late.OccurredAt = progress.InstantOf(b.clock.Now()) - 1
	beyond.WatchedDelta = progress.Some(1e300)
	results, err := b.PutStray(context.Background(), []progress.Update{
		updateOf(key(1)), late, beyond, event(key(1), "1"), event(key(1), "2"), event(key(1), "3"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{ErrNoEventID, ErrErased, ErrRange, nil, nil, ErrFull} {
		if !errors.Is(results[i].Err, want) {
			t.Errorf("stray %d: %v, want %v", i, results[i].Err, want)
		}
	}
	if again := b.putStray(event(key(1), "2")); !again[0].Duplicate {
		t.Error("a stray that was kept is not known")
	}
	if results, err := b.Put(context.Background(), []progress.Update{updateOf(key(2))}); err != nil || !errors.Is(results[0].Err, ErrFull) {
		t.Errorf("another key, with the cap reached by strays: %v, %v", results, err)
	}
	// Strays of one key become one record.
	b.takeAll()
	b.put(updateOf(key(2)))
	if s := b.Stats(); s.Pending != 2 || b.capacity.pending.Load() != 2 {
		t.Errorf("%+v, counted are %d", s, b.capacity.pending.Load())
	}
}

func TestAResetRemovesTheStraysThatCameBefore(t *testing.T) {
	b := newRig(t, withEvents(100, 0))
	for name, reset := range map[string]func(){
		"here": func() {
			if _, err := b.Reset(context.Background(), []progress.Key{key(1)}); err != nil {
				t.Fatal(err)
			}
		},
		"from another process": func() { b.putFrom(SenderID{1}, 1, Item{Update: progress.Update{Key: key(1)}, Reset: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			b.putStray(event(key(1), name+"before"), event(key(2), name))
			reset()
			b.putStray(event(key(1), name+"after"))
			b.crash()
			if b.seeksOf(1) != 1 || b.seeksOf(2) == 0 {
				t.Errorf("%d seeks are left of what was reset, %d of another", b.seeksOf(1), b.seeksOf(2))
			}
			b.takeAll()
			if b.seeksOf(1) != 1 {
				t.Errorf("%d seeks when the strays are taken", b.seeksOf(1))
			}
			if r := b.put(event(key(1), name+"before"))[0]; !r.Duplicate {
				t.Error("what the reset removed comes back when it is repeated")
			}
		})
	}
}

func TestTakenStraysAreDueAndWhatAskedForThemWaits(t *testing.T) {
	b := newRig(t)
	b.put(at(1, 1))
	b.putStray(event(key(2), "1"), event(key(2), "2"))
	mark := b.MakeDue(Filter{UserID: key(2).UserID})
	if b.Saved(mark) {
		t.Error("strays count as saved")
	}
	b.takeAll()
	if b.Saved(mark) {
		t.Error("strays that were taken count as saved")
	}
	batches := b.freezeAll(10)
	if records(batches) != 1 || batches[0].Records[0].SeekEvents != 2 || b.Saved(mark) {
		t.Fatalf("%+v is due, saved is %v", batches, b.Saved(mark))
	}
	b.confirm(batches...)
	if !b.Saved(mark) {
		t.Error("what was written doesn't count as saved")
	}
	progressed := b.Progressed()
	b.putStray(event(key(2), "3"))
	mark = b.MakeDue(Filter{})
	b.confirm(b.freezeAll(10)...)
	b.drop(b.strayIDs()...)
	if !b.Saved(mark) {
		t.Error("a stray that is at its home is waited for")
	}
	<-progressed
}

func TestAStrayWhoseSumsDoNotFitWaitsForARecordOfItsOwn(t *testing.T) {
	b := newRig(t)
	u := at(1, 1)
	u.SeekEvents = math.MaxInt64
	b.put(u)
	b.putStray(event(key(1), "e"), event(key(2), "e"))
	if left, err := b.TakeAllStrays(context.Background()); err != nil || left != 1 || len(b.strayIDs()) != 1 {
		t.Fatalf("%d strays stay: %v", left, err)
	}
	b.MakeDue(Filter{})
	b.freezeAll(10)
	b.takeAll()
}

func TestACompletionOnAStrayIsWrittenAtOnceWhenItIsTaken(t *testing.T) {
	b := newRig(t)
	u := event(key(1), "e")
	u.Percentage = progress.Some(96)
	b.putStray(u)
	p := testPolicy()
	p.CompletionThreshold = 0
	b.SetPolicy(p)
	b.takeAll()
	b.crash()
	if batches := b.freezeAll(1); records(batches) != 1 || !batches[0].Records[0].Completed {
		t.Errorf("due are %+v", batches)
	}
}

// Two sidecars that take each other for the home hand the same event on to each other, and
// each hears that the other has it. If both dropped it, it would be lost.
func TestAStrayThatAnotherSidecarHandsOnIsNotDroppedForWhatWasSaidBefore(t *testing.T) {
	b := newRig(t)
	b.putStray(full(1, "e"))
	ids := b.strayIDs()
	results, err := b.PutFrom(t.Context(), SenderID{1}, 1, []Item{{Update: full(1, "e"), Stray: true}})
	if err != nil || !results[0].Duplicate {
		t.Fatalf("%+v, %v", results, err)
	}
	b.drop(ids...)
	if diff := cmp.Diff(ids, b.strayIDs()); diff != "" {
		t.Fatalf("nobody has the event any more:\n%s", diff)
	}
	b.drop(ids...)
	if left := b.strayIDs(); len(left) > 0 {
		t.Errorf("it is handed on for ever: %v", left)
	}
}

// An update is counted when it is merged, so that one whose home may have it counts once.
func TestStraysAreToldOfWhenTheyBecomeOwnRecords(t *testing.T) {
	var taken, merged int
	b := newRig(t, func(o *Options) {
		o.OnTaken = func(strays, into int) { taken, merged = taken+strays, merged+into }
	})
	b.put(updateOf(key(1)))
	for _, r := range b.putStray(event(key(1), "a"), event(key(2), "b"), event(key(2), "c"), event(key(3), "d")) {
		if !r.Stray {
			t.Errorf("%+v counts at once", r)
		}
	}
	if r := b.putStray(event(key(3), "d"))[0]; r.Stray || !r.Duplicate {
		t.Errorf("a repeated one: %+v", r)
	}
	b.drop(b.strayIDs()[3])
	b.takeAll()
	b.takeAll()
	if taken != 3 || merged != 2 {
		t.Errorf("%d are told of, %d of them merged", taken, merged)
	}
}
