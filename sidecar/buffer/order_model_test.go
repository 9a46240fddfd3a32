package buffer

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// anyTable has classes by the first letter of the lesson, with intervals from seconds
// to minutes in any order.
func anyTable(t *rapid.T) *timing.Table {
	c := config.Default()
	c.Sync.Interval = anyInterval(t)
	for i := range rapid.IntRange(0, 3).Draw(t, "classes") {
		interval := anyInterval(t)
		class := config.Class{Name: fmt.Sprint("c", i), Match: config.ClassMatch{LessonIDs: []string{string(rune('a'+i)) + "*"}}, Interval: &interval}
		if rapid.Bool().Draw(t, "quiet") {
			class.QuietPeriod = &config.QuietPeriod{Auto: true}
		}
		c.Sync.Classes = append(c.Sync.Classes, class)
	}
	return timing.New(c, 0)
}

func anyInterval(t *rapid.T) config.Duration {
	return config.Duration(rapid.SampledFrom([]time.Duration{2 * time.Second, 20 * time.Second, time.Minute, 3 * time.Minute}).Draw(t, "interval"))
}

// dueMoments are when an entry is due, and when it is worth a write, by the rule
// itself.
func dueMoments(e *entry, stretch float64) (due, worth time.Duration) {
	interval, linger := e.terms.Window(stretch)
	due, worth = e.opened+interval, e.opened+interval+linger
	if early, some := e.dueEarly(); some {
		due, worth = min(due, early), min(worth, early+e.terms.EarlyLinger())
	}
	return due, worth
}

// Whatever classes there are, whatever clients say and however the policy and the
// stretch change: what is taken first is what was due first, and the writer wakes when
// something is worth a write. So no class makes another wait for ever.
func TestOfAllClassesTheFirstToBeDueIsTakenFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := anyTable(t)
		l := newLane(0, table)
		now, rules := time.Duration(0), dueRules{stretch: 1}
		entries := map[int]*entry{}
		check := func() {
			want, next := never, never
			for _, e := range entries {
				due, worth := dueMoments(e, rules.stretch)
				want, next = min(want, due), min(next, worth)
			}
			got, some := l.pending.order.next(now, rules)
			if some != (len(entries) > 0) || some && got != next {
				t.Fatalf("worth a write at %v, %v; want %v", got, some, next)
			}
			first := l.pending.order.first(now, rules)
			if first == nil {
				if next <= now {
					t.Fatalf("nothing is taken at %v of what was worth a write at %v", now, next)
				}
				return
			}
			if due, _ := dueMoments(first, rules.stretch); due > now || due > want && want+maxEarly < due {
				t.Fatalf("taken first is what was due at %v; due first was %v", due, want)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { check() },
			"update": func(t *rapid.T) {
				n := rapid.IntRange(0, 15).Draw(t, "n")
				k := progress.Key{UserID: fmt.Sprint("u", n), CourseID: "c", LessonID: string(rune('a' + n%5))}
				u := &progress.Update{Key: k, Leaving: rapid.Bool().Draw(t, "leaving")}
				if rapid.Bool().Draw(t, "asks") {
					u.SyncWithin = progress.Some(rapid.Float64Range(1, 100).Draw(t, "within"))
				}
				at := reading{elapsed: now, wall: progress.Instant(now.Microseconds() + 1)}
				if e := entries[n]; e != nil {
					l.merge(e, u.Record(at.wall, 0), u, at)
					return
				}
				entries[n] = newEntry(spool.KeyOf(k), u.Record(at.wall, 0), at)
				l.insert(entries[n], u)
			},
			"time": func(t *rapid.T) {
				now += time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "passes"))
			},
			"write": func(t *rapid.T) {
				for _, e := range l.pending.takeDue(now, rapid.IntRange(1, 3).Draw(t, "limit"), rules) {
					l.rhythms.keep(e, now, 100)
					for n, other := range entries {
						if other == e {
							delete(entries, n)
						}
					}
				}
			},
			"stretch": func(t *rapid.T) { rules.stretch = rapid.Float64Range(.5, 4).Draw(t, "factor") },
			"policy":  func(t *rapid.T) { l.pending.order.reorder(anyTable(t)) },
		})
	})
}

// maxEarly is by how much what is due early may be taken late: it is looked for when
// it is worth a write.
const maxEarly = 2 * time.Second

// A writer that takes one record each time keeps every class within its time.
func TestNoOrderOfClassesStarvesOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := anyTable(t)
		l := newLane(0, table)
		rules := dueRules{stretch: 1}
		lessons := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "z"}), 1, 8).Draw(t, "lessons")
		for now := time.Duration(0); now < 10*time.Minute; now += time.Second {
			for i, lesson := range lessons {
				k := progress.Key{UserID: fmt.Sprint("u", i), CourseID: "c", LessonID: lesson}
				at := reading{elapsed: now, wall: progress.Instant(now.Microseconds() + 1)}
				u := &progress.Update{Key: k}
				if e := l.pending.entries[spool.KeyOf(k)]; e != nil {
					l.merge(e, u.Record(at.wall, 0), u, at)
				} else {
					l.insert(newEntry(spool.KeyOf(k), u.Record(at.wall, 0), at), u)
				}
			}
			// As many writes as make up for windows that end at one moment.
			for range lessons {
				next, _ := l.pending.order.next(now, rules)
				if next > now {
					break
				}
				for _, e := range l.pending.takeDue(now, 1, rules) {
					interval, linger := e.terms.Window(1)
					if late := now - e.opened - interval - linger; late > time.Second {
						t.Fatalf("a record of class %s is %v late", e.terms.Class, late)
					}
				}
			}
			for _, e := range l.pending.entries {
				if late := now - e.end(rules); late > time.Second {
					t.Fatalf("a record of class %s waits, and is %v late", e.terms.Class, late)
				}
			}
		}
	})
}
