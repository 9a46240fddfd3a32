package flush

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// healthInterval is how long the database may go unused before it is asked
// whether it is there.
const healthInterval = 15 * time.Second

// health keeps the connection's state known while nothing is written, and lets
// the buffer forget batches that the database has kept for long enough, and
// finishes erasures that the database was away for or has undone.
type health struct {
	f        *Flusher
	interval time.Duration
	pruned   time.Time
	erased   time.Time
}

func (h *health) run(ctx context.Context) error {
	g := h.f.gate
	for ctx.Err() == nil {
		changed := g.change()
		if g.ended() {
			// Erasing takes no ledger row.
			if err := h.erase(ctx, time.Now()); err != nil {
				return err
			}
			sleep(ctx, h.interval, changed)
			continue
		}
		if err := h.prune(time.Now()); err != nil {
			return err
		}
		if err := h.erase(ctx, time.Now()); err != nil {
			return err
		}
		if wait := g.checkDue(h.interval); wait > 0 {
			sleep(ctx, min(wait, h.interval), changed)
			continue
		}
		if err := h.check(ctx); ctx.Err() == nil {
			h.note(err)
		}
	}
	return nil
}

// check asks for a sign of life: by the first claim, then with pings.
func (h *health) check(ctx context.Context) error {
	if _, valid := h.f.session.peek(); !valid {
		return h.f.session.claim(ctx)
	}
	if err := h.f.db.Ping(ctx); err != nil {
		return fmt.Errorf("asking the database for a sign of life: %w", err)
	}
	return nil
}

func (h *health) note(err error) {
	if err == nil {
		h.f.gate.checked(nil)
		return
	}
	f := claimFailure(err)
	h.f.gate.checked(&f)
}

// erase looks after erasures, if there are any. An error is one of the disk.
func (h *health) erase(ctx context.Context, now time.Time) error {
	if now.Sub(h.erased) < h.interval {
		return nil
	}
	h.erased = now
	err := h.f.tendErasures(ctx, now)
	if disk, ok := errors.AsType[*diskError](err); ok {
		return disk
	}
	if err != nil && ctx.Err() == nil {
		h.note(err)
	}
	return nil
}

// prune lets the buffer drop old confirmed batches, by the time at which ledger
// and spool were last seen to agree. While the database is away that time
// stands still: what comes back may be a replica that lagged. A batch that was
// applied again is as young as that, so after a replay nothing is dropped for
// a whole window.
func (h *health) prune(now time.Time) error {
	if now.Sub(h.pruned) < healthInterval {
		return nil
	}
	h.pruned = now
	agreed, _ := h.f.agreed()
	if agreed.IsZero() || agreed.Sub(h.f.replayed()) < h.f.gate.replayWindow() {
		return nil
	}
	if err := h.f.buffer.Prune(agreed); err != nil {
		return fmt.Errorf("dropping old batches: %w", err)
	}
	return nil
}

// checkDue returns how long the health check has to wait. While lanes use the
// database, or wait to, it is needless.
func (g *gate) checkDue(interval time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.entering > 0 {
		return interval
	}
	if g.idle.failures > 0 {
		return g.idle.notBefore.Sub(now)
	}
	if g.contact.IsZero() {
		return 0
	}
	return g.contact.Add(interval).Sub(now)
}

// checked notes the result of a health check.
func (g *gate) checked(f *postgres.Failure) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.contactLocked(f == nil || connected(*f))
	if f != nil {
		g.attempts++
		g.countLocked(&g.idle, g.attempts, *f)
		g.reportLocked()
		return
	}
	had := g.idle.failures > 0
	g.idle = trouble{}
	if g.entering == 0 {
		// What was to be written is gone, and with it its trouble.
		had = had || g.shared.failures > 0
		g.shared = trouble{}
	}
	if had {
		g.reportLocked()
		g.broadcastLocked()
	}
}
