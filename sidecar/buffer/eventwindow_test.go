package buffer

import (
	"slices"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

func eventOf(learner, n byte) (id spool.EventID) {
	id[0], id[8] = learner, n
	return id
}

func TestAnEventIsForgottenWithItsSegmentAndTheDiskIsTold(t *testing.T) {
	p := EventIDs{MaxCount: 16, MaxAge: 80 * time.Microsecond} // a segment has 2 ids or 10 µs
	var w eventWindow
	first := w.add(eventOf(1, 1), spool.EventMerged, 100, p, 1)
	if again := w.add(eventOf(1, 2), spool.EventMerged, 105, p, 1); again != first || first != 100 {
		t.Errorf("segments %d and %d", first, again)
	}
	if later := w.add(eventOf(1, 3), spool.EventMerged, 105, p, 1); later != 105 {
		t.Errorf("a full segment is followed by %d", later)
	}
	w.expire(189, p, 1)
	if !w.has(eventOf(1, 1)) || w.takeForgotten() != 0 {
		t.Error("forgotten within its age")
	}
	w.expire(190, p, 1)
	if w.has(eventOf(1, 1)) || w.has(eventOf(1, 2)) || !w.has(eventOf(1, 3)) || w.count != 1 {
		t.Errorf("%d are remembered", w.count)
	}
	if last := w.takeForgotten(); last != 100 || w.takeForgotten() != 0 {
		t.Errorf("the disk is told of %d", last)
	}
}

func TestASegmentNeverTakesTheNameOfOneThatTheDiskIsToForget(t *testing.T) {
	p := EventIDs{MaxCount: 8, MaxAge: 80 * time.Microsecond}
	var w eventWindow
	w.add(eventOf(1, 1), spool.EventMerged, 100, p, 1)
	w.expire(1000, p, 1)
	// The clock was set back.
	if opened := w.add(eventOf(1, 2), spool.EventMerged, 50, p, 1); opened != 101 {
		t.Errorf("the segment is named %d", opened)
	}
}

// Ids of a kind that are forgotten must not be counted any more: what is counted is
// looked for with each update.
func TestAWindowCountsTheKindsOfWhatItRemembers(t *testing.T) {
	p := EventIDs{MaxCount: 16} // a segment has 2 ids
	var w eventWindow
	for n := range byte(4) {
		w.load(progress.Instant(n/2), eventOf(9, n), spool.EventSalted)
	}
	handedOn := w.add(eventOf(1, 1), spool.EventHandedOn, 10, p, 1)
	w.add(eventOf(1, 2), spool.EventHandedOn, 10, p, 1)
	w.add(eventOf(2, 1), spool.EventMerged, 20, p, 1)
	if merged := w.add(eventOf(1, 1), spool.EventMerged, 30, p, 1); merged != handedOn {
		t.Errorf("an event that comes back is in segment %d, and was in %d", merged, handedOn)
	}
	if want := (eventKinds{spool.EventSalted: 4, spool.EventMerged: 2, spool.EventHandedOn: 1}); w.kinds != want || w.count != 7 {
		t.Errorf("%v are counted of %d", w.kinds, w.count)
	}
	checkWindow(t, &w)
	if gone := w.erase(learner{1}, learner{9}); len(gone) != 6 || w.kinds != (eventKinds{spool.EventMerged: 1}) {
		t.Errorf("%d are erased, %v are left", len(gone), w.kinds)
	}
	w.load(40, eventOf(9, 9), spool.EventSalted)
	checkWindow(t, &w)
	w.expire(50, EventIDs{}, 1)
	checkWindow(t, &w)
	if w.count != 0 {
		t.Errorf("%d are remembered", w.count)
	}
}

func TestAnErasedLearnersEventsAreForgottenInEverySegment(t *testing.T) {
	p := EventIDs{MaxCount: 16}
	var w eventWindow
	var want []eventPlace
	for n := range byte(8) {
		id := eventOf(n%2, n)
		opened := w.add(id, spool.EventMerged, progress.Instant(n), p, 1)
		if n%2 == 1 {
			want = append(want, eventPlace{opened, id})
		}
	}
	gone := w.erase(learner{1}, learner{})
	slices.SortFunc(gone, func(a, b eventPlace) int { return int(a.id[8]) - int(b.id[8]) })
	if !slices.Equal(gone, want) || w.count != 4 || w.has(eventOf(1, 1)) || !w.has(eventOf(0, 2)) {
		t.Errorf("erased %v, %d are left", gone, w.count)
	}
	var loaded eventWindow
	for _, e := range want {
		loaded.load(e.segment, e.id, spool.EventMerged)
	}
	if loaded.count != len(want) || !loaded.has(eventOf(1, 7)) || len(loaded.segments) != 4 {
		t.Errorf("loaded %d in %d segments", loaded.count, len(loaded.segments))
	}
}
