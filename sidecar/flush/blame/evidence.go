package blame

import (
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Evidence is what all lanes together know of the table: how much it has taken, and
// how many records were set aside since. The zero value is none. It is safe for
// concurrent use.
type Evidence struct {
	mu      sync.Mutex
	written uint64
	aside   asideRun
}

// asideRun is a run of records that were set aside for the same cause, while
// nothing was written.
type asideRun struct {
	state, constraint string
	records           int
}

func (r asideRun) of(f postgres.Failure) asideRun {
	if r.state != f.SQLState || r.constraint != f.Constraint {
		return asideRun{state: f.SQLState, constraint: f.Constraint}
	}
	return r
}

// Wrote notes that the database has taken a batch.
func (e *Evidence) Wrote() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.written++
	e.aside = asideRun{}
}

// Written returns how many batches the database has taken.
func (e *Evidence) Written() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.written
}

// SetAside notes that a record was set aside.
func (e *Evidence) SetAside(f postgres.Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.aside = e.aside.of(f)
	e.aside.records++
}

// asideLike returns how many records were set aside for the same cause since
// something was written.
func (e *Evidence) asideLike(f postgres.Failure) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.aside.of(f).records
}
