package erasures

import (
	"maps"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// orders are the erasures whose rows somebody waits to be told. A pass over what is
// pending may carry one out first, and the database then tells the one who waits of
// no rows.
type orders struct {
	// waiting counts those who wait, by learners.
	waiting map[string]int
	// rows are those of the erasures that were carried out meanwhile.
	rows map[order]int64
}

// order is an erasure, whether or not the database has carried it out.
type order struct {
	userID string
	at     progress.Instant
}

func newOrders() orders { return orders{waiting: map[string]int{}, rows: map[order]int64{}} }

func (o orders) begin(userID string) { o.waiting[userID]++ }

func (o orders) end(userID string) {
	if o.waiting[userID]--; o.waiting[userID] > 0 {
		return
	}
	delete(o.waiting, userID)
	maps.DeleteFunc(o.rows, func(other order, _ int64) bool { return other.userID == userID })
}

// rowsOf is how many rows an erasure has removed, by this call of the database or by
// an earlier one.
func (o orders) rowsOf(e buffer.Erasure, erased postgres.Erased) int64 {
	key := order{e.UserID, e.At}
	if erased.Repeated {
		return o.rows[key]
	}
	if o.waiting[e.UserID] > 0 {
		o.rows[key] = erased.Rows
	}
	return erased.Rows
}
