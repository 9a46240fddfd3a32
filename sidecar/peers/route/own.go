package route

import (
	"context"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// IsStray reports whether an update that is to be merged here has to be a stray. m may be
// nil: nothing is known.
func IsStray(m Merger, u *progress.Update) bool {
	return u.EventID != "" && (m == nil || !m.Merges(u.UserID))
}

// own is this sidecar's own buffer. What it may not merge is a stray there.
type own struct {
	Local
	use func() (m Merger, end func())
}

// Put implements Local.
func (o *own) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	m, end := o.use()
	defer end()
	if !anyStray(m, updates) {
		return o.Local.Put(ctx, updates)
	}
	stray, merged := separate(updates, func(u *progress.Update) bool { return IsStray(m, u) })
	if len(merged.items) == 0 {
		return o.PutStray(ctx, updates)
	}
	answers := make([]answer, 2)
	answers[0].results, answers[0].err = o.PutStray(ctx, pick(stray.items, updates))
	answers[1].results, answers[1].err = o.Local.Put(ctx, pick(merged.items, updates))
	return join([]part{stray, merged}, answers, len(updates))
}

func anyStray(m Merger, updates []progress.Update) bool {
	for i := range updates {
		if IsStray(m, &updates[i]) {
			return true
		}
	}
	return false
}

// separate divides updates into those for which is says yes, and the others.
func separate(updates []progress.Update, is func(*progress.Update) bool) (yes, no part) {
	for i := range updates {
		if is(&updates[i]) {
			yes.items = append(yes.items, i)
		} else {
			no.items = append(no.items, i)
		}
	}
	return yes, no
}
