package peers

import (
	"context"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// home is the buffer as others hand on to it. What it may not merge is a stray there.
type home struct {
	o      *Options
	use    func() (m route.Merger, end func())
	isAway func(userID string) bool
}

// PutFrom implements door.Home.
func (h *home) PutFrom(
	ctx context.Context, sender [16]byte, number uint64, updates []progress.Update, resets []progress.Key,
) ([]buffer.Result, error) {
	m, end := h.use()
	defer end()
	items := make([]buffer.Item, 0, len(updates)+len(resets))
	for i := range updates {
		items = append(items, buffer.Item{Update: updates[i], Stray: route.IsStray(m, &updates[i])})
	}
	for _, k := range resets {
		items = append(items, buffer.Item{Update: progress.Update{Key: k}, Reset: true})
	}
	results, err := h.o.Buffer.PutFrom(ctx, sender, number, items)
	accepted, merged, repeated := 0, 0, 0
	for i := range results {
		switch r := &results[i]; {
		case r.Err != nil, r.Again, r.Stray: // a stray counts when it is merged
		case r.Duplicate:
			repeated++
		case r.Hint:
			accepted++
		default:
			accepted++
			if r.Record.UpdateCount > 1 {
				merged++
			}
		}
	}
	if accepted > 0 {
		h.o.Accepted(accepted, merged)
	}
	if repeated > 0 {
		h.o.Repeated(repeated)
	}
	if err != nil {
		return results, err
	}
	for i := range items {
		if user := items[i].Update.UserID; h.isAway(user) {
			// The sender has not heard of the change of homes yet, and readers ask another one.
			h.o.Buffer.MakeDue(buffer.Filter{UserID: user})
		}
	}
	return results, nil
}
