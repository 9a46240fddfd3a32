package buffer

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func refusedRecord(n int, lesson string, seeks int64) *progress.Record {
	k := key(n)
	k.LessonID = lesson
	return &progress.Record{Key: k, SeekEvents: seeks, UpdateCount: seeks}
}

func TestWhatIsRefusedAgainIsAddedToTheDeadLetterOfItsKey(t *testing.T) {
	q := newQuarantine()
	q.add(refusedRecord(1, "a", 2), DeadLetterReason{SQLState: "22003"}, 10)
	q.add(refusedRecord(1, "b", 1), DeadLetterReason{}, 15)
	dl := q.add(refusedRecord(1, "a", 3), DeadLetterReason{SQLState: "23514"}, 20)
	if q.len() != 2 || dl.ID != 1 || dl.Times != 2 || dl.First != 10 || dl.Last != 20 ||
		dl.Reason.SQLState != "23514" || dl.Record.SeekEvents != 5 {
		t.Errorf("dead letter %+v of %d", dl, q.len())
	}
	// A sum beyond the range must not lose the record.
	if dl = q.add(refusedRecord(1, "a", math.MaxInt64), DeadLetterReason{}, 21); dl.Record.SeekEvents != math.MaxInt64 {
		t.Errorf("sum %d", dl.Record.SeekEvents)
	}
}

func TestAResetThatIsRefusedReplacesWhatWasRefusedBefore(t *testing.T) {
	q := newQuarantine()
	q.add(refusedRecord(1, "a", 2), DeadLetterReason{}, 10)
	reset := refusedRecord(1, "a", 0)
	reset.Generation, reset.ReceivedAt = 12, 12
	q.add(reset, DeadLetterReason{}, 13)
	since := refusedRecord(1, "a", 1)
	since.ReceivedAt = 14
	if dl := q.add(since, DeadLetterReason{}, 15); dl.Record.SeekEvents != 1 || dl.Record.Generation != 12 {
		t.Errorf("dead letter %+v", dl.Record)
	}
}

func TestDeadLettersAreFoundByIDAndByLearner(t *testing.T) {
	loaded := newQuarantine()
	loaded.load([]*DeadLetter{
		{ID: 5, Record: *refusedRecord(2, "a", 5)},
		{ID: 1, Record: *refusedRecord(1, "a", 1)},
		{ID: 3, Record: *refusedRecord(1, "b", 3)},
	})
	added := newQuarantine()
	for i := range 5 {
		added.add(refusedRecord([]int{1, 9, 1, 9, 2}[i], []string{"a", "c", "b", "d", "a"}[i], int64(i+1)), DeadLetterReason{}, 1)
	}
	for _, dl := range added.takeLearner(key(9).UserID) {
		if _, err := added.get(dl.ID); !errors.Is(err, ErrNoDeadLetter) {
			t.Errorf("letter %d: %v", dl.ID, err)
		}
	}
	for name, q := range map[string]quarantine{"loaded": loaded, "added and partly erased": added} {
		t.Run(name, func(t *testing.T) {
			var ids []uint64
			for after, more := uint64(0), true; more; {
				var letters []DeadLetter
				letters, more = q.page(after, 2)
				for _, dl := range letters {
					ids, after = append(ids, dl.ID), dl.ID
				}
			}
			if !slices.Equal(ids, []uint64{1, 3, 5}) {
				t.Errorf("ids %v", ids)
			}
			user := Filter{UserID: key(1).UserID}
			if all, of := q.updates(Filter{}), q.updates(user); all != 9 || of != 4 {
				t.Errorf("%d updates, %d of the learner", all, of)
			}
			dl, err := q.get(3)
			if err != nil {
				t.Fatal(err)
			}
			q.remove(dl)
			if q.updates(user) != 1 || q.len() != 2 || q.of(&dl.Record.Key) != nil {
				t.Errorf("removed, and %d updates of %d letters are left", q.updates(user), q.len())
			}
		})
	}
}
