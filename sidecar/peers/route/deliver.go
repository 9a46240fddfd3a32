package route

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// deliverPause is between two tries to bring strays to their homes.
	deliverPause = time.Second
	strayPage    = 500
	// strayPatience is how long a home must have been away until its strays are taken in
	// its place. It may have some of them, which are counted twice then: it is long enough
	// for all that mends itself, and short enough that what was accepted gets to the
	// database though something keeps two sidecars apart for good.
	strayPatience = 10 * time.Minute
)

// Deliver brings strays to their homes, again and again, until ctx ends. Those of
// learners whose home is this sidecar become its own as soon as it may merge them, and
// those of a home that has been away for strayPatience become its own too. known is who
// is home at the moment, false while nobody can tell: strays wait for that, since a home
// that is not known yet may have them already. No stray is on its way when Deliver
// returns. Its error is one of the disk.
func (r *Router) Deliver(ctx context.Context, k Keeper, known func() (Homes, bool)) error {
	tick := time.NewTicker(deliverPause)
	defer tick.Stop()
	for {
		if err := r.DeliverOnce(ctx, k, known); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// DeliverOnce is Deliver for one try of all strays that there are, which ends early when
// ctx does.
func (r *Router) DeliverOnce(ctx context.Context, k Keeper, known func() (Homes, bool)) error {
	for after, more := progress.Instant(0), true; more && ctx.Err() == nil; {
		var page []buffer.Stray
		if page, more = k.Strays(after, strayPage); len(page) == 0 {
			return nil
		}
		after = page[len(page)-1].ID
		homes, told := known()
		if !told {
			return nil
		}
		parts := split(homes, len(page), func(i int) string { return page[i].Update.UserID })
		for i := range parts {
			if err := r.deliver(ctx, k, &parts[i], pick(parts[i].items, page)); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliver brings the strays of one home there.
func (r *Router) deliver(ctx context.Context, k Keeper, p *part, strays []buffer.Stray) error {
	if p.self {
		return r.takeOwn(ctx, k, strays)
	}
	updates := make([]progress.Update, len(strays))
	for i := range strays {
		updates[i] = strays[i].Update
	}
	// What it has no result for stays. This sidecar has counted them when they came.
	peer := r.peer(p)
	results, _ := peer.Put(ctx, updates)
	if len(results) == 0 && peer.AwayFor() >= strayPatience {
		return take(ctx, k, strays)
	}
	var done []progress.Instant
	var here []buffer.Stray
	for i := range results {
		switch err := results[i].Err; {
		case err == nil, errors.Is(err, buffer.ErrErased):
			done = append(done, strays[i].ID)
		case errors.Is(err, buffer.ErrRange):
			here = append(here, strays[i]) // its sums don't fit those of the home, for now
		}
	}
	if len(done) > 0 {
		// Not with ctx: a stray that its home has must not be taken by who waits for the
		// end of delivery.
		if err := k.DropStrays(context.WithoutCancel(ctx), done); err != nil {
			return fmt.Errorf("dropping updates that were handed on: %w", err)
		}
	}
	return take(ctx, k, here)
}

// takeOwn takes strays of learners whose home is this sidecar, as far as it may merge
// them.
func (r *Router) takeOwn(ctx context.Context, k Keeper, strays []buffer.Stray) error {
	m, end := r.o.Use()
	defer end()
	return take(ctx, k, slices.DeleteFunc(slices.Clone(strays), func(s buffer.Stray) bool { return IsStray(m, &s.Update) }))
}

// take makes strays this sidecar's own.
func take(ctx context.Context, k Keeper, strays []buffer.Stray) error {
	if len(strays) == 0 {
		return nil
	}
	ids := make([]progress.Instant, len(strays))
	for i := range strays {
		ids[i] = strays[i].ID
	}
	if _, err := k.TakeStrays(context.WithoutCancel(ctx), ids); err != nil {
		return fmt.Errorf("keeping updates that were to be handed on: %w", err)
	}
	return nil
}
