package erasures

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

const (
	// firstPause is how long after its first refusal an erasure is tried again, and
	// each further pause is twice the one before, up to longestPause.
	firstPause = 15 * time.Second
	// longestPause is the longest time between two attempts to erase a learner whom
	// the database refuses to erase.
	longestPause = 10 * time.Minute
)

// refusal is what is known of an erasure that the database refused when it was last
// tried.
type refusal struct {
	at      time.Time
	times   int
	failure postgres.Failure
	// until is when it is tried again.
	until time.Time
}

// refusals are the erasures that the database refused, by learners. They are known
// to this process only, so that each start tries all of them.
type refusals map[string]refusal

// add notes a refusal.
func (r refusals) add(e buffer.Erasure, f postgres.Failure, now time.Time) {
	pause := firstPause
	for range r[e.UserID].times {
		pause = min(2*pause, longestPause)
	}
	r[e.UserID] = refusal{at: now, times: r[e.UserID].times + 1, failure: f, until: now.Add(pause)}
}

// due reports whether an erasure may be tried: it was not refused, or long
// enough ago.
func (r refusals) due(e buffer.Erasure, now time.Time) bool {
	return !now.Before(r[e.UserID].until)
}

// keep forgets those that the spool no longer knows.
func (r refusals) keep(known ...[]buffer.Erasure) {
	users := map[string]bool{}
	for _, some := range known {
		for _, e := range some {
			users[e.UserID] = true
		}
	}
	for user := range r {
		if !users[user] {
			delete(r, user)
		}
	}
}

// again makes all of them due.
func (r refusals) again() {
	for user, refused := range r {
		refused.until = time.Time{}
		r[user] = refused
	}
}

// newest is the failure of the refusal that happened last, nil for none.
func (r refusals) newest() *postgres.Failure {
	var last refusal
	for _, refused := range r {
		if !refused.at.Before(last.at) {
			last = refused
		}
	}
	if len(r) == 0 {
		return nil
	}
	return &last.failure
}
