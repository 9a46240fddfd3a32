package buffer

import (
	"slices"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// pendingEntry is one by the only terms of a table.
func pendingEntry(n int, opened, changed time.Duration, table *timing.Table) *entry {
	e := newEntry(spool.KeyOf(key(n)), progress.Record{Key: key(n)}, reading{elapsed: opened})
	e.changed, e.terms = changed, &table.All()[0]
	return e
}

func TestWhichEntryIsWrittenFirst(t *testing.T) {
	const minute = time.Minute
	table := timing.Only(timing.Terms{Interval: 3 * minute, Linger: 10 * time.Second, QuietPeriod: minute}, 0)
	for name, tt := range map[string]struct {
		at     time.Duration
		rules  func(*dueRules)
		urgent []int
		from   time.Duration // which the urgent ones are worth a write
		first  int           // -1 for none
		next   time.Duration
	}{
		"none while all windows are open and none is quiet": {minute / 2, nil, nil, 0, -1, 62 * time.Second},
		"the quiet one": {minute, nil, nil, 0, 1, 62 * time.Second},
		"the quiet one before the oldest window, which was due later": {3 * minute, nil, nil, 0, 1, 62 * time.Second},
		"an urgent one before both":                                   {3 * minute, nil, []int{2}, 0, 2, 3 * minute},
		"of urgent ones that of the first":                            {0, nil, []int{2, 1}, 0, 2, 0},
		"the oldest above the high-water mark": {
			0, func(r *dueRules) { r.relief = 1 }, nil, 0, 0, 0},
		"none shortly after the start": {
			3 * minute, func(r *dueRules) { r.notBefore = 4 * minute }, nil, 0, -1, 4 * minute},
		"an urgent one also then": {
			minute, func(r *dueRules) { r.notBefore = 4 * minute }, []int{1}, 0, 1, minute},
		"an urgent one that gathers others, by the moment at which it is worth a write": {
			minute / 2, nil, []int{2, 1}, minute/2 + 75*time.Millisecond, 2, minute/2 + 75*time.Millisecond},
		"one that gathers, when others are due before": {
			minute, nil, []int{2}, 2 * minute, 2, 62 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			o := newDueOrder(table)
			entries := []*entry{pendingEntry(0, 0, 0, table), pendingEntry(1, 0, 0, table), pendingEntry(2, 0, 0, table)}
			for _, e := range entries {
				o.add(e)
			}
			entries[0].changed = 2 * minute
			o.updated(entries[0])
			entries[2].changed = 2*minute + 1
			o.updated(entries[2])
			for _, i := range tt.urgent {
				if !o.urge(entries[i], tt.from) || o.urge(entries[i], tt.from) {
					t.Errorf("entry %d is not urged once", i)
				}
			}
			r := dueRules{stretch: 1}
			if tt.rules != nil {
				tt.rules(&r)
			}
			first := slices.Index(entries, o.first(tt.at, r))
			next, some := o.next(tt.at, r)
			if first != tt.first || !some || next != tt.next {
				t.Errorf("entry %d is first and the next is due at %v, %v; want %d at %v", first, next, some, tt.first, tt.next)
			}
		})
	}
}

func TestWhatGathersIsDueAtOnceWhenSomebodyAsksForAnyOfIt(t *testing.T) {
	table := inMinutes(60)
	o := newDueOrder(table)
	first, second := pendingEntry(1, 0, 0, table), pendingEntry(2, 0, 0, table)
	o.add(first)
	o.add(second)
	if !o.urge(first, 75) || o.urge(second, 80) == o.urge(second, 90) {
		t.Error("urging does not tell what it changes")
	}
	if next, _ := o.next(10, dueRules{stretch: 1}); next != 75 {
		t.Errorf("due at %v, want 75", next)
	}
	if !o.urge(second, 10) {
		t.Error("asking for what gathers changes nothing")
	}
	if next, _ := o.next(10, dueRules{stretch: 1}); next != 10 {
		t.Errorf("due at %v, want 10", next)
	}
	o.remove(first)
	o.remove(second)
	third := pendingEntry(3, 0, 0, table)
	o.add(third)
	if o.urge(third, 200); o.urgentFrom != 200 {
		t.Errorf("the next one is worth a write from %v on, want 200", o.urgentFrom)
	}
}

func TestHowManyArePressing(t *testing.T) {
	table := inMinutes(3)
	o := newDueOrder(table)
	for i := range 5 {
		e := pendingEntry(i, 0, 0, table)
		o.add(e)
		if i < 2 {
			o.urge(e, time.Hour)
		}
	}
	for relief, want := range map[int64]int{-3: 2, 0: 2, 1: 2, 4: 4, 9: 5} {
		if got := o.pressing(dueRules{relief: relief}); got != want {
			t.Errorf("%d press when %d are to be written for relief, want %d", got, relief, want)
		}
	}
	for o.age.head != nil {
		o.remove(o.age.head)
	}
	if n := o.pressing(dueRules{relief: 9}); n != 0 {
		t.Errorf("%d press in an empty order", n)
	}
}

func TestAnEmptyOrderHasNothingDue(t *testing.T) {
	table := inMinutes(3)
	o := newDueOrder(table)
	e := pendingEntry(1, 0, 0, table)
	o.add(e)
	o.urge(e, 0)
	o.remove(e)
	if _, some := o.next(time.Hour, dueRules{}); some || o.first(time.Hour, dueRules{relief: 1}) != nil {
		t.Error("something is due")
	}
}
