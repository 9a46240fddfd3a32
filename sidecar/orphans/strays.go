package orphans

import (
	"context"
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// strayPage is how many strays are passed on at once.
const strayPage = 500

// letStraysGo passes on what waited for its home on an orphan: another sidecar may
// have taken the same updates, and only their home knows. Without anywhere to
// pass them on to they become pending records.
func (d *Drainer) letStraysGo(ctx context.Context, b *buffer.Buffer) error {
	if d.o.Strays == nil {
		// One that doesn't fit in yet is counted by Drain as a record that is left.
		_, err := b.TakeAllStrays(ctx)
		return err
	}
	for {
		page, _ := b.Strays(0, strayPage)
		if len(page) == 0 {
			return nil
		}
		updates, ids := make([]progress.Update, len(page)), make([]progress.Instant, len(page))
		for i := range page {
			updates[i], ids[i] = page[i].Update, page[i].ID
		}
		results, err := d.o.Strays(ctx, updates)
		if err != nil {
			return fmt.Errorf("passing on updates that wait for their home: %w", err)
		}
		for i := range results {
			if err := results[i].Err; err != nil && !errors.Is(err, buffer.ErrErased) {
				return fmt.Errorf("passing on updates that wait for their home: %w", err)
			}
		}
		// After a kill in between they are passed on again, and are duplicates.
		if err := b.DropStrays(ctx, ids); err != nil {
			return err
		}
	}
}
