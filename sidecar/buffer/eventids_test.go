package buffer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

func idOf(u progress.Update) spool.EventID { return eventID(nil, spool.AppendKey(nil, u.Key), &u) }

func (b *rig) remember(ids ...spool.EventID) {
	b.t.Helper()
	if err := b.RememberEventIDs(context.Background(), ids); err != nil {
		b.t.Fatal(err)
	}
}

// A learner's next home must know what the one before has counted.
func TestAnEventThatAnotherSidecarMergedIsADuplicateHere(t *testing.T) {
	for name, between := range interruptions(map[string]func(*rig){
		"when it is handed over twice": func(b *rig) { b.remember(idOf(event(key(1), "e"))) },
	}) {
		t.Run(name, func(t *testing.T) {
			from, to := newRig(t, withEvents(100, time.Hour)), newRig(t, withEvents(100, time.Hour))
			u := event(key(1), "e")
			from.put(u, event(key(2), "e"))
			to.remember(from.EventIDsWhere(func(learner uint64) bool { return learner == learnerhash.Of(u.UserID) })...)
			between(to)
			if !to.put(u)[0].Duplicate || !to.putFrom(SenderID{1}, 1, Item{Update: u})[0].Duplicate || !to.putStray(u)[0].Duplicate {
				t.Error("it is merged here too")
			}
			if to.put(event(key(2), "e"))[0].Duplicate {
				t.Error("an event that was not handed over is known")
			}
			if ids := to.EventIDsWhere(everyLearner); !slices.Contains(ids, idOf(u)) || len(ids) != 2 {
				t.Errorf("%d ids go on to the next home", len(ids))
			}
		})
	}
}

func TestAStrayWhoseEventIsMergedElsewhereIsRemovedAndCountsNoMore(t *testing.T) {
	b := newRig(t, withEvents(100, 0))
	b.putStray(event(key(2), "merged"), event(key(1), "merged"), event(key(1), "waits"))
	asked, progressed := b.MakeDue(Filter{UserID: key(2).UserID}), b.Progressed()
	merged := []spool.EventID{idOf(event(key(1), "merged")), idOf(event(key(2), "merged"))}
	b.remember(append(merged, merged...)...)
	if s := b.Stats(); s.Strays != 1 || s.Pending != 1 || s.PendingUpdates != 1 || b.capacity.pending.Load() != 1 {
		t.Errorf("%+v, counted are %d", s, b.capacity.pending.Load())
	}
	<-progressed
	if !b.Saved(asked) {
		t.Error("a learner's page waits for what is saved at home")
	}
	if b.seeksOf(1) != 1 || b.seeksOf(2) != 0 {
		t.Errorf("%d and %d seeks are shown", b.seeksOf(1), b.seeksOf(2))
	}
	b.crash()
	b.takeAll()
	if b.seeksOf(1) != 1 || b.seeksOf(2) != 0 {
		t.Errorf("after a crash %d and %d seeks are merged", b.seeksOf(1), b.seeksOf(2))
	}
}

// Where no ids are remembered, a stray whose event was merged at the home must go all
// the same.
func TestWithoutAMemoryOfIDsHandedOverOnesOnlyRemoveStrays(t *testing.T) {
	b := newRig(t)
	b.putStray(event(key(1), "e"))
	b.remember(idOf(event(key(1), "e")), idOf(event(key(2), "e")))
	if s := b.Stats(); s.Strays != 0 || len(b.EventIDsWhere(everyLearner)) != 0 {
		t.Errorf("%+v, %d ids", s, len(b.EventIDsWhere(everyLearner)))
	}
}

// What waits for its way home, or has gone there, may be merged by nobody yet: told to
// the next home as merged it would be lost.
func TestOthersAreToldOnlyOfEventsThatWereMerged(t *testing.T) {
	b := newRig(t, withEvents(100, 0))
	b.put(event(key(1), "merged"))
	b.putStray(event(key(1), "waits"), event(key(1), "taken"), event(key(1), "gone"))
	strays := b.strayIDs()
	if _, err := b.TakeStrays(context.Background(), strays[1:2]); err != nil {
		t.Fatal(err)
	}
	b.drop(strays[2])
	b.putFrom(SenderID{1}, 1,
		Item{Update: event(key(2), "kept"), Stray: true}, Item{Update: event(key(2), "handed on")}, Item{Update: updateOf(key(2)), Stray: true})
	if s := b.Stats(); s.Strays != 2 || b.seeksOf(2) != 3 {
		t.Errorf("%+v, %d seeks", s, b.seeksOf(2))
	}
	want := []spool.EventID{idOf(event(key(1), "merged")), idOf(event(key(1), "taken")), idOf(event(key(2), "handed on"))}
	for range 2 {
		got := b.EventIDsWhere(everyLearner)
		for _, id := range want {
			if !slices.Contains(got, id) {
				t.Errorf("%x is missing", id)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d ids, want %d", len(got), len(want))
		}
		b.crash()
	}
}

// The home may have made a stray of what it was handed, and hand it back when the
// learner's home is here again. It drops what is a duplicate here.
func TestAnEventThatWentToItsHomeIsTakenBackFromThere(t *testing.T) {
	b := newRig(t, withEvents(100, 0))
	u := event(key(1), "e")
	b.putStray(u)
	b.drop(b.strayIDs()...)
	b.crash()
	if !b.put(u)[0].Duplicate || !b.putStray(u)[0].Duplicate {
		t.Error("a client's repeat is merged here and at home")
	}
	if r := b.putFrom(SenderID{1}, 1, Item{Update: u})[0]; r.Duplicate || b.seeksOf(1) != 1 {
		t.Errorf("it is lost: %+v", r)
	}
	b.crash()
	if r := b.putFrom(SenderID{2}, 1, Item{Update: u})[0]; !r.Duplicate || len(b.EventIDsWhere(everyLearner)) != 1 {
		t.Errorf("it is merged twice: %+v", r)
	}
}

func TestHandedOverIDsHaveBoundsOfTheirOwn(t *testing.T) {
	const most = 160
	ids := func(from, to int) (ids []spool.EventID) {
		for i := from; i < to; i++ {
			ids = append(ids, idOf(event(key(i), "elsewhere")))
		}
		return ids
	}
	b := newRig(t, withEvents(most, time.Hour))
	for i := range most {
		b.put(event(key(i), "here"))
	}
	own := len(b.EventIDsWhere(everyLearner))
	for i := range 20 {
		b.remember(ids(100*i, 100*i+100)...)
		b.clock.Advance(time.Second)
	}
	check := func(when string) {
		t.Helper()
		all := b.EventIDsWhere(everyLearner)
		if over := len(all) - own; over > most || over < most*7/8 {
			t.Errorf("%s %d ids that were handed over are remembered", when, over)
		}
		if b.handedOver.count != len(all)-own {
			t.Errorf("%s %d are counted", when, b.handedOver.count)
		}
		for _, id := range ids(1900, 2000) {
			if !slices.Contains(all, id) {
				t.Errorf("%s one of the newest is forgotten", when)
			}
		}
		for i := most - most/2; i < most; i++ {
			if !slices.Contains(all, idOf(event(key(i), "here"))) {
				t.Errorf("%s one of this sidecar's own is forgotten", when)
			}
		}
	}
	check("at first")
	b.crash()
	check("after a crash")
	b.clock.Advance(90 * time.Minute)
	b.expireNow()
	if b.handedOver.count != 0 {
		t.Errorf("%d are remembered beyond their age", b.handedOver.count)
	}
	b.crash()
	if n := len(b.EventIDsWhere(everyLearner)); n != 0 {
		t.Errorf("%d come back from the disk", n)
	}
}

// expireNow does what housekeeping does by itself, and syncs it.
func (b *rig) expireNow() {
	b.t.Helper()
	b.housekeeper.expire()
	if err := b.spool.Sync(); err != nil {
		b.t.Fatal(err)
	}
}

// The next home forgets the oldest ones first.
func TestIDsAreToldTheOldestFirst(t *testing.T) {
	b := newRig(t, withEvents(1000, time.Hour))
	var want []spool.EventID
	for i := range 6 {
		u := event(key(i), "e")
		if i%2 == 0 {
			b.put(u)
		} else {
			b.remember(idOf(u))
		}
		want = append(want, idOf(u))
		b.clock.Advance(10 * time.Minute) // beyond the span of a segment
	}
	if got := b.EventIDsWhere(everyLearner); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestHandedOverIDsAreErasedWithTheirLearner(t *testing.T) {
	b := newRig(t, withEvents(100, 0))
	b.remember(idOf(event(key(1), "a")), idOf(event(key(1), "b")), idOf(event(key(2), "a")))
	if e := b.erase(key(1).UserID); e.EventIDs != 2 {
		t.Errorf("%+v", e)
	}
	b.crash()
	if ids := b.EventIDsWhere(everyLearner); len(ids) != 1 || ids[0] != idOf(event(key(2), "a")) {
		t.Errorf("left are %x", ids)
	}
}

// Others may only be told that the ids are handed over when the disk has them.
func TestHandedOverIDsAreNotAcknowledgedBeforeTheDiskHasThem(t *testing.T) {
	b := newRig(t, withEvents(100, 0), func(o *Options) { o.Policy.Async = true })
	for i := range 5 {
		id := idOf(event(key(i), fmt.Sprint(i)))
		b.remember(id)
		opts := b.opts
		opts.FS = b.fs.Crashed(0, nil)
		after, err := Open(opts)
		if err != nil {
			t.Fatal(err)
		}
		if ids := after.EventIDsWhere(everyLearner); len(ids) != i+1 || !slices.Contains(ids, id) {
			t.Errorf("%d of %d are on the disk", len(ids), i+1)
		}
		if err := after.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestHandedOverIDsAreRefusedWithoutRoomAndAfterTheEnd(t *testing.T) {
	b := newRig(t, withEvents(100, 0))
	ids := []spool.EventID{idOf(event(key(1), "e"))}
	b.space.refusing.Store(true)
	if err := b.RememberEventIDs(context.Background(), ids); !errors.Is(err, ErrNoSpace) || len(b.EventIDsWhere(everyLearner)) > 0 {
		t.Errorf("without room: %v", err)
	}
	b.space.refusing.Store(false)
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.RememberEventIDs(canceled, ids); !errors.Is(err, context.Canceled) {
		t.Errorf("of one who is gone: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.RememberEventIDs(context.Background(), ids); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
