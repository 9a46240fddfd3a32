package flush

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush/breaker"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// lane writes the batches of one lane, turn by turn. Its fields belong to its
// goroutine.
type lane struct {
	f      *Flusher
	index  int
	rounds rounds
	replay *replay
	// astray counts the turns in a row that found the ledger elsewhere than it was
	// known to be.
	astray int
}

// outcome is what came of a turn. The zero value is a turn of which nothing came.
type outcome struct {
	breaker.Outcome
	// astray: the ledger is not where it was known to be, or may not be.
	astray bool
	// saved were confirmed, replayed were applied again, refused was split or set
	// aside.
	saved, replayed []appliedBatch
	refused         *refusedBatch
	// rewind is told when a replay begins.
	rewind *Rewind
}

// appliedBatch is a batch that is in the database, with the number of rows that it
// has changed.
type appliedBatch struct {
	progress.Batch
	rows int64
	at   time.Time
}

type refusedBatch struct {
	progress.Batch
	setAside bool
}

// run ends without an error with ctx or when flushing stops for good. An error
// is one of the buffer's disk.
func (l *lane) run(ctx context.Context) error {
	for l.awaitWork(ctx) {
		a, ok := l.f.breaker.Admit(ctx, l.index)
		if !ok {
			return nil
		}
		o, err := l.turn(ctx, a.Probe)
		if ctx.Err() != nil && o.Kind == breaker.Failed {
			// What a shutdown cut short is no failure; the ledger tells the next
			// process whether it was applied.
			o.Outcome = breaker.Outcome{}
		}
		l.report(a, o)
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// forever stands for "until something changes".
const forever = time.Duration(1<<63 - 1)

// awaitWork returns when there is something to do, or false when ctx ends.
func (l *lane) awaitWork(ctx context.Context) bool {
	for ctx.Err() == nil {
		ledger, attempts := l.f.ledger.changed(), l.f.breaker.Changed()
		wait := l.wait(time.Now())
		if wait <= 0 {
			return true
		}
		l.f.breaker.Rest(l.index)
		sleep(ctx, wait, ledger, attempts, l.f.buffer.Wake(l.index))
	}
	return false
}

// sleep waits for d, for one of the others or for the end of ctx.
func sleep(ctx context.Context, d time.Duration, ledger, attempts, buffer <-chan struct{}) {
	var due <-chan time.Time
	if d < forever {
		t := time.NewTimer(d)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
	case <-ledger:
	case <-attempts:
	case <-buffer:
	case <-due:
	}
}

// wait is how long the lane has nothing to do if nothing changes.
func (l *lane) wait(now time.Time) time.Duration {
	frozen := l.f.buffer.Frozen(l.index)
	doubts := l.rounds.doubts
	if doubts.Keep(frozen); !doubts.Any() {
		l.f.breaker.Undoubted(l.index)
	}
	fresh := doubts.Fresh(frozen, l.f.evidence.Written())
	at, known := l.f.ledger.of(l.index)
	if len(fresh) > 0 || doubts.AgainstTable() || known && compare(at, l.f.buffer.Applied(l.index), frozen) != stepWrite {
		return 0
	}
	wait := forever
	if len(frozen) > 0 {
		wait = l.f.breaker.ProbeWait(l.index, now)
	}
	if due, ok := l.f.buffer.NextDue(l.index); ok {
		// What is due at once is due as of this call, which is after now.
		wait = min(wait, time.Until(due))
	}
	return wait
}

// report tells everybody what came of a turn.
func (l *lane) report(a breaker.Attempt, o outcome) {
	if o.Kind == breaker.Wrote {
		l.rounds.pace.succeeded()
		l.astray = 0
	}
	if o.Kind == breaker.Failed {
		l.rounds.pace.failed()
	}
	if o.astray || o.Kind == breaker.Failed && !o.OwnLane {
		l.f.ledger.question()
	}
	l.tell(o)
	if o.Kind == breaker.Doubted {
		o.Doubt.Final = o.Doubt.Quiet && !l.othersAtWork()
	} else {
		o.Written = l.f.evidence.Written()
	}
	if o.Doubt.AgainstTable {
		o.Failure = tableRefuses(o.Failure)
	}
	l.f.breaker.Report(a, o.Outcome)
}

// tableRefuses is the failure of a table that has refused so many records, and
// taken none, that it must be at fault.
func tableRefuses(f postgres.Failure) postgres.Failure {
	return postgres.Failure{
		Class: ClassTableRefuses, Kind: postgres.KindServer, Retry: postgres.Hold, SQLState: f.SQLState, Constraint: f.Constraint,
		Message: "Postgres refuses every record (SQLSTATE " + f.SQLState + "), so the fault is the table's: a trigger, a rule, a policy or " +
			"a constraint of it. Look into the server's log and mend it; all is kept and tried again by itself.",
	}
}

// tell tells the observer what came of a turn.
func (l *lane) tell(o outcome) {
	seen := l.f.observer
	if o.rewind != nil {
		seen.Rewound(*o.rewind)
	}
	for _, b := range o.replayed {
		seen.BatchReplayed(b.Batch, b.rows)
	}
	for _, b := range o.saved {
		seen.BatchSaved(b.Batch, b.rows, b.at)
	}
	if o.Kind == breaker.Failed || o.Kind == breaker.Refused || o.Kind == breaker.Doubted {
		seen.AttemptFailed(o.Failure)
	}
	switch {
	case o.refused == nil:
	case o.refused.setAside:
		seen.BatchQuarantined(o.refused.Batch, o.Failure)
	default:
		seen.BatchSplit(o.refused.Batch, o.Failure)
	}
}

// othersAtWork reports whether another lane has records due, or frozen batches
// that are not all in doubt. What it writes tells whether the table takes
// anything.
func (l *lane) othersAtWork() bool {
	for i := range l.f.lanes {
		if i != l.index && (isDue(l.f.buffer, i) || len(l.f.buffer.Frozen(i)) > 0 && !l.f.breaker.Quiet(i)) {
			return true
		}
	}
	return false
}
