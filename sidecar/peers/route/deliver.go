package route

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Keeper is where strays wait for their homes; *buffer.Buffer is one.
type Keeper interface {
	Strays(after progress.Instant, limit int) (page []buffer.Stray, more bool)
	DropStrays(ctx context.Context, ids []progress.Instant) error
	TakeStrays(ctx context.Context, ids []progress.Instant) (taken int, err error)
}

const (
	// deliverPause is between two tries to bring strays to their homes.
	deliverPause = time.Second
	strayPage    = 500
)

// Deliver brings strays to their homes, again and again, until ctx ends. Its error is
// one of the disk.
func (r *Router) Deliver(ctx context.Context, k Keeper) error {
	tick := time.NewTicker(deliverPause)
	defer tick.Stop()
	for {
		if err := r.deliverAll(ctx, k); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// deliverAll tries all strays that there are, once.
func (r *Router) deliverAll(ctx context.Context, k Keeper) error {
	for after, more := progress.Instant(0), true; more && ctx.Err() == nil; {
		var page []buffer.Stray
		if page, more = k.Strays(after, strayPage); len(page) == 0 {
			return nil
		}
		after = page[len(page)-1].ID
		parts := split(r.o.Homes(), len(page), func(i int) string { return page[i].Update.UserID })
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
		return take(ctx, k, strays)
	}
	updates := make([]progress.Update, len(strays))
	for i := range strays {
		updates[i] = strays[i].Update
	}
	results, _ := r.peer(p).Put(ctx, updates) // what it has no result for stays
	if len(results) > 0 {
		r.o.Observer.HandedOn(len(results))
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
		if err := k.DropStrays(ctx, done); err != nil && ctx.Err() == nil {
			return fmt.Errorf("forgetting what was handed on: %w", err)
		}
	}
	return take(ctx, k, here)
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
	if _, err := k.TakeStrays(ctx, ids); err != nil && ctx.Err() == nil {
		return fmt.Errorf("keeping what was to be handed on: %w", err)
	}
	return nil
}
