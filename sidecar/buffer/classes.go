package buffer

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// ClassStats are the records of a class that wait for their window to end.
type ClassStats struct {
	Class string
	// Interval from a record's first unsaved update to when it is due, at the latest;
	// with variants the longest of the arms.
	Interval time.Duration
	// Pending of them, of which Oldest came first; that is 0 if there is none.
	Pending int64
	Oldest  progress.Instant
	// NextDue is when the next of them becomes due by its interval, the zero time for
	// never.
	NextDue time.Time
}

// Classes returns how the records of each class wait, in the order of the policy, the
// default class last. What is due for another reason than time is in none.
func (u *unsaved) Classes() []ClassStats {
	now, p := u.clock.read(), u.policy.Load()
	rules := u.dueRules(p)
	var classes []ClassStats
	of := make([]int, len(p.Terms.All())) // the place of each terms' class
	for i, t := range p.Terms.All() {
		if n := len(classes); n == 0 || classes[n-1].Class != t.Class {
			classes = append(classes, ClassStats{Class: t.Class})
		}
		of[i] = len(classes) - 1
		interval, _ := t.Window(rules.stretch)
		classes[of[i]].Interval = max(classes[of[i]].Interval, interval)
	}
	for _, l := range u.lanes {
		l.mu.Lock()
		for i := range l.pending.order.waiting {
			if l.pending.order.table != p.Terms { // which has just been changed
				break
			}
			c, waiting := &classes[of[i]], &l.pending.order.waiting[i]
			if c.Pending += int64(waiting.length); waiting.head == nil {
				continue
			}
			if opened := now.wallOf(waiting.head.opened); c.Oldest == 0 || opened < c.Oldest {
				c.Oldest = opened
			}
			if due := u.clock.time(max(waiting.head.end(rules), rules.notBefore)); c.NextDue.IsZero() || due.Before(c.NextDue) {
				c.NextDue = due
			}
		}
		l.mu.Unlock()
	}
	return classes
}
