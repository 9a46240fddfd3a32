package flush

import (
	"time"

	"github.com/go-logr/logr"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
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
	if c.Phase == PhaseHeld && isRefusal(*c.Failure) {
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
