package flush

import (
	"time"

	"github.com/go-logr/logr"

	"github.com/progress-sync/progress-sync/sidecar/flush/breaker"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Observer learns what happens. Its methods are called from several
// goroutines; they return quickly and don't call back into the Flusher.
type Observer interface {
	// BatchSaved: the batch is in the database and confirmed. rows is the
	// number of rows inserted or really changed, 0 when the batch turned out
	// to have been applied before its answer was lost.
	BatchSaved(b progress.Batch, rows int64, at time.Time)
	// BatchReplayed: a batch that had been saved was applied again to a
	// database that had fallen back behind it.
	BatchReplayed(b progress.Batch, rows int64)
	// BatchQuarantined: the database refused the one record of a batch.
	BatchQuarantined(b progress.Batch, f postgres.Failure)
	// BatchSplit: the database refused a batch for its data; its halves follow.
	BatchSplit(b progress.Batch, f postgres.Failure)
	// Rewound: the database fell back behind what was confirmed.
	Rewound(Rewind)
	// Attempted: one round trip that sends batches ended after so long; f is why it
	// failed, nil if it did not.
	Attempted(took time.Duration, f *postgres.Failure)
	// AttemptFailed: one attempt to use the database failed.
	AttemptFailed(postgres.Failure)
	// Retried: an attempt after a failed one starts.
	Retried()
	// ConditionChanged: see Condition. Called in the order of the changes.
	ConditionChanged(Condition)
	// ErasuresRefused: the database refuses so many erasures for themselves, and
	// why it last refused one; 0 and nil for none. They are tried again.
	ErasuresRefused(n int, last *postgres.Failure)
}

// Rewind tells how far the database fell back in one lane.
type Rewind struct {
	Lane int
	// Applied is the last number that the sidecar knew to be applied, Ledger
	// the one that the database has, 0 when it lost the lane's row.
	Applied, Ledger uint64
	// Kept is the number of batches that are applied again. Without Complete,
	// up to Applied-Ledger-Kept older ones are no longer in the spool.
	Kept     int
	Complete bool
}

// Condition is the state of flushing as a whole, as the breaker sees it.
type Condition = breaker.Condition

// Phase is what flushing does about the last failure.
type Phase = breaker.Phase

// The phases of flushing; see package breaker.
const (
	PhaseWorking  = breaker.PhaseWorking
	PhaseRetrying = breaker.PhaseRetrying
	PhaseParked   = breaker.PhaseParked
	PhaseHeld     = breaker.PhaseHeld
	PhaseStopped  = breaker.PhaseStopped
)

// Classes of failures that the database knows nothing of.
const (
	// ClassFenced: a newer process has taken over this spool's ledger rows.
	ClassFenced postgres.Class = "Fenced"
	// ClassStaleSpool: the ledger is ahead of everything that the spool knows.
	ClassStaleSpool postgres.Class = "StaleSpool"
	// ClassTableRefuses: the database refuses one record after the other.
	ClassTableRefuses postgres.Class = "TableRefuses"
	// ClassStopping: the sidecar is shutting down.
	ClassStopping postgres.Class = "Stopping"
)

// narrator passes everything on to the observer and logs what a person should
// know: the turns that things take, not every attempt.
type narrator struct {
	Observer
	log   logr.Logger
	phase Phase
}

func (n *narrator) ConditionChanged(c Condition) {
	if c.Phase != n.phase {
		n.tell(c)
		n.phase = c.Phase
	}
	n.Observer.ConditionChanged(c)
}

func (n *narrator) tell(c Condition) {
	if c.Phase == PhaseWorking {
		n.log.Info("Writing to the database works again")
		return
	}
	if c.Phase == PhaseRetrying {
		n.log.V(1).Info("A write failed and is tried again", failureValues(*c.Failure)...)
		return
	}
	said := map[Phase]string{
		PhaseParked:  "The database takes no writes; updates are kept on disk and one attempt at a time goes on",
		PhaseHeld:    "Nothing can be written until someone mends this; updates are kept on disk",
		PhaseStopped: "Flushing has stopped for good; updates are kept on disk",
	}
	if c.Phase == PhaseHeld && c.Failure.MayBeOfTheRecord() {
		n.log.Info("A record is refused and no other is written that could tell whose fault it is; it is kept until one is",
			append(failureValues(*c.Failure), "failures", c.Failures)...)
		return
	}
	n.log.Info(said[c.Phase], append(failureValues(*c.Failure), "failures", c.Failures)...)
}

func (n *narrator) ErasuresRefused(count int, last *postgres.Failure) {
	if last == nil {
		n.log.Info("The database has erased every learner whose erasure it had refused")
	} else {
		n.log.Info("The database refuses to erase learners who are erased from the spool; that is tried again, and all else goes on",
			append(failureValues(*last), "learners", count)...)
	}
	n.Observer.ErasuresRefused(count, last)
}

func (n *narrator) Rewound(r Rewind) {
	values := []any{"lane", r.Lane, "saved", r.Applied, "database", r.Ledger, "kept", r.Kept}
	if r.Complete {
		n.log.Info("The database fell back; applying again what it lacks", values...)
	} else {
		n.log.Info("The database fell back further than the spool reaches: older batches are missing in it. "+
			"Restore the database to a later point, or raise buffer.replayWindow for the next time",
			append(values, "missingAtMost", r.Applied-r.Ledger-uint64(r.Kept))...)
	}
	n.Observer.Rewound(r)
}

func (n *narrator) BatchSaved(b progress.Batch, rows int64, at time.Time) {
	if debug := n.log.V(1); debug.Enabled() {
		debug.Info("Saved a batch", "lane", b.Lane, "batch", b.Number, "records", len(b.Records), "rows", rows)
	}
	n.Observer.BatchSaved(b, rows, at)
}

func (n *narrator) BatchQuarantined(b progress.Batch, f postgres.Failure) {
	n.log.Info("The database refused a record for its data; it was set aside",
		append(failureValues(f), "constraint", f.Constraint, "lane", b.Lane, "batch", b.Number)...)
	n.Observer.BatchQuarantined(b, f)
}

func failureValues(f postgres.Failure) []any {
	return []any{"class", f.Class, "sqlState", f.SQLState, "message", f.Message}
}
