package flush

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// lookInterval is how often a lane that writes nothing compares the
	// ledger's number with its own, so that a failover is noticed before the
	// next write, and old batches can be dropped.
	lookInterval = time.Minute
	// lookFor is how long after the last write, or the start, that goes on.
	lookFor = 15 * time.Minute
)

// lookDue is how long it takes until an idle lane has to look at the ledger.
func (l *lane) lookDue(now time.Time) time.Duration {
	outages, calm := l.f.gate.calm()
	if l.epoch == 0 || !calm {
		return forever
	}
	if outages != l.outages {
		return 0
	}
	agreed := instant(l.agreed.Load())
	if _, saved := l.f.agreed(); saved.IsZero() || now.Sub(saved) >= lookFor {
		return forever
	}
	return agreed.Add(lookInterval).Sub(now)
}

// look compares the ledger with the spool without writing anything.
func (l *lane) look(ctx context.Context, a attempt, outages uint64) error {
	if l.lookDue(time.Now()) > 0 {
		l.f.gate.settled(a)
		return nil
	}
	if !l.ask(ctx, a) {
		return nil
	}
	l.outages = outages
	if l.compare(l.f.buffer.Frozen(l.index)) == moveOn {
		l.agree()
	}
	l.f.gate.settled(a)
	return nil
}

// hold keeps the lane's data back while the ledger is ahead of all that the
// spool knows. It asks again at each probe: the right spool's ledger may have
// been brought back.
func (l *lane) hold(ctx context.Context, a attempt) {
	if !l.ask(ctx, a) {
		return
	}
	if l.compare(l.f.buffer.Frozen(l.index)) == moveHold {
		l.failed(ctx, a, staleSpool(), false)
		return
	}
	l.f.gate.settled(a)
}

// ask reads the ledger's number. It returns false when the attempt has ended
// without an answer to go on with.
func (l *lane) ask(ctx context.Context, a attempt) bool {
	// No lane ever gets to these numbers, so nothing is written and the
	// outcome tells where the ledger is and whose.
	nothing := progress.Batch{Lane: l.index, Number: math.MaxInt64}
	results, err := l.f.db.ApplyRound(ctx, l.f.session.writer, l.f.session.owner, math.MaxInt64-1, []progress.Batch{nothing})
	if err != nil {
		err = fmt.Errorf("asking the ledger of lane %d: %w", l.index, err)
		l.failed(ctx, a, postgres.Classify(err), false)
		return false
	}
	res := results[0]
	switch {
	case res.Outcome == postgres.Fenced:
		l.fenced(a, res)
		return false
	case res.Missing:
		l.f.session.invalidate()
		l.f.gate.settled(a)
		return false
	}
	l.standsAt(res.LedgerNumber)
	return true
}
