package buffer

import (
	"encoding/binary"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

func learnerNumber(n int) (id spool.LearnerID) {
	binary.BigEndian.PutUint32(id[:], uint32(n))
	return id
}

func TestWhatHappenedBeforeAnErasureIsCovered(t *testing.T) {
	ts := tombstones{}
	ts.add(learnerNumber(1), spool.Tombstone{At: 10, UserID: "a"})
	for name, tt := range map[string]struct {
		learner int
		at      progress.Instant
		want    bool
	}{
		"before":                   {1, 9, true},
		"at its instant":           {1, 10, true},
		"later":                    {1, 11, false},
		"before, to somebody else": {2, 9, false},
	} {
		if got := ts.covers(learnerNumber(tt.learner), tt.at); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAnErasureThatWasOrderedAgainIsNotEndedByTheFirst(t *testing.T) {
	ts := tombstones{}
	id := learnerNumber(1)
	ts.add(id, spool.Tombstone{At: 10, UserID: "a"})
	first := Erasure{UserID: "a", At: 10}
	ts.add(id, spool.Tombstone{At: 20, UserID: "a"})
	if _, ok := ts.finish(id, first, 21); ok || len(ts.erasures(pendingErasure)) != 1 {
		t.Error("the second was ended by the first")
	}
	second := Erasure{UserID: "a", At: 20}
	if got, ok := ts.finish(id, second, 21); !ok || got.Done != 21 || len(ts.erasures(pendingErasure)) != 0 {
		t.Errorf("finished %+v, %v", got, ok)
	}
	if done := ts.erasures(finishedErasure); len(done) != 1 || done[0] != (Erasure{"a", 20, 21}) {
		t.Errorf("finished are %+v", done)
	}
	if got, ok := ts.forget(id, second); !ok || got != (spool.Tombstone{At: 20}) || !ts.covers(id, 20) {
		t.Errorf("forgotten %+v, %v", got, ok)
	}
	if _, ok := ts.finish(id, second, 22); ok {
		t.Error("finished after it was forgotten")
	}
}

func TestTombstonesAreBoundedAndThoseThatWaitForTheDatabaseStay(t *testing.T) {
	ts := tombstones{}
	for i := range maxTombstones {
		ts[learnerNumber(i)] = spool.Tombstone{At: progress.Instant(i + 1)}
	}
	ts[learnerNumber(0)] = spool.Tombstone{At: 1, UserID: "waits"}
	dropped, ok := ts.add(learnerNumber(-1), spool.Tombstone{At: maxTombstones + 1, UserID: "a"})
	if !ok || len(dropped) != 1 || dropped[0] != learnerNumber(1) || len(ts) != maxTombstones {
		t.Errorf("dropped %v, %v; %d are left", dropped, ok, len(ts))
	}
	for id, s := range ts {
		s.UserID = "waits"
		ts[id] = s
	}
	if dropped, ok = ts.add(learnerNumber(-2), spool.Tombstone{At: maxTombstones + 2, UserID: "b"}); ok || dropped != nil || len(ts) != maxTombstones {
		t.Errorf("one too many was taken: dropped %v, %v", dropped, ok)
	}
}
