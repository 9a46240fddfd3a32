package flush

import (
	"context"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// rewind is a replay under way: what is left of the confirmed batches that the
// database lacks.
type rewind struct {
	left []progress.Batch
	// erasures is the Flusher's count when left was read.
	erasures uint64
}

// replay brings a database that fell back one round nearer to what was
// confirmed. Older batches that the spool no longer keeps are reported and
// passed over, and the ledger's number is moved past them.
func (l *lane) replay(ctx context.Context, a attempt) error {
	applied := l.f.buffer.Applied(l.index)
	erasures := l.f.erasures.Load()
	if l.rewind != nil && l.rewind.erasures != erasures {
		l.rewind.left, _ = l.f.buffer.Replayable(l.index, l.ledger.number)
		l.rewind.erasures = erasures
	}
	if l.rewind == nil {
		outages, _ := l.f.gate.calm()
		if err := l.f.secureErasures(ctx, outages, true); err != nil {
			return l.unsecured(ctx, a, err)
		}
		batches, complete := l.f.buffer.Replayable(l.index, l.ledger.number)
		l.rewind = &rewind{left: batches, erasures: erasures}
		l.f.observer.Rewound(Rewind{
			Lane: l.index, Applied: applied, Ledger: l.ledger.number,
			Kept: len(batches), Complete: complete,
		})
	}
	if len(l.rewind.left) == 0 {
		l.adopt(ctx, a, applied)
		return nil
	}
	round := portion(l.rewind.left, l.pace.of(maxRound))
	results, failed := l.apply(ctx, round)
	for i, res := range results {
		if res.Outcome == postgres.Applied {
			l.replayed.Store(time.Now().UnixNano())
			l.f.observer.BatchReplayed(round[i], res.Rows)
		}
	}
	if done, ok := lastDone(results); ok {
		l.ledger = place{number: done.LedgerNumber}
	}
	if failed != nil {
		f := postgres.Classify(failed)
		if isRefusal(f) {
			f = unreplayable(f)
		}
		l.failed(ctx, a, f, false)
	} else if !l.settle(ctx, a, results[len(results)-1]) {
		return nil
	}
	for len(l.rewind.left) > 0 && l.rewind.left[0].Number <= l.ledger.number {
		l.rewind.left = l.rewind.left[1:]
	}
	return nil
}

func (l *lane) adopt(ctx context.Context, a attempt, number uint64) {
	err := l.f.db.MoveLedger(ctx, l.f.session.writer, l.f.session.owner, l.index, number)
	if err != nil {
		err = fmt.Errorf("moving the ledger of lane %d to %d: %w", l.index, number, err)
		l.failed(ctx, a, postgres.Classify(err), false)
		return
	}
	l.ledger = place{number: number}
	l.f.gate.succeeded(a)
}

// unreplayable is the failure of a batch that was in the database before and
// is refused now. It was acknowledged and saved, so it is never passed over.
func unreplayable(f postgres.Failure) postgres.Failure {
	f.Retry = postgres.Hold
	f.Message = "The database fell back and now refuses a batch that it had before, " +
		"so its tables or constraints differ from then; undo that change, and it is applied again."
	return f
}

// unsteadyLedger is the failure of a ledger that a claim and the write right
// after it find in two states, as behind a pooler that spreads sessions over
// several servers.
func unsteadyLedger() postgres.Failure {
	return postgres.Failure{
		Class: postgres.Conflict, Kind: postgres.KindServer, Retry: postgres.Transient,
		Message: "The database gives two answers about what was written last; " +
			"make sure that the connection string leads to one primary server only.",
	}
}
