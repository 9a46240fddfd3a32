package buffer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/test/kit"
)

const erasedUser = "learner-who-goes-away"

// everywhere leaves the learner, beside others, pending, frozen, confirmed, in
// the quarantine, among the strays and among the event ids.
func (b *rig) everywhere(user string) {
	b.t.Helper()
	b.quarantineOf(user)
	for i, lesson := range []string{"confirmed", "frozen", "pending"} {
		b.put(
			event(progress.Key{UserID: user, CourseID: "course", LessonID: lesson}, "1"),
			event(progress.Key{UserID: "another", CourseID: "course", LessonID: lesson}, "1"),
		)
		if i == 2 {
			b.putStray(
				event(progress.Key{UserID: user, CourseID: "course", LessonID: "stray"}, "1"),
				event(progress.Key{UserID: "another", CourseID: "course", LessonID: "stray"}, "1"),
			)
			return
		}
		b.MakeDue(Filter{})
		batches := b.freezeAll(10)
		if i == 0 {
			b.confirm(batches...)
		}
	}
}

func (b *rig) quarantineOf(user string) {
	b.t.Helper()
	b.put(updateOf(progress.Key{UserID: user, CourseID: "course", LessonID: "refused"}))
	b.MakeDue(Filter{})
	for _, batch := range b.freezeAll(1) {
		if err := b.Quarantine(batch.Lane, batch.Number, DeadLetterReason{SQLState: "22003"}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *rig) erase(user string) Erased {
	b.t.Helper()
	e, err := b.Erase(context.Background(), user)
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

func TestAnErasedLearnerIsGoneAndTheOthersAreNot(t *testing.T) {
	b := newRig(t, withEvents(1000, 0))
	b.everywhere(erasedUser)
	before := make([][]uint64, b.Lanes())
	for lane := range before {
		before[lane] = numbers(b.Frozen(lane))
	}
	got := b.erase(erasedUser)
	got.Erasure = Erasure{}
	if want := (Erased{Pending: 2, Frozen: 1, Confirmed: 1, DeadLetters: 1, EventIDs: 4}); got != want {
		t.Errorf("erased %+v, want %+v", got, want)
	}
	check := func(when string) {
		t.Helper()
		if held := b.Unsaved(Filter{UserID: erasedUser}); len(held) != 0 {
			t.Errorf("%s %+v is held", when, held)
		}
		if s := b.Stats(); s.Pending != 2 || s.Strays != 1 || s.InFlight != 1 || s.DeadLetters != 0 || s.PendingUpdates != 3 {
			t.Errorf("%s stats are %+v", when, s)
		}
		replayable := 0
		for lane := range before {
			if after := numbers(b.Frozen(lane)); len(after) != len(before[lane]) {
				t.Errorf("%s lane %d has batches %v, before %v", when, lane, after, before[lane])
			}
			kept, complete := b.Replayable(lane, 0)
			if !complete {
				t.Errorf("%s batches of lane %d are missing", when, lane)
			}
			for _, batch := range kept {
				for _, r := range batch.Records {
					replayable++
					if r.UserID == erasedUser {
						t.Errorf("%s batch %d has the learner", when, batch.Number)
					}
				}
			}
		}
		if replayable != 1 {
			t.Errorf("%s %d records can be replayed", when, replayable)
		}
	}
	check("at once")
	b.crash()
	check("after a crash")
	for lane := range b.Lanes() {
		for _, batch := range b.Frozen(lane) {
			b.confirm(batch)
		}
	}
	if again := b.erase(erasedUser); again.Pending+again.Frozen+again.Confirmed+again.DeadLetters+again.EventIDs != 0 {
		t.Errorf("the second time %+v", again)
	}
}

func TestLateUpdatesOfAnErasedLearnerAreRefused(t *testing.T) {
	b := newRig(t)
	u := updateOf(key(1))
	late, later, other := u, u, updateOf(key(2))
	late.OccurredAt = progress.InstantOf(b.clock.Now()) - 1
	other.OccurredAt = late.OccurredAt
	later.OccurredAt = progress.InstantOf(b.clock.Now().Add(time.Minute))
	b.put(u, other)
	e := b.erase(u.UserID)
	b.clock.Advance(2 * time.Minute)
	for name, tt := range map[string]struct {
		update progress.Update
		want   error
	}{
		"what happened before":                     {late, ErrErased},
		"what happened later":                      {later, nil},
		"what has no time":                         {u, nil},
		"what happened before to somebody else":    {other, nil},
		"what happened at the instant of erasure":  {progress.Update{Key: u.Key, OccurredAt: e.At}, ErrErased},
		"what happened right after it was erasure": {progress.Update{Key: u.Key, OccurredAt: e.At + 1}, nil},
	} {
		for _, when := range []string{"at once", "when the database is done", "after a crash"} {
			switch when {
			case "when the database is done":
				if err := b.ErasureDone(e.Erasure); err != nil {
					t.Fatal(err)
				}
			case "after a crash":
				b.crash()
			}
			stray := tt.update
			stray.EventID = name + when
			results, err := b.PutStray(context.Background(), []progress.Update{stray})
			if err != nil || !errors.Is(results[0].Err, tt.want) {
				t.Errorf("%s, %s, as a stray: %v, %v", name, when, results[0].Err, err)
			}
			results, err = b.Put(context.Background(), []progress.Update{tt.update})
			if err != nil || !errors.Is(results[0].Err, tt.want) {
				t.Errorf("%s, %s: %v, %v", name, when, results[0].Err, err)
			}
			if r := results[0].Record; tt.want == nil && r.ReceivedAt <= e.At {
				t.Errorf("%s, %s: received at %d, erased at %d", name, when, r.ReceivedAt, e.At)
			}
		}
	}
}

func TestAnErasureIsPendingUntilTheDatabaseIsDone(t *testing.T) {
	b := newRig(t)
	first := b.erase("a")
	other := b.erase("b")
	again := b.erase("a")
	if err := b.ErasureDone(first.Erasure); err != nil {
		t.Fatal(err)
	}
	b.crash()
	pending := b.PendingErasures()
	if len(pending) != 2 || pending[0] != other.Erasure || pending[1] != again.Erasure {
		t.Fatalf("pending %+v", pending)
	}
	for _, e := range pending {
		if err := b.ErasureDone(e); err != nil {
			t.Fatal(err)
		}
	}
	b.crash()
	if pending := b.PendingErasures(); len(pending) != 0 {
		t.Errorf("pending %+v", pending)
	}
	done := b.DoneErasures()
	if len(done) != 2 || done[0].UserID != "b" || done[0].Done != progress.InstantOf(b.clock.Now()) {
		t.Fatalf("done %+v", done)
	}
	if err := b.ForgetErasure(done[0]); err != nil {
		t.Fatal(err)
	}
	b.erase("a")
	if err := b.ForgetErasure(done[1]); err != nil {
		t.Fatal(err)
	}
	b.crash()
	if done, pending := b.DoneErasures(), b.PendingErasures(); len(done) != 0 || len(pending) != 1 {
		t.Errorf("done %+v, pending %+v", done, pending)
	}
}

func TestTombstonesAreBoundedByAge(t *testing.T) {
	b := newRig(t)
	if err := b.ForgetErasure(b.erase("a").Erasure); err != nil {
		t.Fatal(err)
	}
	b.erase("b")
	b.clock.Advance(tombstoneAge + time.Hour)
	b.erase("c")
	b.crash()
	if n := len(b.tombstones); n != 2 {
		t.Errorf("%d tombstones", n)
	}
	if n := len(b.PendingErasures()); n != 2 {
		t.Errorf("%d erasures are pending", n)
	}
}

func TestNobodyIsErasedWhereNobodyIsNamed(t *testing.T) {
	b := newRig(t)
	b.put(at(1, 1))
	if _, err := b.Erase(context.Background(), ""); !errors.Is(err, errNobody) || b.Stats().Pending != 1 {
		t.Errorf("error %v, stats %+v", err, b.Stats())
	}
}

// found returns the names of the files below dir that hold the text.
func found(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			names = append(names, f.Name())
		}
	}
	return names
}

func TestNoFileOfTheSpoolHoldsAnErasedLearner(t *testing.T) {
	for name, between := range map[string]func(*rig){
		"right away": func(*rig) {},
		"in a checkpoint": func(b *rig) {
			if err := b.Checkpoint(context.Background()); err != nil {
				b.t.Fatal(err)
			}
		},
		"with old logs": func(b *rig) {
			// The learner is in a log that is done with, and in the one in use.
			big := updateOf(key(1))
			big.ModuleID = strings.Repeat("m", 200<<10)
			for i := range 80 {
				big.Key = key(i)
				b.put(big)
				if i%8 == 0 {
					b.put(updateOf(progress.Key{UserID: erasedUser, CourseID: "c", LessonID: key(i).UserID}))
				}
			}
		},
		"after a restart": func(b *rig) { b.restart() },
	} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, withEvents(1000, 0), func(o *Options) {
				o.Dir, o.FS = t.TempDir(), disk.OS{}
			})
			b.everywhere(erasedUser)
			between(b)
			if len(found(t, b.opts.Dir, erasedUser)) == 0 {
				t.Fatal("the learner is nowhere to be found before")
			}
			e := b.erase(erasedUser)
			if err := b.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, lesson := range []string{"pending", "frozen", "confirmed", "stray"} {
				if names := found(t, b.opts.Dir, erasedUser+"\x06course"+lesson); len(names) > 0 {
					t.Errorf("%v hold what the learner did", names)
				}
			}
			if err := b.ErasureDone(e.Erasure); err != nil {
				t.Fatal(err)
			}
			if err := b.ForgetErasure(e.Erasure); err != nil {
				t.Fatal(err)
			}
			if err := b.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
			if names := found(t, b.opts.Dir, erasedUser); len(names) > 0 {
				t.Errorf("%v hold the learner", names)
			}
			for i := range 100 {
				b.put(updateOf(key(i)))
			}
			b.restart()
			if names := found(t, b.opts.Dir, erasedUser); len(names) > 0 {
				t.Errorf("after a restart %v hold the learner", names)
			}
			if len(b.Unsaved(Filter{UserID: "another"})) == 0 {
				t.Error("another learner is gone")
			}
		})
	}
}

func TestAnErasedLearnerLeavesTheFilesAlsoAfterARestart(t *testing.T) {
	dir := t.TempDir()
	b := newRig(t, func(o *Options) { o.Dir, o.FS = dir, disk.OS{} })
	b.put(updateOf(progress.Key{UserID: erasedUser, CourseID: "c", LessonID: "l"}))
	if err := b.ForgetErasure(b.erase(erasedUser).Erasure); err != nil {
		t.Fatal(err)
	}
	b.restart()
	kit.Eventually(t, "no file holds the learner", func() error {
		files := found(t, dir, erasedUser)
		return kit.Unless(len(files) == 0, files)
	})
}
