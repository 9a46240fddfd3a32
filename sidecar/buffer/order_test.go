package buffer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

func pendingEntry(n int, opened, changed time.Duration) *entry {
	e := newEntry(spool.KeyOf(key(n)), progress.Record{Key: key(n)}, reading{elapsed: opened})
	e.changed = changed
	return e
}

func TestWhichEntryIsWrittenFirst(t *testing.T) {
	const minute = time.Minute
	rules := dueRules{interval: 3 * minute, linger: 10 * time.Second, quiet: minute}
	for name, tt := range map[string]struct {
		at     time.Duration
		rules  func(*dueRules)
		urgent []int
		first  int // -1 for none
		next   time.Duration
	}{
		"none while all windows are open and none is quiet": {minute / 2, nil, nil, -1, 70 * time.Second},
		"the quiet one":                    {minute, nil, nil, 1, 70 * time.Second},
		"the oldest window before it":      {3 * minute, nil, nil, 0, 70 * time.Second},
		"an urgent one before both":        {3 * minute, nil, []int{2}, 2, 3 * minute},
		"of urgent ones that of the first": {0, nil, []int{2, 1}, 2, 0},
		"the oldest above the high-water mark": {
			0, func(r *dueRules) { r.excess = 1 }, nil, 0, 0},
		"none shortly after the start": {
			3 * minute, func(r *dueRules) { r.notBefore = 4 * minute }, nil, -1, 4 * minute},
		"an urgent one also then": {
			minute, func(r *dueRules) { r.notBefore = 4 * minute }, []int{1}, 1, minute},
	} {
		t.Run(name, func(t *testing.T) {
			o := newDueOrder(true)
			entries := []*entry{pendingEntry(0, 0, 0), pendingEntry(1, 0, 0), pendingEntry(2, 0, 0)}
			for _, e := range entries {
				o.add(e)
			}
			entries[0].changed = 2 * minute
			o.updated(entries[0])
			entries[2].changed = 2*minute + 1
			o.updated(entries[2])
			for _, i := range tt.urgent {
				if !o.urge(entries[i]) || o.urge(entries[i]) {
					t.Errorf("entry %d is not urged once", i)
				}
			}
			r := rules
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

func TestAnEmptyOrderHasNothingDue(t *testing.T) {
	o := newDueOrder(true)
	e := pendingEntry(1, 0, 0)
	o.add(e)
	o.urge(e)
	o.remove(e)
	if _, some := o.next(time.Hour, dueRules{}); some || o.first(time.Hour, dueRules{excess: 1}) != nil {
		t.Error("something is due")
	}
}

func TestTheQuietOrderIsTheSameWhetherItWasAlwaysKeptOrNot(t *testing.T) {
	always, later := newDueOrder(true), newDueOrder(false)
	rng := rand.New(rand.NewPCG(1, 1))
	var kept, others []*entry
	for i := range 50 {
		kept, others = append(kept, pendingEntry(i, 0, 0)), append(others, pendingEntry(i, 0, 0))
		always.add(kept[i])
		later.add(others[i])
	}
	for step := range 200 {
		i := rng.IntN(len(kept))
		kept[i].changed, others[i].changed = time.Duration(step+1), time.Duration(step+1)
		always.updated(kept[i])
		later.updated(others[i])
		if step%20 == 0 {
			always.urge(kept[i])
			later.urge(others[i])
		}
	}
	later.keepQuiet(true)
	chain := func(o *dueOrder) (keys []string) {
		for e := o.quiet.head; e != nil; e = e.links[byTurn].next {
			keys = append(keys, string(e.key))
		}
		return keys
	}
	if a, b := chain(&always), chain(&later); !slices.Equal(a, b) || len(a) == 0 || len(a) == 50 {
		t.Errorf("%d and %d are quiet in other orders", len(a), len(b))
	}
}
