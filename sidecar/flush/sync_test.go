package flush

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// notSaved is the failure of a *NotSavedError, which err must be.
func notSaved(t *testing.T, err error) postgres.Failure {
	t.Helper()
	var e *NotSavedError
	if !errors.As(err, &e) {
		t.Fatalf("not a NotSavedError: %v", err)
	}
	return e.Failure
}

func TestSyncWritesNowWhatTheFilterMatches(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		put(t, f.buffer, 1, 2)
		begin := time.Now()
		if err := f.Sync(t.Context(), buffer.Filter{UserID: key(1).UserID}); err != nil {
			t.Fatal(err)
		}
		if passed := time.Since(begin); passed != 0 {
			t.Errorf("it took %v", passed)
		}
		wantCounts(t, db, map[int]int64{1: 1, 2: 0})
	})
}

func TestSyncWithNothingToDoReturnsAtOnce(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
			t.Error(err)
		}
	})
}

func TestSyncTellsAtOnceWhyItIsNotSaved(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		put(t, f.buffer, 1)
		begin := time.Now()
		err := f.Sync(t.Context(), buffer.Filter{})
		if got := notSaved(t, err); got.Class != postgres.ShuttingDown {
			t.Errorf("class %s", got.Class)
		}
		if passed := time.Since(begin); passed != 0 {
			t.Errorf("it took %v", passed)
		}
	})
}

func TestSyncTriesNowAlthoughTheBreakerIsOpen(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		put(t, f.buffer, 1)
		after(10*time.Minute + time.Second)
		if c := f.seen.condition(); c.Phase != PhaseParked {
			t.Fatalf("phase %v", c.Phase)
		}
		begin := time.Now()
		_ = notSaved(t, f.Sync(t.Context(), buffer.Filter{}))
		if passed := time.Since(begin); passed != 0 {
			t.Errorf("a failing sync took %v", passed)
		}
		db.setTrouble(nil, nil)
		if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
			t.Error(err)
		}
		if passed := time.Since(begin); passed != 0 {
			t.Errorf("a working sync took %v", passed)
		}
	})
}

func TestSyncDoesNotTakeAnEarlierAttemptForItsOwn(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		put(t, f.buffer, 1)
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		after(interval)
		// The lane waits for its retry. The next attempt is under way when the
		// sync comes, and fails; the one after that works.
		release, underWay := make(chan struct{}), make(chan struct{})
		first := true
		db.setTrouble(func(call string, _ progress.Batch) error {
			if call != "apply" || !first {
				return nil
			}
			first = false
			close(underWay)
			<-release
			return sqlError("57P03")
		}, nil)
		<-underWay
		result := make(chan error)
		go func() { result <- f.Sync(t.Context(), buffer.Filter{}) }()
		synctest.Wait()
		begin := time.Now()
		close(release)
		if err := <-result; err != nil {
			t.Errorf("the sync failed of an attempt from before: %v", err)
		}
		if passed := time.Since(begin); passed != 0 {
			t.Errorf("it waited %v for the retry", passed)
		}
	})
}

func TestSyncIsNotFailedByBadDataOfOthers(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(func(_ string, b progress.Batch) error {
			for _, r := range b.Records {
				if r.Key == key(2) {
					return sqlError("22003")
				}
			}
			return nil
		}, nil)
		put(t, f.buffer, 1, 2, 3, 4, 5, 6)
		if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
			t.Error(err)
		}
		wantCounts(t, db, map[int]int64{1: 1, 2: 0, 3: 1, 4: 1, 5: 1, 6: 1})
	})
}

func TestSyncEndsWithItsContext(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		release := make(chan struct{})
		db.setTrouble(func(call string, _ progress.Batch) error {
			if call == "apply" {
				<-release
			}
			return nil
		}, nil)
		put(t, f.buffer, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Sync(ctx, buffer.Filter{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(release)
	})
}

func TestSyncAfterTheEndOfRunSaysSo(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, _ *ledgerModel) {
		put(t, f.buffer, 1)
		_ = f.stop()
		if got := notSaved(t, f.Sync(t.Context(), buffer.Filter{})); got.Class != ClassStopping {
			t.Errorf("class %s", got.Class)
		}
	})
}

func TestDrainWritesAllThatIsHeld(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		var keys []int
		want := map[int]int64{}
		for i := range 95 {
			keys = append(keys, i)
			want[i] = 1
		}
		put(t, f.buffer, keys...)
		if n, err := f.Drain(t.Context()); n != 0 || err != nil {
			t.Errorf("%d left, %v", n, err)
		}
		wantCounts(t, db, want)
	})
}

func TestDrainRetriesQuicklyAndTellsWhatStays(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		put(t, f.buffer, 1, 2, 3)
		after(10 * time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		n, err := f.Drain(ctx)
		if n != 3 || notSaved(t, err).Class != postgres.ShuttingDown {
			t.Errorf("%d left, %v", n, err)
		}
		tries := 0
		for _, at := range db.times("apply", begin) {
			if at >= 0 {
				tries++
			}
		}
		if tries < 8 || tries > 20 {
			t.Errorf("%d attempts in 10 seconds", tries)
		}
	})
}

func TestDrainGoesOnWhenTheDatabaseComesBack(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		put(t, f.buffer, 1, 2, 3)
		after(10 * time.Minute)
		time.AfterFunc(5*time.Second, func() { db.setTrouble(nil, nil) })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if n, err := f.Drain(ctx); n != 0 || err != nil {
			t.Errorf("%d left, %v", n, err)
		}
	})
}
