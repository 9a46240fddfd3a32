package buffer

import (
	"context"
	"encoding/hex"
	"os"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// saltedSpool opens a copy of the spool that the buffer of commit 2821e85 wrote: its
// ids of events are made with the writer's id. Events of three learners are in its
// checkpoint and in its log.
func saltedSpool(t *testing.T, events EventIDs) *rig {
	t.Helper()
	dir := t.TempDir() // which goes after the buffer is closed
	b := newRig(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS("testdata/salted")); err != nil {
		t.Fatal(err)
	}
	b.opts.Dir, b.opts.FS, b.opts.Policy.EventIDs = dir, nil, events
	b.open()
	return b
}

var saltedEvents = []progress.Update{
	event(key(1), "saved"), event(key(2), "saved"), event(key(3), "saved"),
	event(key(1), "checkpointed"), event(key(2), "checkpointed"),
	event(key(1), "logged"), event(key(2), "logged"), event(key(3), "logged"),
}

// An update that was accepted before an upgrade and is repeated after it must not be
// counted twice.
func TestEventsOfAnEarlierVersionAreRecognized(t *testing.T) {
	checkpoint := func(b *rig) {
		if err := b.Checkpoint(context.Background()); err != nil {
			b.t.Fatal(err)
		}
	}
	for name, between := range map[string]func(*rig){
		"at once":                         func(*rig) {},
		"after a restart":                 func(b *rig) { b.restart() },
		"after a checkpoint":              checkpoint,
		"after a checkpoint and restarts": func(b *rig) { checkpoint(b); b.restart(); b.restart() },
	} {
		t.Run(name, func(t *testing.T) {
			b := saltedSpool(t, EventIDs{MaxCount: 1000})
			before := b.seeks()
			between(b)
			if got := duplicates(b.put(saltedEvents...)); got != len(saltedEvents) || b.seeks() != before {
				t.Errorf("%d of %d are recognized, %d seeks were held and %d are", got, len(saltedEvents), before, b.seeks())
			}
			for i, u := range saltedEvents {
				if r := b.putFrom(SenderID{1}, uint64(i+1), Item{Update: u})[0]; !r.Duplicate {
					t.Errorf("event %d is new to another sidecar", i)
				}
				if r := b.putStray(u)[0]; !r.Duplicate {
					t.Errorf("event %d is new as a stray", i)
				}
			}
			if ids := b.EventIDsWhere(everyLearner); len(ids) != 0 {
				t.Errorf("others are told of %d ids that mean nothing to them", len(ids))
			}
			if r := b.put(event(key(1), "new"))[0]; r.Duplicate {
				t.Error("another event is taken for a repeat")
			}
			b.restart()
			if r := b.put(event(key(1), "new"))[0]; !r.Duplicate || len(b.EventIDsWhere(everyLearner)) != 1 {
				t.Error("what came after the upgrade is not remembered")
			}
		})
	}
}

func TestEventsOfAnEarlierVersionAgeOutAndThenCostNothing(t *testing.T) {
	b := saltedSpool(t, EventIDs{MaxCount: 1000, MaxAge: time.Hour})
	b.put(event(key(9), "kept"))
	b.clock.Advance(70 * time.Minute)
	if r := b.put(saltedEvents[0])[0]; r.Duplicate {
		t.Error("it is recognized after its age")
	}
	for _, l := range b.lanes {
		b.put(event(key(1), "a"), event(key(2), "a"), event(key(3), "a"))
		if n := l.events.kinds[spool.EventSalted]; n != 0 {
			t.Errorf("lane %d still reckons with %d", l.number, n)
		}
	}
}

func TestEventsOfAnEarlierVersionAreErasedWithTheirLearner(t *testing.T) {
	b := saltedSpool(t, EventIDs{MaxCount: 1000})
	b.put(event(key(1), "new"))
	if e := b.erase(key(1).UserID); e.EventIDs != 4 {
		t.Errorf("%d ids are erased", e.EventIDs)
	}
	b.restart()
	for _, u := range saltedEvents {
		if r := b.put(u)[0]; r.Duplicate != (u.UserID != key(1).UserID) {
			t.Errorf("%s of %s: duplicate is %v", u.EventID, u.UserID, r.Duplicate)
		}
	}
}

func everyLearner(uint64) bool { return true }

func TestAnEventHasOneIDInEverySidecarAndVersion(t *testing.T) {
	u := event(progress.Key{UserID: "ada", CourseID: "course", LessonID: "lesson"}, "e-1")
	got := eventID(nil, spool.AppendKey(nil, u.Key), &u)
	if want := "d36c3934091206d025ad524d09a85c00"; hex.EncodeToString(got[:]) != want {
		t.Errorf("it is %s, and was %s: a repeat at another sidecar of another version would be counted twice", hex.EncodeToString(got[:]), want)
	}
	if got.Learner() != learnerhash.Of("ada") {
		t.Error("its learner is not found by it")
	}
}
