package buffer

import (
	"slices"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

func TestOfWhatIsDueOnlySoMuchIsTakenAsIsAskedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		limit    int
		interval time.Duration
		rules    dueRules
		want     []int
	}{
		"all whose windows ended":           {10, 2, dueRules{}, []int{0, 1, 2}},
		"at most the limit":                 {2, 2, dueRules{}, []int{0, 1}},
		"none while all windows are open":   {10, 5, dueRules{}, nil},
		"the relief and no more than it is": {10, 5, dueRules{relief: 2}, []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			table := timing.Only(timing.Terms{Interval: tt.interval}, 0)
			s := newPendingSet(table)
			for i := range 4 {
				s.insert(pendingEntry(i, time.Duration(i), 0, table))
			}
			tt.rules.stretch = 1
			var got []int
			for _, e := range s.takeDue(4, tt.limit, tt.rules) {
				got = append(got, slices.Index([]progress.Key{key(0), key(1), key(2), key(3)}, e.record.Key))
			}
			if !slices.Equal(got, tt.want) || len(s.entries) != 4-len(got) {
				t.Errorf("took %v and left %d, want %v", got, len(s.entries), tt.want)
			}
		})
	}
}

func TestALearnersRecordsAreFoundAndTakenAmongThoseOfOthers(t *testing.T) {
	s := newPendingSet(inMinutes(3))
	for i := range 6 {
		k := progress.Key{UserID: []string{"a", "b"}[i%2], CourseID: "c", LessonID: key(i).UserID}
		e := newEntry(spool.KeyOf(k), progress.Record{Key: k, UpdateCount: 2}, reading{})
		e.terms = &s.order.table.All()[0]
		s.insert(e)
	}
	found := 0
	s.each(Filter{UserID: "a", LessonID: key(2).UserID}, func(*entry) { found++ })
	if found != 1 {
		t.Errorf("%d records of one lesson", found)
	}
	taken := s.takeLearner("a")
	for _, e := range taken {
		if e.record.UserID != "a" {
			t.Errorf("took a record of %s", e.record.UserID)
		}
	}
	if len(taken) != 3 || len(s.entries) != 3 || s.updates != 6 || len(s.takeLearner("a")) != 0 {
		t.Errorf("took %d, left %d of %d updates", len(taken), len(s.entries), s.updates)
	}
	if n := len(s.takeLearner("b")); n != 3 || s.order.age.head != nil || s.order.waiting[0].tail != nil {
		t.Errorf("took %d of the other learner", n)
	}
}

func TestAWalkVisitsOnceWhatIsThereAllTheTime(t *testing.T) {
	s := newPendingSet(inMinutes(3))
	var entries []*entry
	for i := range 20 {
		entries = append(entries, pendingEntry(i, 0, 0, s.order.table))
		s.insert(entries[i])
	}
	visits := map[*entry]int{}
	visit := func(e *entry) { visits[e]++ }
	w := s.walk()
	if !w.visit(5, visit) {
		t.Fatal("it ended at once")
	}
	// The next one, the last one, and two that were visited go; others come.
	for _, i := range []int{5, 6, 19, 0, 4} {
		s.remove(entries[i])
	}
	s.insert(pendingEntry(30, 0, 0, s.order.table))
	for w.visit(4, visit) {
	}
	for i, e := range entries {
		if want := 1; visits[e] != want && i != 5 && i != 6 && i != 19 {
			t.Errorf("entry %d was visited %d times", i, visits[e])
		}
	}
	if visits[entries[5]]+visits[entries[6]]+visits[entries[19]] != 0 {
		t.Error("an entry was visited that is gone")
	}
	w.end()
	w = s.walk()
	defer w.end()
	if s.takeDue(0, 100, dueRules{}); w.visit(1, visit) {
		t.Error("a walk through nothing goes on")
	}
}

func TestALargeSetGivesItsMemoryBackWhenItIsEmpty(t *testing.T) {
	s := newPendingSet(inMinutes(3))
	for i := range smallMap + 1 {
		s.insert(pendingEntry(i, 0, 0, s.order.table))
	}
	s.takeDue(0, smallMap+1, dueRules{})
	if s.peak != 0 || len(s.entries) != 0 {
		t.Errorf("%d entries, peak %d", len(s.entries), s.peak)
	}
}
