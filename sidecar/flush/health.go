package flush

import (
	"context"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// healthInterval is how long the database may go unused before it is asked
// whether it is there.
const healthInterval = 15 * time.Second

// health keeps the connection's state known while nothing is written, and lets
// the buffer forget batches that the database has kept for long enough.
type health struct {
	f        *Flusher
	interval time.Duration
	pruned   time.Time
}

func (h *health) run(ctx context.Context) error {
	g := h.f.gate
	for ctx.Err() == nil && !g.ended() {
		changed := g.change()
		if err := h.prune(time.Now()); err != nil {
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
	f := postgres.Classify(err)
	h.f.gate.checked(&f)
}

// prune lets the buffer drop old confirmed batches, by the time at which ledger
// and spool were last seen to agree. While the database is away that time
// stands still: what comes back may be a replica that lagged.
func (h *health) prune(now time.Time) error {
	if now.Sub(h.pruned) < healthInterval {
		return nil
	}
	h.pruned = now
	agreed, _ := h.f.agreed()
	if agreed.IsZero() {
		return nil
	}
	if err := h.f.buffer.Prune(agreed); err != nil {
		return fmt.Errorf("dropping old batches: %w", err)
	}
	return nil
}
