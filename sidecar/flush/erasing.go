package flush

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Each erasure is tried on its own. One that the database refuses for what it is
// must not keep the later ones back, nor be told as a database that takes
// nothing: it stays, is counted, and is tried again ever more seldom.

const (
	// firstErasurePause is how long after its first refusal an erasure is tried
	// again; longestErasurePause is the longest pause.
	firstErasurePause   = 15 * time.Second
	longestErasurePause = 10 * time.Minute
)

// refusedErasure is an erasure that the database refused when it was last tried.
type refusedErasure struct {
	at      time.Time
	times   int
	failure postgres.Failure
	// until is when it is tried again.
	until time.Time
}

// refusedErasures are the erasures that the database refused, by learners. They are
// known to this process only, so that each start tries all of them.
type refusedErasures map[string]refusedErasure

// add notes a refusal.
func (r refusedErasures) add(e buffer.Erasure, f postgres.Failure, now time.Time) {
	pause := firstErasurePause
	for range r[e.UserID].times {
		pause = min(2*pause, longestErasurePause)
	}
	r[e.UserID] = refusedErasure{at: now, times: r[e.UserID].times + 1, failure: f, until: now.Add(pause)}
}

// due reports whether an erasure may be tried: it was not refused, or long
// enough ago.
func (r refusedErasures) due(e buffer.Erasure, now time.Time) bool {
	return !now.Before(r[e.UserID].until)
}

// keep forgets those that the spool no longer knows.
func (r refusedErasures) keep(known ...[]buffer.Erasure) {
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
func (r refusedErasures) again() {
	for user, refused := range r {
		refused.until = time.Time{}
		r[user] = refused
	}
}

// newest is the refusal that happened last, nil for none.
func (r refusedErasures) newest() *postgres.Failure {
	var last refusedErasure
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

// meetsAll reports whether a failure says nothing of the erasure that met it,
// since any other would have fared the same. Of an unknown failure that is not
// assumed: the next one is tried.
func meetsAll(f postgres.Failure) bool {
	if !connected(f) {
		return true
	}
	switch f.Class {
	case postgres.ReadOnly, postgres.ShuttingDown, postgres.Overloaded:
		return !ofLane(f)
	default:
		return false
	}
}

// ErasuresError says that erasures are not done in the database. They stay in
// the spool.
type ErasuresError struct {
	Left int
	// Failure of the last one that was tried.
	Failure postgres.Failure
}

func (e *ErasuresError) Error() string {
	return fmt.Sprintf("%d learners are erased from the spool and not from the database yet: %s", e.Left, e.Failure.Message)
}
