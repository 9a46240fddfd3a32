package flush

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush/erasures"
)

const (
	// healthInterval is how long the database may go unused before it is asked
	// whether it is there, and the pause between two passes over old batches and
	// erasures.
	healthInterval = 15 * time.Second
	// ledgerInterval is how often the ledger is read while nothing is written, so
	// that a failover is noticed before the next write, and old batches can be
	// dropped.
	ledgerInterval = time.Minute
	// ledgerFor is how long after the last write, or the start, that goes on.
	ledgerFor = 15 * time.Minute
)

// upkeep does what no lane waits for: it keeps the connection's state and the
// ledger's rows known while nothing is written, lets the buffer forget batches that
// the database has kept for long enough, and tends erasures that the database was
// away for or has undone.
type upkeep struct {
	f        *Flusher
	interval time.Duration
	pruned   time.Time
	erased   time.Time
}

// run ends without an error with ctx. An error is one of the buffer's disk.
func (u *upkeep) run(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := u.f.breaker.Changed()
		stopped := u.f.breaker.Stopped()
		if !stopped {
			if err := u.prune(time.Now()); err != nil {
				return err
			}
		}
		if err := u.erase(ctx, time.Now()); err != nil { // that takes no ledger row
			return err
		}
		wait := u.interval
		if !stopped {
			wait = min(wait, u.wait(time.Now()))
		}
		if wait > 0 {
			sleep(ctx, wait, nil, changed, nil)
			continue
		}
		err := u.check(ctx)
		if disk := ofDisk(err); disk != nil {
			return disk
		}
		if ctx.Err() == nil {
			u.note(err)
		}
	}
	return nil
}

// ofDisk returns an error that is one of the buffer's disk, nil for any other.
func ofDisk(err error) error {
	if disk, ok := errors.AsType[*erasures.DiskError](err); ok {
		return disk
	}
	return nil
}

// wait is how long it takes until the database has to be asked something.
func (u *upkeep) wait(now time.Time) time.Duration {
	return min(u.f.breaker.CheckDue(u.interval), u.ledgerWait(now))
}

// ledgerWait is how long it takes until the ledger has to be read though nobody has
// questioned what is known of it.
func (u *upkeep) ledgerWait(now time.Time) time.Duration {
	seen := u.f.ledger.seen()
	if seen.saved.IsZero() || now.Sub(seen.saved) >= ledgerFor || !u.f.breaker.Calm() {
		return forever
	}
	last := seen.renewed
	if seen.agreed.After(last) {
		last = seen.agreed
	}
	return last.Add(ledgerInterval).Sub(now)
}

// check asks for a sign of life: for the ledger's rows where that is due, else by a
// ping.
func (u *upkeep) check(ctx context.Context) error {
	if due := u.ledgerWait(time.Now()) <= 0; due || !u.f.ledger.known() {
		return u.f.ledger.renew(ctx, due)
	}
	if err := u.f.db.Ping(ctx); err != nil {
		return fmt.Errorf("asking the database for a sign of life: %w", err)
	}
	return nil
}

// note tells the breaker what came of asking the database.
func (u *upkeep) note(err error) {
	if err == nil {
		u.f.breaker.Checked(nil)
		return
	}
	if errors.Is(err, errFenced) {
		u.f.breaker.Stop(fenced())
		return
	}
	f := ledgerFailure(err)
	if !f.OfOneTransaction() {
		u.f.ledger.question()
	}
	u.f.breaker.Checked(&f)
}

// erase tends erasures, if there are any. An error is one of the disk.
func (u *upkeep) erase(ctx context.Context, now time.Time) error {
	if now.Sub(u.erased) < u.interval {
		return nil
	}
	u.erased = now
	err := u.f.erasures.Tend(ctx, now)
	if disk := ofDisk(err); disk != nil {
		return disk
	}
	if err != nil && ctx.Err() == nil {
		u.note(err)
	}
	return nil
}

// prune lets the buffer drop old confirmed batches, by the time when ledger and
// spool were last seen to agree. While the database is away that time stands
// still, because what comes back may be a replica that lagged. A batch that was
// applied again starts its window anew, so nothing is dropped for a whole
// window after a replay.
func (u *upkeep) prune(now time.Time) error {
	if now.Sub(u.pruned) < healthInterval {
		return nil
	}
	u.pruned = now
	seen := u.f.ledger.seen()
	if seen.agreed.IsZero() || seen.agreed.Sub(seen.replayed) < u.f.policy.Load().ReplayWindow {
		return nil
	}
	if err := u.f.buffer.Prune(seen.agreed); err != nil {
		return fmt.Errorf("dropping old batches: %w", err)
	}
	return nil
}
